"""A trigger that is a command: what it is told, and what each mistake of a connector comes to."""

import json
import sys
from xml.etree import ElementTree

import pytest

from simulators.catalog import PROVIDERS
from simulators.testing.refusals import CLASSES, absent

pytestmark = pytest.mark.slow

ALL = {kind.id for kind in CLASSES}
ABSENT = set(absent(PROVIDERS["twilio"]))
REFUSED = ALL - ABSENT - {"late_failure"}
UNREADABLE = {"empty_200", "html_200", "malformed_json"}
FEW = ("--only", "bad_recipient", "--only", "timeout")


def having(verdict, classes):
    return {kind for kind, found in classes.items() if found["verdict"] == verdict}


def test_a_connector_that_reads_everything_notices_everything(connector):
    """Exit code 0; one request a refusal; what Twilio cannot answer is not counted."""
    code, classes = connector("good")

    assert 0 == code
    assert ALL == set(classes)
    assert REFUSED == having("noticed", classes)
    assert {"late_failure"} == having("not followed", classes)
    assert ABSENT == having("not there", classes)
    assert {1} == {classes[kind]["requests"] for kind in REFUSED}
    assert len(REFUSED) == len({classes[kind]["to"] for kind in REFUSED})


def test_a_connector_that_reads_no_body_reports_success_for_every_answer_of_200(connector):
    """And notices the rest: the exit code is 1."""
    code, classes = connector("by_status")

    assert 1 == code
    assert UNREADABLE == having("false success", classes)
    assert REFUSED - UNREADABLE == having("noticed", classes)
    assert "exit code 0: sent" == classes["empty_200"]["said"]


def test_a_connector_that_looks_at_nothing_reports_success_for_every_refusal(connector):
    """A message that fails later is rightly a success at once."""
    code, classes = connector("always")

    assert 1 == code
    assert REFUSED == having("false success", classes)
    assert {"late_failure"} == having("not followed", classes)


def test_a_connector_that_waits_for_ever_hangs(connector):
    """It is ended after its time, and the next class is met all the same."""
    code, classes = connector("patient", *FEW, "--timeout", "0.8")

    assert 1 == code
    assert {"bad_recipient", "timeout"} == having("hung", classes)
    assert "nothing within 0.8 s" == classes["timeout"]["said"]


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        ("raising", "exit code 1: LookupError: no sid in the answer"),
        ("aborting", "exit code -6"),
    ],
)
def test_an_error_that_nobody_caught_is_a_crash_and_so_is_a_signal(connector, mistake, said):
    """An exit code alone is not: that is how a command says no."""
    code, classes = connector(mistake, *FEW)

    assert 1 == code
    assert {"bad_recipient", "timeout"} == having("crashed", classes)
    assert said == classes["bad_recipient"]["said"]


def test_retries_are_counted_and_those_that_may_send_twice_are_told_apart(connector):
    """They are a warning: what is noticed at last is noticed."""
    only = ("bad_recipient", "throttled", "reset")
    code, classes = connector("stubborn", *(word for kind in only for word in ("--only", kind)))
    told = {kind: (found["retries"], found["duplicates"]) for kind, found in classes.items()}
    warnings = {kind: found["warning"] for kind, found in classes.items()}

    assert 0 == code
    assert set(only) == having("noticed", classes)
    assert {"bad_recipient": (3, 0), "throttled": (3, 0), "reset": (3, 3)} == told
    assert "retried 3 times, though the refusal is definite" == warnings["bad_recipient"]
    assert "retried 3 times" == warnings["throttled"]
    assert warnings["reset"].endswith("3 more messages if the provider took the first")


ONE_STORY = ("bad_recipient", "http_500", "late_failure")
SENT_TWICE = {"none", "late_failure"}


@pytest.fixture
def told(conformance, apps):
    """What each format tells of a connector with one mistake: by verdict whether it fails the run
    and, where the format tells, how many requests came for it; and the exit code."""

    def run(mistake, shape):
        line = f"{sys.executable} -S {apps / 'connector.py'} {mistake} {{to}}"
        only = [word for kind in ONE_STORY for word in ("--only", kind)]
        code, printed, errors = conformance("--trigger", line, "--format", shape, *only)
        assert "" == errors
        return {**READ[shape](printed), "exit code": code}

    return run


def of_text(printed):
    rows = [line.split("  ") for line in printed.partition("\n\n")[0].splitlines()[1:]]
    rows = [[cell.strip() for cell in row if cell] for row in rows if row[0]]
    found = {row[0]: (row[-1].isupper(), int(row[-2])) for row in rows}
    return {
        "failing": {kind for kind, (fails, _) in found.items() if fails},
        "tries": {kind: tries for kind, (_, tries) in found.items()},
    }


def of_json(printed):
    document = json.loads(printed)
    found = [document["good"], *document["classes"]]
    assert document["failed"] == sum(one["failed"] for one in found)
    assert all(one["failed"] == (one["verdict"] == "sent twice") for one in found)
    assert all((one["accepted"] > 1) == one["failed"] for one in found)
    return {
        "failing": {one["class"] for one in found if one["failed"]},
        "tries": {one["class"]: one["requests"] for one in found},
    }


def of_junit(printed):
    (suite,) = ElementTree.fromstring(printed)  # noqa: S314 - our own
    wrong = [case for case in suite if case.find("failure") is not None]
    assert (int(suite.get("failures")), int(suite.get("tests"))) == (len(wrong), len(suite))
    for case in wrong:
        assert "2 messages were accepted for one trigger" in case.find("failure").get("message")
    return {"failing": {case.get("name") for case in wrong}}


def of_github(printed):
    errors = [line for line in printed.splitlines() if line.startswith("::error ")]
    assert all("2 messages were accepted for one trigger" in line for line in errors)
    return {"failing": {line.partition("title=twilio ")[2].partition("::")[0] for line in errors}}


READ = {"text": of_text, "json": of_json, "junit": of_junit, "github": of_github}
TRIES = {
    "good": {"none": 1, "bad_recipient": 1, "http_500": 1, "late_failure": 1},
    "twice": {"none": 2, "bad_recipient": 2, "http_500": 2, "late_failure": 2},
    "retrying": {"none": 1, "bad_recipient": 2, "http_500": 2, "late_failure": 1},
    "again": {"none": 2, "bad_recipient": 1, "http_500": 1, "late_failure": 2},
    "elsewhere": {"none": 1, "bad_recipient": 1, "http_500": 1, "late_failure": 1},
}


@pytest.mark.parametrize("shape", READ)
@pytest.mark.parametrize("mistake", TRIES)
def test_two_accepted_messages_for_one_trigger_fail_the_run_in_every_format(told, mistake, shape):
    """Counted are those that came, of the good message as well; a retry of what was refused is a
    warning, and a message to somebody else is none of it."""
    story = told(mistake, shape)
    failing = SENT_TWICE if mistake in ("twice", "again") else set()

    assert failing == story["failing"]
    assert bool(failing) == story["exit code"]
    assert TRIES[mistake] == story.get("tries", TRIES[mistake])


def test_a_class_for_which_no_request_comes_is_not_tried(connector, tmp_path):
    """Nothing is known of it, so the run has failed."""
    code, classes = connector("once", *FEW, more=tmp_path / "failed")

    assert 1 == code
    assert {"bad_recipient"} == having("noticed", classes)
    assert {"timeout"} == having("not tried", classes)
    assert 0 == classes["timeout"]["requests"]


def test_the_sdk_of_twilio_takes_an_empty_answer_for_a_message(conformance, apps):
    """Found by this command: `sid` is None. What is not JSON it raises as no exception of its
    own."""
    pytest.importorskip("twilio")

    code, printed, _ = conformance(
        "--trigger", f"{sys.executable} {apps / 'by_sdk.py'} {{to}}", "--format", "json"
    )
    classes = {found["class"]: found for found in json.loads(printed)["classes"]}

    assert 1 == code
    assert {"empty_200"} == having("false success", classes)
    assert "exit code 0: sent None" == classes["empty_200"]["said"]
    assert {"html_200", "malformed_json", "reset", "timeout"} == having("crashed", classes)
    assert REFUSED - UNREADABLE - {"reset", "timeout"} == having("noticed", classes)
