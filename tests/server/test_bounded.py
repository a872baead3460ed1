"""What a server keeps has a bound: traffic whose every word is new fills it, and then no more."""

import dataclasses
import json
import sys
from collections import deque
from functools import _lru_cache_wrapper, partial
from itertools import count
from urllib.parse import urlencode

import orjson
import pytest

from simulators.app import Options, Simulators
from simulators.catalog import PROVIDERS
from simulators.data import contracts
from simulators.kernel import inbound, operations, optouts
from simulators.kernel.accounts import DEFAULT
from simulators.kernel.call import Call
from simulators.kernel.credentials import lookup_ids
from simulators.kernel.rules import change, counters, install, read_all, uses
from simulators.otp import state
from simulators.server.apps import App
from simulators.store import windows

SCOPE = {"server": ("127.0.0.1", 8026)}
FEW = 4
MANY = 4 * FEW  # more than any container whose bound is FEW holds, planned receipts twice that
BOUNDS = ("MOST", "KEPT", "MOST_BLACKLISTED")


def sizes(root):
    """How many items the largest container holds that is reachable from here, by where it is."""
    found, seen, todo = {}, set(), [("", root)]
    while todo:
        where, one = todo.pop()
        if id(one) in seen or isinstance(one, str | bytes | type):
            continue
        seen.add(id(one))
        if isinstance(one, dict):
            found[where] = max(found.get(where, 0), len(one))
            todo += [
                (f"{where}[{key if isinstance(key, str) and '/' in key else ''}]", value)
                for key, value in one.items()
            ]
        elif isinstance(one, list | tuple | set | frozenset | deque):
            found[where] = max(found.get(where, 0), len(one))
            todo += [(f"{where}[]", value) for value in one]
        elif type(one).__module__.startswith("simulators."):
            slots = [name for kind in type(one).__mro__ for name in getattr(kind, "__slots__", ())]
            fields = {**getattr(one, "__dict__", {}), **{n: getattr(one, n, None) for n in slots}}
            todo += [(f"{where}.{name}", value) for name, value in fields.items()]
    return found


def caches():
    """How much is remembered of the calls of functions that forget nothing by themselves."""
    found = {}
    for name, module in list(sys.modules.items()):
        for one in vars(module).values() if name.startswith("simulators.") else ():
            if isinstance(one, _lru_cache_wrapper) and one.cache_info().maxsize is None:
                found[f"{one.__module__}.{one.__qualname__}"] = one.cache_info().currsize
    return found


def documents(provider):
    """Every request that the examples of its contracts keep, with the name of its operation."""
    for path in sorted(contracts(provider).glob("*.examples.json")):
        for document in orjson.loads(path.read_bytes())["keeps"]:
            yield path.name, document


def asked_places(provider):
    """Each place in the requests of each operation, once, with a request that has it."""
    found = {}
    for name, document in documents(provider):
        inside = {key: document[key] for key in ("path", "query", "body") if document[key]}
        for place in leaves(inside):
            found.setdefault((name, document["method"], place), (document, place))
    return list(found.values())


def leaves(value, path=()):
    """The paths to the texts and numbers of a document."""
    if isinstance(value, dict):
        return [found for key in value for found in leaves(value[key], (*path, key))]
    if isinstance(value, list):
        return [found for at, one in enumerate(value) for found in leaves(one, (*path, at))]
    return [] if value is None or isinstance(value, bool) else [path]


def renewed(document, path, n):
    """The document with a new word at one place, of the kind that is there."""
    if not path:
        return document
    if len(path) > 1:
        inside = renewed(document[path[0]], path[1:], n)
    else:
        was = document[path[0]]
        text = str(was)
        digits = sum(map(str.isdigit, text)) >= max(len(text) - 1, 8)
        new = text[:-5] + f"{n % 100_000:05}" if digits else f"{text}{n}"
        inside = new if isinstance(was, str) else int(new) if digits else n
    if isinstance(document, list):
        return [inside if at == path[0] else one for at, one in enumerate(document)]
    return {**document, path[0]: inside}


def spelled(document):
    """A request document as the call it was read from."""
    headers = {name: str(value) for name, value in document["headers"].items()}
    query, body = urlencode(document["query"] or {}, doseq=True), document["body"]
    if body is None:
        raw = b""
    elif "form" in headers.get("content-type", "form"):
        headers.setdefault("content-type", "application/x-www-form-urlencoded")
        raw = urlencode(body, doseq=True).encode()
    else:
        raw = json.dumps(body).encode()
    return Call(document["method"], document["path"], query, headers, raw)


@pytest.fixture
def small(monkeypatch):
    """Every bound that a module names is small, so that it is reached."""
    for name, module in list(sys.modules.items()):
        if name.startswith(("simulators.kernel.", "simulators.providers.")):
            for bound in BOUNDS:
                if isinstance(getattr(module, bound, None), int):
                    monkeypatch.setattr(module, bound, FEW)
    monkeypatch.setattr(windows, "REMEMBERED", FEW)


@pytest.mark.slow
@pytest.mark.parametrize("name", PROVIDERS)
def test_ever_new_words_fill_no_container_without_end(name, small):
    """Every operation that the contracts have an example of, with a new word in each place in
    turn, by whoever the request says and with the door open; receipts that are due to nobody,
    rules that fire, opt-outs, accounts: the second half leaves no container larger than the first,
    in which each bound was reached."""
    simulators = Simulators(Options(port=0, tls_port=None, keep=FEW))
    store = simulators.store
    for shelf in (store._shelf(DEFAULT), store._shelf("strangers")):
        shelf.logs.default_factory = partial(deque, maxlen=FEW)
    store._journal = FEW
    provider, world = PROVIDERS[name], simulators.accounts.world(DEFAULT)
    ids = lookup_ids(provider.credentials, provider.published)
    unlocked = dataclasses.replace(
        provider, identify=lambda _exchange: ids[0], authenticate=lambda _exchange: None
    )
    apps = [
        App(one, simulators.pipeline, simulators.accounts.strangers) for one in (provider, unlocked)
    ]
    world.clock.freeze(1_800_000_000.0)
    numbers = count(1)
    asked = asked_places(name)

    def traffic(rounds):
        for _ in range(rounds):
            for document, path in asked:
                n = next(numbers)
                call = spelled(renewed(document, path, n))
                call.headers[f"x-{n}"] = call.client = f"192.0.2.{n % 256}"
                call.method = call.method if n % 7 else f"M{n}"
                apps[n % 5 > 0].answer(call)
                if n % 10 == 0:
                    rest(n)
            world.clock.advance(86_400 * 2)

    def rest(n):
        url = "http://127.0.0.1:9/"
        kinds = [
            kind
            for kind, there in (("receipts", provider.receipts), ("inbound", provider.inbound))
            if there
        ]
        if kinds:
            operations.set_webhooks(world, provider, **dict.fromkeys(kinds, url))
        rule = {"name": f"r{n}", "match": {"to": "+1*"}, "effect": {"delay_ms": 0}}
        install(world, read_all([rule], PROVIDERS))
        if provider.inbound:
            for keyword in ("STOP", "hello"):
                operations.reply(
                    world,
                    provider,
                    f"+4477009{n % 100_000:05}",
                    provider.published.get("number", "447000"),
                    keyword,
                    "",
                )
        made = simulators.accounts.create()
        simulators.accounts.drop(made.id)

    rounds = max(1000 // len(asked), 1)
    traffic(rounds)
    counts = simulators.pipeline.counts
    first = {**sizes([store, simulators.accounts]), **caches()}
    traffic(rounds)
    second = {**sizes([store, simulators.accounts]), **caches()}

    assert {operation for _name, operation, _status in counts} <= {
        "",
        *(endpoint.operation for endpoint in provider.endpoints),
    }
    assert {name} == {name for name, _operation, _status in counts}
    assert {} == {
        where: (first.get(where, 0), size)
        for where, size in second.items()
        if size > max(first.get(where, 0), MANY)
    }


def test_replies_opt_out_so_many_and_no_more(monkeypatch):
    """One more is as if it had not been said; who was there stays."""
    monkeypatch.setattr(optouts, "MOST", FEW)
    simulators = Simulators(Options(port=0, tls_port=None))
    world = simulators.accounts.world(DEFAULT)
    for n in range(2 * FEW):
        inbound._opt(world, f"+1500555000{n:02}", "stop")

    assert [f"+1500555000{n:02}" for n in range(FEW)] == optouts.listed(world)
    inbound._opt(world, "+150055500000", "start")
    assert FEW - 1 == len(optouts.listed(world))


def test_what_rules_that_are_gone_have_counted_is_forgotten():
    """Those that stay go on counting."""
    simulators = Simulators(Options(port=0, tls_port=None))
    world = simulators.accounts.world(DEFAULT)
    rule = {"name": "stays", "match": {}, "effect": {"delay_ms": 0}}
    install(world, read_all([rule], PROVIDERS))
    (stays,) = world.load("rules")
    simulators.store.count(DEFAULT, counters(stays)[0])
    for n in range(50):
        (new,) = read_all([{**rule, "name": f"r{n}"}], PROVIDERS)
        change(world, lambda before, new=new: [before[0], new])
        simulators.store.count(DEFAULT, counters(world.load("rules")[1])[0])

    assert (1, 0) == uses(world, stays)
    assert 3 == len(simulators.store._shelf(DEFAULT).counters)  # theirs, and that of the serials


def test_every_table_of_the_otp_service_is_bounded(monkeypatch):
    """By its kind: who adds a table adds a bounded one."""
    monkeypatch.setattr(state, "MOST", FEW)
    tables = {name: kept for name, kept in vars(state.State()).items() if not isinstance(kept, int)}
    # One of each, replaced as a whole.
    settings = {"connector", "settings", "account_center", "console"}

    assert {state.Shelf, state.Users} >= {type(tables[name]) for name in tables.keys() - settings}
    shelf, users = state.Shelf(FEW, 60.0), state.Users()
    for n in range(100):
        shelf.put(n, n, float(n))
        users.add(state.User(f"u{n}", 0.0, username=f"name{n}", phone=f"1415555{n:04}"))
    assert [FEW] * 4 == [len(shelf), len(users), len(users._by_phone), len(users._by_name)]
