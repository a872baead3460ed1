"""Lines over time as inline SVG: axes, a legend, a dashed line for each mark. No scripts."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from math import ceil, floor, log10

from simulators.load.ledger import Mark

WIDTH, HEIGHT = 900, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 16, 16, 30
COLOURS = ("#2563eb", "#dc2626", "#059669", "#d97706", "#7c3aed", "#0891b2", "#be185d", "#4b5563")

Points = Sequence[tuple[float, float]]


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
