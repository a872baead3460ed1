"""What the SDKs read and change beside sending: balance, prices, settings, search, conversions.

https://developer.vonage.com/en/api/account, https://developer.vonage.com/en/api/pricing and
https://developer.vonage.com/en/api/conversion; the searches are those of SDKs before 2023, which no
page describes any more. Number Insight is refused, in its own words.
"""

import re
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from simulators.kernel import journal, phone, reading
from simulators.kernel.call import Reply
from simulators.kernel.inbound import set_webhooks
from simulators.kernel.message import INBOUND, Message, State
from simulators.kernel.provider import Exchange, Refusal, Turns
from simulators.kernel.reading import many
from simulators.kernel.steps import TURN
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

# Name and calling code of the countries whose networks are known.
COUNTRIES = MappingProxyType(
    {
        "AU": ("Australia", "61"), "BO": ("Bolivia", "591"), "BR": ("Brazil", "55"),
        "CA": ("Canada", "1"), "CN": ("China", "86"), "DE": ("Germany", "49"),
        "DK": ("Denmark", "45"), "ES": ("Spain", "34"), "FR": ("France", "33"),
        "GB": ("United Kingdom", "44"), "HK": ("Hong Kong", "852"), "IN": ("India", "91"),
        "IT": ("Italy", "39"), "JP": ("Japan", "81"), "NL": ("Netherlands", "31"),
        "PL": ("Poland", "48"), "RU": ("Russia", "7"), "SE": ("Sweden", "46"),
        "SG": ("Singapore", "65"), "US": ("United States of America", "1"),
    }
)  # fmt: skip
JOURNALLED = 1000  # of the newest requests, those among which refused ones are looked for
PRODUCTS = ("sms", "sms-transit", "voice")


def get_balance(exchange: Exchange) -> Reply:
    """The credit in euro."""
    value = round(send.balance(exchange), 8)
    return wire.json(exchange, 200, {"value": value, "autoReload": _reload(exchange) is not None})


def _reload(exchange: Exchange) -> float | None:
    """What a payment is with which the account tops itself up, None where it does not."""
    amount: float | None = exchange.world.load("vonage", {}).get("auto_reload")
    return amount


def top_up(exchange: Exchange) -> Reply:
    """Another payment, for an account that tops itself up: it counts where the balance does."""
    _wanted(exchange, "trx")
    amount = _reload(exchange)
    if amount is None:
        raise Refusal("401/auto-reload")
    exchange.world.update("balance", lambda left: None if left is None else left + amount)
    return wire.json(exchange, 200, {"error-code": "200", "error-code-label": "success"})


def get_pricing(exchange: Exchange) -> Reply:
    """The price of one country, in the form of the path: with a product, or as until 2018."""
    code = _wanted(exchange, "country").upper()
    if code not in COUNTRIES:
        raise Refusal("404")
    return wire.json(exchange, 200, _country(exchange, code))


def get_full_pricing(exchange: Exchange) -> Reply:
    """The prices of all countries."""
    return _countries(exchange, list(COUNTRIES))


def get_prefix_pricing(exchange: Exchange) -> Reply:
    """The prices of the countries with a calling code; none where no country has it."""
    prefix = _wanted(exchange, "prefix")
    return _countries(exchange, [code for code, (_, own) in COUNTRIES.items() if own == prefix])


def get_phone_pricing(exchange: Exchange) -> Reply:
    """The price of a message to one number, in the four fields that older clients ask for."""
    phone_number = _wanted(exchange, "phone")
    number = phone.international(phone_number)
    if (
        number is None
        or number.region not in COUNTRIES
        or exchange.params["product"] not in PRODUCTS
    ):
        raise Refusal("404")
    shown = {"country-code": number.region, "network-code": send.network(number.region)}
    shown |= {"phone": phone_number, "price": f"{send.PRICE:.8f}"}
    return wire.json(exchange, 200, shown)


def _wanted(exchange: Exchange, name: str) -> str:
    found = wire.parameters(exchange.document).get(name)
    if not found:
        raise Refusal("400/required", name=name)
    return found


def _countries(exchange: Exchange, codes: list[str]) -> Reply:
    shown = [_country(exchange, code) for code in codes]
    old = shown and "product" not in exchange.params
    # A list without a country is called so in either form, by the official PHP SDK's test data.
    return wire.json(exchange, 200, {"count": len(shown), "prices" if old else "countries": shown})


def _country(exchange: Exchange, code: str) -> dict[str, Any]:
    name, prefix = COUNTRIES[code]
    price, network = f"{send.PRICE:.8f}", send.network(code)
    product = exchange.params.get("product")
    if product is None:  # https://docs.nexmo.com/tools/developer-api/account-pricing
        networks = [{"code": network, "network": f"{name} Mobile", "mtPrice": price}]
        old = {"country": code, "name": name, "prefix": prefix, "mt": price, "networks": networks}
        return {**old, "countryDisplayName": name}
    if product not in PRODUCTS:
        raise Refusal("404")
    sold = {"price": price, "currency": "EUR", "mcc": network[:3], "mnc": network[3:]}
    return {
        "countryCode": code,
        "countryName": name,
        "countryDisplayName": name,
        "currency": "EUR",
        "defaultPrice": price,
        "dialingPrefix": prefix,
        "networks": [
            {"type": "mobile", **sold, "networkCode": network, "networkName": f"{name} Mobile"}
        ],
    }


def insight(exchange: Exchange) -> Reply:
    """Number Insight is a product of its own: it is refused as an account is without it."""
    given = wire.parameters(exchange.document).get("number", "")
    number = phone.international(re.sub("[-+() ]", "", given))
    if number is None or not number.possible:
        raise Refusal("3/insight", number=given)
    raise Refusal("19/insight")


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
    stamp = given.get("timestamp")  # left out, it is the time of the request; the PHP SDK does so
    if delivered not in ("true", "false", "1", "0") or (stamp and _time(stamp) is None):
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


def search_rejections(exchange: Exchange) -> Turns:
    """The refused submissions of a day, to a number if one is given; as far as the journal goes."""
    given = wire.parameters(exchange.document)
    start, to = _time(f"{given.get('date', '')} 00:00:00"), given.get("to")
    if start is None:
        raise Refusal("400")
    items = list[dict[str, str]]()
    world = exchange.world
    kept = world.store.records(world.id, journal.REQUESTS, limit=JOURNALLED)
    for at in range(0, len(kept), 50):
        for one in kept[at : at + 50]:
            entry = journal.read(*one)
            if entry["operation"] == "send-sms" and start <= entry["at"] < start + 86_400:
                items += _rejections(exchange, entry)
        yield TURN
    items = [item for item in items if not to or item["to"] == to]
    return wire.json(exchange, 200, {"count": len(items), "items": items})


def _rejections(exchange: Exchange, entry: dict[str, Any]) -> list[dict[str, str]]:
    refused = [one for one in entry["refused"] if one["code"]]
    try:
        asked = wire.parameters(wire.read(journal.call(entry))) if refused else {}
    except reading.Unreadable:  # which is what it was refused for
        asked = {}
    return [
        {
            "account-id": exchange.credentials["api_key"],
            "from": asked.get("from", ""),
            "to": asked.get("to", ""),
            "date-received": date(entry["at"]),
            "error-code": str(one["code"]),
            "error-code-label": one["message"],
        }
        for one in refused
    ]


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
