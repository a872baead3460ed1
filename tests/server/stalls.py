"""What the worst requests cost, and plain ones in a large world: written as JSON, in units of work.

It runs by itself, as the package has to be loaded in another way for it (`work.py`). Asked are
every operation of every provider, the control API and the OTP service, with something huge in each
place in turn: path, query, each header, each field of a form, each value of a JSON document.
"""

# ruff: noqa: E402 - what loads the package has to be there before it

import asyncio
import dataclasses
import itertools
import json
import sys
import types
from collections import Counter
from pathlib import Path
from urllib.parse import quote, urlencode

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.server import work

work.rewrite()

from simulators.app import Options, Simulators
from simulators.catalog import PROVIDERS
from simulators.control.routes import ROUTES
from simulators.data import contracts
from simulators.kernel import optouts
from simulators.kernel.accounts import DEFAULT
from simulators.kernel.credentials import lookup_ids
from simulators.kernel.journal import REQUESTS
from simulators.kernel.message import Message
from simulators.kernel.rules import install, read_all
from simulators.otp.app import ROUTES as OTP_ROUTES
from simulators.server.apps import App
from simulators.server.arrival import arrived, full_environ
from simulators.server.loop import run
from tests.otp.conftest import Otp
from tests.server.planted import PLANTED, PLANTED_WALKS
from tests.server.test_bounded import leaves, spelled

PART, BODY = 8_000, 1 << 18
TEXTS = [
    "a",
    " ",
    "1",
    "%41",
    "+",
    ",",
    "{",
    "😀",
    "\\",
    '"',
    "=",
    "&",
    "\n",
    "a.",
    "<",
    "a1 ",
    "[0]=",
    "-",
]
BODIES = [
    b"[" + b"0," * (BODY // 2 - 1) + b"0]",
    b"[" * BODY,
    b'{"a":' * (BODY // 5),
    b"&".join(b"f%d=" % n for n in range(BODY // 8)),
    b"To=1&" * (BODY // 5),
    b"To=" + b"%2B" * (BODY // 3),
    b'{"message":"order' + b" " * BODY + b'"}',
    b"Body=" + b"1" * BODY,
    b"\xff" * BODY,
]
FEW = 178 * len(PROVIDERS)  # of everything, in a small world: a page of each provider's messages
MANY = FEW + 2400
OFTEN = 1  # operations of a provider that have the same field share its code
_HEADERS = (
    "authorization",
    "content-type",
    "cookie",
    "host",
    "accept",
    "origin",
    "referer",
    "x-unknown",
)
_kinds, _turns = itertools.cycle(TEXTS), itertools.count()


def huge(size):
    """The next kind of text, of about that many bytes."""
    kind = next(_kinds)
    return kind * (size // len(kind.encode()))


def _latin(text):
    """A text as the head of a request has it: a character for each byte, and all on one line."""
    return text.encode().decode("latin-1").replace("\n", " ")


def put(document, path, value):
    """The document with another value at one place."""
    if not path:
        return value
    if isinstance(document, list):
        return [
            put(one, path[1:], value) if at == path[0] else one for at, one in enumerate(document)
        ]
    return {**document, path[0]: put(document[path[0]], path[1:], value)}


def variants(call):
    """The call with something huge in each place outside its body."""
    parts = call.path.split("/")
    at = 1 + next(_turns) % (len(parts) - 1)
    segment = quote(huge(PART), safe="")[:PART]
    path = "/".join([*parts[:at], segment, *parts[at + 1 :]])
    yield f"path {at}", dataclasses.replace(call, path=path, raw_path=path)
    for name in [pair.partition("=")[0] for pair in call.query.split("&") if pair] + ["unknown"]:
        others = [pair for pair in call.query.split("&") if pair.partition("=")[0] != name]
        pair = urlencode({name: huge(PART)}) if name != "unknown" else _latin(huge(PART))
        yield f"query {name}", dataclasses.replace(call, query="&".join([*others, pair]))
    many = "&".join(f"f{n}={n}" for n in range(PART // 8))
    yield "query of many", dataclasses.replace(call, query=many)
    names = [name for name in call.headers if name != "content-length"]
    for name in [*names, _HEADERS[next(_turns) % len(_HEADERS)]]:
        text = _latin(huge(PART))
        begin = call.headers.get(name, "")[:40] if next(_turns) % 2 else ""
        headers = {**call.headers, name: f"{begin}{text}"}
        yield f"header {name}", dataclasses.replace(call, headers=headers)
    headers = {**call.headers, **{f"x-{n}": "a" * 600 for n in range(90)}}
    yield "headers of many", dataclasses.replace(call, headers=headers)


def bodies(document, spell):
    """The document with something huge in each place of its body."""
    body = document["body"]
    form = "form" in document["headers"].get("content-type", "form") or not isinstance(body, dict)
    for path in leaves(body or {}):
        yield f"body {path}", spell({**document, "body": put(body, path, huge(PART))})
        if not form:
            what, value = _VALUES[next(_turns) % len(_VALUES)]
            yield f"body {path} {what}", spell({**document, "body": put(body, path, value)})


def deep(levels):
    """Lists in lists."""
    found = []
    for _ in range(levels):
        found = [found]
    return found


_VALUES = (("list", [0] * (PART // 2)), ("number", 10**4000), ("deep", deep(900)))


class Costs:
    """What was asked so far, and what it cost at the most."""

    def __init__(self):
        self.asked = 0
        self.worst = {}

    def measure(self, what, call, answer):
        """Asks, and goes on with an answer that comes in turns: each is by itself."""
        again = dataclasses.replace(call, headers=dict(call.headers))
        answered = []
        head = [
            (name.encode("latin-1"), value.encode("latin-1"))
            for name, value in call.headers.items()
        ]

        def ask():
            made = arrived(again.method, again.raw_path or again.path, again.query, head)
            made.body, made.client = again.body, "192.0.2.7"
            answered.append(answer(made))

        self.note(what, *work.spent(ask))
        if answered and answered[0].later is not None:
            asyncio.run(self.turns(what, answered[0].later()))

    @types.coroutine
    def turns(self, what, coroutine):
        """Awaits it, measuring from one wait to the next."""
        ended = []

        def step():
            try:
                return coroutine.send(None)
            except StopIteration as end:
                ended.append(end.value)
                return None

        while not ended:
            waits = []
            self.note(f"{what}, later", *work.spent(lambda waits=waits: waits.append(step())))
            if not ended:
                yield waits[0] if waits else None

    def note(self, what, units, by):
        """Keeps the most of each kind of request."""
        self.asked += 1
        if units > self.worst.get(what, (0, ""))[0]:
            self.worst[what] = (units, by)


def unlocked(simulators, provider, identify=None):
    """The provider's app with the door open."""
    ids = lookup_ids(provider.credentials, provider.published)

    def everybody(exchange):
        if identify is not None:
            identify(exchange)
        return ids[0]

    opened = dataclasses.replace(provider, identify=everybody, authenticate=lambda _exchange: None)
    return App(opened, simulators.pipeline, simulators.accounts.strangers)


def first_of_each(name):
    """An example request of each operation."""
    for path in sorted(contracts(name).glob("*.examples.json")):
        yield json.loads(path.read_bytes())["keeps"][0]


def by_gateway(simulators):
    """As requests come in: to a vendor's host, or to the control API."""
    return lambda call: simulators.gateway.answer(call, 0)


def plain_call(method, path, headers, query):
    """A request without a body."""
    named = {"method": method, "path": path, "headers": headers, "query": query, "body": None}
    return spelled(named)


def of_providers(costs, simulators):
    wholes, asked_before = itertools.cycle(BODIES), Counter()
    for name, provider in PROVIDERS.items():
        opened = unlocked(simulators, provider)
        for document in first_of_each(name):
            call = spelled(document)
            what = f"{name} {call.method} {call.path}"
            opened.answer(dataclasses.replace(call))  # what is made once is made
            for place, asked in itertools.chain(variants(call), bodies(document, spelled)):
                if asked_before[name, place] < OFTEN:
                    asked_before[name, place] += 1
                    costs.measure(f"{what}: {place}", asked, opened.answer)
            if document["body"] is not None and asked_before[name, "whole"] < len(BODIES):
                asked_before[name, "whole"] += 1
                asked = dataclasses.replace(call, body=next(wholes))
                costs.measure(f"{what}: whole body", asked, opened.answer)
        for place, asked in variants(call):
            vendor = {**asked.headers, "host": provider.hosts[0]}
            known = dataclasses.replace(asked, headers=vendor) if place != "header host" else asked
            costs.measure(
                f"{name}, locked: {place}", known, lambda one: simulators.gateway.answer(one, 0)
            )


def of_control(costs, simulators):
    answer = by_gateway(simulators)
    wholes = itertools.cycle(BODIES)
    headers = {"host": "localhost", "content-type": "application/json"}
    for route in ROUTES:
        query = dict.fromkeys(route.parameters, "1") | (
            {"timeout": "0"} if route.name == "wait" else {}
        )
        if route.name == "stream-events":
            continue
        path = route.path.replace("{", "").replace("}", "")
        known = spelled(
            {"method": route.method, "path": path, "headers": headers, "query": query, "body": None}
        )
        what = f"control {route.name}"
        plain = dataclasses.replace(known, query="timeout=0" if route.name == "wait" else "")
        costs.measure(f"{what}: plain", plain, answer)
        for place, asked in variants(known):
            costs.measure(f"{what}: {place}", asked, answer)
        schema = route.told or route.body or {}
        for name in schema.get("properties", {}):
            for value in (huge(PART), [huge(100)] * 200, [{}] * (PART // 2), {"a": huge(PART)}):
                body = json.dumps({name: value}).encode()
                costs.measure(f"{what}: {name}", dataclasses.replace(plain, body=body), answer)
        if schema:
            body = next(wholes)
            costs.measure(f"{what}: whole body", dataclasses.replace(plain, body=body), answer)


def of_otp(costs):
    service = Otp()
    service.connect()
    wholes = itertools.cycle(BODIES)

    def answer(call):
        return run(service.app, full_environ(call, 3001))

    headers = {"host": "otp.example", "content-type": "application/json"}
    for route in OTP_ROUTES:
        path = route.path.replace("<", "").replace(">", "")
        call = spelled(
            {
                "method": route.method,
                "path": path,
                "headers": headers,
                "query": {"q": "1"},
                "body": None,
            }
        )
        what = f"otp {route.method} {route.path}"
        for place, asked in variants(call):
            costs.measure(f"{what}: {place}", asked, answer)
        if route.method == "GET":
            continue
        known = route.guard._schema.get("properties", {}) if route.guard else {}
        for name in [*known, "unknown"]:
            for value in (huge(PART), _VALUES[next(_turns) % len(_VALUES)][1]):
                body = json.dumps({name: value}).encode()
                costs.measure(f"{what}: {name}", dataclasses.replace(call, body=body), answer)
        forms = {**headers, "content-type": "application/x-www-form-urlencoded"}
        for given in (headers, forms):
            asked = dataclasses.replace(call, headers=given, body=next(wholes))
            costs.measure(f"{what}: whole body", asked, answer)


_DETAILS = {
    "type": 0,
    "biz_id": "1",
    "out_id": "",
    "sending": 1,
    "of": 1,
    "code": 86,
    "session": "",
    "extend": "",
    "channel": "",
    "cost": 1.0,
}
_ENTRY = b'[1.0,"twilio","","GET","/",{},"",[],"","",[],200,"",null,[],[],""]'


def filled(many):
    """A world with so much of everything in it."""
    simulators = Simulators(Options(port=0, tls_port=None))
    simulators.ports = {"http": 8026}
    store, world = simulators.store, simulators.accounts.world(DEFAULT)
    world.clock.freeze(1_800_000_000.0)
    names = list(PROVIDERS)
    for n in range(many):
        store.put_account({"id": f"a{n}", "credentials": {}, "seed": ""}, [("twilio", f"AC{n}")])
        provider = PROVIDERS[names[n % len(names)]]
        lifecycle = next(one for one in provider.lifecycles if one != "inbound")
        sent = (f"{n}", provider.name, "send", f"+1555{n:07}", "Acme", "hello", 1, float(n))
        kept = Message(*sent, lifecycle, details=_DETAILS)
        store.admit(DEFAULT, [((), kept)], float(n))
        store.record(DEFAULT, _ENTRY, REQUESTS)
        store.plan(DEFAULT, 4e9 + n, [f"{n}", 0, 0, 0.0])
    optouts.replace(world, [f"+1666{n:07}" for n in range(10_000)])
    rule = {"effect": {"keep": True}}
    numbered = [(f"r{n}", {"to": f"+1777{n:07}"}) for n in range(300)]
    rules = [{"name": name, "match": match, **rule} for name, match in numbered]
    install(world, read_all(rules, PROVIDERS))
    return simulators


def plain(simulators):
    """What plain requests cost there."""
    costs = Costs()
    for name, provider in PROVIDERS.items():
        opened = unlocked(simulators, provider)
        for number, document in enumerate(first_of_each(name)):
            call = spelled(document)
            opened.answer(dataclasses.replace(call))
            costs.measure(f"{name} {number} {call.path}", call, opened.answer)
    for route in ROUTES:
        if route.method != "GET" or route.name == "stream-events":
            continue
        path = route.path.replace("{id}", "7").replace("{", "").replace("}", "")
        query = {"timeout": "0", "to": "+19995550000"} if route.name == "wait" else {}
        call = plain_call("GET", path, {"host": "localhost"}, query)
        simulators.gateway.answer(dataclasses.replace(call), 0)
        costs.measure(f"control {route.name}", call, by_gateway(simulators))
    return costs


def planted(simulators, faults):
    """What the planted faults cost, by name."""
    provider = PROVIDERS["http_sms"]
    call = spelled(next(first_of_each("http_sms")))
    found = {}
    for name, fault in faults.items():
        text = " " * PART if "expression" in name else ",".join(map(str, range(PART // 6)))
        costs = Costs()
        app = unlocked(simulators, provider, fault)
        costs.measure(name, dataclasses.replace(call, query=text), app.answer)
        found[name] = costs.worst[name][0]
    return found


def main():
    few, many, hostile = filled(FEW), filled(MANY), Costs()
    before, after = plain(few), plain(many)
    of_providers(hostile, few)
    of_control(hostile, few)
    of_otp(hostile)
    walks = [planted(world, PLANTED_WALKS) for world in (few, many)]
    told = {
        "hostile": hostile.worst,
        "growth": {
            what: units - before.worst[what][0]
            for what, (units, _by) in after.worst.items()
            if what in before.worst
        },
        "planted": planted(few, PLANTED),
        "planted_walks": {what: walks[1][what] - walks[0][what] for what in walks[0]},
    }
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
