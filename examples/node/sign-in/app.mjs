// A sign-in by code, as small as it gets: it stands for your application in the recipes beside it.
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";

// In production the url is https://api.twilio.com.
export function signIn({ url, account_sid, auth_token, number }) {
  const codes = new Map();
  return {
    async ask(phone) {
      const code = String(randomInt(1_000_000)).padStart(6, "0");
      const answer = await fetch(`${url}/2010-04-01/Accounts/${account_sid}/Messages.json`, {
        method: "POST",
        headers: { Authorization: `Basic ${btoa(`${account_sid}:${auth_token}`)}` },
        body: new URLSearchParams({ To: phone, From: number, Body: `Your code is ${code}` }),
        signal: AbortSignal.timeout(5000),
      });
      const { status, message } = await answer.json();
      if (!answer.ok || !status) throw new Error(`no code was sent: ${message}`);
      codes.set(phone, code);
    },
    enter: (phone, code) => codes.get(phone) === code && codes.delete(phone),
  };
}

// The same as web pages on a free port: {url, close}.
export async function serve(twilio) {
  const { ask, enter } = signIn(twilio);
  const field = (label, name, value = "") =>
    `<label>${label} <input name="${name}" value="${value.replace(/[^+\d]/g, "")}"></label>`;
  async function content(form) {
    const [phone, code] = [form.get("phone"), form.get("code")];
    if (phone === null) return `${field("Phone", "phone")}<button>Send</button>`;
    if (code === null) await ask(phone);
    else if (enter(phone, code)) return "Welcome";
    return `${field("Phone", "phone", phone)}${field("Code", "code")}<button>Sign in</button>`;
  }
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const part of request.setEncoding("utf8")) body += part;
    const shown = await content(new URLSearchParams(body)).catch(() => "No code could be sent");
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
    response.end(`<!doctype html><title>Sign in</title><form method="post">${shown}</form>`);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = () => server.closeAllConnections() ?? server.close();
  return { url: `http://127.0.0.1:${server.address().port}`, close };
}
