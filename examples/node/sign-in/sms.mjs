// The simulators for tests in Node.js: start them or use those that SMS_SIMULATORS_URL names, an
// account for each test, and the code that arrived.
//
//   const simulators = await start();       // once for all tests; simulators.stop() at the end
//   const sms = await account(simulators);  // in each test; sms.close() at its end
//   await sms.waitForCode("+14155550100");
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

const { SMS_SIMULATORS_URL, SMS_SIMULATORS_TOKEN, SMS_SIMULATORS_COMMAND } = process.env;

// {url, stop}. What was not started here is not stopped here.
export async function start() {
  if (SMS_SIMULATORS_URL) return { url: SMS_SIMULATORS_URL, stop: async () => {} };
  const command = SMS_SIMULATORS_COMMAND ?? "sms-simulators";
  const options = ["serve", "--no-tls", "--port", "0"];
  const server = spawn(command, options, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => server.on("close", resolve));
  let why = "it said why above";
  server.on("error", (error) => (why = error.message)); // there is no such command
  process.on("exit", () => server.kill()); // whoever breaks off the tests leaves none behind
  let url;
  for await (const line of createInterface({ input: server.stdout })) {
    url = line.match(/^control API +(.+)\/_sim\/health$/)?.[1] ?? url;
    if (line === "ready") {
      server.stdout.resume();
      return { url, stop: () => server.kill() && ended };
    }
  }
  await ended;
  throw new Error(`${command} ${options.join(" ")} did not become ready: ${why}`);
}

// An account of its own, so that tests may run at once: its credentials by provider, and its codes.
export async function account({ url }) {
  const headers = SMS_SIMULATORS_TOKEN ? { Authorization: `Bearer ${SMS_SIMULATORS_TOKEN}` } : {};
  const call = async (method, path, query = {}) => {
    const asked = `${url}/_sim/${path}?${new URLSearchParams(query)}`;
    const answer = await fetch(asked, { method, headers });
    const found = await answer.json();
    if (answer.ok) return found;
    throw new Error(`${found.error}: expected ${found.expected}, got ${found.got}`);
  };
  const { id, credentials } = await call("POST", "accounts");
  return {
    id,
    credentials,
    url: (provider) => `${url}/${provider}`,
    // Each code is returned once; what did arrive is in the message of the error.
    waitForCode: async (to, timeout = 5) =>
      (await call("GET", "wait", { account: id, to, timeout, after: "last" })).code,
    // Fails for a request that broke the provider's contract: none of them would have passed there.
    close: async () => {
      const { violations } = await call("GET", "violations", { account: id });
      await call("DELETE", `accounts/${id}`);
      const wrong = violations.flatMap(({ operation, sentences }) =>
        sentences.map((sentence) => `${operation}: ${sentence}`),
      );
      if (wrong.length) throw new Error(`broke the contract:\n${wrong.join("\n")}`);
    },
  };
}
