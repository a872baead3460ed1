"""A store that can keep nothing for a while: every provider answers with a fault of its own, the
control API with 503, and what was to be reported is reported once it is back."""

import asyncio
import errno
import json

import pytest

from simulators import app
from simulators.catalog import PROVIDERS
from simulators.kernel.accounts import DEFAULT
from simulators.kernel.call import Call
from simulators.kernel.catalogue import Problem
from simulators.kernel.store import Unavailable
from simulators.samples import sample
from simulators.store.log import Unusable
from simulators.store.memory import MemoryStore

CHANGING = (
    *("put_account", "drop_account", "admit", "change", "remove", "remove_all", "save"),
    *("include", "exclude", "once", "count", "uncount", "plan", "done", "record", "clear"),
)


class Failing(MemoryStore):
    """Keeps nothing while it is `away`."""

    away = False


def _failing(name):
    plain = getattr(MemoryStore, name)

    def operation(self, *args, **more):
        if self.away:
            raise Unavailable("no space left on device")
        return plain(self, *args, **more)

    return operation


for _name in CHANGING:
    setattr(Failing, _name, _failing(_name))


@pytest.fixture
def simulators(monkeypatch):
    """All of a server but its sockets, on such a store."""
    monkeypatch.setattr(app, "MemoryStore", lambda keep: Failing(keep))
    return app.Simulators(app.Options(port=0, tls_port=None))


def asked(simulators, method, path, body=b""):
    """What is answered on the simulators' own address."""
    headers = {"host": "localhost", "content-type": "application/json"}
    return simulators.gateway.answer(Call(method, path, headers=headers, body=body), 0)


def sent(simulators, provider, n=1):
    """What is answered to a good send."""
    record, world = sample(provider), simulators.accounts.world(DEFAULT)
    number = record.written(record.number(n))
    call = record.call(
        world.credentials(provider), number, "123456", now=world.clock.now(), nonce=f"nonce-{n}"
    )
    call.path = f"/{provider}{call.path}"
    call.headers.setdefault("host", "localhost")
    return simulators.gateway.answer(call, 0)


@pytest.mark.parametrize("provider", sorted(PROVIDERS))
def test_a_send_that_cannot_be_kept_is_a_fault_of_the_provider(simulators, provider, caplog):
    """In its own words, without a traceback, and nothing of it is there; later all is as before."""
    simulators.store.away = True
    refused = [sent(simulators, provider, n) for n in range(3)]
    simulators.store.away = False

    row = PROVIDERS[provider].row(PROVIDERS[provider].problems[Problem.INTERNAL])
    assert [row.http_status] * 3 == [answer.status for answer in refused]
    assert sample(provider).accepted not in refused[0].body.decode()
    assert 0 == simulators.store.kept()
    assert "" == caplog.text
    accepted = sent(simulators, provider, 3)
    assert (200, 1) == (accepted.status // 100 * 100, simulators.store.kept())


def test_the_control_api_and_the_health_say_so(simulators):
    """503 with the reason; what only reads goes on."""
    ok = asked(simulators, "GET", "/_sim/health")
    simulators.store.away = True
    changed = asked(simulators, "POST", "/_sim/reset")
    away = asked(simulators, "GET", "/_sim/health")
    read = asked(simulators, "GET", "/_sim/messages")
    simulators.store.away = False
    again = asked(simulators, "GET", "/_sim/health")

    assert [200, 503, 503, 200, 200] == [a.status for a in (ok, changed, away, read, again)]
    assert "no space left on device" == json.loads(away.body)["got"]
    assert {"status": "ok"} == json.loads(again.body)


def test_accounts_get_credentials_of_the_providers_that_came_since():
    """The published ones the default account, others generated ones, as if they had been there."""
    newer = "tencent"
    older = {name: one for name, one in PROVIDERS.items() if name != newer}
    store, whole = MemoryStore(), MemoryStore()
    for kept, providers in ((store, older), (whole, PROVIDERS)):
        accounts = app.Accounts(kept, providers.values())
        accounts.add("mine", {}, "seed")

    again = app.Accounts(store, PROVIDERS.values())

    assert PROVIDERS[newer].published == again.world(DEFAULT).credentials(newer)
    for account in (DEFAULT, "mine"):
        expected = whole.account(account)["credentials"]
        assert expected == store.account(account)["credentials"]
    app.Accounts(store, older.values())
    assert expected == store.account("mine")["credentials"]


@pytest.fixture
def synced(tmp_path):
    """The same on a store in a file, whose answers wait for the disk; what is synced fails while
    there is something in `broken`."""
    options = app.Options(port=0, tls_port=None, data=tmp_path / "data", data_sync=True)
    made = app.Simulators(options)
    made.broken, made.syncs = [], []

    def sync(fd):
        made.syncs.append(fd)
        if made.broken:
            raise OSError(errno.EIO, "Input/output error")

    made.store._file._sync = sync
    yield made
    made.store.close()


def test_an_answer_waits_for_the_disk(synced):
    """One sync serves all that came in a turn of the loop, a reading as well as a send."""

    async def run():
        asks = [sent(synced, "twilio", n) for n in range(20)]
        asks.append(asked(synced, "GET", "/_sim/messages"))
        assert [] == synced.syncs
        return await asyncio.gather(*(ask.later() for ask in asks))

    *sends, read = asyncio.run(run())
    assert [201] * 20 == [answer.status for answer in sends]
    assert 20 == len(json.loads(read.body)["messages"])
    assert 1 == len(synced.syncs)


def test_what_does_not_reach_the_disk_is_a_fault_of_the_provider(synced):
    """And of the control API 503; the next ones are tried again."""

    async def run():
        synced.broken.append(1)
        asks = [
            sent(synced, "vonage"),
            sent(synced, "twilio"),
            asked(synced, "POST", "/_sim/reset"),
        ]
        refused = await asyncio.gather(*(ask.later() for ask in asks))
        synced.broken.clear()
        return [*refused, await sent(synced, "twilio", 2).later()]

    vonage, twilio, reset, again = asyncio.run(run())
    assert "0" != json.loads(vonage.body)["messages"][0]["status"]
    assert [500, 503, 201] == [answer.status for answer in (twilio, reset, again)]
    assert "Input/output error" in json.loads(reset.body)["got"]


def test_a_file_with_a_provider_that_is_not_here_is_refused(tmp_path):
    """By its name, before anything is served: nobody could show its messages. Then it is free."""
    options = app.Options(port=0, tls_port=None, data=tmp_path / "data")
    made = app.Simulators(options)
    document = made.store.account(DEFAULT)
    credentials = {**document["credentials"], "acme": {"token": "t"}}
    made.store.put_account({**document, "credentials": credentials}, [])
    made.store.close()

    for _ in range(2):
        with pytest.raises(Unusable, match="with the provider 'acme', which is not here"):
            app.Simulators(options)
