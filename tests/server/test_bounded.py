"""What a server keeps has a bound: traffic whose every word is new fills it, and then no more."""

from collections import deque
from urllib.parse import urlencode

from simulators.catalog import PROVIDERS
from simulators.kernel.accounts import DEFAULT, Accounts
from simulators.kernel.call import Call
from simulators.kernel.pipeline import Pipeline, Settings
from simulators.server.apps import build
from simulators.server.loop import environ, run
from simulators.store import windows
from simulators.store.memory import MemoryStore

SCOPE = {"server": ("127.0.0.1", 8026)}


def sizes(root):
    """How many items every container that is reachable from here holds, by where it is."""
    found, seen, todo = {}, set(), [("", root)]
    while todo:
        where, one = todo.pop()
        if id(one) in seen or isinstance(one, str | bytes | type):
            continue
        seen.add(id(one))
        if isinstance(one, dict):
            found[where] = found.get(where, 0) + len(one)
            todo += [(f"{where}[]", value) for value in one.values()]
        elif isinstance(one, list | tuple | set | deque):
            found[where] = found.get(where, 0) + len(one)
            todo += [(f"{where}[]", value) for value in one]
        elif type(one).__module__.startswith("simulators."):
            slots = [name for kind in type(one).__mro__ for name in getattr(kind, "__slots__", ())]
            fields = {**getattr(one, "__dict__", {}), **{n: getattr(one, n, None) for n in slots}}
            todo += [(f"{where}.{name}", value) for name, value in fields.items()]
    return found


def test_ever_new_words_fill_no_container_without_end(monkeypatch):
    """New recipients, senders, texts, paths, methods, keys, headers and references: the second
    thousand leaves no container larger than the first, in which each bound was reached."""
    monkeypatch.setattr(windows, "REMEMBERED", 50)
    now = [1_800_000_000.0]
    store = MemoryStore(keep=50, journal=50)
    accounts = Accounts(store, PROVIDERS.values(), lambda: now[0])
    pipeline = Pipeline(accounts, Settings())
    keys = accounts.world(DEFAULT).credentials("vonage")
    app = build(PROVIDERS["vonage"], pipeline, accounts.strangers)

    def traffic(numbers):
        for n in numbers:
            now[0] += 600  # so that the longest window, a day, is over many times
            form = {
                "api_key": keys["api_key"] if n % 4 else f"nobody{n}",
                "api_secret": keys["api_secret"] if n % 5 else f"wrong{n}",
                "from": f"Acme{n}",
                "to": f"4477009{n:05}",
                "text": f"Your code is {n}",
                "client-ref": f"ref{n}",
                f"field{n}": f"{n}",
            }
            call = Call(
                method="POST" if n % 7 else f"M{n}",
                path="/sms/json" if n % 3 else f"/sms/{n}",
                headers={"content-type": "application/x-www-form-urlencoded", f"x-{n}": f"{n}"},
                body=urlencode(form).encode(),
                client=f"192.0.2.{n % 256}",
            )
            run(app, environ(SCOPE, call, ""))

    traffic(range(1000))
    first = sizes([store, accounts, pipeline])
    traffic(range(1000, 2000))
    second = sizes([store, accounts, pipeline])

    assert 50 == store.kept(DEFAULT)
    assert 50 == len(store.journal(DEFAULT, limit=1000))
    grown = {at: (first.get(at, 0), size) for at, size in second.items() if size > first.get(at, 0)}
    assert {} == {at: pair for at, pair in grown.items() if pair[1] > pair[0] * 1.05 + 5}
