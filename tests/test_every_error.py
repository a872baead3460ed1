"""Every documented error of every provider, provoked by its own name."""

import re

import pytest

from simulators import catalog
from simulators.kernel.catalogue import Place

ROWS = [(p, row) for p in catalog.PROVIDERS.values() for row in p.catalogue]


def by_key(value):
    return getattr(value, "name", None) or value.key


@pytest.mark.parametrize(("provider", "row"), ROWS, ids=by_key)
def test_a_rule_provokes_the_row_where_and_as_it_really_appears(provider, row, default, recorded):
    """Code, HTTP status and place are the catalogue's, and no placeholder is left unfilled."""
    rule = {"match": {"provider": provider.name}, "effect": {"error": row.key}}

    answer = recorded(provider.name, rules=[rule])

    assert "rule-1" == answer.headers["x-simulator-rule"]
    assert not re.search(rb"\{\w+\}", answer.body)
    if row.place is Place.RECEIPT:
        (message,) = default.messages()
        step, _since = message.status(message.at + 10**9, provider.lives)
        assert answer.status < 300
        assert (row.status, row.key) == (step.status, step.error)
    else:
        assert row.http_status == answer.status
        assert [] == default.messages()
        assert str(row.code).encode() in answer.body or str(row.code) == str(row.http_status)
