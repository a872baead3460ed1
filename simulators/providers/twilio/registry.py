"""What an account owns: its numbers, and its Messaging Services with their sender pools.

Settings documents, each absent until changed: `twilio/numbers` is a list of `{"phone_number",
"capabilities"}`; `twilio/services` a list of service resources, each with a list `senders` of
`{"sid", "kind", "value", "created"}`, where a kind is a collection of the sender pool.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from simulators.kernel.provider import Exchange
from simulators.kernel.world import newest

Service = Mapping[str, Any]
Services = dict[str, Service]

# https://www.twilio.com/docs/messaging/api/service-resource
DEFAULTS = MappingProxyType(
    {
        "inbound_request_url": None,
        "inbound_method": "POST",
        "fallback_url": None,
        "fallback_method": "POST",
        "status_callback": None,
        "sticky_sender": True,
        "mms_converter": True,
        "smart_encoding": True,
        "fallback_to_long_code": True,
        "area_code_geomatch": True,
        "validity_period": 36_000,
        "scan_message_content": "inherit",
        "synchronous_validation": False,
        "usecase": "undeclared",
        "use_inbound_webhook_on_number": False,
    }
)
CAPABILITIES = ("SMS", "MMS", "Voice")
OPENED = 1_438_287_151.0  # 2015-07-30T20:12:31Z, the date of the examples in Twilio's reference


def numbers(exchange: Exchange) -> dict[str, Sequence[str]]:
    """The capabilities of each number of the account."""
    kept = exchange.world.load("twilio/numbers")
    if kept is None:
        return {exchange.credentials["number"]: CAPABILITIES}
    return {item["phone_number"]: item["capabilities"] for item in kept}


def number_sid(exchange: Exchange, number: str) -> str:
    """The PN SID of a number, or SC SID of a short code, of the account: always the same one."""
    owner = exchange.credentials["account_sid"]
    return ("PN" if number.startswith("+") else "SC") + hashlib.sha256(
        f"{owner}/{number}".encode()
    ).hexdigest()[:32]


def services(exchange: Exchange) -> Sequence[Service]:
    """The account's services, oldest first. Not to be changed in place."""
    kept: Sequence[Service] | None = exchange.world.load("twilio/services")
    return kept if kept is not None else _first_services(exchange)


def find(exchange: Exchange, sid: str) -> Service | None:
    """The service with this SID."""
    return next((item for item in services(exchange) if item["sid"] == sid), None)


def update(exchange: Exchange, change: Callable[[Services], None]) -> None:
    """Changes the services, by SID. `change` puts new ones in place of old, and may be called more
    than once: it does nothing else. What it raises leaves all as it was."""

    def changed(kept: Sequence[Service]) -> list[Service]:
        by_sid = {item["sid"]: item for item in kept}
        change(by_sid)
        first = exchange.credentials["messaging_service_sid"]
        return list(newest(by_sid, {first}).values())

    exchange.world.update("twilio/services", changed, _first_services(exchange))


def _first_services(exchange: Exchange) -> Sequence[Service]:
    known = exchange.credentials
    number = known["number"]
    return _initial(known["messaging_service_sid"], number, number_sid(exchange, number))


@lru_cache(maxsize=1024)
def _initial(sid: str, number: str, pn_sid: str) -> Sequence[Service]:
    sender = {"sid": pn_sid, "kind": "PhoneNumbers", "value": number, "created": OPENED}
    service = {
        "sid": sid,
        "friendly_name": "My Messaging Service",
        "created": OPENED,
        "updated": OPENED,
        **DEFAULTS,
        "senders": [sender],
    }
    return (service,)
