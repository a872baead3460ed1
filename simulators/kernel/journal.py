"""The journal: every request that came in, with the verdict on it and the answer it got."""

import base64
from typing import Any

import orjson

from simulators.kernel.call import Reply
from simulators.kernel.provider import Exchange

SHOWN = 16_384


def entry(exchange: Exchange, reply: Reply) -> bytes:
    """One journal entry, packed."""
    call = exchange.call
    return orjson.dumps(
        (
            exchange.now,
            exchange.provider.name,
            exchange.endpoint.operation if exchange.endpoint else "",
            call.method,
            f"{call.path}?{call.query}" if call.query else call.path,
            call.headers,
            _text(call.body),
            [breach.as_dict() for breach in exchange.breaches],
            exchange.failure.row.key if exchange.failure else "",
            exchange.fired,
            [o.message.id for o in exchange.outcomes if o.message is not None],
            reply.status,
            _text(reply.body),
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
)


def read(sequence: int, packed: bytes, hidden: tuple[str, ...] = ()) -> dict[str, Any]:
    """An entry as a mapping, with the values in `hidden` masked wherever they occur."""
    found: dict[str, Any] = {"sequence": sequence}
    values = orjson.loads(packed)
    found.update(zip(_NAMES, _without(values, hidden) if hidden else values, strict=True))
    if "authorization" in found["headers"]:
        found["headers"]["authorization"] = _masked(found["headers"]["authorization"])
    return found


def _without(value: Any, hidden: tuple[str, ...]) -> Any:
    if isinstance(value, str):
        for secret in hidden:
            value = value.replace(secret, "***")
    elif isinstance(value, list):
        return [_without(item, hidden) for item in value]
    elif isinstance(value, dict):
        return {name: _without(item, hidden) for name, item in value.items()}
    return value


def _masked(authorization: str) -> str:
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() == "basic":
        try:
            user = base64.b64decode(rest).decode("utf-8", "replace").partition(":")[0]
        except ValueError:
            return f"{scheme} ***"
        return f"{scheme} {user}:***"
    return f"{scheme} ***" if rest else "***"


def _text(raw: bytes) -> str:
    shown = raw[:SHOWN].decode("utf-8", "backslashreplace")
    return shown if len(raw) <= SHOWN else f"{shown}... ({len(raw)} bytes)"
