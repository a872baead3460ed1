"""A line for each message, refusal and violation: what `tail` and `serve` print of the events."""

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

MOST_TEXT = 300
MORE = "..."  # in the place of a provider: what was left out
_STYLES = {
    "accepted": "green",
    "reply": "cyan",
    "REFUSED": "bold red",
    "BROKEN": "bold red",
    "violation": "yellow",
    "receipt": "magenta",
}
_PAGE = re.compile(r" \(https?://\S+\)$")  # the vendor's, which the request's entry has
_SHOWN_AS_IT_IS = "\u200d"  # what joins emoji is not printable by itself


class Line(NamedTuple):
    """One line in its columns; `bad` is what went wrong."""

    at: str
    provider: str
    number: str
    word: str
    text: str
    bad: bool = False


def of(name: str, data: Mapping[str, Any], *, requests: bool = False) -> Iterator[Line]:
    """The lines of an event; with `requests` also those of requests and receipts that went as they
    should."""
    maker = _MAKERS.get(name)
    if maker is not None:
        whose = data["account"]
        said = {"default": "", "strangers": "  (of no known account)"}
        note = said.get(whose, f"  (account {whose})")
        for line in maker(data, requests):
            yield line._replace(text=f"{line.text}{note}")


def _message(data: Mapping[str, Any], _requests: bool) -> Iterator[Line]:
    reply = data["operation"] == "inbound"
    number, word = (data["sender"], "reply") if reply else (data["to"], "accepted")
    yield Line(data["at"], data["provider"], number, word, data["text"])


def _request(data: Mapping[str, Any], requests: bool) -> Iterator[Line]:
    at, provider = data["at"], data["provider"]
    rule = f"  (rule: {data['rule']})" if data["rule"] else ""
    for one in data["refused"]:
        mistake = f"; its signature: {data['mistake']}" if data["mistake"] else ""
        said = f"{one['code']}  {one['message']}{mistake}{rule}"
        yield Line(at, provider, one["to"], "REFUSED", said, bad=True)
    for sentence in data["sentences"]:
        yield Line(at, provider, "", "violation", _PAGE.sub("", sentence), bad=True)
    lost = bool(rule) and not data["messages"] and not data["refused"]
    if data["socket"] or lost:
        what = f"connection: {data['socket']}" if data["socket"] else f"HTTP {data['status']}"
        yield Line(at, provider, "", "BROKEN", f"{what}{rule}", bad=True)
    elif requests and not data["refused"]:
        said = f"{data['method']} {data['target']}  HTTP {data['status']}"
        yield Line(at, provider, "", "request", said)


def _receipt(data: Mapping[str, Any], requests: bool) -> Iterator[Line]:
    at, provider, number = data["at"], data["provider"], data["to"]
    if data["state"] != "delivered":
        said = f"'{data['reports']}' was not taken: {data['lacks']}; {data['state']}"
        yield Line(at, provider, number, "receipt", said, bad=True)
    elif requests:
        yield Line(at, provider, number, "receipt", f"'{data['reports']}' was taken")


def _more(data: Mapping[str, Any], _requests: bool) -> Iterator[Line]:
    kinds = ("messages", "requests", "receipts")
    counts = [f"{data[kind]:,} {kind}" for kind in kinds if data[kind]]
    why = "more, too many at once" if data["why"] == "slow" else "more, which are kept no longer"
    yield Line("", MORE, "", "", f"{', '.join(counts)} {why}")


_MAKERS: Mapping[str, Callable[[Mapping[str, Any], bool], Iterator[Line]]] = {
    "message": _message,
    "request": _request,
    "receipt": _receipt,
    "more": _more,
}


class Paper:
    """What lines are written on: a terminal in colour, anything else plain. `write` raises
    `OSError` where nobody reads any more."""

    def __init__(self) -> None:
        self._descriptor = sys.stdout.fileno()
        self._encoding = sys.stdout.encoding or "utf-8"
        self._draw = _coloured() if sys.stdout.isatty() else plain

    def write(self, lines: Sequence[Line]) -> None:
        """Writes lines. Not by `sys.stdout`, which would be left locked at the end where a thread
        waits for a reader."""
        self.text("".join(self._draw(line) for line in lines))

    def text(self, text: str) -> None:
        """Writes a text as it is."""
        raw = text.encode(self._encoding, "backslashreplace")
        while raw:
            raw = raw[os.write(self._descriptor, raw) :]


def _columns(line: Line) -> tuple[str, str, str]:
    at = datetime.fromisoformat(line.at).astimezone().strftime("%H:%M:%S") if line.at else " " * 8
    head = f"{at}  {printable(line.provider):<10}  {printable(line.number):<15}  "
    return head, f"{line.word:<9}", f"  {printable(line.text)}"


def plain(line: Line) -> str:
    """A line without colours."""
    return f"{''.join(_columns(line)).rstrip()}\n"


def printable(text: str) -> str:
    """A text on one line that does nothing to a terminal: what moves the cursor, colours or turns
    the writing around is shown by its number."""
    cut = text if len(text) <= MOST_TEXT else f"{text[:MOST_TEXT]}..."
    if cut.isprintable():
        return cut
    kept = (c if c.isprintable() or c in _SHOWN_AS_IT_IS else repr(c)[1:-1] for c in cut)
    return "".join(kept)


def _coloured() -> Callable[[Line], str]:
    from rich.console import Console  # who writes into a file needs none of it
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)

    def draw(line: Line) -> str:
        head, word, text = _columns(line)
        with console.capture() as capture:
            console.print(Text.assemble((head, "dim"), (word, _STYLES.get(line.word, "")), text))
        return capture.get()

    return draw
