"""Verify services, what is sent for each country (messaging configurations), and numbers that are
never held back (the safe list).

https://www.twilio.com/docs/verify/api/service
https://www.twilio.com/docs/verify/api/messaging-configurations (its resource by the OpenAPI file)
https://www.twilio.com/docs/verify/api/safe-list
The services are in a settings document, `twilio_verify/services`, absent until changed: a list of
resources, each with `messaging` (configurations) and `rate_limits` (`limits.py`). The first one of
an account takes codes of the application's own, which Twilio allows where it is asked to.
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from simulators.kernel import reading
from simulators.kernel.call import Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.phone import parse
from simulators.kernel.provider import Exchange, Refusal
from simulators.kernel.reading import Fields, first
from simulators.kernel.world import MOST, newest
from simulators.providers.twilio import wire

Service = Mapping[str, Any]
Services = dict[str, Service]

NAME = "twilio_verify/services"
SAFE = "twilio_verify/safe list"  # a set of numbers in E.164
OPENED = 1_438_287_151.0  # when the account was, as `twilio/account.py` has it
_SID = re.compile(r"VA[0-9a-fA-F]{32}")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_COUNTRY = re.compile(r"[A-Z]{2}|all")
_MESSAGING = re.compile(r"MG[0-9a-fA-F]{32}")
_LONGEST_NAME = 32

# Those of a service that the console made; which of them the API starts with is UNVERIFIED.
DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {
        "code_length": 6,
        "lookup_enabled": False,
        "psd2_enabled": False,
        "skip_sms_to_landlines": True,
        "dtmf_input_required": True,
        "tts_name": None,
        "do_not_share_warning_enabled": False,
        "custom_code_enabled": False,
        "default_template_sid": None,
        "verify_event_subscription_enabled": False,
    }
)
_NESTED: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "push": {"include_date": True, "apn_credential_sid": None, "fcm_credential_sid": None},
        "totp": {"issuer": None, "time_step": 30, "code_length": 6, "skew": 1},
        "whatsapp": {"msg_service_sid": None, "from": None},
    }
)
_PASSKEYS = {
    "relying_party": {"id": None, "name": None, "origins": None},
    "authenticator_attachment": "platform",
    "discoverable_credentials": "preferred",
    "user_verification": "preferred",
}
_BOUNDS = MappingProxyType({"code_length": (4, 10), "time_step": (20, 60), "skew": (0, 2)})
_BOUNDS_OF_TOTP = MappingProxyType({**_BOUNDS, "code_length": (3, 8)})


def known(exchange: Exchange) -> Mapping[str, Service]:
    """The account's services by SID, oldest first. Not to be changed in place."""
    return exchange.world.derived(NAME, lambda kept: _by_sid(kept or _first(exchange)))


def _by_sid(kept: Sequence[Service]) -> Services:
    return {service["sid"]: service for service in kept}


def _first(exchange: Exchange) -> Sequence[Service]:
    sid = exchange.credentials["verify_service_sid"]
    own = {"custom_code_enabled": True}
    return [made(sid, OPENED, {"friendly_name": "My Verify Service", **own})]


def made(sid: str, now: float, settings: Mapping[str, Any]) -> Service:
    """A new service; what `settings` leave out is as a service starts."""
    nested = {name: dict(values) for name, values in _NESTED.items()}
    nested["totp"]["issuer"] = settings["friendly_name"]
    kept = {"sid": sid, "created": now, "updated": now, "messaging": [], "rate_limits": []}
    return {**kept, **DEFAULTS, **nested, **settings}


def of(exchange: Exchange) -> Service:
    """The service in the path; raises `Refusal`. An SID of another kind is told apart from one
    that nobody has."""
    sid = exchange.params["service_sid"]
    if not _SID.fullmatch(sid):
        raise Refusal(Problem.MALFORMED)
    return _one(known(exchange), sid)


def _one(services: Mapping[str, Service], sid: str) -> Service:
    if sid not in services:
        raise Refusal(Problem.NOT_FOUND)
    return services[sid]


def change(exchange: Exchange, made: Callable[[Service], Service]) -> Service:
    """Puts what `made` makes of the service in the path in its place, and returns that. It may be
    called more than once, and does nothing else; what it raises leaves all as it was."""
    sid = of(exchange)["sid"]

    def changed(services: Services) -> None:
        services[sid] = made(_one(services, sid))

    _update(exchange, changed)
    return of(exchange)


def _update(exchange: Exchange, change: Callable[[Services], None]) -> None:
    def changed(kept: Sequence[Service]) -> list[Service]:
        services = _by_sid(kept)
        change(services)
        own = exchange.credentials["verify_service_sid"]
        return list(newest(services, {own}).values())

    exchange.world.update(NAME, changed, _first(exchange))


def required(form: Fields, name: str) -> str:
    """A parameter that has to be there; raises `Refusal`."""
    text = first(form, name)
    if not text:
        raise Refusal("20001/parameter", name=name)
    return text


def create(exchange: Exchange) -> Reply:
    """201 and the service."""
    form: Fields = exchange.document["body"]
    required(form, "FriendlyName")
    sid = "VA" + exchange.world.chance.hex(32)
    new = _changed(made(sid, exchange.now, {"friendly_name": first(form, "FriendlyName")}), form)
    _update(exchange, lambda services: services.update({sid: new}))
    return wire.reply(exchange, 201, _resource(exchange, new), root="")


def fetch(exchange: Exchange) -> Reply:
    """One service."""
    return wire.reply(exchange, 200, _resource(exchange, of(exchange)), root="")


def listed(exchange: Exchange) -> Reply:
    """All services, newest first."""
    records = [_resource(exchange, item) for item in reversed(list(known(exchange).values()))]
    return wire.reply(exchange, 200, wire.meta(exchange, "services", records), root="")


def update(exchange: Exchange) -> Reply:
    """Changes what the form names."""
    form: Fields = exchange.document["body"]
    new = change(exchange, lambda old: {**_changed(old, form), "updated": exchange.now})
    return wire.reply(exchange, 200, _resource(exchange, new), root="")


def delete(exchange: Exchange) -> Reply:
    """Forgets a service; verifications that it had under way are not found any more."""
    sid = of(exchange)["sid"]

    def dropped(services: Services) -> None:
        del services[_one(services, sid)["sid"]]

    _update(exchange, dropped)
    return wire.empty(exchange)


def _changed(old: Service, form: Fields) -> Service:
    """The service with what a form names; raises `Refusal`."""
    new = dict(old)
    for name in ("friendly_name", *DEFAULTS):
        key = _camel(name)
        if key in form:
            new[name] = _value(key, old[name], first(form, key), _BOUNDS.get(name))
    for group, values in _NESTED.items():
        bounds = _BOUNDS_OF_TOTP if group == "totp" else _BOUNDS
        given = {
            name: _value(key, default, first(form, key), bounds.get(name))
            for name, default in values.items()
            if (key := f"{_camel(group)}.{_camel(name)}") in form
        }
        new[group] = {**old[group], **given}
    if not new["friendly_name"] or len(new["friendly_name"]) > _LONGEST_NAME:
        raise Refusal("60200/parameter", name="FriendlyName")
    return new


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _value(key: str, old: Any, text: str, bounds: tuple[int, int] | None) -> Any:
    if isinstance(old, bool):
        if text.lower() not in ("true", "false"):
            raise Refusal("60200/parameter", name=key)
        return text.lower() == "true"
    if bounds is not None:
        return whole(key, text, *bounds)
    return text or None


def whole(key: str, text: str, least: int, most: int) -> int:
    """A whole number in bounds; raises `Refusal`."""
    found = reading.whole(text, least, most)
    if found is None:
        raise Refusal("60200/parameter", name=key)
    return found


def url(exchange: Exchange, *parts: str) -> str:
    """The absolute URL of a resource below /v2."""
    return "/".join([f"{wire.base(exchange)}/v2", *parts])


def dates(resource: Mapping[str, Any]) -> dict[str, str]:
    """When a resource was made and changed."""
    return {
        "date_created": wire.iso(resource["created"]),
        "date_updated": wire.iso(resource["updated"]),
    }


_LINKS = MappingProxyType(
    {
        "verification_checks": "VerificationCheck",
        "verifications": "Verifications",
        "rate_limits": "RateLimits",
        "messaging_configurations": "MessagingConfigurations",
        "entities": "Entities",
        "webhooks": "Webhooks",
        "access_tokens": "AccessTokens",
    }
)


def _resource(exchange: Exchange, service: Service) -> dict[str, Any]:
    own = url(exchange, "Services", service["sid"])
    return {
        "sid": service["sid"],
        "account_sid": exchange.credentials["account_sid"],
        "friendly_name": service["friendly_name"],
        **{name: service[name] for name in (*DEFAULTS, *_NESTED)},
        "passkeys": _PASSKEYS,
        **dates(service),
        "url": own,
        "links": {name: f"{own}/{collection}" for name, collection in _LINKS.items()},
    }


def messaging_service(service: Service, region: str) -> str:
    """The SID of the Messaging Service that sends to a country, "" where Twilio's pool does."""
    by_country = {item["country"]: item["messaging_service_sid"] for item in service["messaging"]}
    found: str = by_country.get(region) or by_country.get("all", "")
    return found


def create_configuration(exchange: Exchange) -> Reply:
    """201 and the configuration; a country has one."""
    form: Fields = exchange.document["body"]
    country, sid = required(form, "Country"), _messaging_sid(form)
    if not _COUNTRY.fullmatch(country):
        raise Refusal("60200/parameter", name="Country")
    new: dict[str, Any] = {"country": country, "messaging_service_sid": sid}
    new |= {"created": exchange.now, "updated": exchange.now}

    def added(service: Service) -> Service:
        if country in [item["country"] for item in service["messaging"]]:
            raise Refusal("60213")
        return {**service, "messaging": [*service["messaging"], new]}

    change(exchange, added)
    return wire.reply(exchange, 201, _configuration(exchange, new), root="")


def fetch_configuration(exchange: Exchange) -> Reply:
    """That of one country."""
    return wire.reply(exchange, 200, _configuration(exchange, _of_country(exchange)), root="")


def list_configurations(exchange: Exchange) -> Reply:
    """Those of a service, oldest first."""
    records = [_configuration(exchange, item) for item in of(exchange)["messaging"]]
    body = wire.meta(exchange, "messaging_configurations", records)
    return wire.reply(exchange, 200, body, root="")


def update_configuration(exchange: Exchange) -> Reply:
    """Another Messaging Service for the country."""
    sid = _messaging_sid(exchange.document["body"])
    country = _of_country(exchange)["country"]

    def replaced(service: Service) -> Service:
        items = [
            {**item, "messaging_service_sid": sid, "updated": exchange.now}
            if item["country"] == country
            else item
            for item in service["messaging"]
        ]
        return {**service, "messaging": items}

    change(exchange, replaced)
    return fetch_configuration(exchange)


def delete_configuration(exchange: Exchange) -> Reply:
    """Twilio's pool sends there again."""
    country = _of_country(exchange)["country"]

    def dropped(service: Service) -> Service:
        left = [item for item in service["messaging"] if item["country"] != country]
        return {**service, "messaging": left}

    change(exchange, dropped)
    return wire.empty(exchange)


def _messaging_sid(form: Fields) -> str:
    sid = required(form, "MessagingServiceSid")
    if not _MESSAGING.fullmatch(sid):
        raise Refusal("60200/parameter", name="MessagingServiceSid")
    return sid


def _of_country(exchange: Exchange) -> Mapping[str, Any]:
    for item in of(exchange)["messaging"]:
        if item["country"] == exchange.params["country"]:
            found: Mapping[str, Any] = item
            return found
    raise Refusal(Problem.NOT_FOUND)


def _configuration(exchange: Exchange, item: Mapping[str, Any]) -> dict[str, Any]:
    service = exchange.params["service_sid"]
    return {
        "account_sid": exchange.credentials["account_sid"],
        "service_sid": service,
        "country": item["country"],
        "messaging_service_sid": item["messaging_service_sid"],
        **dates(item),
        "url": url(exchange, "Services", service, "MessagingConfigurations", item["country"]),
    }


def is_safe(exchange: Exchange, number: str) -> bool:
    """Whether a number is on the safe list."""
    world = exchange.world
    return world.store.includes(world.id, SAFE, number)


def add_safe(exchange: Exchange) -> Reply:
    """201 and the entry."""
    given = required(exchange.document["body"], "PhoneNumber")
    read = parse(given) if _E164.fullmatch(given) else None
    if read is None or not read.possible:
        raise Refusal("60200/parameter", name="PhoneNumber")
    if is_safe(exchange, read.e164):
        raise Refusal("60411")
    world = exchange.world
    if not world.store.include(world.id, SAFE, [read.e164], MOST):
        raise Refusal(Problem.THROTTLED)
    return wire.reply(exchange, 201, _entry(exchange, read.e164), root="")


def fetch_safe(exchange: Exchange) -> Reply:
    """One entry."""
    number = exchange.params["number"]
    if not is_safe(exchange, number):
        raise Refusal(Problem.NOT_FOUND)
    return wire.reply(exchange, 200, _entry(exchange, number), root="")


def delete_safe(exchange: Exchange) -> Reply:
    """Takes a number off the list."""
    world = exchange.world
    if not world.store.exclude(world.id, SAFE, exchange.params["number"]):
        raise Refusal(Problem.NOT_FOUND)
    return wire.empty(exchange)


def _entry(exchange: Exchange, number: str) -> dict[str, str]:
    owner = exchange.credentials["account_sid"]
    sid = hashlib.sha256(f"{owner}/{number}".encode()).hexdigest()[:32]
    address = url(exchange, "SafeList", "Numbers", number)
    return {"sid": f"GN{sid}", "phone_number": number, "url": address}
