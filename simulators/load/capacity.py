"""The highest rate that holds, for `load --capacity`: which rate is tried next, and what is told at
the end.

A step is a whole run at one rate, with a verdict of its own. The rate doubles until a step fails;
between the highest that held and the lowest that failed the middle is tried, until the two are
close. Then both are run once more: a machine that was busy with something else for a moment makes
a rate fail that would hold. Where two runs of a rate differ a third one decides, and the search
goes on from what is known then.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

from simulators.load.answer import Answer, Plot
from simulators.load.verdict import Verdict

NEAR = 1.07  # the lowest that failed is at most so many times the highest that held
CONFIRMED = 2  # runs, of both
MOST_STEPS = 40
LEAST_SHARE = 1 / 128  # of the first rate: below, nothing is looked for
_MOST_NAMED = 4
_THROTTLED = 0.01
_SPENT = frozenset(("GET", "POST", "PUT", "PATCH", "DELETE", "SMS"))  # the others are sums of these


@dataclass(frozen=True, slots=True)
class Step:
    """A run at one rate."""

    rate: float
    verdict: Verdict

    @property
    def held(self) -> bool:
        """Whether all invariants and thresholds held, the rate itself among them."""
        return self.verdict.passed

    @property
    def broken(self) -> list[str]:
        """What did not, in sentences."""
        return [
            f"{one.name}: {one.told or one.violations[0]}"
            for one in self.verdict.findings
            if one.state == "broken"
        ]

    def line(self) -> str:
        """For whoever waits."""
        what = "held" if self.held else f"did not hold: {self.broken[0]}"
        return f"{self.rate:g} people a second {what}"


def bounds(steps: Sequence[Step]) -> tuple[float, float]:
    """The highest rate that held below all that failed, and the lowest that failed; 0 and infinity
    where there is none."""
    failed = min((rate for rate, more in _sums(steps).items() if more < 0), default=inf)
    held = (rate for rate, more in _sums(steps).items() if more > 0 and rate < failed)
    return max(held, default=0.0), failed


def _sums(steps: Sequence[Step]) -> Counter[float]:
    """By rate, how many more of its runs held than did not."""
    sums: Counter[float] = Counter()
    for step in steps:
        sums[step.rate] += 1 if step.held else -1
    return sums


def next_rate(steps: Sequence[Step], first: float) -> float | None:
    """Which one to try after these; None when it is known."""
    held, failed = bounds(steps)
    if len(steps) >= MOST_STEPS:
        return None
    if not steps:
        return first
    if undecided := [rate for rate, more in _sums(steps).items() if more == 0]:
        return undecided[0]
    if failed == inf:
        return held * 2
    if not held and failed / 2 >= first * LEAST_SHARE:
        return failed / 2
    if held and failed > held * NEAR:
        return (held + failed) / 2
    return next((one for one in (held, failed) if one and _runs(steps, one) < CONFIRMED), None)


def _runs(steps: Sequence[Step], rate: float) -> int:
    return sum(step.rate == rate for step in steps)


def found(steps: Sequence[Step]) -> Verdict:
    """One verdict of all steps: that of the highest that held, and of the lowest there was if none
    did, with the search as its answer."""
    held, failed = bounds(steps)
    shown = _last(steps, held, True) if held else min(steps, key=lambda step: step.rate)
    sentence = " ".join(_sentences(steps, held, failed))
    plot = Plot("People who went through", "a second", bars=_bars(steps))
    head = ("people a second", "went through", "held", "load generator")
    answer = Answer(sentence, plot, head, [_row(step) for step in steps])
    facts = {"capacity": held, **shown.verdict.facts}
    return replace(shown.verdict, facts=facts, answer=answer, marks=())


def _last(steps: Sequence[Step], rate: float, held: bool) -> Step:
    """The last run of a rate that ended so."""
    return [step for step in steps if step.rate == rate and step.held is held][-1]


def _sentences(steps: Sequence[Step], held: float, failed: float) -> list[str]:
    told = []
    if held:
        times = "confirmed by another run" if _runs(steps, held) >= CONFIRMED else "not confirmed"
        told.append(f"{held:.3g} people a second is the highest rate that held, {times}.")
    else:
        told.append("No rate held.")
    if failed == inf:
        told.append("None failed.")
        return told
    over = _last(steps, failed, False)
    told.append(f"{failed:.3g} a second did not: {over.broken[0]}.")
    spent = where(over.verdict)
    if spent:
        parts = [f"{100 * share:.0f} % {name}" for name, share in list(spent.items())[:_MOST_NAMED]]
        told.append(f"There the time went so: {', '.join(parts)}.")
    if over.verdict.effort is not None:
        who, why = over.verdict.effort.limit()
        told.append(f"The limit was the {who} ({why}).")
    if throttled := _throttled(over.verdict.facts):
        told.append(
            f"{100 * throttled:.0f} % of its sends were throttled: that is flow control, and no"
            " machine's limit."
        )
    return told


def where(verdict: Verdict) -> dict[str, float]:
    """The share of people's time that each request took, the longest first."""
    spent = {one.name: one.total for one in verdict.requests if one.kind in _SPENT and one.total}
    whole = sum(spent.values())
    return {name: spent[name] / whole for name in sorted(spent, key=lambda n: -spent[n])}


def _throttled(facts: Mapping[str, float]) -> float:
    """The share of throttled sends, 0 where they are few."""
    answered = sum(facts.get(kind, 0) for kind in ("sent", "throttled", "refused"))
    share = facts.get("throttled", 0) / answered if answered else 0.0
    return share if share > _THROTTLED else 0.0


def _bars(steps: Sequence[Step]) -> dict[str, float]:
    """By rate, upwards; of a rate that was run twice the lower."""
    least: dict[float, float] = {}
    for step in sorted(steps, key=lambda step: step.rate):
        reached = float(step.verdict.facts.get("through", 0.0))
        least[step.rate] = min(reached, least.get(step.rate, reached))
    return {f"of {rate:.4g}": reached for rate, reached in least.items()}


def _row(step: Step) -> list[str]:
    effort = step.verdict.effort
    return [
        f"{step.rate:.4g}",
        f"{step.verdict.facts.get('through', 0.0):.4g}",
        "yes" if step.held else "no",
        f"{100 * effort.generator:.0f} %" if effort else "",
    ]
