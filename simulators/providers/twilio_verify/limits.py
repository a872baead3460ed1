"""Rate limits that an account makes for itself, and their buckets: so many verifications in so many
seconds for each value of what the application names, an address of an end user for one.

https://www.twilio.com/docs/verify/api/service-rate-limits
https://www.twilio.com/docs/verify/api/service-rate-limit-buckets
A create that names a limit counts in each of its buckets; a limit without one limits nothing. How
many of each there may be is not published: `MOST` is ours.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from simulators.kernel.call import Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.flow import DETAIL, Limit
from simulators.kernel.provider import Exchange, Refusal
from simulators.kernel.reading import Fields, Unreadable, first, written
from simulators.providers.twilio import wire
from simulators.providers.twilio_verify import services
from simulators.providers.twilio_verify.services import Service

MOST = 20
PAGE = "https://www.twilio.com/docs/verify/api/service-rate-limits"
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_BY = "rate limit "  # how the details of a draft name the value that it is counted by
_LONGEST = 256  # characters of such a value that are told apart

RateLimit = Mapping[str, Any]


def named(service: Service, text: str) -> Mapping[str, str]:
    """The values in a RateLimits parameter, by the unique names of limits that there are."""
    try:
        given = written(text) if text else {}
    except Unreadable:
        given = None
    known = {item["unique_name"] for item in service["rate_limits"]}
    if not isinstance(given, dict) or given.keys() - known:
        raise Refusal("60200/parameter", name="RateLimits")
    return {name: _text(value) for name, value in given.items()}


def _text(value: object) -> str:
    if not isinstance(value, str | int | float):
        raise Refusal("60200/parameter", name="RateLimits")
    return str(value)[:_LONGEST]


def details(values: Mapping[str, str]) -> dict[str, str]:
    """What a draft is counted by."""
    return {f"{_BY}{name}": value for name, value in values.items()}


def limits(service: Service, values: Mapping[str, str]) -> tuple[Limit, ...]:
    """The buckets that count a create."""
    return tuple(
        _limit(service["sid"], item["unique_name"], bucket["max"], bucket["interval"])
        for item in service["rate_limits"]
        if item["unique_name"] in values
        for bucket in item["buckets"]
    )


def _limit(service: str, name: str, permits: int, seconds: int) -> Limit:
    return Limit(
        name=f"{service} {name} {seconds}",
        permits=permits,
        seconds=seconds,
        key=(f"{DETAIL}{_BY}{name}",),
        error="20429/rate-limit",
        source=PAGE,
    )


def name_of(limit: str) -> str:
    """The unique name in the name of such a limit."""
    return limit.split(" ")[1] if " " in limit else limit


def create(exchange: Exchange) -> Reply:
    """201 and the rate limit."""
    form: Fields = exchange.document["body"]
    name = services.required(form, "UniqueName")
    if not _NAME.fullmatch(name):
        raise Refusal("60209")
    new: dict[str, Any] = {"sid": "RK" + exchange.world.chance.hex(32), "unique_name": name}
    new |= {"description": first(form, "Description") or None}
    new |= {"created": exchange.now, "updated": exchange.now, "buckets": []}

    def added(service: Service) -> Service:
        if name in [item["unique_name"] for item in service["rate_limits"]]:
            raise Refusal("60208")
        if len(service["rate_limits"]) >= MOST:
            raise Refusal("60207")
        return {**service, "rate_limits": [*service["rate_limits"], new]}

    services.change(exchange, added)
    return wire.reply(exchange, 201, _resource(exchange, new), root="")


def fetch(exchange: Exchange) -> Reply:
    """One rate limit."""
    return wire.reply(exchange, 200, _resource(exchange, _of(exchange)), root="")


def listed(exchange: Exchange) -> Reply:
    """Those of a service, oldest first."""
    records = [_resource(exchange, item) for item in services.of(exchange)["rate_limits"]]
    return wire.reply(exchange, 200, wire.meta(exchange, "rate_limits", records), root="")


def update(exchange: Exchange) -> Reply:
    """Another description; the name stays."""
    form: Fields = exchange.document["body"]
    changes: dict[str, Any] = {"updated": exchange.now}
    if "Description" in form:
        changes["description"] = first(form, "Description") or None
    new = _change(exchange, lambda old: {**old, **changes})
    return wire.reply(exchange, 200, _resource(exchange, new), root="")


def delete(exchange: Exchange) -> Reply:
    """Forgets it and its buckets."""
    gone = _of(exchange)["sid"]

    def dropped(service: Service) -> Service:
        left = [item for item in service["rate_limits"] if item["sid"] != gone]
        return {**service, "rate_limits": left}

    services.change(exchange, dropped)
    return wire.empty(exchange)


def _of(exchange: Exchange) -> RateLimit:
    return _found(services.of(exchange), exchange.params["rate_limit_sid"])


def _found(service: Service, sid: str) -> RateLimit:
    for item in service["rate_limits"]:
        if item["sid"] == sid:
            found: RateLimit = item
            return found
    raise Refusal(Problem.NOT_FOUND)


def _change(exchange: Exchange, made: Callable[[RateLimit], RateLimit]) -> RateLimit:
    sid = _of(exchange)["sid"]

    def changed(service: Service) -> Service:
        _found(service, sid)
        items = [made(item) if item["sid"] == sid else item for item in service["rate_limits"]]
        return {**service, "rate_limits": items}

    return _found(services.change(exchange, changed), sid)


def _path(exchange: Exchange, item: RateLimit) -> str:
    return services.url(
        exchange, "Services", exchange.params["service_sid"], "RateLimits", item["sid"]
    )


def _resource(exchange: Exchange, item: RateLimit) -> dict[str, Any]:
    return {
        "sid": item["sid"],
        "service_sid": exchange.params["service_sid"],
        "account_sid": exchange.credentials["account_sid"],
        "unique_name": item["unique_name"],
        "description": item["description"],
        **services.dates(item),
        "url": _path(exchange, item),
        "links": {"buckets": f"{_path(exchange, item)}/Buckets"},
    }


Bucket = Mapping[str, Any]
_LONGEST_INTERVAL = 86_400 * 31  # seconds; that there is a bound, and which, is ours
_MOST_PERMITS = 1_000_000


def create_bucket(exchange: Exchange) -> Reply:
    """201 and the bucket; a rate limit has one of each length."""
    form: Fields = exchange.document["body"]
    permits, interval = _max(form), _interval(form)
    new: dict[str, Any] = {
        "sid": "BL" + exchange.world.chance.hex(32),
        "max": permits,
        "interval": interval,
    }
    new |= {"created": exchange.now, "updated": exchange.now}

    def added(item: RateLimit) -> RateLimit:
        if interval in [bucket["interval"] for bucket in item["buckets"]]:
            raise Refusal("60211")
        if len(item["buckets"]) >= MOST:
            raise Refusal("60210")
        return {**item, "buckets": [*item["buckets"], new]}

    _change(exchange, added)
    return wire.reply(exchange, 201, _bucket(exchange, new), root="")


def fetch_bucket(exchange: Exchange) -> Reply:
    """One bucket."""
    return wire.reply(exchange, 200, _bucket(exchange, _of_sid(exchange, _of(exchange))), root="")


def list_buckets(exchange: Exchange) -> Reply:
    """Those of a rate limit, oldest first."""
    records = [_bucket(exchange, bucket) for bucket in _of(exchange)["buckets"]]
    return wire.reply(exchange, 200, wire.meta(exchange, "buckets", records), root="")


def update_bucket(exchange: Exchange) -> Reply:
    """Another maximum or another length. With another length it is another window."""
    form: Fields = exchange.document["body"]
    changes: dict[str, Any] = {"updated": exchange.now}
    changes |= {"max": _max(form)} if "Max" in form else {}
    changes |= {"interval": _interval(form)} if "Interval" in form else {}

    def changed(item: RateLimit) -> RateLimit:
        own = _of_sid(exchange, item)
        others = [bucket for bucket in item["buckets"] if bucket is not own]
        if changes.get("interval") in [bucket["interval"] for bucket in others]:
            raise Refusal("60211")
        buckets = [{**one, **changes} if one is own else one for one in item["buckets"]]
        return {**item, "buckets": buckets}

    new = _of_sid(exchange, _change(exchange, changed))
    return wire.reply(exchange, 200, _bucket(exchange, new), root="")


def delete_bucket(exchange: Exchange) -> Reply:
    """Forgets a bucket."""
    gone = _of_sid(exchange, _of(exchange))["sid"]

    def dropped(item: RateLimit) -> RateLimit:
        return {**item, "buckets": [one for one in item["buckets"] if one["sid"] != gone]}

    _change(exchange, dropped)
    return wire.empty(exchange)


def _max(form: Fields) -> int:
    return services.whole("Max", services.required(form, "Max"), 1, _MOST_PERMITS)


def _interval(form: Fields) -> int:
    text = services.required(form, "Interval")
    return services.whole("Interval", text, 1, _LONGEST_INTERVAL)


def _of_sid(exchange: Exchange, item: RateLimit) -> Bucket:
    for bucket in item["buckets"]:
        if bucket["sid"] == exchange.params["bucket_sid"]:
            found: Bucket = bucket
            return found
    raise Refusal(Problem.NOT_FOUND)


def _bucket(exchange: Exchange, bucket: Bucket) -> dict[str, Any]:
    item = _of(exchange)
    return {
        "sid": bucket["sid"],
        "rate_limit_sid": item["sid"],
        "service_sid": exchange.params["service_sid"],
        "account_sid": exchange.credentials["account_sid"],
        "max": bucket["max"],
        "interval": bucket["interval"],
        **services.dates(bucket),
        "url": f"{_path(exchange, item)}/Buckets/{bucket['sid']}",
    }
