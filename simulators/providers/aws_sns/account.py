"""What an account has set and may ask: SMS attributes, who opted out, its origination numbers.

https://docs.aws.amazon.com/sns/latest/api/API_SetSMSAttributes.html and the pages of the others.
"""

import re
from typing import Any

from simulators.kernel import clock, optouts
from simulators.kernel.call import Reply
from simulators.kernel.provider import Exchange, Refusal
from simulators.kernel.world import newest
from simulators.providers.aws_sns import publish, wire

OPTED_IN = "aws_sns/opted in"
MONTH = 30 * 86_400
_PAGE, _NUMBERS = 100, 30
_ROLE = re.compile(r"arn:aws(?:-[a-z-]+)?:iam::\d{12}:role/.{1,512}")
# What may be set, and what the values look like.
SETTABLE = {
    "MonthlySpendLimit": re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,5})?"),
    "DeliveryStatusIAMRole": _ROLE,
    "DeliveryStatusSuccessSamplingRate": re.compile(r"[0-9]|[1-9][0-9]|100"),
    "DefaultSenderID": re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9-]{1,11}"),
    "DefaultSMSType": re.compile("|".join(publish.TYPES)),
    "UsageReportS3Bucket": re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"),
}


def set_attributes(exchange: Exchange) -> Reply:
    """SetSMSAttributes: those that are named change, an empty one is as if it had never been."""
    given = wire.entries(wire.parameters(exchange), "attributes")
    if not given:
        raise wire.missing("attributes")
    for name, value in given.items():
        if name not in SETTABLE:
            raise Refusal("InvalidParameter/attribute", name=name[:60])
        if value and not SETTABLE[name].fullmatch(value):
            raise Refusal("InvalidParameter/attribute", name=name)

    def changed(known: dict[str, str]) -> dict[str, str]:
        return {name: value for name, value in {**known, **given}.items() if value}

    exchange.world.update(publish.ATTRIBUTES, changed, {})
    return wire.succeed(exchange, {})


def get_attributes(exchange: Exchange) -> Reply:
    """GetSMSAttributes: those that are asked for and set, or all that are set."""
    wanted = wire.members(wire.parameters(exchange), "attributes")
    known: dict[str, str] = exchange.world.load(publish.ATTRIBUTES) or {}
    for name in wanted:
        if name not in SETTABLE:
            raise Refusal("InvalidParameter/attribute", name=name[:60])
    found = {name: value for name, value in known.items() if not wanted or name in wanted}
    return wire.succeed(exchange, {"attributes": wire.Entries(found)})


def is_opted_out(exchange: Exchange) -> Reply:
    """CheckIfPhoneNumberIsOptedOut."""
    return wire.succeed(
        exchange, {"isOptedOut": optouts.contains(exchange.world, _number(exchange))}
    )


def opted_out(exchange: Exchange) -> Reply:
    """ListPhoneNumbersOptedOut, a hundred a page."""
    params = wire.parameters(exchange)
    at = wire.place(params, "nextToken")
    found = optouts.listed(exchange.world, at, _PAGE + 1)
    following = wire.token(at + _PAGE) if len(found) > _PAGE else None
    return wire.succeed(exchange, {"phoneNumbers": found[:_PAGE], "nextToken": following})


def opt_in(exchange: Exchange) -> Reply:
    """OptInPhoneNumber: once in thirty days; of a number that had not opted out nothing changes."""
    number, now = _number(exchange), exchange.now
    if optouts.contains(exchange.world, number):
        before = (exchange.world.load(OPTED_IN) or {}).get(number)
        if before is not None and now - before < MONTH:
            raise Refusal("InvalidParameter/opt-in")
        optouts.remove(exchange.world, number)
        exchange.world.update(OPTED_IN, lambda known: newest({**known, number: now}), {})
    return wire.succeed(exchange, {})


def _number(exchange: Exchange) -> str:
    """The number of an operation about opting out. Raises `Refusal`."""
    found = wire.read_number(wire.required(wire.parameters(exchange), "phoneNumber"))
    if found is None:
        raise Refusal("InvalidParameter/number")
    return found.e164


def origination_numbers(exchange: Exchange) -> Reply:
    """ListOriginationNumbers: the account has one."""
    params = wire.parameters(exchange)
    number: dict[str, Any] = {
        "CreatedAt": clock.iso(0),
        "PhoneNumber": exchange.credentials["origination_number"],
        "Status": "Active",
        "Iso2CountryCode": "US",
        "RouteType": "Transactional",
        "NumberCapabilities": ["SMS"],
    }
    size = wire.count(params, "MaxResults", _NUMBERS)
    shown, following = wire.page(params, "NextToken", [number], size)
    return wire.succeed(exchange, {"PhoneNumbers": shown, "NextToken": following})
