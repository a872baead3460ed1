"""The answer to a scenario's own question: one sentence, one plot, and a table for who wants more.

    @run.answers
    def _answer(seen: Seen) -> Answer:
        return Answer(f"Nobody got a code for {gap} s.", Plot("Codes", "a second", lines))

It is asked for once the run is over, and told before anything else. What a scenario has to answer
from is in `Seen`.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from textwrap import wrap
from typing import Any

from simulators.load.figures import Recorder, Requests
from simulators.load.ledger import Kind, Ledger, Mark

Points = Sequence[tuple[float, float]]
_WIDTH = 96
_COLUMNS = 60
_BLOCKS = "▁▂▃▄▅▆▇█"
_BINS = 120
_ANSWERS: tuple[Kind, ...] = ("sent", "throttled", "refused")


@dataclass(frozen=True, slots=True)
class Plot:
    """Lines over time, points as (seconds since the start, value); or bars, one for each name."""

    title: str
    unit: str
    lines: Mapping[str, Points] = field(default_factory=dict)
    bars: Mapping[str, float] = field(default_factory=dict)

    def as_text(self, marks: Sequence[Mark] = ()) -> Iterator[str]:
        """For a terminal. All lines have one scale; a column is the highest value of its time, so
        that a short peak is seen."""
        shown = {name: points for name, points in self.lines.items() if points}
        if not shown and not self.bars:
            return
        yield f"{self.title}, {self.unit}"
        yield from _bars(self.bars)
        if shown:
            yield from _lines(shown, marks)

    def as_data(self) -> dict[str, Any]:
        """The same as plain values."""
        lines = {name: [list(point) for point in points] for name, points in self.lines.items()}
        return {"title": self.title, "unit": self.unit, "lines": lines, "bars": dict(self.bars)}


def _bars(bars: Mapping[str, float]) -> Iterator[str]:
    width, top = max(map(len, bars), default=0), max(bars.values(), default=0)
    for name, value in bars.items():
        block = "█" * round(_COLUMNS * value / top) if top else ""
        yield f"  {name:<{width}}  {block or '▏'} {value:,.6g}"


def _lines(lines: Mapping[str, Points], marks: Sequence[Mark]) -> Iterator[str]:
    width = max(map(len, lines))
    until = max(1.0, *(at for points in lines.values() for at, _ in points))
    top = max(value for points in lines.values() for _, value in points)
    for name, points in lines.items():
        highest: dict[int, float] = {}
        for at, value in points:
            column = min(int(_COLUMNS * max(at, 0.0) / until), _COLUMNS - 1)
            highest[column] = max(value, highest.get(column, 0.0))
        told, drawn = 0.0, ""
        for column in range(_COLUMNS):  # between two points it goes on as it was
            told = highest.get(column, told)
            drawn += _BLOCKS[round((len(_BLOCKS) - 1) * told / top)] if top > 0 else _BLOCKS[0]
        yield f"  {name:<{width}}  {drawn}  at most {max(highest.values()):,.4g}"
    end = f"{until:.0f} s"
    yield f"  {'':<{width}}  {'0 s':<{_COLUMNS - len(end)}}{end}"
    for mark in marks:
        if 0 <= mark.at <= until:
            yield f"  {'':<{width}}  at {mark.at:.0f} s: {mark.text}"


@dataclass(frozen=True, slots=True)
class Answer:
    """`head` and `rows` are the table: the first cell of a row is its name."""

    sentence: str
    plot: Plot | None = None
    head: Sequence[str] = ()
    rows: Sequence[Sequence[Any]] = ()

    def as_text(self, marks: Sequence[Mark] = ()) -> Iterator[str]:
        """For a terminal."""
        yield from wrap(self.sentence, _WIDTH)
        if self.plot is not None:
            yield ""
            yield from self.plot.as_text(marks)
        if self.rows:
            yield ""
            yield from self._table()
        yield ""

    def _table(self) -> Iterator[str]:
        width = max(len(str(row[0])) for row in self.rows)
        columns = [max(9, len(name)) for name in self.head[1:]]
        for row in (self.head, *self.rows):
            cells = zip(row[1:], columns, strict=True)
            yield " ".join([f"{row[0]:<{width}}", *(f"{cell(one):>{n}}" for one, n in cells)])

    def as_data(self) -> dict[str, Any]:
        """The same as plain values."""
        plot = self.plot.as_data() if self.plot else None
        table = {"head": list(self.head), "rows": [list(row) for row in self.rows]}
        return {"sentence": self.sentence, "plot": plot, "table": table}


def cell(value: Any) -> str:
    """A cell of the table as people read it."""
    if isinstance(value, float):
        return f"{value:,.1f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


@dataclass(frozen=True, slots=True)
class Seen:
    """A run that is over, as a scenario looks back on it: what its users wrote down, Locust's
    figures, and the messages that were kept (none without an inbox)."""

    ledger: Ledger
    recorder: Recorder
    requests: Sequence[Requests]
    messages: Sequence[Mapping[str, Any]] = ()
    seconds: float = 0.0

    def request(self, name: str) -> Requests:
        """The figures of one kind of request; those of none if there was none."""
        none = Requests(name, 0, 0, {})
        return next((one for one in self.requests if one.name == name), none)

    def rate(self, name: str) -> float:
        """Requests a second."""
        return self.request(name).count / self.seconds if self.seconds else 0.0

    def sends(self, kind: Kind, label: str = "") -> Points:
        """How many a second over time, of a use or template if one is named."""
        step, counts = self._step(), self._counted(kind, label)
        return [(at * step, counts[at] / step) for at in self._bins(step)]

    def share(self, kind: Kind, label: str = "") -> Points:
        """Of the sends that were answered, how many percent were that, over time."""
        step, part = self._step(), self._counted(kind, label)
        answers = [self._counted(one, label) for one in _ANSWERS]
        answered = {at: sum(counts[at] for counts in answers) for at in self._bins(step)}
        return [(at * step, 100 * part[at] / n) for at, n in answered.items() if n]

    def percent(self, kind: Kind, label: str = "") -> float:
        """The same of the whole run."""
        answered = sum(self.ledger.count(one, label) for one in _ANSWERS)
        return 100 * self.ledger.count(kind, label) / answered if answered else 0.0

    def rates(self, name: str) -> Points:
        """Requests a second over time."""
        return self._paces(name, "rate")

    def p95(self, name: str) -> Points:
        """How long they took, in milliseconds, over time."""
        return self._paces(name, "p95")

    def _paces(self, name: str, what: str) -> Points:
        samples, began = self.recorder.samples, self.recorder.began
        known = [(sample.at - began, sample.paces.get(name)) for sample in samples]
        if what == "rate":
            return [(at, pace.rate if pace else 0.0) for at, pace in known]
        return [(at, getattr(pace, what)) for at, pace in known if pace]

    def _step(self) -> int:
        return max(int(self.seconds / _BINS), 1)

    def _bins(self, step: int) -> range:
        return range(int(self.seconds) // step + 1)

    def _counted(self, kind: Kind, label: str) -> Counter[int]:
        step, counts = self._step(), Counter[int]()
        for moment, times in self.ledger.moments.items():
            if moment.kind == kind and label in ("", moment.usage, moment.template):
                counts[max(int(moment.second - self.recorder.began), 0) // step] += times
        return counts
