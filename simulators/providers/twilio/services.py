"""Messaging Services and their sender pools: create, read, list, change and delete either.

https://www.twilio.com/docs/messaging/api/service-resource
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
from simulators.kernel.reading import Fields, first
from simulators.providers.twilio import account, senders, wire
from simulators.providers.twilio.account import Service, Services
from simulators.providers.twilio.create import is_url, validity

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
        **account.SERVICE_DEFAULTS,
        **_settings(form),
        "senders": [],
    }
    account.update_services(exchange, lambda known: known.update({service["sid"]: service}))
    return wire.reply(exchange, 201, _resource(exchange, service), root="")


def fetch(exchange: Exchange) -> Reply:
    """One service."""
    return wire.reply(exchange, 200, _resource(exchange, find(exchange)), root="")


def listed(exchange: Exchange) -> Reply:
    """All services, newest first."""
    records = [_resource(exchange, item) for item in reversed(account.services(exchange))]
    return wire.reply(exchange, 200, wire.meta(exchange, "services", records), root="")


def update(exchange: Exchange) -> Reply:
    """Changes what the form names."""
    sid = find(exchange)["sid"]
    changes = {**_settings(exchange.document["body"]), "updated": exchange.now}
    account.update_services(
        exchange, lambda known: known.update({sid: {**of(known, sid), **changes}})
    )
    return wire.reply(exchange, 200, _resource(exchange, find(exchange)), root="")


def delete(exchange: Exchange) -> Reply:
    """Forgets a service."""
    sid = find(exchange)["sid"]

    def dropped(known: Services) -> None:
        del known[of(known, sid)["sid"]]

    account.update_services(exchange, dropped)
    return wire.empty(exchange)


def find(exchange: Exchange) -> Service:
    """The service in the path."""
    return of({item["sid"]: item for item in account.services(exchange)}, sid_of(exchange))


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
    for name in ("friendly_name", *account.SERVICE_DEFAULTS):
        key = "".join(part.capitalize() for part in name.split("_"))
        if key in form:
            found[name] = _value(name, key, first(form, key))
    return found


def _value(name: str, key: str, text: str) -> Any:
    default = account.SERVICE_DEFAULTS.get(name, "")
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
    url = f"{wire.base(exchange)}/v1/Services/{service['sid']}"
    return {
        "account_sid": exchange.credentials["account_sid"],
        "sid": service["sid"],
        "date_created": wire.iso(service["created"]),
        "date_updated": wire.iso(service["updated"]),
        "friendly_name": service["friendly_name"],
        **{name: service[name] for name in account.SERVICE_DEFAULTS},
        "us_app_to_person_registered": False,
        "url": url,
        "links": {key: f"{url}/{collection}" for collection, key in POOLS.items()},
    }


Sender = Mapping[str, Any]

# What a sender is called in its resource, and named by in a request.
_FIELDS = MappingProxyType(
    {
        "PhoneNumbers": ("phone_number", "PhoneNumberSid"),
        "ShortCodes": ("short_code", "ShortCodeSid"),
        "AlphaSenders": ("alpha_sender", "AlphaSender"),
    }
)


def create_sender(exchange: Exchange) -> Reply:
    """201 and the sender. One that belongs to a service already is refused."""
    find(exchange)
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
        service = of(known, sid_of(exchange))
        _free(known, service["sid"], kind, value)
        known[service["sid"]] = {**service, "senders": [*service["senders"], sender]}

    account.update_services(exchange, added)
    return wire.reply(exchange, 201, _sender_resource(exchange, sender), root="")


def fetch_sender(exchange: Exchange) -> Reply:
    """One sender."""
    return wire.reply(exchange, 200, _sender_resource(exchange, _one(exchange)), root="")


def list_senders(exchange: Exchange) -> Reply:
    """The senders of one kind."""
    kind = _kind(exchange)
    records = [_sender_resource(exchange, item) for item in _senders(exchange)]
    return wire.reply(exchange, 200, wire.meta(exchange, POOLS[kind], records), root="")


def delete_sender(exchange: Exchange) -> Reply:
    """Takes a sender out of the pool."""
    gone = _one(exchange)["sid"]

    def dropped(known: Services) -> None:
        service = of(known, sid_of(exchange))
        left = [item for item in service["senders"] if item["sid"] != gone]
        known[service["sid"]] = {**service, "senders": left}

    account.update_services(exchange, dropped)
    return wire.empty(exchange)


def _kind(exchange: Exchange) -> str:
    if exchange.params["kind"] not in _FIELDS:
        raise Refusal(Problem.NOT_FOUND)
    return exchange.params["kind"]


def _senders(exchange: Exchange) -> Sequence[Sender]:
    kind = _kind(exchange)
    return [item for item in find(exchange)["senders"] if item["kind"] == kind]


def _one(exchange: Exchange) -> Sender:
    for item in _senders(exchange):
        if item["sid"] == exchange.params["sender_sid"]:
            return item
    raise Refusal(Problem.NOT_FOUND)


def _owned(exchange: Exchange, sid: str) -> str:
    for value in account.numbers(exchange):
        if account.number_sid(exchange, value) == sid:
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


def _sender_resource(exchange: Exchange, sender: Sender) -> dict[str, Any]:
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
        found["capabilities"] = list(account.numbers(exchange).get(sender["value"], ()))
    url = f"{wire.base(exchange)}/v1/Services/{service}/{kind}/{sender['sid']}"
    return {**found, "url": url}
