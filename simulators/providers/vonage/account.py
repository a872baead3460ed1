"""What the SDKs read and change beside sending: balance, settings, search, conversions.

https://developer.vonage.com/en/api/account and https://developer.vonage.com/en/api/conversion
"""

from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from simulators.kernel.call import Reply
from simulators.kernel.inbound import set_webhooks
from simulators.kernel.message import INBOUND, Message, State
from simulators.kernel.provider import Exchange, Refusal
from simulators.kernel.reading import many
from simulators.providers.vonage import send, wire

CALLBACKS = MappingProxyType(
    {
        "mocallbackurl": ("mo-callback-url", "inbound"),
        "drcallbackurl": ("dr-callback-url", "receipts"),
    }
)

# How a search spells the final status: the words of SMPP, as far as they are documented.
FINAL = MappingProxyType(
    {
        "delivered": "DELIVRD",
        "expired": "EXPIRED",
        "failed": "UNDELIV",
        "rejected": "REJECTD",
        "unknown": "UNKNOWN",
    }
)


def get_balance(exchange: Exchange) -> Reply:
    """The credit in euro."""
    value = round(send.balance(exchange), 8)
    return wire.json(exchange, 200, {"value": value, "autoReload": False})


def settings(exchange: Exchange) -> Reply:
    """Takes the callback URLs that are given, an empty one clears; tells those there are."""
    given = {name.lower(): value for name, value in wire.parameters(exchange.document).items()}
    urls = {kind: given[sent] for sent, (_, kind) in CALLBACKS.items() if sent in given}
    kept = set_webhooks(exchange.world, exchange.provider.name, urls)
    shown = {name: kept.get(kind, "") for name, kind in CALLBACKS.values()}
    rates = {"max-outbound-request": 30, "max-inbound-request": 30, "max-calls-per-second": 30}
    return wire.json(exchange, 200, {**shown, **rates})


def convert(exchange: Exchange) -> Reply:
    """Keeps with a message whether its code was used."""
    if exchange.world.load("vonage", {}).get("conversions") is False:
        raise Refusal("402")
    given = wire.parameters(exchange.document)
    delivered = given.get("delivered", "").lower()
    if delivered not in ("true", "false", "1", "0") or _time(given.get("timestamp", "")) is None:
        raise Refusal("420")
    message = _find(exchange, given.get("message-id", ""))
    if message is None:
        raise Refusal("423")
    details = {**message.details, "converted": delivered in ("true", "1")}
    exchange.world.store.change(exchange.world.id, message.id, details=details)
    return wire.reply(exchange, 200, b"")


def search_message(exchange: Exchange) -> Reply:
    """One message by its id."""
    wanted = wire.parameters(exchange.document).get("id")
    if not wanted:
        raise Refusal("400")
    found = _find(exchange, wanted)
    if found is None:
        raise Refusal("404/message")
    return wire.json(exchange, 200, resource(exchange, found))


def search_messages(exchange: Exchange) -> Reply:
    """Up to ten by `ids`, or all to a number on a day."""
    given = wire.parameters(exchange.document)
    ids = many({**exchange.document["query"], **(exchange.document["body"] or {})}, "ids")
    if ids:
        candidates = [_find(exchange, str(wanted)) for wanted in ids[:10]]
        found = [message for message in candidates if message is not None]
    else:
        start = _time(f"{given.get('date', '')} 00:00:00")
        if start is None or not given.get("to"):
            raise Refusal("400")
        found = exchange.world.messages(
            provider=exchange.provider.name,
            to="+" + given["to"],
            since=start,
            until=start + 86_399.999,
        )
    items = [resource(exchange, message) for message in found]
    return wire.json(exchange, 200, {"count": len(items), "items": items})


def _find(exchange: Exchange, wanted: str) -> Message | None:
    found = exchange.world.store.find(exchange.world.id, wanted)
    if found is None or found.provider != exchange.provider.name or found.operation == INBOUND:
        return None
    return found


def resource(exchange: Exchange, message: Message) -> dict[str, Any]:
    """A message as a search shows it; what its end brings is there once it has ended."""
    provider = exchange.provider
    step, since = message.status(exchange.now, provider.lifecycles)
    found: dict[str, Any] = {
        "message-id": message.id,
        "account-id": exchange.credentials["api_key"],
        "network": message.details["network"],
        "from": message.sender,
        "to": message.details["to"],
        "body": message.text,
        "price": f"{send.PRICE * message.segments:.8f}",
        "date-received": date(message.at),
        "status": step.status,
        "type": "MT",
    }
    if "client-ref" in message.details:
        found["client-ref"] = message.details["client-ref"]
    if State(provider.states[step.status]).final:
        row = provider.row(step.error) if step.error else None
        found["final-status"] = FINAL[step.status]
        found["date-closed"] = date(since)
        found["latency"] = round((since - message.at) * 1000)
        found["error-code"] = str(row.code) if row else "0"
        found["error-code-label"] = row.message if row else "Delivered"
    return found


def date(epoch: float) -> str:
    """`YYYY-MM-DD HH:MM:SS` in UTC."""
    return f"{datetime.fromtimestamp(epoch, UTC):%Y-%m-%d %H:%M:%S}"


def _time(text: str) -> float | None:
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None
