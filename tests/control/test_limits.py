"""The table of limits in force: enough to count the kept messages over again."""

import re

import pytest

from simulators.catalog import PROVIDERS
from simulators.kernel import flow

LIMITS = [
    pytest.param(limit, id=f"{provider.name}-{limit.name}")
    for provider in PROVIDERS.values()
    for limit in provider.limits
]


def rows(control):
    return control("GET", "/_sim/limits/table").json["limits"]


@pytest.mark.parametrize("limit", LIMITS)
def test_a_limit_with_a_condition_says_it_of_messages_too(limit):
    """`where` stands for `applies` to who has only the messages; each is there with the other."""
    assert (limit.applies is flow.always) == (not limit.where)
    for pattern in limit.where.values():
        re.compile(pattern)


def test_every_limit_in_force_is_told(control):
    """The providers' own, with what they permit and by which page."""
    told = {(row["provider"], row["limit"]): row for row in rows(control)}

    assert {(p.name, limit.name) for p in PROVIDERS.values() for limit in p.limits} == set(told)
    assert (1, 60, "natural", 28_800, ["signature", "number"]) == tuple(
        told["aliyun", "minute"][name] for name in ("permits", "seconds", "kind", "zone_s", "key")
    )
    assert told["aliyun", "minute"]["source"].startswith("https://")


@pytest.mark.parametrize(("factor", "permits"), [(3, 15), (0.3, 1), (0.01, 1)])
def test_a_factor_is_multiplied_in(control, factor, permits):
    """What is permitted is told as it is counted: whole, and at least one."""
    control("PUT", "/_sim/limits", {"mode": factor})
    (hour,) = [r for r in rows(control) if (r["provider"], r["limit"]) == ("aliyun", "hour")]

    assert permits == hour["permits"]


def test_a_table_of_ones_own_is_told_for_every_provider_it_holds_for(control):
    """Instead of the documented limits; with "off" there are none."""
    own = {"permits": 2, "seconds": 60, "key": ["number", "template"], "provider": "tencent"}
    control("PUT", "/_sim/limits", {"mode": [own]})
    (row,) = rows(control)
    control("PUT", "/_sim/limits", {"mode": "off"})

    assert ("tencent", 2, ["number", "template"]) == (row["provider"], row["permits"], row["key"])
    assert [] == rows(control)


ONE = {"name": "mine", "permits": 1, "seconds": 30, "key": ["number"]}


def refusals(control, **query):
    return control("GET", "/_sim/limits/refusals", **query).json


def test_a_message_that_found_its_window_full_is_told(control, send):
    """Which window and when, what it wanted, and how far the inbox went by then."""
    control("POST", "/_sim/clock", {"freeze": "2026-11-21T12:00:00.25Z"})
    control("PUT", "/_sim/limits", {"mode": [ONE]})
    statuses = [send(to="+15005550010").status for _ in range(3)]
    second, first = refusals(control)["refusals"]

    assert [201, 429, 429] == statuses
    assert [1, 2] == [first["sequence"], second["sequence"]]
    assert {
        "sequence": 1,
        "provider": "twilio",
        "limit": "mine",
        "window": "+15005550010",
        "permits": 1,
        "seconds": 30,
        "cost": 1,
        "at": "2026-11-21T12:00:00.250Z",
        "after": 1,
    } == first


def test_refusals_are_told_page_by_page(control, send):
    """Newest first, each once, to the end."""
    control("PUT", "/_sim/limits", {"mode": [ONE]})
    for _ in range(6):
        send()
    first = refusals(control, limit=2)
    second = refusals(control, limit=2, cursor=first["next"])
    third = refusals(control, limit=2, cursor=second["next"])

    pages = [[one["sequence"] for one in page["refusals"]] for page in (first, second, third)]
    assert [[5, 4], [3, 2], [1]] == pages
    assert third["next"] is None
