"""What each view of the inbox shows: a generator a view, which looks at a bounded number of things
at a time and gives everybody else a turn in between. It returns the values for its template.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import urlencode

import orjson

from simulators.control import events
from simulators.control.route import Served
from simulators.kernel import journal, later, operations, views
from simulators.kernel.arrivals import kept_as
from simulators.kernel.catalogue import ErrorRow, Place, Problem
from simulators.kernel.checks import Unacceptable
from simulators.kernel.message import INBOUND, Message, State
from simulators.kernel.provider import Provider
from simulators.kernel.receipts import LOG, Due
from simulators.kernel.rules import SOCKETS
from simulators.kernel.steps import TURN, Steps
from simulators.kernel.world import STRANGERS, World
from simulators.kernel.written import readings

ROWS = 25  # of a list
SEARCHED = 5000  # messages that are looked through for a text, newest first
LOOKED_THROUGH = 2000  # journal entries, for one message's request or those that went wrong
ATTEMPTS = 200  # at receipts
ATTEMPTS_OF_ONE = 24
WINDOWS = 60
ACCOUNTS = 300
_ENTRIES_A_TURN = 25
_PART_OF_A_NUMBER = re.compile(r"[+ ().-]*([0-9][+ ().-]*){2,20}")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # but a tab and the end of a line

Context = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to the page: whose world, the query, the form if one was sent, and the shipped
    rules of magic numbers."""

    served: Served
    world: World
    query: Mapping[str, str]
    form: Mapping[str, str]
    magic: list[dict[str, Any]]

    @property
    def view(self) -> str:
        """The view that is asked for; messages where there is no such."""
        wanted = self.query.get("view", "")
        return wanted if wanted in VIEWS else "messages"

    def number(self, name: str) -> int:
        """A whole number of the query, 0 where there is none."""
        given = self.query.get(name, "")
        return int(given) if re.fullmatch("[0-9]{1,15}", given, re.ASCII) else 0


class Row(NamedTuple):
    """A message in the list."""

    message: dict[str, Any]
    number: str  # the phone, whoever of the two it is
    url: str
    chosen: bool


def frame(asked: Asked) -> Context:
    """What every view has: the account, the clock, and where to go on."""
    served, world = asked.served, asked.world
    known = list(islice(served.accounts.store.accounts(), ACCOUNTS))
    if world.id not in (*known, STRANGERS):
        known.append(world.id)
    titles = {"messages": "Messages", "requests": "Requests", "receipts": "Receipts"}
    titles |= {"behaviour": "Behaviour", "limits": "Limits", "connect": "Connect"}
    return {
        "view": asked.view,
        "views": [(name, title, _url(asked, view=name)) for name, title in titles.items()],
        "account": world.id,
        "accounts": [*known, STRANGERS],
        "clock": world.clock.describe(),
        "providers": {name: one.title for name, one in served.providers.items()},
        "cursor": events.cursor(served, world),
        "signed_in": bool(served.options.token),
        "here": _here(asked),
        "query": asked.query,
        "form": asked.form,
        "wrong": None,
    }


def _url(asked: Asked, **query: object) -> str:
    """The address of a view of this account."""
    whose = {} if asked.world.id == "default" else {"account": asked.world.id}
    given = {name: value for name, value in query.items() if value not in ("", 0, None)}
    if given.get("view") == "messages":
        del given["view"]
    return f"/?{urlencode({**given, **whose})}" if given or whose else "/"


def _here(asked: Asked) -> str:
    return f"/?{urlencode(asked.query)}" if asked.query else "/"


# Messages.


def messages(asked: Asked) -> Steps[Context]:
    """The list, and one message with all that became of it."""
    search, before = asked.query.get("search", "").strip(), asked.number("before")
    provider = asked.query.get("provider", "")
    if provider:
        operations.provider_of(provider, asked.served.providers)
    found, note = yield from _searched(asked, search, provider, before)
    more, found = found[ROWS:], found[:ROWS]
    chosen = asked.world.store.find(asked.world.id, asked.query.get("id", ""))
    if chosen is None and found:
        chosen = found[0]
    rows = []
    for one in found:
        rows.append(_row(asked, one, chosen))
        yield len(one.text)  # it is searched for a code
    detail = (yield from _detail(asked, chosen)) if chosen else None
    following = found[-1].sequence if more else 0
    return {
        "rows": rows,
        "note": note,
        "detail": detail,
        "older": _list_url(asked, before=following) if following else "",
        "newest": _list_url(asked) if before else "",
        "kept": asked.world.store.kept(asked.world.id),
        "pending": any(not State(row.message["state"]).final for row in rows),
        **(_addresses(asked) if not rows and not search and not provider else {}),
    }


def _list_url(asked: Asked, **query: object) -> str:
    kept = {name: asked.query.get(name, "") for name in ("search", "provider")}
    return _url(asked, **{**kept, **query})


def _searched(
    asked: Asked, search: str, provider: str, before: int
) -> Steps[tuple[list[Message], str]]:
    """One more than a page of messages, newest first, and what is said of the search."""
    world, wanted = asked.world, {"provider": provider, "before": before, "limit": ROWS + 1}
    if not search:
        return world.messages(inbound=None, **wanted), ""
    known = asked.served.providers
    try:
        numbers = readings(search, [known[provider]] if provider else known.values())
    except Unacceptable:
        numbers = ()
    if numbers:
        number = kept_as(world, numbers)
        sent = world.messages(to=number, inbound=None, **wanted)
        replies = world.messages(sender=number, inbound=True, **wanted)
        both = {one.sequence: one for one in (*sent, *replies)}
        if both:
            return [both[at] for at in sorted(both, reverse=True)[: ROWS + 1]], ""
    return (yield from _looked_through(world, search, provider, before))


def _looked_through(
    world: World, search: str, provider: str, before: int
) -> Steps[tuple[list[Message], str]]:
    """The messages with a word in their text, their number or their id."""
    word, found, seen = search.casefold(), list[Message](), 0
    digits = re.sub("[^0-9]", "", search) if _PART_OF_A_NUMBER.fullmatch(search) else None
    for some in world.slices(inbound=None, provider=provider, before=before):
        for one in some:
            number = one.sender if one.operation == INBOUND else one.to
            in_number = digits is not None and digits in number
            if in_number or word in one.text.casefold() or word == one.id.casefold():
                found.append(one)
        seen += len(some)
        if len(found) > ROWS or seen >= SEARCHED:
            break
        yield TURN
    looked = f"the newest {seen:,} messages were looked through" if seen >= SEARCHED else ""
    return found[: ROWS + 1], looked


def _row(asked: Asked, one: Message, chosen: Message | None) -> Row:
    shown = _message(asked, one)
    number = one.sender if one.operation == INBOUND else one.to
    url = _list_url(asked, before=asked.number("before"), id=one.id)
    shown["text"] = views.cut(shown["text"], 160)
    return Row(shown, number, url, chosen is not None and one.id == chosen.id)


def _message(asked: Asked, one: Message) -> dict[str, Any]:
    return views.message(asked.world, asked.served.providers[one.provider], one)


def _detail(asked: Asked, one: Message) -> Steps[Context]:
    """A message, the request that sent it, and what the application was told of it."""
    provider, inbound = asked.served.providers[one.provider], one.operation == INBOUND
    request = yield from _request_of(asked.world, one.id)
    lines = yield from _lines(asked, one.id)
    return {
        "message": _message(asked, one),
        "inbound": inbound,
        "number": one.sender if inbound else one.to,
        "title": provider.title,
        "request": _url(asked, view="requests", seq=request) if request else "",
        "line": lines.get(one.id, []),
        "replies": provider.inbound is not None and asked.world.id != STRANGERS,
    }


def _request_of(world: World, message: str) -> Steps[int]:
    """The sequence of the journal entry of the request that sent a message, 0 if there is none."""
    mark = orjson.dumps(message)
    newest = world.store.records(world.id, journal.REQUESTS, limit=LOOKED_THROUGH)
    yield TURN
    for place, (sequence, packed) in enumerate(reversed(newest)):
        if mark in packed and message in journal.read(sequence, packed)["messages"]:
            return sequence
        if place % 200 == 0:
            yield TURN
    return 0


# Receipts.


class Stop(NamedTuple):
    """A place on the line of a receipt through time: planned, under way, tried, to be tried."""

    kind: str
    at: str
    told: str
    attempt: int
    answer: str = ""
    attempted: dict[str, Any] | None = None


def _lines(asked: Asked, message: str = "") -> Steps[dict[str, list[Stop]]]:
    """The lines of one message, or of those that something happened to last."""
    world = asked.world
    under_way = asked.served.dispatcher.under_way(world.id)
    if message:
        found = yield from _receipts_of(asked, under_way, message)
    else:
        found = yield from views.receipts(asked.served.accounts, world, under_way, ATTEMPTS)
    lines: dict[str, list[Stop]] = {}
    for one in found["attempts"]:
        answer = f"HTTP {one['status']}" if one["status"] else "no answer"
        kind = {"delivered": "taken", "retrying": "failed", "given up": "given up"}[one["state"]]
        stop = Stop(kind, one["at"], one["reports"], one["attempt"], answer, one)
        lines.setdefault(one["message"], []).append(stop)
    for one in found["under_way"]:
        stop = Stop("under way", one["at"], one["reports"], one["attempt"])
        lines.setdefault(one["message"], []).append(stop)
    for one in found["pending"]:
        kind = "retry" if one["attempt"] > 1 else "planned"
        stop = Stop(kind, one["due"], "", one["attempt"])
        lines.setdefault(one["message"], []).append(stop)
    yield TURN
    return lines


def _receipts_of(
    asked: Asked, under_way: list[dict[str, Any]], message: str
) -> Steps[dict[str, list[dict[str, Any]]]]:
    """The same as `views.receipts`, of one message alone."""
    store, account, hide = asked.world.store, asked.world.id, asked.served.accounts.mask()
    mark, attempts = orjson.dumps(message), []
    for place, (_sequence, packed) in enumerate(
        reversed(store.records(account, LOG, limit=10_000))
    ):
        if mark in packed and (attempt := orjson.loads(packed))["message"] == message:
            attempts.append(views.attempt(hide, attempt))
            yield len(packed)
        if len(attempts) == ATTEMPTS_OF_ONE:
            break
        if place % 500 == 0:
            yield TURN
    items = store.planned(account, 1000)
    planned = ((at, Due(*item)) for at, item in items if later.task(item) is None)
    pending = [views.planned(at, due) for at, due in planned if due.message == message]
    yield TURN
    sent = [views.attempt(hide, one) for one in under_way if one["message"] == message]
    return {"attempts": attempts[::-1], "pending": pending, "under_way": sent}


def receipts(asked: Asked) -> Steps[Context]:
    """A line through time for each message that the application is told of."""
    lines = yield from _lines(asked)
    shown = []
    for id_, line in islice(sorted(lines.items(), key=_latest, reverse=True), ROWS * 2):
        one = asked.world.store.find(asked.world.id, id_)
        yield 100
        if one is not None:
            message = _message(asked, one)
            shown.append((message, _url(asked, id=id_), line[-8:], max(len(line) - 8, 0)))
    webhooks = asked.world.load("webhooks", {})
    reporting = {
        name: (one.title, webhooks.get(name, {}))
        for name, one in asked.served.providers.items()
        if one.receipts is not None or one.inbound is not None
    }
    waiting = any(
        stop.kind in ("planned", "retry", "under way") for line in lines.values() for stop in line
    )
    return {"lines": shown, "reporting": reporting, "pending": waiting}


def _latest(item: tuple[str, list[Stop]]) -> str:
    return item[1][-1].at


# Requests.


def requests(asked: Asked) -> Steps[Context]:
    """Every request, newest first, and one of them explained."""
    provider, before = asked.query.get("provider", ""), asked.number("before")
    if provider:
        operations.provider_of(provider, asked.served.providers)
    only = asked.query.get("only", "")
    found = yield from _entries(asked, provider, before, bad=only == "bad")
    more, found = found[ROWS:], found[:ROWS]
    wanted = asked.number("seq") or (found[0]["sequence"] if found else 0)
    kept = {"view": "requests", "provider": provider, "only": only}
    rows = [
        (
            one,
            _url(asked, **kept, before=before, seq=one["sequence"]),
            one["sequence"] == wanted,
        )
        for one in found
    ]
    yield TURN
    entry = (yield from _entry(asked, wanted)) if wanted else None
    strangers = asked.served.accounts.strangers
    unknown = (
        []
        if asked.world is strangers
        else strangers.store.records(STRANGERS, journal.REQUESTS, limit=1)
    )
    return {
        "rows": rows,
        "entry": entry,
        "only": only,
        "all": _url(asked, view="requests", provider=provider),
        "bad": _url(asked, view="requests", provider=provider, only="bad"),
        "older": _url(asked, **kept, before=found[-1]["sequence"]) if more else "",
        "newest": _url(asked, **kept) if before else "",
        "strangers": f"/?view=requests&account={STRANGERS}" if unknown else "",
    }


def _entries(asked: Asked, provider: str, before: int, *, bad: bool) -> Steps[list[dict[str, Any]]]:
    """One more than a page of entries in brief, those that went wrong alone with `bad`."""
    found: list[dict[str, Any]] = []
    packed = yield from views.journalled(
        asked.world, provider=provider, before=before, limit=LOOKED_THROUGH if bad else ROWS + 1
    )
    yield TURN
    for place, one in enumerate(reversed(packed), 1):
        entry = journal.read(*one)
        lost = entry["rule"] and not entry["messages"]
        if not bad or entry["refused"] or entry["breaches"] or entry["socket"] or lost:
            found.append(views.brief(asked.served.accounts, entry))
        if len(found) > ROWS:
            break
        if place % _ENTRIES_A_TURN == 0:
            yield TURN
    return found


def _entry(asked: Asked, sequence: int) -> Steps[Context | None]:
    """A request explained: what was refused and what the vendor's catalogue says of it, each
    violation field by field, both sides of a signature."""
    found = yield from views.journalled(
        asked.world, after=sequence - 1, before=sequence + 1, limit=1
    )
    yield TURN
    if not found:
        return None
    entry = yield from views.entry(asked.served.accounts, *found[0])
    provider = asked.served.providers[entry["provider"]]
    refused = [(one, provider.row(one["key"])) for one in entry["refused"]]
    kept = [asked.world.store.find(asked.world.id, one) for one in entry["messages"][:ROWS]]
    sent = [(one, _url(asked, id=one.id)) for one in kept if one is not None]
    about = {"title": provider.title, "reference": provider.reference}
    return {**entry, **about, "explained": refused, "sent": sent}


# Behaviour.


class Choice(NamedTuple):
    """An error that can be chosen by its name and text."""

    key: str
    code: str
    text: str
    place: str


_USUAL = "what usually goes wrong"
_PLACES = {
    Place.ANSWER: "refused at once, the whole request",
    Place.RECIPIENT: "refused at once, this recipient",
    Place.RECEIPT: "accepted, and reported as failed later",
}
_SOCKETS = {
    "close": "closed before an answer",
    "reset": "reset (ECONNRESET)",
    "hang": "left hanging, no answer ever",
    "truncate": "cut off in the middle of the answer",
    "drip": "a byte at a time",
}


def behaviour(asked: Asked) -> Steps[Context]:
    """The rules in force, and a form that makes one from the provider's own catalogue."""
    name = asked.form.get("provider", asked.query.get("provider", ""))
    if name:
        operations.provider_of(name, asked.served.providers)
    choices: dict[str, list[Choice]] = {}
    if name:
        provider = asked.served.providers[name]
        choices[_USUAL] = [
            Choice(one, one.replace("_", " "), _said(provider.row(one)), "")
            for one in Problem
            if one in provider.problems
        ]
        for row in provider.catalogue:
            choice = Choice(row.key, str(row.code), views.cut(row.text({}), 110), row.place)
            choices.setdefault(_PLACES[row.place], []).append(choice)
            yield 100
    else:
        listed = [Choice(one, one.replace("_", " "), "", "") for one in Problem]
        choices["whatever each provider says then"] = listed
    rules = operations.scripted(asked.world)
    yield TURN
    magic = {rule["name"] for rule in asked.magic}
    own = [_told(asked, rule) for rule in rules if rule["name"] not in magic]
    return {
        "chosen": name,
        "choices": choices,
        "sockets": {one: _SOCKETS[one] for one in SOCKETS},
        "rules": own[: 4 * ROWS],
        "spared": max(len(own) - 4 * ROWS, 0),
        "magic": [_told(asked, {**rule, "used": 0, "matched": 0}) for rule in asked.magic],
        "magic_on": len(magic & {rule["name"] for rule in rules}) == len(magic),
    }


def _said(row: ErrorRow) -> str:
    """An error in the provider's words, cut to a line."""
    text = views.cut(row.text({}), 90)
    return text if str(row.code) in text else f"{row.code} {text}"


def _told(asked: Asked, rule: Mapping[str, Any]) -> dict[str, Any]:
    """A rule in words."""
    provider = asked.served.providers.get(rule["match"].get("provider", ""))
    return {
        "name": rule["name"],
        "for": ", ".join(_matches(rule["match"])) or "every request",
        "does": ", ".join(_effects(rule["effect"], provider)),
        "used": rule["used"],
        "over": "times" in rule["match"] and rule["used"] >= rule["match"]["times"],
    }


def _matches(match: Mapping[str, Any]) -> Iterable[str]:
    for name in ("provider", "operation", "template", "region"):
        if name in match:
            yield str(match[name])
    if "to" in match:
        yield f"to {match['to']}"
    if "sender" in match:
        yield f"from {match['sender']}"
    if "after" in match:
        yield f"after {match['after']}"
    if "times" in match:
        yield "once" if match["times"] == 1 else f"{match['times']} times"
    if "probability" in match:
        yield f"by chance {match['probability']:g}"


def _effects(effect: Mapping[str, Any], provider: Provider | None) -> Iterable[str]:
    if "error" in effect:
        key = effect["error"]
        what = Problem(key) if key in list(Problem) else key
        yield f"error {_said(provider.row(what))}" if provider else f"error {key}"
    if "delay_ms" in effect:
        yield f"{effect['delay_ms'] / 1000:g} s late"
    if "socket" in effect:
        yield f"connection {_SOCKETS[effect['socket']]}"
    if "answer" in effect:
        yield f"an answer in its place (HTTP {effect['answer'].get('status', 200)})"
    if "receipt" in effect:
        yield f"receipt {', '.join(f'{k}: {v}' for k, v in effect['receipt'].items())}"
    if effect.get("keep"):
        yield "the message is sent all the same"


# Limits.


def limits(asked: Asked) -> Steps[Context]:
    """Every live window as a bar, the fullest first."""
    world, default = asked.world, asked.served.options.settings.limits
    found = operations.windows(world)
    yield TURN
    found.sort(key=lambda one: (one["left"] / max(one["permits"], 1), one["provider"]))
    mode = world.load("limits", default)
    return {
        "windows": found[:WINDOWS],
        "spared": max(len(found) - WINDOWS, 0),
        "mode": "table" if isinstance(mode, list) else mode,
        "table": mode if isinstance(mode, list) else [],
        "balance": world.load("balance"),
        "suspended": bool(world.load("suspended")),
        "pending": bool(found),
    }


# How to get in.


def connect(asked: Asked) -> Steps[Context]:
    """Where each provider is, and what to sign in with."""
    yield TURN
    return _addresses(asked)


def _addresses(asked: Asked) -> Context:
    served = asked.served
    ways = {"prefix": "base URL", "localhost": "by host name", "https": "over TLS", "port": "port"}
    known = [
        {
            "name": name,
            "title": provider.title,
            "reference": provider.reference,
            "hosts": provider.hosts,
            "urls": [(ways[way], url) for way, url in served.addresses(name).items() if url],
            "credentials": asked.world.credentials(name),
        }
        for name, provider in served.providers.items()
    ]
    return {"known": known}


def at(iso: str) -> str:
    """The time of day of an ISO time, in UTC as the account's clock is."""
    return datetime.fromisoformat(iso).strftime("%H:%M:%S")


def visible(value: Any) -> Any:
    """Whatever a template shows: control characters, which a browser drops or acts on, as the
    pictures that Unicode has for them."""
    if isinstance(value, str) and _CONTROL.search(value):
        return type(value)(_CONTROL.sub(_picture, value))
    return value


def _picture(control: re.Match[str]) -> str:
    number = ord(control[0])
    return chr(0x2400 + number) if number < 0x20 else "\u2421" if number == 0x7F else "\ufffd"


def count(number: float) -> str:
    """How much of a limit: whole where it is whole."""
    return f"{number:,.1f}".removesuffix(".0")


def link(text: str) -> str:
    """The address in what a catalogue names as its source, "" for none."""
    found = re.search(r"https?://[^\s;,<>\"']+", text)
    return found[0].rstrip(").") if found else ""


VIEWS: Mapping[str, Callable[[Asked], Steps[Context]]] = {
    "messages": messages,
    "requests": requests,
    "receipts": receipts,
    "behaviour": behaviour,
    "limits": limits,
    "connect": connect,
}
FILTERS: Mapping[str, Callable[[Any], str]] = {"at": at, "count": count, "link": link}
