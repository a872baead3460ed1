"""The end of a run in one value: which invariants and thresholds held.

Text, JSON, JUnit, the page and the exit code are all made from it, so that none can say another
thing than the others. Whatever else fails a run becomes a finding of it (`with_finding`).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from simulators.kernel.markup import plain
from simulators.load.answer import Answer
from simulators.load.effort import Effort
from simulators.load.figures import Requests, percentile
from simulators.load.invariants import Finding
from simulators.load.ledger import Mark

MOST_SHOWN = 10
_SIGNS = {"holds": "ok  ", "broken": "FAIL", "unknown": "??  "}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`answer` is the scenario's, and comes first; `marks` are what happened during the run, by
    seconds since its start; `effort` is what it cost, and whether the load generator was the limit.
    `facts` are what a person wants beside it: seed, users, seconds,
    counts, and which version, when, through which provider."""

    scenario: str
    invariants: Sequence[Finding]
    thresholds: Sequence[Finding]
    facts: Mapping[str, Any] = field(default_factory=dict)
    requests: Sequence[Requests] = ()
    answer: Answer | None = None
    marks: Sequence[Mark] = ()
    effort: Effort | None = None

    @property
    def passed(self) -> bool:
        """Whether nothing is broken. What could not be said does not fail a run."""
        return not any(finding.state == "broken" for finding in self.findings)

    @property
    def findings(self) -> list[Finding]:
        """All of them."""
        return [*self.invariants, *self.thresholds]

    @property
    def exit_code(self) -> int:
        """0 if it passed, 1 if not."""
        return 0 if self.passed else 1

    def with_finding(self, finding: Finding) -> "Verdict":
        """The same with one more invariant, in the place of one of that name."""
        others = [one for one in self.invariants if one.name != finding.name]
        return replace(self, invariants=[*others, finding])

    def as_text(self) -> str:
        """For people: the scenario's answer, then each finding, with the first of its
        violations."""
        facts = ", ".join(f"{name} {value}" for name, value in self.facts.items())
        lines = [f"{self.scenario}: {'passed' if self.passed else 'FAILED'}  ({facts})"]
        if self.answer is not None:
            told = ["", *self.answer.as_text(self.marks)]
            lines += [f"  {line}".rstrip() for line in told]
        if self.effort is not None:
            lines += [f"  {line}" for line in (self.effort.sentence(), *self.effort.of_nodes())]
        lines += _table(self.requests)
        lines += [line for finding in self.findings for line in _lines(finding)]
        return "\n".join(lines)

    def as_json(self, *, whole: bool = False) -> str:
        """`{"scenario", "passed", "exit_code", "facts", "effort", "answer", "invariants": [...],
        "thresholds": [...], "requests": [...]}`, and the invariants again as "oracle", as they
        were called first. With `whole`, all that `of` needs to make it again."""
        invariants = [_plain(finding) for finding in self.invariants]
        return json.dumps(
            {
                "scenario": self.scenario,
                "passed": self.passed,
                "exit_code": self.exit_code,
                "facts": dict(self.facts),
                "effort": self.effort and self.effort.as_data(),
                "answer": self.answer and self.answer.as_data(),
                "invariants": invariants,
                "thresholds": [_plain(finding) for finding in self.thresholds],
                "requests": [
                    {**_figures(one), **(_rest(one) if whole else {})} for one in self.requests
                ],
                "oracle": invariants,
            },
            ensure_ascii=False,
            indent=2,
        )

    @classmethod
    def of(cls, text: str) -> "Verdict":
        """What `as_json` made with `whole`; without the answer, which is for the reader."""
        told = json.loads(text)
        return cls(
            scenario=told["scenario"],
            invariants=[_finding(one) for one in told["invariants"]],
            thresholds=[_finding(one) for one in told["thresholds"]],
            facts=told["facts"],
            requests=[
                Requests(
                    one["name"],
                    one["requests"],
                    one["failures"],
                    dict(one["times"]),
                    one["total"],
                    one["milliseconds"]["max"],
                    one["kind"],
                )
                for one in told["requests"]
            ],
            effort=told["effort"] and Effort.of(told["effort"]),
        )

    def as_junit(self) -> str:
        """A test case for each finding; those that nobody could judge are skipped."""
        suites = Element("testsuites")
        for kind, findings in (("invariants", self.invariants), ("thresholds", self.thresholds)):
            suites.append(_suite(f"{self.scenario}.{kind}", findings))
        indent(suites)
        return tostring(suites, "unicode", xml_declaration=True)


def _plain(finding: Finding) -> dict[str, Any]:
    violations = list(finding.violations)
    return {
        "name": finding.name,
        "state": finding.state,
        "told": finding.told,
        "violations": violations,
        "breaches": violations,  # as they were called first
    }


def _finding(told: Mapping[str, Any]) -> Finding:
    return Finding(told["name"], told["state"], told["told"], told["violations"])


def _rest(one: Requests) -> dict[str, Any]:
    """What `_figures` leaves out."""
    return {"kind": one.kind, "total": one.total, "times": [*map(list, one.times.items())]}


def _figures(one: Requests) -> dict[str, Any]:
    times = {f"p{share}": percentile(one.times, share / 100) for share in (50, 95, 99)}
    longest = round(one.longest or 0, 1)
    known = {"name": one.name, "requests": one.count, "failures": one.failures}
    return {**known, "milliseconds": {**times, "max": longest}}


def _table(requests: Sequence[Requests]) -> Iterator[str]:
    """Requests by name: how many, how many failed, and how long they took."""
    shown = sorted((one for one in requests if one.count), key=lambda one: one.name)
    width = max((len(one.name) for one in shown), default=0)
    if shown:
        heads = ("requests", "failed", "p50 ms", "p95 ms", "p99 ms", "max ms")
        yield "  " + " ".join([" " * width, *(f"{head:>9}" for head in heads)])
    for one in shown:
        times = [percentile(one.times, share) for share in (0.5, 0.95, 0.99)]
        figures = [one.count, one.failures, *times, one.longest]
        yield "  " + " ".join([f"{one.name:<{width}}", *(f"{value:>9,.0f}" for value in figures)])


def _lines(finding: Finding) -> Iterator[str]:
    told = f": {finding.told}" if finding.told else ""
    yield f"  {_SIGNS[finding.state]}  {finding.name}{told}"
    if list(finding.violations) == [finding.told]:
        return
    yield from (f"          {violation}" for violation in finding.violations[:MOST_SHOWN])
    if len(finding.violations) > MOST_SHOWN:
        yield f"          and {len(finding.violations) - MOST_SHOWN:,} more"


def _suite(name: str, findings: Sequence[Finding]) -> Element:
    suite = Element("testsuite", name=plain(name), tests=str(len(findings)), errors="0")
    suite.set("failures", str(sum(one.state == "broken" for one in findings)))
    suite.set("skipped", str(sum(one.state == "unknown" for one in findings)))
    for finding in findings:
        case = SubElement(suite, "testcase", name=plain(finding.name), classname=plain(name))
        if finding.state == "broken":
            SubElement(case, "failure", message=plain(finding.violations[0])).text = plain(
                "\n".join(finding.violations)
            )
        elif finding.state == "unknown":
            SubElement(case, "skipped", message=plain(finding.told))
        elif finding.told:
            SubElement(case, "system-out").text = plain(finding.told)
    return suite
