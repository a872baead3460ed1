"""The lines that `tail` and `serve` print: what they say, nothing of which moves a terminal."""

import json
import os
import subprocess
import sys
import threading

import pytest

from simulators.cli import follow, lines
from simulators.cli.lines import Line, of, plain, printable
from simulators.cli.tail import _events, _wanted
from simulators.control import client

AT = "2026-11-21T12:03:07.000Z"
LINE = Line(AT, "twilio", "+15005550009", "accepted", "hello")
MESSAGE = {
    "account": "default",
    "operation": "create-message",
    "provider": "twilio",
    "to": "+15005550009",
    "sender": "+15005550006",
    "text": "Your code is 482913",
    "at": AT,
}
REQUEST = {
    "account": "default",
    "at": AT,
    "provider": "aliyun",
    "method": "POST",
    "target": "/",
    "status": 200,
    "rule": "",
    "socket": "",
    "mistake": "",
    "messages": [],
    "refused": [],
    "sentences": [],
}
REFUSED = {
    "to": "+8613012345678",
    "key": "k",
    "code": "isv.LIMIT",
    "message": "流控Permits:1",
}
RECEIPT = {
    "account": "default",
    "at": AT,
    "provider": "twilio",
    "to": "+15005550009",
    "reports": "delivered",
    "lacks": "a 2xx",
    "state": "retrying",
}


def written(name, data, **more):
    """The lines of an event without the time, which is the machine's own zone."""
    return [plain(line)[10:].rstrip("\n") for line in of(name, data, **more)]


@pytest.mark.parametrize(
    ("name", "data", "line"),
    [
        ("message", MESSAGE, "twilio      +15005550009     accepted   Your code is 482913"),
        (
            "message",
            {**MESSAGE, "operation": "inbound", "sender": "+15", "to": "+16", "text": "STOP"},
            "twilio      +15              reply      STOP",
        ),
        (
            "request",
            {**REQUEST, "refused": [REFUSED], "rule": "own-0"},
            "aliyun      +8613012345678   REFUSED    isv.LIMIT  流控Permits:1  (rule: own-0)",
        ),
        (
            "request",
            {**REQUEST, "refused": [{**REFUSED, "to": ""}], "mistake": "the key lacks its &"},
            "aliyun                       REFUSED    isv.LIMIT  流控Permits:1;"
            " its signature: the key lacks its &",
        ),
        (
            "request",
            {**REQUEST, "sentences": ["body.text: missing; expected text (https://e.com/a)"]},
            "aliyun                       violation  body.text: missing; expected text",
        ),
        (
            "request",
            {**REQUEST, "socket": "reset", "rule": "r1"},
            "aliyun                       BROKEN     connection: reset  (rule: r1)",
        ),
        (
            "request",
            {**REQUEST, "status": 503, "rule": "r1", "account": "strangers"},
            "aliyun                       BROKEN     HTTP 503  (rule: r1)  (of no known account)",
        ),
        (
            "receipt",
            {**RECEIPT, "account": "shop"},
            "twilio      +15005550009     receipt    'delivered' was not taken: a 2xx; retrying"
            "  (account shop)",
        ),
        (
            "more",
            {"account": "default", "messages": 4812, "requests": 1, "receipts": 0, "why": "slow"},
            "...                                     4,812 messages, 1 requests more,"
            " too many at once",
        ),
    ],
)
def test_a_line_says_what_happened(name, data, line):
    """Time, provider, number, what became of it, and the words."""
    assert [line] == written(name, data)


def test_what_went_well_is_told_when_asked():
    """Requests that sent nothing, and receipts that were taken."""
    fine = {**RECEIPT, "state": "delivered"}

    assert [] == written("request", REQUEST) + written("receipt", fine) + written("clock", {})
    assert 2 == len(
        written("request", REQUEST, requests=True) + written("receipt", fine, requests=True)
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\r\nb\tc\x00\x9bd", "a\\r\\nb\\tc\\x00\\x9bd"),
        ("\u202eelpoep", "\\u202eelpoep"),
        ("👩\u200d🚀 שלום", "👩\u200d🚀 שלום"),
        ("x" * 10_000, "x" * lines.MOST_TEXT + "..."),
    ],
)
def test_no_text_moves_the_terminal(text, shown):
    """What is not printable is told by its number, on one line and cut."""
    assert shown == printable(text)


def test_colours_are_for_terminals_alone(monkeypatch):
    """The same text by rich, with nothing taken for markup."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    line = Line(AT, "twilio", "+1", "REFUSED", "[bold]no[/bold] :smile: 21211", bad=True)

    drawn = lines._coloured()(line)

    assert "\x1b[1;31mREFUSED" in drawn
    assert "[bold]no[/bold] :smile: 21211\n" in drawn


@pytest.mark.parametrize(
    ("provider", "to", "refused", "found"),
    [
        ("", "", False, True),
        ("twilio", "5550009", False, True),
        ("", "+1 500 555 0009", False, True),
        ("vonage", "", False, False),
        ("", "5550008", False, False),
        ("", "me", False, False),
        ("", "", True, False),
    ],
)
def test_tail_tells_what_is_wanted(provider, to, refused, found):
    """By provider, by number or its end, and what went wrong alone."""
    assert found is _wanted(LINE, provider, to, refused)


def test_tail_goes_on_where_a_stream_broke_off(monkeypatch):
    """From the last event it was told of; before the first one it says what is wrong."""
    asked, slept = [], []
    begun = [client.Told("", "c0", {}), client.Told("message", "c1", {})]
    streams = [begun, client.ControlError("x")]

    def stream(_url, query, *, token):
        asked.append(query.get("after"))
        found = streams.pop(0) if streams else [client.Told("more", "c2", {})]
        if isinstance(found, Exception):
            raise found
        return iter(found)

    monkeypatch.setattr(client, "events", stream)
    told = _events("u", {"account": "default"}, "", again=True, sleep=slept.append)

    assert ["c1", "c2"] == [next(told).id, next(told).id]
    assert ([None, "c1", "c1"], 2) == (asked, len(slept))
    streams[:] = [client.ControlError("nothing answers")]
    with pytest.raises(client.ControlError, match="nothing answers"):
        next(_events("u", {}, "", again=True, sleep=slept.append))


def test_tail_prints_what_there_is(sms, text):
    """As a process, plain into a pipe; `--json` the events as they are."""
    text("vonage", "447700900000", "482913")
    text("twilio", "12")
    command = [sys.executable, "-m", "simulators.cli", "tail", "--account", sms.world.id]
    command += ["--url", sms.simulators.url, "--start", "--timeout", "0"]
    done = [
        subprocess.run(
            [*command, *more], capture_output=True, text=True, timeout=60, encoding="utf-8"
        )
        for more in (["--provider", "vonage"], ["--refused"], ["--json"])
    ]
    ours, bad, events = [one.stdout for one in done]

    assert ["", "", ""] == [one.stderr for one in done]
    # The server is the session's: of no known account may be what other tests have sent.
    (line,) = [one for one in ours.splitlines() if "(of no known account)" not in one]
    assert "accepted" in line
    assert "482913" in line
    assert "REFUSED    21211" in bad
    assert "accepted" not in bad
    names = [json.loads(line)["event"] for line in events.splitlines()]
    assert {"message", "request"} <= set(names)


def test_tail_says_who_does_not_answer():
    """One line, exit code 1."""
    command = [sys.executable, "-m", "simulators.cli", "tail", "--url", "http://127.0.0.1:9"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)

    assert (1, "") == (done.returncode, done.stdout)
    assert done.stderr.startswith("sms-simulators: nothing answers at http://127.0.0.1:9")
    assert done.stderr.endswith("; is `sms-simulators serve` running there?\n")


def test_a_reader_that_reads_nothing_holds_up_no_server():
    """The thread waits in its write, the server goes on and offers it no more than some rounds."""
    entered, leave = threading.Event(), threading.Event()

    def write(_lines):
        entered.set()
        leave.wait(60)

    printer = follow.Printer(write)
    printer.put([LINE])
    assert entered.wait(60)
    for _ in range(100):
        printer.put([LINE])

    assert printer.busy
    leave.set()


def test_a_reader_that_has_gone_ends_the_printing():
    """And nothing else: the thread says so and is over."""

    def write(_lines):
        raise BrokenPipeError

    printer = follow.Printer(write)
    printer.put([LINE])
    printer._thread.join(60)

    assert printer.over


def test_a_full_pipe_is_written_whole(monkeypatch):
    """A write that takes a part is followed by one for the rest."""
    read, write = os.pipe()
    taken = []
    real = os.write

    def short(descriptor, raw):
        taken.append(bytes(raw[:3]))
        return real(descriptor, raw[:3])

    monkeypatch.setattr(lines, "os", type("Os", (), {"write": staticmethod(short)}))
    paper = lines.Paper.__new__(lines.Paper)
    paper._descriptor, paper._encoding = write, "ascii"

    paper.text("日本 ok")
    os.close(write)

    assert b"\\u65e5\\u672c ok" == b"".join(taken)
    os.close(read)
