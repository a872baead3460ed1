"""The journal: every request that came in, with the verdict on it and the answer it got.

A callback that the application answered wrongly is written in the same form.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from simulators.kernel import lint
from simulators.kernel.call import Call, Reply
from simulators.kernel.contracts import Violation
from simulators.kernel.masking import Mask
from simulators.kernel.message import Message
from simulators.kernel.provider import Exchange
from simulators.kernel.receipts import Callback
from simulators.kernel.steps import Steps

REQUESTS, VIOLATIONS = "requests", "violations"  # logs: all, and those that violated a contract
SHOWN = 16_384
MOST_REFUSED = 10  # recipients of one request of which the refusal is told


def entry(exchange: Exchange, reply: Reply) -> bytes:
    """One journal entry, packed."""
    call, body = exchange.call, _whole(exchange.call.body)
    whole = body is not None and "?" not in call.path
    return orjson.dumps(
        (
            exchange.now,
            exchange.provider.name,
            exchange.endpoint.operation if exchange.endpoint else "",
            call.method,
            f"{call.path}?{call.query}" if call.query else call.path,
            call.headers,
            _text(call.body) if body is None else body,
            [violation.as_dict() for violation in exchange.violations],
            exchange.failure.row.key if exchange.failure else "",
            exchange.fired,
            [o.message.id for o in exchange.outcomes if o.message is not None],
            reply.status,
            _text(reply.body),
            exchange.mismatch,
            # They are found when the entry is read, unless it does not hold the request as it came.
            None if whole else _warnings(exchange),
            _refused(exchange),
            reply.trouble or "",
        )
    )


def _warnings(exchange: Exchange) -> list[str]:
    return lint.warnings(exchange.provider.name, exchange.endpoint, exchange.document)


def _whole(raw: bytes) -> str | None:
    """A body that an entry holds as it came, None for any other."""
    try:
        return raw.decode() if len(raw) <= SHOWN else None
    except UnicodeDecodeError:
        return None


def _refused(exchange: Exchange) -> list[tuple[str, str, str | int, str]]:
    """Who was refused, and how: number, key, code, text. A refusal of the whole request is one of
    each recipient, or of "" where none was read; an answer may also refuse some and take others."""
    failure = exchange.failure
    if failure is not None:
        numbers = [draft.number for draft in exchange.drafts[:MOST_REFUSED]] or [""]
        return [(number, failure.row.key, failure.row.code, failure.text) for number in numbers]
    refused = [(o.draft.number, o.failure) for o in exchange.outcomes if o.failure is not None]
    return [(number, f.row.key, f.row.code, f.text) for number, f in refused[:MOST_REFUSED]]


def callback(
    now: float,
    operation: str,
    messages: Sequence[Message],
    sent: Callback,
    status: int,
    answer: bytes,
    violation: Violation,
) -> bytes:
    """One callback and the answer of the application to it, packed like an entry."""
    return orjson.dumps(
        (
            now,
            messages[0].provider,
            operation,
            sent.method,
            sent.url,
            dict(sent.headers),
            _text(sent.body),
            [violation.as_dict()],
            "",
            "",
            [message.id for message in messages],
            status,
            _text(answer),
            None,
            [],
            [],
            "",
        )
    )


_NAMES = (
    "at",
    "provider",
    "operation",
    "method",
    "target",
    "headers",
    "body",
    "breaches",
    "error",
    "rule",
    "messages",
    "status",
    "answer",
    "mismatch",
    "warnings",
    "refused",
    "socket",
)

_REFUSED = ("to", "key", "code", "message")


def read(sequence: int, packed: bytes) -> dict[str, Any]:
    """An entry as a mapping, secrets and all: for the providers' own use."""
    found: dict[str, Any] = {"sequence": sequence}
    found.update(zip(_NAMES, orjson.loads(packed), strict=True))
    found["refused"] = [dict(zip(_REFUSED, one, strict=True)) for one in found["refused"]]
    return found


def call(entry: Mapping[str, Any]) -> Call:
    """The request of an entry again, as far as a provider reads it."""
    path, _, query = entry["target"].partition("?")
    return Call(entry["method"], path, query, entry["headers"], entry["body"].encode())


def shown(entry: dict[str, Any], mask: Mask) -> Steps[dict[str, Any]]:
    """An entry as people may see it."""
    headers: dict[str, str] = {}
    for name, value in entry["headers"].items():
        headers[mask.text(name)] = mask.header(name, _cut(value))
        yield len(value)
    target = mask.target(_cut(entry["target"]))
    yield len(entry["target"])
    body = mask.text(entry["body"])
    yield len(body)
    violations = []
    for told in entry["breaches"]:
        violations.append(violation(told, mask).as_dict())
        yield len(told["got"])
    answer = mask.text(entry["answer"])
    yield len(answer)
    return {
        **entry,
        "target": target,
        "headers": headers,
        "body": body,
        "breaches": violations,
        "answer": answer,
        "mismatch": mask.value(entry["mismatch"]),
        "warnings": [mask.text(warning) for warning in entry["warnings"] or ()],
        "refused": refused(entry, mask),
    }


def refused(entry: dict[str, Any], mask: Mask) -> list[dict[str, Any]]:
    """The recipients that were refused, without secrets: an error's text quotes what came."""
    hidden = ("to", "message")
    return [{**one, **{n: mask.text(one[n]) for n in hidden}} for one in entry["refused"]]


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}... ({len(text)} characters)"


_VIOLATION = ("pointer", "got", "expected", "source")


def violation(told: dict[str, str], mask: Mask) -> Violation:
    """A violation as an entry has it, that quotes no secret."""
    return masked(Violation(*(told[name] for name in _VIOLATION)), mask)


def masked(violation: Violation, mask: Mask) -> Violation:
    """A violation of a contract that quotes no secret."""
    got = mask.got(violation.pointer, violation.got)
    return Violation(
        mask.text(violation.pointer), got, mask.text(violation.expected), violation.source
    )


def _text(raw: bytes) -> str:
    shown = raw[:SHOWN].decode("utf-8", "backslashreplace")
    return shown if len(raw) <= SHOWN else f"{shown}... ({len(raw)} bytes)"
