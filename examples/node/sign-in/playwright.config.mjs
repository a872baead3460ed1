import { defineConfig } from "@playwright/test";

const command = process.env.SMS_SIMULATORS_COMMAND ?? "sms-simulators";
const url = (process.env.SMS_SIMULATORS_URL ??= "http://127.0.0.1:8026");

export default defineConfig({
  testDir: "playwright",
  // Starts them, waits until they are well and ends them; those that are there already are used.
  webServer: {
    command: `${command} serve --no-tls --port ${new URL(url).port}`,
    url: `${url}/_sim/health`,
    reuseExistingServer: true,
  },
  // Playwright's own browser, or one that is there: CHROMIUM=/usr/bin/chromium
  use: { launchOptions: { executablePath: process.env.CHROMIUM } },
});
