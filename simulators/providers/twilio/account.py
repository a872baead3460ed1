"""The account itself and its balance, which set-up checks read.

https://www.twilio.com/docs/iam/api/account and https://www.twilio.com/docs/usage/api
"""

from typing import Any

from simulators.kernel.call import Reply
from simulators.kernel.provider import Exchange
from simulators.providers.twilio import paging, registry, wire

_UNCOUNTED = 100.0  # what an account is shown that has no counted balance


def balance(exchange: Exchange) -> Reply:
    """The balance in dollars."""
    amount = exchange.world.load("balance", _UNCOUNTED)
    account = exchange.params["account_sid"]
    body = {"account_sid": account, "balance": f"{amount:.2f}", "currency": "USD"}
    return wire.reply(exchange, 200, body, root="Balance")


def fetch(exchange: Exchange) -> Reply:
    """The account in the path."""
    return wire.reply(exchange, 200, _resource(exchange), root="Account")


def listed(exchange: Exchange) -> Reply:
    """The one account that the credentials open."""
    page = paging.wanted(exchange.document["query"])
    records = [] if page.number else [_resource(exchange)]
    return wire.reply(exchange, 200, paging.page(exchange, "accounts", records, page), "Account")


def _resource(exchange: Exchange) -> dict[str, Any]:
    known = exchange.credentials
    sid = known["account_sid"]
    path = f"/2010-04-01/Accounts/{sid}"
    suffix = wire.suffix(exchange.call)
    trial = exchange.world.load("twilio/trial") is not None
    return {
        "sid": sid,
        "friendly_name": "sms-simulators",
        "status": "active",
        "type": "Trial" if trial else "Full",
        "auth_token": known["auth_token"],
        "owner_account_sid": sid,
        "date_created": wire.date(registry.OPENED),
        "date_updated": wire.date(registry.OPENED),
        "uri": path + suffix,
        "subresource_uris": {
            "messages": f"{path}/Messages{suffix}",
            "balance": f"{path}/Balance{suffix}",
        },
    }
