"""Refusals by class: what is scripted is what the provider answers."""

import http.client
import ssl

import pytest

from simulators.catalog import PROVIDERS
from simulators.kernel.catalogue import Place
from simulators.kernel.message import State
from simulators.kernel.rules import read_all
from simulators.testing import refusals

pytest_plugins = ["pytester"]

CASES = [case for provider in PROVIDERS.values() for case in refusals.cases(provider)]
ANSWERED = [case for case in CASES if case.status]
each_provider = pytest.mark.parametrize("provider", PROVIDERS.values(), ids=list(PROVIDERS))


def by_provider(case):
    return f"{case.provider}-{case.id}"


@pytest.mark.parametrize("case", ANSWERED, ids=by_provider)
def test_a_case_is_answered_as_it_says(case, default, recorded):
    """HTTP status and code are the case's, and nothing is kept of what was refused at once."""
    answer = recorded(case.provider, rules=[case.rule])

    assert case.rule["name"] == answer.headers["x-simulator-rule"]
    assert case.status == answer.status
    assert bool(default.messages()) is (case.notice == "later")
    assert str(case.code).encode() in answer.body or str(case.code) == str(case.status)


def test_a_reset_is_one(default, recorded):
    """The client reads nothing, and nothing was kept."""
    (case,) = refusals.cases(PROVIDERS["vonage"], classes="reset")

    with pytest.raises((ConnectionError, ssl.SSLError, http.client.HTTPException)):
        recorded("vonage", rules=[case.rule])

    assert [] == default.messages()


def test_a_late_failure_is_one(default, recorded):
    """Taken first; in the end the message was not delivered."""
    late = [case for case in CASES if case.kind == "late_failure"]
    ends = {}
    for case in late:
        recorded(case.provider, rules=[case.rule])
        message, provider = default.messages()[0], PROVIDERS[case.provider]
        step, _since = message.status(message.at + 10**9, provider.lifecycles)
        ends[case.provider] = provider.states[step.status]

    told = {name for name, provider in PROVIDERS.items() if provider.receipts}
    assert told == ends.keys()
    assert {State.UNDELIVERED, State.FAILED} >= set(ends.values())


@each_provider
def test_each_class_is_there_or_says_why_not(provider):
    """No class is left out in silence; the reason names the provider."""
    there = {case.kind for case in refusals.cases(provider)}
    absent = refusals.absent(provider)

    assert {kind.id for kind in refusals.CLASSES} == there | set(absent)
    assert not there & set(absent)
    assert all(provider.title in reason for reason in absent.values())


@each_provider
def test_no_two_cases_have_the_same_code_but_where_the_class_is_everything(provider):
    """A catalogue row stands for one class."""
    keys = [case.key for case in refusals.cases(provider) if case.key]

    assert len(set(keys)) == len(keys)


@each_provider
def test_every_row_of_the_catalogue_is_a_case(provider):
    """`codes="all"`: each once, in a class that fits, as a rule that can be installed."""
    cases = refusals.cases(provider, codes="all")
    late = {row.key for row in provider.catalogue if row.place is Place.RECEIPT}

    assert [row.key for row in provider.catalogue] == [case.key for case in cases]
    assert len(cases) == len({case.id for case in cases})
    assert late == {case.key for case in cases if case.notice == "later"}
    assert late == {case.key for case in cases if case.kind == "late_failure"}
    assert read_all([case.rule for case in cases], PROVIDERS)


def test_classes_and_codes_are_chosen_by_name():
    """One text or several; a code may be a number."""
    twilio = PROVIDERS["twilio"]

    assert ["timeout"] == [case.id for case in refusals.cases(twilio, classes="timeout")]
    assert ["region-21408", "reset", "refused-21610", "late_failure-30003"] == [
        case.id
        for case in refusals.cases(twilio, classes=["region", "reset"], codes=[21610, 30003])
    ]
    assert refusals.cases(twilio) == refusals.cases(twilio, classes="all")


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"classes": "time_out"}, "no class of refusals 'time_out'; near: timeout"),
        ({"codes": ["2121"]}, "twilio has no error '2121'; near: 21211, 21212"),
    ],
)
def test_an_unknown_choice_names_near_ones(chosen, said):
    """A slip of the pen is seen at once."""
    with pytest.raises(refusals.UnknownRefusal, match=said):
        refusals.cases(PROVIDERS["twilio"], **chosen)


def test_a_class_that_a_provider_cannot_have_is_refused_with_the_reason():
    """Asked for by name, it is not left out in silence."""
    with pytest.raises(refusals.Absent, match=r"Twilio .* HTTP status of 400 or more"):
        refusals.cases(PROVIDERS["twilio"], classes=["inside_200"])


SEND = """
import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client


def send(sms):
    known = sms.credentials("twilio")
    http = TwilioHttpClient(timeout=0.5)
    client = Client(known["account_sid"], known["auth_token"], http_client=http)
    client.api.base_url = sms.base_url("twilio")
    try:
        made = client.messages.create("+15005550009", from_=known["number"], body="hello")
    finally:
        http.session.close()
    if not made.sid:
        raise ValueError("an answer without a sid")


"""


@pytest.fixture
def project(pytester, sms_server):
    """Runs tests in a project that has nothing but the installed plugin. What such a run imports is
    taken out of this process again: the session's server is started first, and keeps its own."""

    def run(source, *arguments):
        pytester.makepyfile(SEND + source)
        return pytester.runpytest_inprocess("-p", "no:cacheprovider", *arguments)

    return run


def test_a_marked_test_runs_for_each_class(project):
    """With the real client: what is to be told at once raises, what comes later does not."""
    result = project(
        """
@pytest.mark.sms_refusals("twilio")
def test_is_noticed(sms, sms_refusal):
    if sms_refusal.notice == "later":
        send(sms)
    else:
        with pytest.raises(Exception) as told:
            send(sms)
        if sms_refusal.key:
            assert isinstance(told.value, TwilioRestException)
            assert (told.value.code, told.value.status) == (sms_refusal.code, sms_refusal.status)
""",
        "--strict-markers",
        "-v",
    )

    ids = [case.id for case in refusals.cases(PROVIDERS["twilio"])]
    result.assert_outcomes(passed=len(ids))
    result.stdout.fnmatch_lines([f"*::test_is_noticed[[]{name}] PASSED*" for name in ids])


def test_classes_and_codes_choose(project):
    """Of several providers too; ids then name them. The refusal stands for this test alone."""
    result = project(
        """
@pytest.mark.sms_refusals("twilio", classes=["timeout"], codes=[21610])
@pytest.mark.sms_refusals("vonage", codes="7")
def test_chosen(sms, sms_refusal):
    assert [sms_refusal.rule["name"]] == [rule["name"] for rule in sms.rules()]

def test_another(sms):
    send(sms)
""",
        "-v",
    )

    result.assert_outcomes(passed=4)
    wanted = ["vonage-inside_200-7", "twilio-timeout", "twilio-refused-21610"]
    result.stdout.fnmatch_lines([f"*::test_chosen[[]{name}] PASSED*" for name in wanted])


def test_every_row_of_a_catalogue_is_a_test(project):
    """`codes="all"`."""
    result = project(
        """
@pytest.mark.sms_refusals("smsaero", codes="all")
def test_all(sms_refusal):
    assert sms_refusal.provider == "smsaero"
"""
    )

    result.assert_outcomes(passed=len(PROVIDERS["smsaero"].catalogue))


@pytest.mark.parametrize(
    ("mark", "takes", "said"),
    [
        ('"twillio"', "sms_refusal", "sms_refusals: no provider 'twillio'; there are: aliyun, *"),
        ("", "sms_refusal", "sms_refusals: names no provider; there are: aliyun, *"),
        ('"twilio", codes=[1]', "sms_refusal", "sms_refusals: twilio has no error '1'; near: *"),
        ('"twilio", classes="inside_200"', "sms_refusal", "sms_refusals: every refusal of Twil*"),
        ('"twilio", kinds="all"', "sms_refusal", "sms_refusals: no option 'kinds'; there are: *"),
        ('"twilio"', "sms", "marked sms_refusals, but it takes no fixture sms_refusal"),
    ],
)
def test_a_mark_that_cannot_be_is_told_when_tests_are_collected(project, mark, takes, said):
    """In a sentence, without a traceback."""
    result = project(f"@pytest.mark.sms_refusals({mark})\ndef test_it({takes}):\n    pass\n")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([said])


def test_the_fixture_without_the_mark_says_so(project):
    """Which mark it wants."""
    result = project("def test_it(sms_refusal):\n    pass\n")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["sms_refusal is for tests marked sms_refusals(PROVIDER)"])
