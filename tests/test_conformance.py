"""What every provider in the catalogue must do. A new one is tested by being listed."""

from collections import defaultdict

import pytest

from simulators import catalog
from simulators.check.examples import examples
from simulators.kernel.accounts import DEFAULT
from simulators.kernel.catalogue import Place, Problem
from simulators.kernel.clock import Chance
from simulators.kernel.contracts import contract
from simulators.kernel.credentials import lookup_ids, made
from simulators.kernel.journal import REQUESTS

PROVIDERS = list(catalog.PROVIDERS.values())
SENDS = [(p, e) for p in PROVIDERS for e in p.endpoints if e.sends]


def by_name(value):
    return getattr(value, "name", None) or getattr(value, "operation", None)


def sends_by_contract():
    seen = {}
    for provider, endpoint in SENDS:
        seen.setdefault((provider.name, endpoint.operation), (provider, endpoint))
    return list(seen.values())


each_provider = pytest.mark.parametrize("provider", PROVIDERS, ids=by_name)
each_send = pytest.mark.parametrize(("provider", "endpoint"), sends_by_contract(), ids=by_name)


@each_provider
def test_spells_every_problem(provider):
    """Each problem of the closed list has a row in the provider's own catalogue."""
    assert set(Problem) == set(provider.problems)
    assert [] == [p for p in Problem if provider.row(p).place is Place.RECEIPT]


@each_provider
def test_tables_name_only_rows_and_words_there_are(provider):
    """Limits, deferred judgements and lifecycles refer to catalogue rows and status words."""
    for limit in provider.limits:
        assert provider.row(limit.error)
    for row in provider.catalogue:
        if row.later:
            assert provider.row(row.later).place is Place.RECEIPT
    steps = [step for lifecycle in provider.lifecycles.values() for step in lifecycle]
    assert {step.status for step in steps} <= set(provider.states)
    assert [] == [step for step in steps if step.error and not provider.row(step.error)]


@each_provider
def test_every_life_begins_at_once_and_goes_forward(provider):
    """A lifecycle's first step is at 0 and its times never go back."""
    assert provider.lifecycles
    for lifecycle in provider.lifecycles.values():
        times = [step.after for step in lifecycle]

        assert times[0] == 0
        assert times == sorted(times)


@each_provider
def test_every_row_says_when_and_who_says_so(provider):
    """A catalogue row without a cause or a source is hearsay."""
    assert [] == [row.key for row in provider.catalogue if not row.when or not row.source]


@each_provider
def test_generates_credentials_like_the_published_ones(provider):
    """A new account's credentials have the published names, and differ from account to account."""
    one, two = (made(provider.credentials, Chance(seed)) for seed in ("one", "two"))
    own = [row.name for row in provider.credentials if row.secret or row.identifies]

    assert list(provider.published) == list(one)
    assert lookup_ids(provider.credentials, one)
    for other in (two, provider.published):
        assert [] == [name for name in own if one[name] == other[name]]


@each_provider
def test_says_what_it_emulates(provider):
    """The fidelity table has rows for it, each with its source."""
    assert provider.emulates
    assert [] == [row for row in provider.emulates if len(row) != 3 or not all(row)]


def test_no_two_vendors_claim_a_host():
    """A vendor host leads to one provider, or by its paths to those of one family."""
    owners = defaultdict(set)
    for provider in PROVIDERS:
        for host in provider.hosts:
            owners[host].add(provider.account)

    assert {} == {host: names for host, names in owners.items() if len(names) > 1}


@each_provider
def test_refuses_a_wrong_path_in_its_own_words(provider, sms_server, replay):
    """A path that nobody serves gets the provider's error, never a web server's page; one that
    serves every path asks for credentials there."""
    request = f"GET /nothing/here HTTP/1.1\r\nHost: {provider.hosts[0]}\r\n\r\n".encode()
    own = {provider.row(p).http_status for p in (Problem.NOT_FOUND, Problem.NO_CREDENTIALS)}

    answer = replay(request, provider.hosts[0])

    assert answer.status in own
    assert b"<html" not in answer.body.lower()
    assert b"<html" not in answer.body.lower()


@each_send
def test_refuses_a_stranger(provider, endpoint, sms_server, replay):
    """A request without credentials is refused, kept from every inbox and journalled."""
    strangers = sms_server.accounts.strangers
    sms_server.call(strangers.reset)
    path = endpoint.path.replace("<", "").replace(">", "")
    host = provider.hosts[0]
    request = f"{endpoint.method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n"

    answer = replay(request.encode(), host)

    assert answer.status < 500
    assert 0 == sms_server.call(lambda: strangers.store.newest(strangers.id))
    assert 1 == len(sms_server.call(lambda: strangers.store.records(strangers.id, REQUESTS)))


@each_send
def test_sends_have_a_contract_with_examples(provider, endpoint):
    """A send's contract keeps and breaks examples, each break where the example says."""
    agreed = contract(provider.name, endpoint.operation)
    found = examples(provider.name, endpoint.operation)

    assert agreed is not None
    assert contract(provider.name, endpoint.operation, "response.schema") is not None
    assert found.keeps
    assert found.breaks
    for document in found.keeps:
        assert [] == agreed.validate(document)
    for broken in found.breaks:
        pointers = [violation.pointer for violation in agreed.validate(broken.document)]

        assert broken.at in pointers, broken.why


@each_provider
def test_an_accepted_message_is_in_the_inbox_until_reset(provider, default, sms_server, recorded):
    """What a real client sent is kept with its code, and a reset leaves nothing of it."""
    answer = recorded(provider.name)

    assert answer.status < 300
    assert [provider.name] == [message.provider for message in default.messages()]
    assert "123456" in default.messages()[0].text
    sms_server.call(default.world.reset)
    world, store = default.world, default.world.store
    assert [] == default.messages()
    assert [] == sms_server.call(lambda: store.records(DEFAULT, REQUESTS))
    assert [] == sms_server.call(lambda: store.headroom(DEFAULT, world.clock.now()))
