"""Whatever is sent, and however much there is, the loop is not held for long: work is counted."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server.work import linear

pytestmark = pytest.mark.slow

STALLS = Path(__file__).with_name("stalls.py")
# In units of about 0.1 us: a request of some KB, and a body of 256 KiB.
MOST, MOST_OF_A_BODY = 60_000, 100_000
SHOWS_ALL = ("control list-accounts", "control read-optouts")
# In turns of 200.
COUNT_ALL = ("smsaero 23 /v2/sms/list", "smsaero 27 /v2/viber/list", "smsbao 0 /query")
PAGES = 5000
THINGS = 2400  # of each kind, that there are more in the large world


@pytest.fixture(scope="module")
def told():
    """What `stalls.py` has counted."""
    # Sets of texts are in the same order each time.
    fixed = {**os.environ, "PYTHONHASHSEED": "0"}
    asked = [sys.executable, str(STALLS)]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=280, env=fixed)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_no_request_holds_the_loop(told):
    """Something huge in each place of every operation of every provider, of the control API and of
    the OTP service."""
    over = {
        what: (units, by)
        for what, (units, by) in told["hostile"].items()
        if units > (MOST_OF_A_BODY if "whole body" in what else MOST)
    }

    assert {} == over
    assert len(told["hostile"]) > 1000


def test_a_plain_request_costs_the_same_in_a_large_world(told):
    """With thousands more of accounts, messages, journal entries and plans."""
    over = {
        what: units
        for what, units in told["growth"].items()
        if what not in SHOWS_ALL and units > (PAGES if what in COUNT_ALL else THINGS // 2)
    }

    assert {} == over
    assert len(told["growth"]) > 100


def test_a_planted_fault_of_each_kind_is_found(told):
    """A regular expression that goes back, a loop that copies, a list that is looked through: each
    is over the bound; a walk of accounts or messages grows with them."""
    assert {} == {name: units for name, units in told["planted"].items() if units <= MOST}
    assert {} == {n: units for n, units in told["planted_walks"].items() if units <= THINGS // 2}


@pytest.mark.parametrize(
    ("expression", "searches", "proven"),
    [
        (r"\s+x", True, False),
        (r"\s+x", False, True),
        (r"(\s|\s\s)+x", False, False),
        (r"(a*)*b", False, False),
        (r"(?:a|aa)*$", False, False),
        (r"(?:a{1,2})*b", False, False),
        (r"(?:%[0-9A-Fa-f]{2})+", True, True),
        (r"^a(;.*)?\Z", True, True),
        (r"\d+\.\d*$", False, True),
        (r"a*a*b", False, False),
        (r"x[a-z]*[0-9]*", True, True),
        (r"(?:\.[a-z]+)*", False, True),
        ("【([^【】]+)】", True, True),
        (r"(?=.*[A-Za-z])[A-Z a-z]{1,11}", False, True),
        (r"^(?:1[3-9]|[1-9][0-9])(?:,(?:1[3-9]|[1-9][0-9]))*$", True, False),
    ],
)
def test_an_expression_is_linear_by_its_form(expression, searches, proven):
    """Or it counts as if it were not."""
    assert proven == linear(re.compile(expression), searches=searches)
