import { expect, inject, test as base } from "vitest";
import { signIn } from "../app.mjs";
import { account } from "../sms.mjs";

const test = base.extend({
  sms: async ({}, use) => {
    const sms = await account(inject("simulators"));
    await use(sms);
    await sms.close();
  },
});

test("a code signs in", async ({ sms }) => {
  const app = signIn({ url: sms.url("twilio"), ...sms.credentials.twilio });

  await app.ask("+14155550100");
  const code = await sms.waitForCode("+14155550100");

  expect(app.enter("+14155550100", code)).toBe(true);
});
