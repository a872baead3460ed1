"""A conformance run as text for people, JSON, JUnit XML, and annotations of GitHub Actions."""

import json
from collections.abc import Callable, Mapping
from textwrap import wrap
from types import MappingProxyType
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from simulators.check.report import annotation, legal_xml
from simulators.conformance.verdict import ABSENT, GOOD, Report, Verdict

_HEAD = ("refusal", "answered with", "tries", "verdict")
_WIDTHS = (15, 37, 5, 15)
_WIDE = 76


def as_text(report: Report) -> str:
    """A table of 80 columns, below each row what is wrong with it; a line that counts."""
    lines = [_row(_HEAD)]
    said = ""
    for verdict in report.all:
        lines += _rows(verdict, said)
        said = verdict.said if verdict.fails else ""
    return "\n".join([*lines, "", summary(report)])


def _rows(verdict: Verdict, before: str) -> list[str]:
    """What it said is told once for rows that follow each other."""
    if verdict.verdict == ABSENT:
        return [_row((verdict.kind, "", "-", ABSENT)), *_below(verdict.sentence)]
    word = verdict.verdict.upper() if verdict.fails else verdict.verdict
    lines = [_row((verdict.kind, verdict.answered, str(verdict.requests), word))]
    if verdict.evidence:
        lines += _below(verdict.evidence)
    if verdict.fails and verdict.said != before:
        lines += _below(f"it said: {verdict.said}")
    if verdict.warning:
        lines += _below(verdict.warning)
    return lines


def _row(cells: tuple[str, ...]) -> str:
    short = [_cut(cell, width) for cell, width in zip(cells, _WIDTHS, strict=True)]
    return "  ".join(f"{c:{w}}" for c, w in zip(short, _WIDTHS, strict=True)).rstrip()


def _below(text: str) -> list[str]:
    return [f"    {line}" for line in wrap(text, _WIDE, max_lines=2, placeholder=" ...")]


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 3]}..."


def summary(report: Report) -> str:
    """One line: how many refusals there were, and how many came to what; the good message, where it
    fails the run."""
    counts = report.counts()
    parts = [f"refusals by {report.provider}: {sum(counts.values())}"]
    parts += [f"{word}: {count}" for word, count in counts.items()]
    if report.good.fails:
        parts.append(f"the good message: {report.good.verdict}")
    return ", ".join(parts)


def as_json(report: Report) -> str:
    """`{"provider", "trigger", "said", "failed", "counts", "good": {...}, "classes": [...]}`;
    `good` has the same members as a class, and `said` is what the application said of it."""
    document = {
        "provider": report.provider,
        "trigger": report.trigger,
        "said": report.good.said,
        "failed": report.failed,
        "counts": report.counts(),
        "good": report.good.as_dict(),
        "classes": [verdict.as_dict() for verdict in report.verdicts],
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def as_junit(report: Report) -> str:
    """A test case for the good message and one for each class; those that the provider does not
    have are skipped."""
    suite = Element("testsuite", name="sms-simulators conformance", tests=str(len(report.all)))
    suite.set("failures", str(report.failed))
    suite.set("skipped", str(sum(v.verdict == ABSENT for v in report.verdicts)))
    suite.set("errors", "0")
    for verdict in report.all:
        case = SubElement(suite, "testcase", name=legal_xml(verdict.kind))
        case.set("classname", f"conformance.{report.provider}")
        case.set("time", f"{verdict.seconds:.3f}")
        if verdict.fails:
            failure = SubElement(case, "failure", message=legal_xml(_told(verdict)))
            failure.text = legal_xml(f"{verdict.sentence}.\nA careful client {verdict.expects}.")
        elif verdict.verdict == ABSENT:
            SubElement(case, "skipped", message=legal_xml(verdict.sentence))
        if verdict.warning:
            SubElement(case, "system-out").text = legal_xml(verdict.warning)
    suites = Element("testsuites")
    suites.append(suite)
    indent(suites)
    return tostring(suites, "unicode", xml_declaration=True)


def _told(verdict: Verdict) -> str:
    word = ": ".join(filter(None, [verdict.verdict, verdict.evidence]))
    answered = "" if verdict.kind == GOOD else f"answered {verdict.answered}, "
    return f"{word}: {answered}the application said: {verdict.said}"


def as_github(report: Report) -> str:
    """Workflow commands, an error or a warning for the good message and each class that deserves
    it."""
    lines = []
    for verdict in report.all:
        title = f"{report.provider} {verdict.kind}"
        if verdict.fails:
            lines.append(annotation("error", f"{verdict.sentence}. {_told(verdict)}", title))
        if verdict.warning:
            lines.append(annotation("warning", verdict.warning, title))
    return "\n".join([*lines, summary(report)])


FORMATS: Mapping[str, Callable[[Report], str]] = MappingProxyType(
    {"text": as_text, "json": as_json, "junit": as_junit, "github": as_github}
)
