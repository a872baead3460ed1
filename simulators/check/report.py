"""Verdicts as text for people, JSON, JUnit XML, and annotations of GitHub Actions."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from simulators.check.verdict import Verdict

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_text(verdicts: Sequence[Verdict]) -> str:
    """What is wrong, request by request, and a line that counts."""
    told = [_told(verdict) for verdict in verdicts if verdict.violations or verdict.warnings]
    return "\n\n".join([*told, summary(verdicts)])


def summary(verdicts: Sequence[Verdict]) -> str:
    """One line: how many there were, and how many are wrong."""
    broken = sum(verdict.fails for verdict in verdicts)
    warned = sum(len(verdict.warnings) for verdict in verdicts)
    unjudged = sum(not verdict.judged for verdict in verdicts)
    kept = len(verdicts) - broken - unjudged
    parts = [f"requests: {len(verdicts)}, kept their contract: {kept}"]
    if broken:
        parts.append(f"broke it: {broken}")
    if unjudged:
        parts.append(f"have none: {unjudged}")
    if warned:
        parts.append(f"warnings: {warned}")
    return ", ".join(parts)


def _told(verdict: Verdict) -> str:
    lines = [_head(verdict)]
    lines += [f"  {line}" for violation in verdict.violations for line in diff(violation.as_dict())]
    lines += [f"  warning: {_further(warning)}" for warning in verdict.warnings]
    return "\n".join(lines)


def _further(warning: str) -> str:
    """Its further lines below the first."""
    return warning.replace("\n", "\n  ")


def diff(violation: Mapping[str, str]) -> Iterator[str]:
    """One violation, a line for each: where, what was expected, what came, who says so; of a remark
    only what it says."""
    if not violation["expected"]:
        yield violation["got"]
        return
    yield violation["pointer"] or "the request"
    yield f"  expected  {violation['expected']}"
    yield f"  got       {violation['got']}"
    if violation["source"]:
        yield f"  see       {violation['source']}"


def _head(verdict: Verdict) -> str:
    return f"{verdict.place}: {_whose(verdict)}: {verdict.method} {verdict.target}"


def _whose(verdict: Verdict) -> str:
    return " ".join(filter(None, [verdict.provider, verdict.operation]))


def as_json(verdicts: Sequence[Verdict]) -> str:
    """`{"requests", "broken", "verdicts": [...]}`."""
    document = {
        "requests": len(verdicts),
        "broken": sum(verdict.fails for verdict in verdicts),
        "verdicts": [verdict.as_dict() for verdict in verdicts],
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def as_junit(verdicts: Sequence[Verdict]) -> str:
    """A test case for each request; those without a contract are skipped."""
    suite = Element("testsuite", name="sms-simulators check", tests=str(len(verdicts)))
    suite.set("failures", str(sum(verdict.fails for verdict in verdicts)))
    suite.set("skipped", str(sum(not verdict.judged for verdict in verdicts)))
    suite.set("errors", "0")
    for verdict in verdicts:
        name = f"{verdict.place} {verdict.method} {verdict.target}"
        case = SubElement(suite, "testcase", name=legal_xml(name), file=legal_xml(verdict.file))
        case.set("classname", f"{verdict.provider}.{verdict.operation or 'unknown'}")
        if verdict.fails:
            first = str((*verdict.violations, *verdict.warnings)[0])
            failure = SubElement(case, "failure", message=legal_xml(first))
            failure.text = legal_xml(_told(verdict))
        elif not verdict.judged:
            SubElement(case, "skipped", message="the operation has no contract")
        if verdict.warnings:
            SubElement(case, "system-out").text = legal_xml("\n".join(verdict.warnings))
    suites = Element("testsuites")
    suites.append(suite)
    indent(suites)
    return tostring(suites, "unicode", xml_declaration=True)


def legal_xml(text: str) -> str:
    """The text without what no XML document may contain."""
    return _NOT_XML.sub("\ufffd", text)


def as_github(verdicts: Sequence[Verdict]) -> str:
    """Workflow commands, which annotate the file at its line; the counting line comes last.

    https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
    """
    return "\n".join([*(line for v in verdicts for line in _annotations(v)), summary(verdicts)])


def _annotations(verdict: Verdict) -> Iterator[str]:
    place = (_whose(verdict), verdict.file, verdict.line)
    for violation in verdict.violations:
        yield annotation("error", f"{_head(verdict)}: {violation}", *place)
    for warning in verdict.warnings:
        kind = "error" if verdict.strict else "warning"
        yield annotation(kind, f"{_head(verdict)}: {warning}", *place)


def annotation(kind: str, message: str, title: str, file: str = "", line: int = 0) -> str:
    """A workflow command, `error` or `warning`, at a place in a file where there is one."""
    place = f"file={_property(file)}," if file else ""
    place += f"line={line}," if line else ""
    return f"::{kind} {place}title={_property(title)}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


FORMATS: Mapping[str, Callable[[Sequence[Verdict]], str]] = MappingProxyType(
    {"text": as_text, "json": as_json, "junit": as_junit, "github": as_github}
)
