"""Thresholds: what each means, how each is judged, and what is said of text that is none."""

import pytest

from simulators.load.figures import Requests
from simulators.load.ledger import Ledger
from simulators.load.thresholds import BadThreshold, Figures, Names, blocked, parse, read

SEND = Requests("send", 1000, 2, {10: 900, 40: 60, 200: 40}, total=19_400, longest=204)
VERIFY = Requests("verify", 500, 0, {5: 500}, total=2500, longest=9)


@pytest.fixture
def figures():
    """Ten seconds: 90 sends accepted, 9 throttled and 1 refused for SignIn; one wrong code."""
    ledger = Ledger()
    for n in range(90):
        ledger.sent("1", 100 + n / 10, usage="SignIn", template="T1")
    for n in range(9):
        ledger.throttled("1", "429", 104 + n / 10, usage="SignIn", template="T1")
    ledger.refused("1", "400", 105, usage="SignIn")
    ledger.sent("1", 105, usage="Register")
    for n in range(999):
        ledger.verified("1", f"{n:06d}", 105)
    ledger.wrong("1", "000000", "code_mismatch", 105)
    return Figures([SEND, VERIFY], ledger, 10.0)


@pytest.mark.parametrize(
    ("text", "state", "told"),
    [
        ("send p95 < 50 ms", "holds", "it was 40 ms, of 1,000 requests"),
        ("send p96 <= 0.04s", "holds", "it was 40 ms"),
        ("send p99 < 50ms", "broken", "it was 200 ms"),
        ("p99.9 < 1 s", "holds", "it was 200 ms, of 1,500 requests"),
        ("send average between 19 and 20 ms", "holds", "it was 19.4 ms"),
        ("send max < 200 ms", "broken", "it was 204 ms"),
        ("rate >= 150/s", "holds", "it was 150.0/s"),
        ("send requests == 1000", "holds", "it was 1,000"),
        ("failures == 0", "broken", "it was 2 of 1,500 requests"),
        ("send failures < 0.2 %", "broken", "it was 0.2 %, 2 of 1,000 requests"),
        ("send success > 99.7 %", "holds", "it was 99.8 %, 998 of 1,000 requests"),
        ("verify success > 99.9 %", "broken", "it was 99.9 %, 999 of 1,000 codes tried"),
        ("verify success >= 99.9 %", "holds", "it was 99.9 %"),
        ("verify failures == 1", "holds", "it was 1 of 1,000 codes tried"),
        ("send throttled between 5 and 20 %", "holds", "it was 8.911 %, 9 of 101 answered sends"),
        ("throttled == 9", "holds", "it was 9 of 101 answered sends"),
        ("SignIn refused == 1", "holds", "it was 1 of 100 answered sends"),
        ("T1 accepted > 95 %", "broken", "it was 90.91 %, 90 of 99 answered sends"),
        ("Register throttled > 0", "broken", "it was 0 of 1 answered sends"),
        ("time blocked < 30 s", "holds", "it was 0 s"),
        ("send blocked < 30 s", "holds", "it was 0 s"),
    ],
)
def test_a_threshold_is_judged_by_what_it_says(figures, text, state, told):
    """The value is told either way, in the unit of the threshold."""
    found = figures.judged(parse(text, "here"))

    assert (text, state) == (found.name, found.state)
    assert found.told.startswith(told)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("sned p95 < 50 ms", "no request is called 'sned'; there are: send, verify"),
        ("SignUp throttled < 5 %", "no send of 'SignUp' was answered; there are: send, Register,"),
        ("SignUp blocked < 5 s", "no send is of 'SignUp'; there are: Register, SignIn, T1"),
    ],
)
def test_a_threshold_about_nothing_fails(figures, text, told):
    """Nothing measured is nothing proven."""
    found = figures.judged(parse(text, "here"))

    assert "broken" == found.state
    assert told in found.violations[0]


NAMES = Names(["send", "send now", "verify", "pump: *"], ["SignIn", "T1"])


@pytest.mark.parametrize(
    "text",
    [
        "p95 < 50 ms",
        "send p95 < 50 ms",
        "pump: anything requests > 0",
        "verify success > 99 %",
        "throttled < 5 %",
        "send throttled < 5 %",
        "SignIn blocked < 5 s",
        "send blocked < 5 s",
        "T1 accepted > 0",
    ],
)
def test_a_name_that_the_scenario_has_is_good(text):
    """A request's for what is counted of requests; `send`, a use or a template for sends."""
    NAMES.check(parse(text, ""))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "sned p95 < 50 ms",
            "no request is called 'sned' in this scenario; did you mean 'send'? there are: send,",
        ),
        ("SignIn p95 < 5 ms", "no request is called 'SignIn' in this scenario; there are: send,"),
        ("Signin blocked < 5 s", "no sends of 'Signin' in this scenario; did you mean 'SignIn'?"),
        ("verify throttled < 5 %", "there are: send, SignIn, T1"),
    ],
)
def test_a_name_that_it_has_not_is_told_with_what_is_near(text, told):
    """Before the first user, and not at the end."""
    with pytest.raises(BadThreshold) as raised:
        NAMES.check(parse(text, ""))

    assert str(raised.value).startswith(f"--threshold '{text}': no ")
    assert told in str(raised.value)


@pytest.mark.parametrize("text", ["p95 < 50 ms", "throttled < 5 %", "verify success > 1 %"])
def test_a_run_without_requests_fails_every_threshold(text):
    """An empty run is not a fast one."""
    assert "broken" == Figures([], Ledger(), 0.0).judged(parse(text, "here")).state


def test_blocked_is_the_longest_time_that_a_use_was_never_served():
    """From the first refusal after a success to the next success, or to the end of the run."""
    ledger = Ledger()
    for second in (100, 101, 107, 120):
        ledger.sent("1", second, usage="SignIn", template="T1")
    for second in (101, 102, 103, 106, 110):
        ledger.throttled("1", "429", second, usage="SignIn", template="T1")
    for second in (119, 122):
        ledger.throttled("1", "429", second, usage="Register", template="T1")

    assert (10, " (SignIn)") == blocked(ledger)
    assert (4, " (Register)") == blocked(ledger, "Register")
    assert (10, " (T1)") == blocked(ledger, "T1")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("send p95 under 50 ms", "column 21: expected a comparison: <, <=, >, >=, == or between"),
        ("< 50 ms", "column 1: expected a metric: p50, p95"),
        ("send p95x < 50 ms", "column 6: expected p50, p95, p99.9 ..., average"),
        ("send throtled < 5 %", "(did you mean 'throttled'?); got 'throtled < 5 %'"),
        ("send p95 < fast", "column 12: expected a number, as 50 or 99.9; got 'fast'"),
        ("send p95 < 50", "column 14: expected 'ms' or 's' after 50; got the end"),
        ("send p95 < 50 %", "column 15: expected 'ms' or 's' after 50; got '%'"),
        ("failures == 0 ms", "column 15: expected '%' or no unit after 0; got 'ms'"),
        ("send p95 < 50 ms or so", "column 18: expected nothing more; got 'or so'"),
        ("send p95 between 5 ms", "column 22: expected 'and' with a second number; got the end"),
        ("throttled between 20 and 5 %", "expected a number of 20 or more; got '5 %'"),
        ("failures = 0", "expected a comparison"),
    ],
)
def test_text_that_is_none_is_told_with_its_place(text, told):
    """The option, the column, what was expected, what is there; one line."""
    with pytest.raises(BadThreshold) as raised:
        read([text])

    assert str(raised.value).startswith(f"--threshold '{text}', column ")
    assert told in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_has_one_a_line(tmp_path):
    """Remarks and empty lines are nothing; those of the command line come first."""
    path = tmp_path / "limits.txt"
    path.write_text("# ours\n\nsend p95 < 50 ms  # on a laptop\nfailures == 0\n")

    assert ["rate > 1", "send p95 < 50 ms", "failures == 0"] == [
        threshold.text for threshold in read(["rate > 1"], path)
    ]


def test_a_wrong_line_of_a_file_is_told_with_its_number(tmp_path):
    """As an editor counts."""
    path = tmp_path / "limits.txt"
    path.write_text("failures == 0\nsend p95 < fast\n")
    with pytest.raises(BadThreshold) as raised:
        read([], path)

    assert f"--thresholds {path}, line 2, 'send p95 < fast', column 12: " in str(raised.value)


@pytest.mark.parametrize(("content", "told"), [(None, "No such file"), (b"\xff", "not UTF-8")])
def test_a_file_that_cannot_be_read_is_told(tmp_path, content, told):
    """With the option that names it."""
    path = tmp_path / "limits.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadThreshold, match=told):
        read([], path)
