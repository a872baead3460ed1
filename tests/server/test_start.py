"""What a server finds in its store when it starts."""

import pytest

from simulators import app
from simulators.catalog import PROVIDERS
from simulators.kernel.accounts import DEFAULT
from simulators.kernel.rules import install, read_all
from simulators.store.strict import StrictStore


def test_a_start_leaves_what_the_store_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """Accounts and rules to start with are for a new store: a second start on one undoes nothing
    of what was changed since."""
    store = StrictStore()
    monkeypatch.setattr(app, "MemoryStore", lambda _keep: store)
    (first, second) = read_all([{"effect": {"delay_ms": n}} for n in (1, 2)], PROVIDERS)
    mine = {"id": "mine", "credentials": {"twilio": {"auth_token": "first"}}, "seed": ""}
    begun = app.Simulators(app.Options(rules=[first], accounts=[mine]))
    assert ["rule-1"] == [rule["name"] for rule in store.load(DEFAULT, "rules")]
    install(begun.accounts.world(DEFAULT), [second])

    mine = {**mine, "credentials": {"twilio": {"auth_token": "second"}}}
    again = app.Simulators(app.Options(rules=[first], accounts=[mine]))

    assert ["rule-2"] == [rule["name"] for rule in store.load(DEFAULT, "rules")]
    assert "first" == again.accounts.world("mine").credentials("twilio")["auth_token"]
