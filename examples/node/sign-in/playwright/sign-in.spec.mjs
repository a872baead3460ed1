import { test as base, expect } from "@playwright/test";
import { serve } from "../app.mjs";
import { account } from "../sms.mjs";

const test = base.extend({
  sms: async ({}, use) => {
    const sms = await account({ url: process.env.SMS_SIMULATORS_URL });
    await use(sms);
    await sms.close();
  },
  app: async ({ sms }, use) => {
    const app = await serve({ url: sms.url("twilio"), ...sms.credentials.twilio });
    await use(app);
    app.close();
  },
});

test("a code signs in, in a browser", async ({ page, sms, app }) => {
  await page.goto(app.url);
  await page.getByLabel("Phone").fill("+14155550100");
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByLabel("Code").fill(await sms.waitForCode("+14155550100"));
  await page.getByRole("button", { name: "Sign in" }).click();

  await expect(page.getByText("Welcome")).toBeVisible();
});

test("a code signs in, without a browser", async ({ request, sms, app }) => {
  await request.post(app.url, { form: { phone: "+14155550100" } });
  const code = await sms.waitForCode("+14155550100");
  const answer = await request.post(app.url, { form: { phone: "+14155550100", code } });

  expect(await answer.text()).toContain("Welcome");
});
