"""The account's templates as Verify lists them. They are read only: who runs the simulator changes
them. Alone because a resource of Twilio's is one page each.

https://www.twilio.com/docs/verify/api/templates
"""

from typing import Any

from simulators.kernel import templates
from simulators.kernel.call import Reply
from simulators.kernel.provider import Exchange
from simulators.kernel.reading import first
from simulators.kernel.templates import Template
from simulators.providers.twilio import wire
from simulators.providers.twilio_verify import services


def listed(exchange: Exchange) -> Reply:
    """All of them, or those of one name."""
    known = templates.templates(exchange.world, exchange.provider).values()
    name = first(exchange.document["query"], "FriendlyName")
    records = [_resource(exchange, item) for item in known if name in ("", item.name)]
    return wire.reply(exchange, 200, wire.meta(exchange, "templates", records), root="")


def _resource(exchange: Exchange, item: Template) -> dict[str, Any]:
    made = wire.iso(item.created or services.OPENED)
    english = {
        "is_default_translation": True,
        "status": item.status,
        "locale": "en",
        "text": item.content,
        "date_updated": made,
        "date_created": made,
    }
    return {
        "sid": item.code,
        "account_sid": exchange.credentials["account_sid"],
        "friendly_name": item.name,
        "channels": ["sms", "voice"],
        "translations": {"en": english},
    }
