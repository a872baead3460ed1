// node:test: node --test
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { signIn } from "./app.mjs";
import { account, start } from "./sms.mjs";

let simulators;
before(async () => (simulators = await start()));
after(() => simulators?.stop());

test("a code signs in", async (t) => {
  const sms = await account(simulators);
  t.after(sms.close);
  const app = signIn({ url: sms.url("twilio"), ...sms.credentials.twilio });

  await app.ask("+14155550100");
  const code = await sms.waitForCode("+14155550100");

  assert.ok(app.enter("+14155550100", code));
});
