"""What came of a run, as a table for people, JSON, and JUnit XML."""

import json
from collections.abc import Callable, Iterator, Mapping
from textwrap import wrap
from types import MappingProxyType
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from simulators.check.report import legal_xml
from simulators.drift.run import DIFFERS, NOT_TRIED, Report, Verdict
from simulators.probes import KINDS, Probe, Probes

_HEAD = ("probe", "why it is free", "vendor", "simulator", "verdict")
_WIDTHS = (17, 6, 9, 9)
_WIDE = 92


def as_text(report: Report) -> str:
    """A table, below each row what differs or why it was not tried; lines that count."""
    wide = max(len(name) for name in (_HEAD[0], *(one.name for one in report.verdicts)))
    lines = [_row(_HEAD, wide)]
    for one in report.verdicts:
        lines.append(_row(_cells(one), wide))
        for said in (*map(str, one.differences), one.reason):
            lines += [f"    {line}" for line in wrap(said, _WIDE, subsequent_indent="  ")]
    return "\n".join([*lines, "", *_ends(report)])


def _cells(one: Verdict) -> tuple[str, ...]:
    word = one.verdict.upper() if one.verdict == DIFFERS else one.verdict
    tried = one.verdict != NOT_TRIED
    statuses = (str(one.vendor), str(one.simulator)) if tried else ("-", "-")
    return (one.name, one.kind, *statuses, word)


def _row(cells: tuple[str, ...], wide: int) -> str:
    widths = (wide, *_WIDTHS)
    return "  ".join(f"{c:{w}}" for c, w in zip(cells, widths, strict=True)).rstrip()


def _ends(report: Report) -> Iterator[str]:
    yield summary(report)
    if report.settled:
        yield from wrap(
            "rows of errors.json that no source settles, by which both refuse alike: "
            + ", ".join(report.settled),
            _WIDE,
            subsequent_indent="  ",
            break_on_hyphens=False,
        )


def summary(report: Report) -> str:
    """One line: how many probes there were, and how many came to what."""
    counts = [f"{word}: {count}" for word, count in report.counts().items()]
    return ", ".join([f"probes of {report.asked}: {len(report.verdicts)}", *counts])


def as_json(report: Report) -> str:
    """`{"asked", "counts", "settled", "probes": [...], "by_shape": {provider: [...]}}`; the last
    says what was compared by its shape alone, and why; `moved` of a probe, in what the simulator's
    own answers differ without a reason in the data."""
    document = {
        "asked": report.asked,
        "counts": report.counts(),
        "settled": report.settled,
        "probes": [_as_dict(one) for one in report.verdicts],
        "by_shape": {
            name: [{"at": one.at, "why": one.why} for one in facts.varies]
            for name, facts in report.facts.items()
        },
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def _as_dict(one: Verdict) -> dict[str, Any]:
    return {
        "probe": one.name,
        "provider": one.provider,
        "asks": one.asks,
        "kind": one.kind,
        "verdict": one.verdict,
        "reason": one.reason,
        "vendor": {"status": one.vendor} if one.vendor else None,
        "simulator": {"status": one.simulator, "row": one.row} if one.simulator else None,
        "unverified": one.unverified,
        "moved": list(one.moved),
        "differences": [difference.as_dict() for difference in one.differences],
    }


def as_junit(report: Report) -> str:
    """A test case for each probe; those that were not tried are skipped."""
    suite = Element("testsuite", name="sms-simulators drift", tests=str(len(report.verdicts)))
    suite.set("failures", str(report.counts()[DIFFERS]))
    suite.set("skipped", str(report.counts()[NOT_TRIED]))
    suite.set("errors", "0")
    for one in report.verdicts:
        case = SubElement(suite, "testcase", name=legal_xml(one.name))
        case.set("classname", f"drift.{one.provider}")
        if one.verdict == NOT_TRIED:
            SubElement(case, "skipped", message=legal_xml(one.reason))
        elif one.differences:
            failure = SubElement(case, "failure", message=legal_xml(str(one.differences[0])))
            said = [one.asks, *map(str, one.differences)]
            failure.text = legal_xml("\n".join(said))
    suites = Element("testsuites")
    suites.append(suite)
    indent(suites)
    return tostring(suites, "unicode", xml_declaration=True)


FORMATS: Mapping[str, Callable[[Report], str]] = MappingProxyType(
    {"text": as_text, "json": as_json, "junit": as_junit}
)


def listed(facts: Probes) -> str:
    """What would be asked, and why it is free or what it may cost."""
    lines = []
    for probe in facts.probes:
        lines += [f"{probe.name}: {probe.asks}", f"    {_price(probe)}"]
    return "\n".join(lines)


def _price(probe: Probe) -> str:
    if probe.spend:
        return f"may cost {probe.spend}: only with --spend"
    return f"free: {probe.kind}: {KINDS[probe.kind]}"
