"""A store that can keep nothing for a while: every provider answers with a fault of its own, the
control API with 503, and what was to be reported is reported once it is back."""

import json

import pytest

from simulators import app
from simulators.catalog import PROVIDERS
from simulators.kernel.accounts import DEFAULT
from simulators.kernel.call import Call
from simulators.kernel.catalogue import Problem
from simulators.kernel.store import Unavailable
from simulators.samples import sample
from simulators.store.memory import MemoryStore

CHANGING = (
    *("put_account", "drop_account", "admit", "change", "remove", "remove_all", "note", "save"),
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
