// Once for all files: vitest.config.mjs names it as `globalSetup`.
import { start } from "../sms.mjs";

export default async function setup({ provide }) {
  const simulators = await start();
  provide("simulators", { url: simulators.url });
  return simulators.stop;
}
