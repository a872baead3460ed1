"""Messaging Services: create, read, list, change and delete them.

https://www.twilio.com/docs/messaging/api/service-resource
"""

from types import MappingProxyType
from typing import Any

from simulators.kernel.call import Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.provider import Exchange, Refusal
from simulators.kernel.reading import Fields, first
from simulators.providers.twilio import paging, registry, wire
from simulators.providers.twilio.create import is_url, validity
from simulators.providers.twilio.registry import Service, Services

POOLS = MappingProxyType(
    {
        "PhoneNumbers": "phone_numbers",
        "ShortCodes": "short_codes",
        "AlphaSenders": "alpha_senders",
    }
)
_METHODS = ("GET", "POST")
_SCANS = ("inherit", "enable", "disable")


def create(exchange: Exchange) -> Reply:
    """201 and the service, its pool empty."""
    form: Fields = exchange.document["body"]
    if not first(form, "FriendlyName"):
        raise Refusal("20001/required", name="FriendlyName")
    service = {
        "sid": "MG" + exchange.world.chance.hex(32),
        "friendly_name": "",
        "created": exchange.now,
        "updated": exchange.now,
        **registry.DEFAULTS,
        **_settings(form),
        "senders": [],
    }
    registry.update(exchange, lambda known: known.update({service["sid"]: service}))
    return wire.reply(exchange, 201, _resource(exchange, service), root="")


def fetch(exchange: Exchange) -> Reply:
    """One service."""
    return wire.reply(exchange, 200, _resource(exchange, find(exchange)), root="")


def listed(exchange: Exchange) -> Reply:
    """All services, newest first."""
    records = [_resource(exchange, item) for item in reversed(registry.services(exchange))]
    return wire.reply(exchange, 200, paging.meta(exchange, "services", records), root="")


def update(exchange: Exchange) -> Reply:
    """Changes what the form names."""
    sid = find(exchange)["sid"]
    changes = {**_settings(exchange.document["body"]), "updated": exchange.now}
    registry.update(exchange, lambda known: known.update({sid: {**of(known, sid), **changes}}))
    return wire.reply(exchange, 200, _resource(exchange, find(exchange)), root="")


def delete(exchange: Exchange) -> Reply:
    """Forgets a service."""
    sid = find(exchange)["sid"]

    def dropped(known: Services) -> None:
        del known[of(known, sid)["sid"]]

    registry.update(exchange, dropped)
    return wire.empty(exchange)


def find(exchange: Exchange) -> Service:
    """The service in the path."""
    return of({item["sid"]: item for item in registry.services(exchange)}, sid_of(exchange))


def sid_of(exchange: Exchange) -> str:
    """The SID in the path."""
    return exchange.params["service_sid"]


def of(known: Services, sid: str) -> Service:
    """The service with this SID; raises `Refusal` where there is none."""
    if sid not in known:
        raise Refusal(Problem.NOT_FOUND)
    return known[sid]


def _settings(form: Fields) -> dict[str, Any]:
    """The settings in a form, by their names in the resource."""
    found: dict[str, Any] = {}
    for name in ("friendly_name", *registry.DEFAULTS):
        key = "".join(part.capitalize() for part in name.split("_"))
        if key in form:
            found[name] = _value(name, key, first(form, key))
    return found


def _value(name: str, key: str, text: str) -> Any:
    default = registry.DEFAULTS.get(name, "")
    wrong = False
    value: Any = text
    if isinstance(default, bool):
        value, wrong = text.lower() == "true", text.lower() not in ("true", "false")
    elif name.endswith("_method"):
        wrong = text not in _METHODS
    elif name == "scan_message_content":
        wrong = text not in _SCANS
    elif name == "validity_period":
        wrong = validity(text) is None
        value = validity(text)
    elif default is None:
        value, wrong = text or None, bool(text) and not is_url(text)
    if wrong or (name == "friendly_name" and not text):
        raise Refusal("20001/value", name=key)
    return value


def _resource(exchange: Exchange, service: Service) -> dict[str, Any]:
    url = f"{paging.base(exchange)}/v1/Services/{service['sid']}"
    return {
        "account_sid": exchange.credentials["account_sid"],
        "sid": service["sid"],
        "date_created": wire.iso(service["created"]),
        "date_updated": wire.iso(service["updated"]),
        "friendly_name": service["friendly_name"],
        **{name: service[name] for name in registry.DEFAULTS},
        "us_app_to_person_registered": False,
        "url": url,
        "links": {key: f"{url}/{collection}" for collection, key in POOLS.items()},
    }
