"""How a refusal is spelt: among the messages of a submission, elsewhere by HTTP status."""

from types import MappingProxyType

from simulators.kernel.call import Reply
from simulators.kernel.provider import Exchange, Failure
from simulators.providers.vonage import send, wire

# What a submission says in its own way, and the row of every other resource for the same.
ELSEWHERE = MappingProxyType(
    {"2/api_key": "401", "2/secret": "401", "4": "401", "14": "401", "32": "401", "3/body": "400"}
)


def refuse(exchange: Exchange, failure: Failure) -> Reply:
    """A submission's refusal is an element of `messages`; other resources have HTTP statuses."""
    failure = exchange.failure = _as_seen_there(exchange, failure)
    row, extra = failure.row, failure.row.extra or {}
    shape = extra.get("shape", "messages")
    if shape == "messages":
        known = {"to": str(failure.values.get("to", "")).removeprefix("+")}
        return wire.submission(exchange, [send.element(failure, known)])
    if shape == "none":
        return wire.reply(exchange, row.http_status, b"")
    if shape == "label":
        label = {"error-code": str(row.code), "error-code-label": failure.text}
        return wire.json(exchange, row.http_status, label)
    problem = {"type": extra["type"], "title": extra["title"], "detail": failure.text}
    instance = exchange.world.chance.uuid()
    return wire.json(exchange, row.http_status, {**problem, "instance": instance})


def _as_seen_there(exchange: Exchange, failure: Failure) -> Failure:
    operation = exchange.endpoint.operation if exchange.endpoint else ""
    key = failure.row.key
    if operation not in ("", "send-sms"):
        key = ELSEWHERE.get(key, key)
    elif key == "4" and "sig" in wire.parameters(exchange.document):
        key = "14"  # an unknown key that signs is told that its signature is wrong
    return failure if key == failure.row.key else exchange.fail(key, **failure.values)
