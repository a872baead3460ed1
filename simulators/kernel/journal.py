"""The journal: every request that came in, with the verdict on it and the answer it got.

A callback that the application answered wrongly is written in the same form.
"""

import base64
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, quote_plus

import orjson

from simulators.kernel.call import Reply
from simulators.kernel.contracts import Breach
from simulators.kernel.message import Message
from simulators.kernel.provider import Exchange
from simulators.kernel.receipts import Callback

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
            exchange.mismatch,
        )
    )


def callback(
    now: float,
    operation: str,
    messages: Sequence[Message],
    sent: Callback,
    status: int,
    answer: bytes,
    breach: Breach,
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
            [breach.as_dict()],
            "",
            "",
            [message.id for message in messages],
            status,
            _text(answer),
            None,
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
)


def read(sequence: int, packed: bytes, hidden: tuple[str, ...] = ()) -> dict[str, Any]:
    """An entry as a mapping, with the values in `hidden` masked wherever they occur, also as a
    form or JSON spells them."""
    found: dict[str, Any] = {"sequence": sequence}
    values = orjson.loads(packed)
    if hidden:
        values = _without(values, {way for secret in hidden for way in _spelled(secret)})
    found.update(zip(_NAMES, values, strict=True))
    if "authorization" in found["headers"]:
        found["headers"]["authorization"] = _masked(found["headers"]["authorization"], hidden)
    return found


def _spelled(secret: str) -> tuple[str, ...]:
    escaped = orjson.dumps(secret).decode()[1:-1]
    return secret, quote(secret, safe=""), quote_plus(secret), escaped


def _without(value: Any, hidden: set[str]) -> Any:
    if isinstance(value, str):
        for secret in hidden:
            value = value.replace(secret, "***")
    elif isinstance(value, list):
        return [_without(item, hidden) for item in value]
    elif isinstance(value, dict):
        return {name: _without(item, hidden) for name, item in value.items()}
    return value


def _masked(authorization: str, hidden: tuple[str, ...]) -> str:
    scheme, space, rest = authorization.partition(" ")
    if scheme.lower() == "basic":
        try:
            decoded = base64.b64decode(rest.strip(), validate=True).decode("utf-8", "replace")
        except ValueError:
            decoded = ""
        user, colon, _password = decoded.partition(":")
        if colon:  # a token may be sent as the user
            return f"{scheme} {'***' if user in hidden else user}:***"
    return f"{scheme} ***" if space else "***"


def _text(raw: bytes) -> str:
    shown = raw[:SHOWN].decode("utf-8", "backslashreplace")
    return shown if len(raw) <= SHOWN else f"{shown}... ({len(raw)} bytes)"
