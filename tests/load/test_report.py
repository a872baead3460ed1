"""The page of a run: whole in itself, escaped, the verdict first, a line for all that it shows."""

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser

import pytest

from simulators.load.figures import Recorder, Requests
from simulators.load.invariants import Finding
from simulators.load.ledger import Ledger
from simulators.load.report import chart, page
from simulators.load.verdict import Verdict

EVIL = '<script>alert("1")</script>'
VOID = {"meta", "line", "rect", "circle"}


class Page(HTMLParser):
    """Tags with their attributes; `open` are those that were not closed."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert tag == self.open.pop()


class Stats:
    """Locust's statistics of one kind of request."""

    def __init__(self, name, times):
        entry = type("Entry", (), {})()
        entry.name, entry.response_times, entry.method = name, times, "POST"
        entry.num_requests, entry.num_failures = sum(times.values()), 1
        entry.total_response_time, entry.max_response_time = 100, 50
        self.entries = {(name, "POST"): entry}


@pytest.fixture
def told():
    """A page on which all that comes from a run would be a script if it were not escaped."""
    ledger, recorder = Ledger(), Recorder(100.0)
    for second in range(100, 104):
        ledger.sent("1", second, usage=EVIL, template="T")
        ledger.throttled("1", EVIL, second, usage=EVIL)
    ledger.mark(EVIL, 102)
    for second in range(1, 5):
        windows = [{"provider": EVIL, "limit": "minute", "used": second, "permits": 4}]
        recorder.sample(100 + second, 3, Stats(EVIL, {10: second * 7, 90: second}), windows)
    verdict = Verdict(
        scenario=EVIL,
        invariants=[Finding("a thing", "broken", EVIL, [EVIL] * 12)],
        thresholds=[Finding(EVIL, "unknown", "nobody knows")],
        facts={"seed": EVIL},
        requests=[Requests(EVIL, 32, 1, {10: 28, 90: 4}, longest=92)],
    )
    return page(verdict, recorder, ledger)


def test_nothing_of_a_run_is_markup(told):
    """Not in a name, a reason, a mark or a sentence; and every tag is closed."""
    found = Page(told)

    assert EVIL not in told
    assert "&lt;script&gt;" in told
    assert "script" not in {tag for tag, _ in found.tags}
    assert [] == found.open


def test_nothing_comes_from_elsewhere(told):
    """No address at all, no handler, no inline style; the policy allows its own sheet alone."""
    found = Page(told)
    (sheet,) = re.findall(r"<style>(.*?)</style>", told, re.DOTALL)
    (policy,) = (a["content"] for t, a in found.tags if a.get("http-equiv"))
    attributes = {name for _, attributes in found.tags for name in attributes}
    digest = b64encode(sha256(sheet.encode()).digest()).decode()

    assert f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'" == policy
    assert "//" not in told.replace("</", "<")
    assert not attributes & {"src", "href", "style", "action"}
    assert not [name for name in attributes if name.startswith("on")]
    assert "url(" not in sheet


def test_the_verdict_comes_first(told):
    """Then what was found, with the first violations; then plots, with the marks in each."""
    titles = re.findall(r"<h[12]>(.*?)</h", told)
    captions = re.findall(r"<figcaption>(.*?) <small>(.*?)</small>", told)

    assert titles[0].endswith(" failed")
    assert ["Invariants", "Thresholds", "Over time", "Requests", "Why not"] == titles[1:]
    assert "and 2 more" in told
    assert [
        "Requests",
        f"How long {EVIL} took".replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;"),
        "Sends throttled",
        "Sends accepted",
        "The fullest window of each limit",
        "Failures",
        "Users",
    ] == [caption for caption, _ in captions]
    assert len(captions) == told.count("class=mark ")


def test_a_line_goes_where_its_values_are():
    """Zero is at the bottom, the round number above the highest value at the top."""
    drawn = chart("Speed", "m/s", {"car": [(0, 0), (10, 4)], "none": []}, 10)
    (points,) = re.findall(r'points="(.*?)"', drawn)

    assert "62.0,210.0 884.0,16.0" == points
    assert ["0", "1", "2", "3", "4"] == re.findall(r"class=end [^>]*>(.*?)<", drawn)
    assert "none" not in re.findall(r"</svg> (.*?)</li>", drawn)
    assert "" == chart("Speed", "m/s", {"none": []}, 10)


def test_samples_are_of_the_time_between_them():
    """Percentiles of what came since the sample before, not of all."""
    recorder = Recorder(100.0)
    recorder.sample(101.0, 1, Stats("send", {10: 100}))
    recorder.sample(103.0, 1, Stats("send", {10: 100, 500: 20}))

    paces = [sample.paces["send"] for sample in recorder.samples]
    assert [(100, 10), (10, 500)] == [(pace.rate, pace.p50) for pace in paces]
    assert [1.0, 0.0] == [sample.failures for sample in recorder.samples]
