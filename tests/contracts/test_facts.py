"""The error catalogues against what was found documented: tests/facts/<provider>.json.

A fact is a code with its HTTP status (null for one that comes in a receipt) and its text, as the
vendor's pages, SDKs and real answers have them; `verified` as they were found.
"""

import json
import re
from pathlib import Path

import pytest

from simulators.catalog import PROVIDERS
from simulators.data import contracts, data
from simulators.kernel.catalogue import Place

FACTS = Path(__file__).parents[1] / "facts"
# Facts that no row agrees with, each with its reason.
DEPARTURES = json.loads((FACTS / "departures.json").read_text())
LEFT_OUT = [(one["provider"], one["code"], one["text"]) for one in DEPARTURES]
# A provider that brought its contracts has its facts where they are; one of no vendor has none.
DOCUMENTED = sorted(
    name
    for name, provider in PROVIDERS.items()
    if contracts(name).parent == data("contracts")
    and any(row.verified for row in provider.catalogue)
)


def facts(provider):
    path = FACTS / f"{provider}.json"
    assert path.is_file(), f"expected {path} with what is documented of the rows marked verified"
    return json.loads(path.read_text())


def alike(row, fact):
    """Whether a row says what a fact does; what a placeholder stands for differs from answer to
    answer, and may be spelled as another placeholder."""
    parts = re.split(r"\{\w+\}", row.message)
    text = re.fullmatch(".+".join(map(re.escape, parts)), fact["text"], re.S)
    later = fact["http_status"] is None and row.place is Place.RECEIPT
    return text is not None and (later or row.http_status == fact["http_status"])


def told(provider, fact):
    rows = [row for row in PROVIDERS[provider].catalogue if str(row.code) == str(fact["code"])]
    return any(alike(row, fact) for row in rows)


@pytest.mark.parametrize("provider", DOCUMENTED)
def test_every_documented_error_is_a_row(provider):
    """Code, HTTP status and text, but for the departures listed."""
    missing = [
        fact
        for fact in facts(provider)
        if not told(provider, fact) and (provider, fact["code"], fact["text"]) not in LEFT_OUT
    ]

    assert [] == missing


@pytest.mark.parametrize(
    "departure", DEPARTURES, ids=lambda one: f"{one['provider']}-{one['code']}"
)
def test_a_departure_is_still_one(departure):
    """There is such a fact, no row agrees with it, and it is said why."""
    (fact, *_same) = [
        fact
        for fact in facts(departure["provider"])
        if (fact["code"], fact["text"]) == (departure["code"], departure["text"])
    ]

    assert not told(departure["provider"], fact)
    assert departure["reason"].endswith(".")
