"""One page that says how a run went: the verdict first, with the scenario's answer to its own
question, then plots of what changed over time.

It is whole in itself: no script, no picture, nothing from anywhere; its policy allows only its own
style sheet, by hash. Whatever came from a run is escaped. The plots are inline SVG.
"""

from base64 import b64encode
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from html import escape
from math import ceil, floor, log10

from simulators.load.answer import Answer, cell
from simulators.load.figures import Recorder, Requests, percentile
from simulators.load.invariants import NOT_TRIED, Finding
from simulators.load.ledger import Ledger, Mark
from simulators.load.verdict import MOST_SHOWN, Verdict

_MOST_LINES = 8
_MOST_LATENCIES = 4
_BINS = 120
_WORDS = {"holds": "held", "broken": "broken", "unknown": "not known"}
_STYLE = """
:root { color-scheme: light; font: 15px/1.5 system-ui, sans-serif; color: #111827 }
body { max-width: 960px; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem; margin: 0 } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #e5e7eb }
th, td { vertical-align: top; overflow-wrap: anywhere } td.n, th.n { text-align: right }
.verdict { padding: 1rem; border-radius: .5rem; border-left: .5rem solid }
.passed { background: #ecfdf5; border-color: #059669 }
.failed { background: #fef2f2; border-color: #dc2626 }
.holds { color: #047857 } .broken { color: #b91c1c; font-weight: 600 } .unknown { color: #92400e }
figure { margin: 1.5rem 0 } figcaption { font-weight: 600 } small { color: #6b7280 }
figure > svg { width: 100%; height: auto; display: block } text { font-size: 11px; fill: #6b7280 }
.end { text-anchor: end } .mid { text-anchor: middle } .marked { fill: #7c3aed }
.grid { stroke: #e5e7eb } .mark { stroke: #7c3aed; stroke-dasharray: 4 3 }
polyline { fill: none; stroke-width: 1.8; stroke-linejoin: round }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; padding: 0 }
.legend { margin: .2rem 0; font-size: .85rem }
"""
WIDTH, HEIGHT = 900, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 16, 16, 30
_BAR, _NAMES = 26, 190
COLOURS = ("#2563eb", "#dc2626", "#059669", "#d97706", "#7c3aed", "#0891b2", "#be185d", "#4b5563")
Points = Sequence[tuple[float, float]]


def page(verdict: Verdict, recorder: Recorder, ledger: Ledger) -> str:
    """HTML."""
    policy = f"default-src 'none'; style-src 'sha256-{_digest(_STYLE)}'; base-uri 'none'"
    title = escape(f"{verdict.scenario}: {'passed' if verdict.passed else 'failed'}")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body>"
        f"{_head(verdict)}{_answer(verdict)}{_findings('Invariants', verdict.invariants)}"
        f"{_findings('Thresholds', verdict.thresholds)}"
        f"<h2>Over time</h2>{''.join(_charts(recorder, ledger))}"
        f"{_requests(verdict.requests)}{_reasons(ledger)}</body></html>\n"
    )


def _digest(text: str) -> str:
    return b64encode(sha256(text.encode()).digest()).decode()


def _head(verdict: Verdict) -> str:
    facts = ", ".join(f"{escape(name)} {escape(str(told))}" for name, told in verdict.facts.items())
    word = "passed" if verdict.passed else "failed"
    sentence = f"<p><b>{escape(verdict.answer.sentence)}</b></p>" if verdict.answer else ""
    told = [verdict.effort.sentence(), *verdict.effort.of_nodes()] if verdict.effort else []
    effort = f"<p>{'<br>'.join(map(escape, told))}</p>" if told else ""
    return (
        f'<header class="verdict {word}"><h1>{escape(verdict.scenario)} {word}</h1>'
        f"{sentence}<p>{facts}</p>{effort}</header>"
    )


def _answer(verdict: Verdict) -> str:
    """The one plot that the answer is seen in, and its table."""
    answer = verdict.answer
    if answer is None:
        return ""
    drawn = ""
    if answer.plot is not None:
        plot, seconds = answer.plot, float(verdict.facts.get("seconds", 0))
        drawn = chart(plot.title, plot.unit, plot.lines, seconds, verdict.marks)
        drawn += bars(plot.title, plot.unit, plot.bars)
    return drawn + _answer_table(answer)


def _answer_table(answer: Answer) -> str:
    if not answer.rows:
        return ""
    heads = "".join(f"<th class=n>{escape(name)}</th>" for name in answer.head[1:])
    rows = "".join(
        f"<tr><td>{escape(str(name))}</td>"
        + "".join(f"<td class=n>{escape(cell(one))}</td>" for one in cells)
        + "</tr>"
        for name, *cells in answer.rows
    )
    return f"<table><tr><th>{escape(answer.head[0])}</th>{heads}</tr>{rows}</table>"


def _findings(title: str, findings: Sequence[Finding]) -> str:
    rows = "".join(
        f'<tr><td class="{one.state}">{_word(one)}</td><td>{escape(one.name)}</td>'
        f"<td>{'' if one.told == NOT_TRIED else escape(one.told)}{_violations(one)}</td></tr>"
        for one in findings
    )
    return f"<h2>{title}</h2><table>{rows}</table>" if rows else ""


def _word(finding: Finding) -> str:
    return NOT_TRIED if finding.told == NOT_TRIED else _WORDS[finding.state]


def _violations(finding: Finding) -> str:
    if not finding.violations or list(finding.violations) == [finding.told]:
        return ""
    shown = "".join(
        f"<li>{escape(violation)}</li>" for violation in finding.violations[:MOST_SHOWN]
    )
    more = len(finding.violations) - MOST_SHOWN
    return f"<ul>{shown}{f'<li>and {more:,} more</li>' if more > 0 else ''}</ul>"


def _charts(recorder: Recorder, ledger: Ledger) -> Iterator[str]:
    samples, began = recorder.samples, recorder.began
    seconds = samples[-1].at - began if samples else 0.0
    marks = [Mark(mark.at - began, mark.text) for mark in ledger.marks]

    def draw(title: str, unit: str, lines: Mapping[str, list[tuple[float, float]]]) -> str:
        return chart(title, unit, dict(list(lines.items())[:_MOST_LINES]), seconds, marks)

    names = _busiest(recorder)
    rates = {
        name: [(s.at - began, s.paces[name].rate if name in s.paces else 0.0) for s in samples]
        for name in names
    }
    yield draw("Requests", "a second", rates)
    for name in names[:_MOST_LATENCIES]:
        known = [(s.at - began, s.paces[name]) for s in samples if name in s.paces]
        yield draw(
            f"How long {name} took",
            "ms",
            {
                "p99": [(at, pace.p99) for at, pace in known],
                "p95": [(at, pace.p95) for at, pace in known],
                "p50": [(at, pace.p50) for at, pace in known],
            },
        )
    yield draw("Sends throttled", "a second", _sends(ledger, "throttled", began, seconds))
    yield draw("Sends refused", "a second", _sends(ledger, "refused", began, seconds))
    yield draw("Sends accepted", "a second", _sends(ledger, "sent", began, seconds))
    fullest = defaultdict(list)
    for sample in samples:
        for name, share in sample.fullest.items():
            fullest[name].append((sample.at - began, 100 * share))
    yield draw("The fullest window of each limit", "% used", fullest)
    yield draw("Failures", "a second", {"failures": [(s.at - began, s.failures) for s in samples]})
    yield draw("Users", "at once", {"users": [(s.at - began, float(s.users)) for s in samples]})


def _busiest(recorder: Recorder) -> list[str]:
    counts: Counter[str] = Counter()
    for sample in recorder.samples:
        for name, pace in sample.paces.items():
            counts[name] += int(pace.rate * 1000)
    return [name for name, _ in counts.most_common(_MOST_LINES)]


def _sends(
    ledger: Ledger, kind: str, began: float, seconds: float
) -> dict[str, list[tuple[float, float]]]:
    """By use and template, in bins of whole seconds."""
    step = max(int(seconds / _BINS), 1)
    counts: dict[str, Counter[int]] = defaultdict(Counter)
    for moment, times in ledger.moments.items():
        if moment.kind == kind:
            name = " ".join(filter(None, [moment.usage, moment.template])) or "sends"
            counts[name][max(int(moment.second - began), 0) // step] += times
    bins = range(int(seconds) // step + 1)
    busiest = sorted(counts, key=lambda name: -counts[name].total())
    return {name: [(at * step, counts[name][at] / step) for at in bins] for name in busiest}


def _requests(found: Sequence[Requests]) -> str:
    rows = "".join(
        f"<tr><td>{escape(one.name)}</td>{_cells(one)}</tr>"
        for one in sorted(found, key=lambda one: one.name)
        if one.count
    )
    heads = "".join(
        f"<th class=n>{head}</th>"
        for head in ("requests", "failed", "p50 ms", "p95 ms", "p99 ms", "max ms")
    )
    return f"<h2>Requests</h2><table><tr><th></th>{heads}</tr>{rows}</table>"


def _cells(one: Requests) -> str:
    times = [percentile(one.times, share) for share in (0.5, 0.95, 0.99)]
    figures = [one.count, one.failures, *times, one.longest]
    return "".join(f"<td class=n>{figure:,.0f}</td>" for figure in figures)


def _reasons(ledger: Ledger) -> str:
    rows = "".join(
        f"<tr><td>{escape(kind)}</td><td>{escape(why)}</td><td class=n>{times:,}</td></tr>"
        for (kind, why), times in ledger.reasons.most_common(20)
    )
    return f"<h2>Why not</h2><table>{rows}</table>" if rows else ""


def chart(
    title: str, unit: str, lines: Mapping[str, Points], seconds: float, marks: Sequence[Mark] = ()
) -> str:
    """A figure. Points are (seconds since the start, value); the marks' times are so too."""
    shown = {name: points for name, points in lines.items() if points}
    if not shown:
        return ""
    top = _ceiling(max(value for points in shown.values() for _, value in points))
    across = max(seconds, *(at for points in shown.values() for at, _ in points), 1.0)
    label = f"{title}, {unit}"
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">',
        *_grid(top, across),
        *(_mark(mark, across) for mark in marks if 0 <= mark.at <= across),
    ]
    legend = []
    for place, (name, points) in enumerate(shown.items()):
        colour = COLOURS[place % len(COLOURS)]
        parts.append(_line(name, points, across, top, colour))
        legend.append(
            f'<li><svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">'
            f'<rect width="12" height="12" fill="{colour}"/></svg> {escape(name)}</li>'
        )
    return (
        f"<figure><figcaption>{escape(title)} <small>{escape(unit)}</small></figcaption>"
        f"{''.join(parts)}</svg><ul class=legend>{''.join(legend)}</ul></figure>"
    )


def bars(title: str, unit: str, values: Mapping[str, float]) -> str:
    """A figure of one bar for each name, with its value behind it."""
    if not values:
        return ""
    top, height = _ceiling(max(values.values())), _BAR * len(values) + 8
    label = escape(f"{title}, {unit}")
    parts = [f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{label}">']
    for place, (name, value) in enumerate(values.items()):
        y, width = _BAR * place + 4, (WIDTH - _NAMES - 80) * value / top
        colour = COLOURS[place % len(COLOURS)]
        parts.append(
            f'<text class=end x="{_NAMES - 6}" y="{y + 14}">{escape(name)}</text>'
            f'<rect x="{_NAMES}" y="{y}" width="{width:.1f}" height="{_BAR - 6}" fill="{colour}"/>'
            f'<text x="{_NAMES + width + 6:.1f}" y="{y + 14}">{value:,.6g}</text>'
        )
    return (
        f"<figure><figcaption>{escape(title)} <small>{escape(unit)}</small></figcaption>"
        f"{''.join(parts)}</svg></figure>"
    )


def _ceiling(value: float) -> float:
    """A round number at or above, so that four steps below it are round too."""
    if value <= 0:
        return 1.0
    scale = 10.0 ** floor(log10(value))
    return next(step * scale for step in (1, 2, 4, 6, 8, 10) if step * scale >= value * 0.9999)


def _grid(top: float, across: float) -> Iterator[str]:
    for step in range(5):
        y = _y(top * step / 4, top)
        yield f'<line class=grid x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text class=end x="{_LEFT - 6}" y="{y + 4:.1f}">{top * step / 4:,.6g}</text>'
    every = max(ceil(across / 8), 1)
    for second in range(0, int(across) + 1, every):
        x = _x(second, across)
        yield f'<text class=mid x="{x:.1f}" y="{HEIGHT - 10}">{second} s</text>'


def _mark(mark: Mark, across: float) -> str:
    x = _x(mark.at, across)
    return (
        f'<line class=mark x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{HEIGHT - _BOTTOM}"/>'
        f'<text class=marked x="{x + 3:.1f}" y="{_TOP + 9}">{escape(mark.text)}</text>'
    )


def _line(name: str, points: Points, across: float, top: float, colour: str) -> str:
    places = " ".join(f"{_x(at, across):.1f},{_y(value, top):.1f}" for at, value in points)
    dot = ""
    if len(points) == 1:
        x, y = places.split(",")
        dot = f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>'
    return (
        f'<polyline points="{places}" stroke="{colour}"><title>{escape(name)}</title></polyline>'
        f"{dot}"
    )


def _x(at: float, across: float) -> float:
    return _LEFT + (WIDTH - _LEFT - _RIGHT) * at / across


def _y(value: float, top: float) -> float:
    return HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * value / top
