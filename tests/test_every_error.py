"""Every documented error of every provider, provoked by its own name."""

import re

import pytest

from simulators import catalog
from simulators.data import contracts
from simulators.kernel.catalogue import Place
from simulators.kernel.contracts import contract

ROWS = [(p, row) for p in catalog.PROVIDERS.values() for row in p.catalogue]


def by_key(value):
    return getattr(value, "name", None) or value.key


def violations(provider, row, answer):
    """What the error, or the recipient's row of an answer, lacks by its contract."""
    if not answer.body or "json" not in answer.headers["content-type"]:
        return []
    files = contracts(provider.name).glob("*error.response.schema.json")
    names = [file.name.removesuffix(".response.schema.json") for file in files]
    shapes = [contract(provider.name, name, "response.schema") for name in names]
    if row.place is Place.RECIPIENT:
        sends = {endpoint.operation for endpoint in provider.endpoints if endpoint.sends}
        shapes += [contract(provider.name, operation, "response.schema") for operation in sends]
    found = [shape.validate(answer.json()) for shape in shapes if shape is not None]
    return min(found, key=len)


@pytest.mark.parametrize(("provider", "row"), ROWS, ids=by_key)
def test_a_rule_provokes_the_row_where_and_as_it_really_appears(provider, row, default, recorded):
    """Code, HTTP status and place are the catalogue's, and no placeholder is left unfilled."""
    rule = {"match": {"provider": provider.name}, "effect": {"error": row.key}}

    answer = recorded(provider.name, rules=[rule])

    assert "rule-1" == answer.headers["x-simulator-rule"]
    assert not re.search(rb"\{\w+\}", answer.body)
    if row.place is Place.RECEIPT:
        (message,) = default.messages()
        step, _since = message.status(message.at + 10**9, provider.lifecycles)
        assert answer.status < 300
        assert (row.status, row.key) == (step.status, step.error)
    else:
        assert row.http_status == answer.status
        assert [] == default.messages()
        assert str(row.code).encode() in answer.body or str(row.code) == str(row.http_status)
        assert [] == violations(provider, row, answer)
