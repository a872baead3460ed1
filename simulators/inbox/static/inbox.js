// @ts-check
/**
 * Makes the page live. The server makes all HTML; this fetches the page anew when something has
 * happened and puts those parts in place that are marked `data-live`, goes from view to view
 * without loading the whole page, copies, and knows a few keys. Without it the page can be read.
 */

const REFRESH_MS = 250; // between two refreshes, while events come
const BUSY_MS = 5000; // the same where more comes than is told
const AGAIN_MS = 1000; // until a stream that was refused is tried again
const LOOK_MS = 2000; // how often a part is looked at that changes with time alone

/** @param {string} id */
const byId = (id) => document.getElementById(id);

/** @param {string} text */
function say(text) {
  const said = byId('said');
  if (said) said.textContent = text;
}

/** @param {string} number */
const aloud = (number) => number.replace(/(?<=\d)(?=(\d{3})+$)/g, ' ');

// Going from view to view.

let going = 0; // counts the pages that were asked for: the answer to an older one is too late

/**
 * Fetches a page of the inbox; nothing if it cannot be had.
 * @param {string} url
 * @param {RequestInit} [options]
 * @returns {Promise<{page: Document, url: string} | null>}
 */
async function fetched(url, options) {
  try {
    const answer = await fetch(url, {headers: {Accept: 'text/html'}, ...options});
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    if (page.body.dataset.account) return {page, url: answer.url};
    if (answer.status === 401) location.reload(); // it asks for the token
    return null;
  } catch {
    connected(false);
    return null;
  }
}

/**
 * Shows another page in the place of this one.
 * @param {string} url
 * @param {{options?: RequestInit, push?: boolean, row?: boolean}} [how]
 */
async function go(url, {options, push = true, row = false} = {}) {
  const mine = ++going;
  const found = await fetched(url, options);
  if (!found || mine !== going) return;
  const {page} = found;
  if (push) history[found.url === location.href ? 'replaceState' : 'pushState']({}, '', found.url);
  document.title = page.title;
  const focused = document.activeElement?.id;
  for (const id of ['top', 'main']) {
    const there = byId(id);
    const next = page.getElementById(id);
    if (there && next) there.replaceWith(document.adoptNode(next));
  }
  const before = document.body.dataset.account;
  document.body.dataset.account = page.body.dataset.account;
  document.body.dataset.cursor = page.body.dataset.cursor;
  dress();
  const chosen = document.querySelector('[data-row][aria-current]');
  if (focused) byId(focused)?.focus();
  if (row && chosen instanceof HTMLElement) chosen.focus({preventScroll: true});
  const narrow = !matchMedia('(min-width: 900px)').matches; // there the message is above the list
  if (row && narrow) scrollTo(0, 0);
  else if (row) chosen?.scrollIntoView({block: 'nearest'});
  const alert = document.querySelector('#main [role=alert]');
  if (alert) say(alert.textContent?.trim() ?? '');
  if (before !== document.body.dataset.account) watch(document.body.dataset.cursor ?? '');
}

/** Puts the live parts of the page as it is now in the place of those that are shown. */
async function refresh() {
  const mine = going;
  const found = await fetched(location.href);
  if (!found || mine !== going) return;
  const another = byId('one')?.dataset.of !== found.page.getElementById('one')?.dataset.of;
  if (another && !answering()) {
    await go(location.href, {push: false}); // the form beside it is about that one as well
    return;
  }
  for (const part of document.querySelectorAll('[data-live]')) {
    const next = found.page.getElementById(part.id);
    const other = part.id === 'one' && another;
    if (next && !other && next.outerHTML !== bare(part)) replace(part, document.adoptNode(next));
  }
  dress();
}

/** Whether somebody writes a reply: the message that it answers stays. */
function answering() {
  const reply = byId('reply');
  return reply instanceof HTMLInputElement && (reply === document.activeElement || reply.value !== '');
}

/**
 * A part as the server made it: without what `dress` did to it.
 * @param {Element} part
 */
function bare(part) {
  const copy = /** @type {Element} */ (part.cloneNode(true));
  for (const one of copy.querySelectorAll('[data-copy]')) one.setAttribute('hidden', '');
  return copy.outerHTML;
}

/**
 * Replaces a part and leaves the focus and the place where they were.
 * @param {Element} part
 * @param {Element} next
 */
function replace(part, next) {
  const inside = part.contains(document.activeElement);
  const at = inside ? focusable(part).indexOf(/** @type {HTMLElement} */ (document.activeElement)) : -1;
  const top = part.scrollTop;
  part.replaceWith(next);
  next.scrollTop = top;
  if (at >= 0) focusable(next)[at]?.focus();
}

/**
 * @param {Element} part
 * @returns {HTMLElement[]}
 */
const focusable = (part) => [...part.querySelectorAll(/** @type {'a'} */ ('a, button'))];

/** Shows what only works with this script. */
function dress() {
  for (const one of document.querySelectorAll('[data-copy], #keys-button, #live')) one.removeAttribute('hidden');
  connected(online);
  tick();
}

document.addEventListener('click', (event) => {
  const target = /** @type {Element} */ (event.target);
  const copying = target.closest('[data-copy]');
  if (copying instanceof HTMLElement) return void copy(copying.dataset.copy ?? '', copying);
  if (target.closest('#keys-button')) return showKeys();
  const link = target.closest('a[data-go]');
  const plain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.button);
  if (link instanceof HTMLAnchorElement && plain) {
    event.preventDefault();
    void go(link.href, {row: link.matches('[data-row]')});
  }
});

document.addEventListener('submit', (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !form.matches('[data-go]')) return;
  event.preventDefault();
  const fields = new URLSearchParams();
  for (const [name, value] of new FormData(form, event.submitter)) fields.append(name, String(value));
  const action = new URL(form.action, location.href);
  if (form.method === 'get') {
    const given = [...fields].filter(([, value]) => value);
    action.search = new URLSearchParams(given).toString();
    void go(action.href);
  } else {
    void go(action.href, {options: {method: 'POST', body: fields}});
  }
});

document.addEventListener('change', (event) => {
  const form = /** @type {Element} */ (event.target).closest('form[data-auto]');
  if (form instanceof HTMLFormElement) form.requestSubmit();
});

addEventListener('popstate', () => void go(location.href, {push: false}));

// Copying.

/**
 * @param {string} text
 * @param {HTMLElement} button
 */
async function copy(text, button) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text).catch(() => copyOld(text));
  } else {
    copyOld(text); // off loopback without TLS a page has no clipboard of its own
  }
  say(`copied ${text}`);
  const icon = button.querySelector('i');
  icon?.classList.replace('bi-copy', 'bi-check-lg');
  setTimeout(() => icon?.classList.replace('bi-check-lg', 'bi-copy'), 1200);
}

/** @param {string} text */
function copyOld(text) {
  const area = document.createElement('textarea');
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}

// Keys.

function showKeys() {
  const keys = byId('keys');
  if (keys instanceof HTMLDialogElement) keys.showModal();
}

/** @param {number} by */
function step(by) {
  const rows = [...document.querySelectorAll('a[data-row]')];
  const at = rows.findIndex((row) => row.hasAttribute('aria-current'));
  const next = rows[Math.min(Math.max(at + by, 0), rows.length - 1)];
  if (next instanceof HTMLAnchorElement && next !== rows[at]) void go(next.href, {row: true});
}

document.addEventListener('keydown', (event) => {
  const target = /** @type {Element} */ (event.target);
  const typing = target.matches('input, select, textarea') || target.closest('dialog');
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const code = byId('copy-code');
  if (event.key === 'j') step(1);
  else if (event.key === 'k') step(-1);
  else if (event.key === 'c' && code) code.click();
  else if (event.key === '?') showKeys();
  else if (event.key === '/' && byId('search')) byId('search')?.focus();
  else return;
  event.preventDefault();
});

// The clock.

let shown = performance.now(); // when the clock was last made by the server

function tick() {
  const clock = document.querySelector('time.clock[data-runs]');
  if (!(clock instanceof HTMLTimeElement)) return;
  if (clock.dataset.since === undefined) {
    clock.dataset.since = clock.dateTime;
    shown = performance.now();
  }
  const now = new Date(Date.parse(clock.dataset.since) + performance.now() - shown).toISOString();
  clock.textContent = `${now.slice(0, 10)} ${now.slice(11, 19)} UTC`;
}

// Events.

/** @type {EventSource | undefined} */
let source;
let online = false;
let seen = document.body.dataset.cursor ?? '';
let busy = false;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let planned;

/** @param {boolean} now */
function connected(now) {
  online = now;
  byId('live')?.classList.toggle('off', !now);
  const said = byId('live-said');
  if (said) said.textContent = !now ? 'not connected' : busy ? 'busy' : 'live';
}

function plan() {
  planned ??= setTimeout(() => {
    planned = undefined;
    busy = false;
    void refresh();
  }, busy ? BUSY_MS : REFRESH_MS);
}

/**
 * Follows the events of the account from those on that were seen.
 * @param {string} after
 */
function watch(after) {
  source?.close();
  seen = after;
  const account = document.body.dataset.account ?? 'default';
  const opened = new EventSource(`/_sim/events?${new URLSearchParams({account, after})}`);
  source = opened;
  opened.addEventListener('open', () => {
    if (!online) plan();
    connected(true);
  });
  opened.addEventListener('error', () => {
    connected(false);
    if (opened.readyState === EventSource.CLOSED) {
      setTimeout(() => opened === source && watch(seen), AGAIN_MS);
    }
  });
  for (const name of ['message', 'request', 'receipt', 'rules', 'limits', 'clock', 'more', 'emptied']) {
    opened.addEventListener(name, (event) => {
      seen = event.lastEventId;
      happened(name, JSON.parse(event.data));
    });
  }
}

/**
 * @param {string} name
 * @param {{account: string, why?: string, operation?: string, code?: string, text?: string, to?: string, sender?: string}} data
 */
function happened(name, data) {
  if (name === 'message') {
    const inbound = data.operation === 'inbound';
    const what = data.code && !inbound ? `code ${data.code} for ${aloud(data.to ?? '')}` : '';
    say(what || `${inbound ? `reply from ${aloud(data.sender ?? '')}` : `message for ${aloud(data.to ?? '')}`}`);
  }
  if (name === 'more' && data.why === 'slow') {
    busy = true;
    connected(true);
  }
  plan();
}

// A browser has six connections for all tabs of a host: one that nobody looks at needs none.
document.addEventListener('visibilitychange', () => {
  if (document.hidden) source?.close();
  else watch(seen);
});

setInterval(tick, 1000);
setInterval(() => {
  if (!document.hidden && online && document.querySelector('[data-pending]')) plan();
}, LOOK_MS);
dress();
watch(seen);
