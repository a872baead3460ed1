"""A scenario's answer to its own question: told first, in text, JSON and on the page."""

import json
import re
from html.parser import HTMLParser

import pytest

from simulators.load.answer import Answer, Plot, Seen
from simulators.load.figures import Pace, Recorder, Requests, Sample
from simulators.load.ledger import Ledger, Mark
from simulators.load.report import bars, page
from simulators.load.verdict import Verdict

EVIL = '<b onload="x">'


def rows(plot, *marks):
    return list(plot.as_text(marks))


def test_lines_have_one_scale_and_say_their_peak():
    """The lower one is half as high; a short peak is seen however long the run was."""
    long = [(second, 1.0) for second in range(600)]
    short = [(second, 8.0 if second == 300 else 4.0) for second in range(600)]
    title, low, high, axis = rows(Plot("Sends", "a second", {"a": long, "bb": short}))

    assert "Sends, a second" == title
    assert 60 == low.count("▂")
    assert (59, 1) == (high.count("▅"), high.count("█"))
    assert high.index("█") - high.index("▅") == 30
    assert low.endswith("at most 1")
    assert high.endswith("at most 8")
    assert axis.split() == ["0", "s", "599", "s"]
    assert low.index("▂") == high.index("▅") == axis.index("0")


def test_what_happened_is_told_below_the_lines():
    """If it happened while they were drawn."""
    told = rows(Plot("", "", {"a": [(0, 0), (9, 0)]}), Mark(4, "gone"), Mark(99, "later"))

    assert "at 4 s: gone" == told[-1].strip()
    assert 60 == told[1].count("▁")


def test_bars_are_as_long_as_their_values():
    """With the value behind each; none is no bar, and no division."""
    told = rows(Plot("Taken", "a second", bars={"twilio": 40.0, "b": 20.0, "none": 0.0}))

    assert [60, 30, 0] == [line.count("█") for line in told[1:]]
    assert "  twilio  " == told[1][:10]
    assert told[1].endswith(" 40")
    assert rows(Plot("", "", bars={"a": 0.0}))[1].endswith(" 0")
    assert [] == rows(Plot("", "", {"a": []}))


@pytest.fixture
def seen():
    """Four seconds: in the first all were sent, in the third all were throttled."""
    ledger, recorder = Ledger(), Recorder(100.0)
    for number in range(6):
        ledger.sent(str(number), 100.2, usage="SignIn")
        ledger.throttled(str(number), "limit", 102.9, usage="SignIn")
    ledger.refused("7", "no", 102.9, usage="Register")
    pace = Pace(5.0, 10.0, 20.0, 30.0)
    recorder.samples = [
        Sample(101.0, 1, 5.0, 0.0, {"send": pace}, {}),
        Sample(102.0, 1, 0.0, 0.0, {}, {}),
    ]
    requests = [Requests("send", 8, 1, {10: 8}, 80.0, 12.0)]
    return Seen(ledger, recorder, requests, (), 4.0)


def test_a_scenario_looks_back_on_its_run(seen):
    """On sends by second and share, on requests by their names."""
    assert [(0, 6), (1, 0), (2, 0), (3, 0), (4, 0)] == seen.sends("sent", "SignIn")
    assert [(0, 0), (2, 100)] == seen.share("throttled", "SignIn")
    assert 50 == seen.percent("throttled", "SignIn")
    assert (0, 0) == (seen.percent("throttled", "nobody's"), len(seen.share("sent", "nobody's")))
    assert (8, 0) == (seen.request("send").count, seen.request("none").count)
    assert 2.0 == seen.rate("send")
    assert [(1.0, 5.0), (2.0, 0.0)] == seen.rates("send")
    assert [(1.0, 20.0)] == seen.p95("send")


def test_a_long_run_is_put_into_bins(seen):
    """Of whole seconds, as rates all the same."""
    long = Seen(seen.ledger, seen.recorder, (), (), 480.0)

    assert (0, 1.5) == long.sends("sent")[0]
    assert 121 == len(long.sends("sent"))


ANSWER = Answer(
    f"Nobody got a code for 12 s {EVIL}.",
    Plot(EVIL, "a second", {EVIL: [(0, 0.0), (4, 2.0)]}, {EVIL: 4.0}),
    ("", "sent", "s"),
    [(EVIL, 1234, 1.25)],
)


def verdict(answer):
    return Verdict(
        scenario="outage",
        invariants=[],
        thresholds=[],
        facts={"seconds": 4},
        requests=[Requests("send", 4, 1, {10: 3, 50: 1}, 80.0, 51.26)],
        answer=answer,
        marks=[Mark(2.0, "gone")],
    )


def test_the_answer_comes_before_the_details_in_text():
    """The sentence, the plot, the table; then the requests."""
    told = verdict(ANSWER).as_text()
    order = ["outage: passed", "Nobody got", "at 2 s: gone", "1,234", "requests    failed"]

    assert sorted(order, key=told.index) == order
    assert "sent         s\n" in told
    assert "     1,234       1.2\n" in told
    assert max(map(len, told.splitlines())) <= 120


def test_the_answer_and_the_figures_are_data_too():
    """For whoever draws them elsewhere."""
    told = json.loads(verdict(ANSWER).as_json())

    assert ANSWER.sentence == told["answer"]["sentence"]
    assert {EVIL: [[0, 0.0], [4, 2.0]]} == told["answer"]["plot"]["lines"]
    assert [[EVIL, 1234, 1.25]] == told["answer"]["table"]["rows"]
    assert [
        {
            "name": "send",
            "requests": 4,
            "failures": 1,
            "milliseconds": {"p50": 10, "p95": 50, "p99": 50, "max": 51.3},
        }
    ] == told["requests"]
    assert json.loads(verdict(None).as_json())["answer"] is None


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append(tag)


def test_the_answer_is_at_the_top_of_the_page():
    """In the verdict's box, its plot next, and nothing of it is markup."""
    told = page(verdict(ANSWER), Recorder(100.0), Ledger())

    assert EVIL not in told
    assert told.index("Nobody got") < told.index("</header>") < told.index("<figure>")
    assert told.index("<figure>") < told.index("1,234") < told.index("<h2>")
    assert 1 == told.count("<polyline ")
    assert 1 == told.count("class=mark ")
    assert "onload" not in re.sub(r"&lt;.*?&gt;", "", told)
    assert "b" not in set(Tags(page(verdict(None), Recorder(100.0), Ledger())).found)


def test_bars_are_drawn_to_scale():
    """The longest goes to the end of a round scale."""
    drawn = bars("Taken", "a second", {"a": 100.0, "b": 50.0})
    wide, half = (float(width) for width in re.findall(r'<rect [^>]*width="([\d.]+)"', drawn))

    assert wide == 2 * half > 0
    assert ">100</text>" in drawn
    assert "" == bars("Taken", "a second", {})
