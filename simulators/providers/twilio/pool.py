"""The sender pool of a Messaging Service: phone numbers, short codes, alphanumeric senders.

https://www.twilio.com/docs/messaging/api/phonenumber-resource
https://www.twilio.com/docs/messaging/api/alphasender-resource
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from simulators.kernel import phone
from simulators.kernel.call import Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.provider import Exchange, Refusal
from simulators.kernel.reading import first
from simulators.providers.twilio import paging, registry, senders, services, wire
from simulators.providers.twilio.registry import Services

Sender = Mapping[str, Any]

# What a sender is called in its resource, and named by in a request.
_FIELDS = MappingProxyType(
    {
        "PhoneNumbers": ("phone_number", "PhoneNumberSid"),
        "ShortCodes": ("short_code", "ShortCodeSid"),
        "AlphaSenders": ("alpha_sender", "AlphaSender"),
    }
)


def create(exchange: Exchange) -> Reply:
    """201 and the sender. One that belongs to a service already is refused."""
    services.find(exchange)
    kind = _kind(exchange)
    name = _FIELDS[kind][1]
    given = first(exchange.document["body"], name)
    if not given:
        raise Refusal("20001/required", name=name)
    if kind == "AlphaSenders":
        sid, value = _alphanumeric(exchange, given), given
    else:
        sid, value = given, _owned(exchange, given)
    sender = {"sid": sid, "kind": kind, "value": value, "created": exchange.now}

    def added(known: Services) -> None:
        service = services.of(known, services.sid_of(exchange))
        _free(known, service["sid"], kind, value)
        known[service["sid"]] = {**service, "senders": [*service["senders"], sender]}

    registry.update(exchange, added)
    return wire.reply(exchange, 201, _resource(exchange, sender), root="")


def fetch(exchange: Exchange) -> Reply:
    """One sender."""
    return wire.reply(exchange, 200, _resource(exchange, _one(exchange)), root="")


def listed(exchange: Exchange) -> Reply:
    """The senders of one kind."""
    kind = _kind(exchange)
    records = [_resource(exchange, item) for item in _senders(exchange)]
    return wire.reply(exchange, 200, paging.meta(exchange, services.POOLS[kind], records), root="")


def delete(exchange: Exchange) -> Reply:
    """Takes a sender out of the pool."""
    gone = _one(exchange)["sid"]

    def dropped(known: Services) -> None:
        service = services.of(known, services.sid_of(exchange))
        left = [item for item in service["senders"] if item["sid"] != gone]
        known[service["sid"]] = {**service, "senders": left}

    registry.update(exchange, dropped)
    return wire.empty(exchange)


def _kind(exchange: Exchange) -> str:
    if exchange.params["kind"] not in _FIELDS:
        raise Refusal(Problem.NOT_FOUND)
    return exchange.params["kind"]


def _senders(exchange: Exchange) -> Sequence[Sender]:
    kind = _kind(exchange)
    return [item for item in services.find(exchange)["senders"] if item["kind"] == kind]


def _one(exchange: Exchange) -> Sender:
    for item in _senders(exchange):
        if item["sid"] == exchange.params["sender_sid"]:
            return item
    raise Refusal(Problem.NOT_FOUND)


def _owned(exchange: Exchange, sid: str) -> str:
    for value in registry.numbers(exchange):
        if registry.number_sid(exchange, value) == sid:
            return value
    raise Refusal(Problem.NOT_FOUND)


def _alphanumeric(exchange: Exchange, name: str) -> str:
    if not senders.ALPHANUMERIC.fullmatch(name):
        raise Refusal("21709")
    return "AI" + exchange.world.chance.hex(32)


def _free(known: Services, sid: str, kind: str, value: str) -> None:
    """A name may be in several pools, a number in one: docs/api/errors/21710 and 21712."""
    for service in known.values():
        own = service["sid"] == sid
        if (own or kind != "AlphaSenders") and value in [s["value"] for s in service["senders"]]:
            raise Refusal("21710" if own else "21712")


def _resource(exchange: Exchange, sender: Sender) -> dict[str, Any]:
    kind, service = sender["kind"], exchange.params["service_sid"]
    found = {
        "account_sid": exchange.credentials["account_sid"],
        "service_sid": service,
        "sid": sender["sid"],
        "date_created": wire.iso(sender["created"]),
        "date_updated": wire.iso(sender["created"]),
        _FIELDS[kind][0]: sender["value"],
    }
    if kind == "AlphaSenders":
        found["capabilities"] = ["SMS"]
    else:
        number = phone.parse(sender["value"])
        found["country_code"] = number.region if number else "US"
        found["capabilities"] = list(registry.numbers(exchange).get(sender["value"], ()))
    url = f"{paging.base(exchange)}/v1/Services/{service}/{kind}/{sender['sid']}"
    return {**found, "url": url}
