"""The account: who may use it, what it owns (numbers, Messaging Services), and its resource.

Who asks is told by Basic, with an account SID, an API key, or test credentials:
https://www.twilio.com/docs/usage/requests-to-twilio and https://www.twilio.com/docs/iam/test-credentials
What it owns is in documents, each absent until changed. `twilio/numbers` is a settings document: a
list of `{"phone_number", "capabilities"}`. `twilio/services` is changed by requests: a list of
service resources, each with a list `senders` of `{"sid", "kind", "value", "created"}`, where a kind
is a collection of the sender pool.
The account as a resource: https://www.twilio.com/docs/iam/api/account
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from simulators.kernel import credentials
from simulators.kernel.call import Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.clock import Chance
from simulators.kernel.credentials import Credential
from simulators.kernel.provider import Exchange, Refusal
from simulators.kernel.world import newest
from simulators.providers.twilio import wire

_LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def _sid(prefix: str) -> Callable[[Chance], str]:
    return lambda chance: prefix + chance.hex(32)


def _token(chance: Chance) -> str:
    return chance.hex(32)


# The user names of Basic are the account's SID, an API key's, or that of the test credentials.
_USER, _PASSWORD = ("basic.user",), ("basic.password",)
CREDENTIALS = (
    Credential(
        *("account_sid", "AC0123456789abcdef0123456789abcdef"),
        make=_sid("AC"),
        at=_USER,
        identifies=True,
    ),
    Credential(
        *("auth_token", "fedcba9876543210fedcba9876543210"),
        make=_token,
        at=_PASSWORD,
        signs=("callback.x-twilio-signature",),
        secret=True,
    ),
    Credential(
        *("api_key_sid", "SK11112222333344445555666677778888"),
        make=_sid("SK"),
        at=_USER,
        identifies=True,
    ),
    Credential(
        *("api_key_secret", "FakeApiKeySecretFakeApiKeySecret"),
        make=lambda chance: chance.letters(32, _LETTERS),
        at=_PASSWORD,
        secret=True,
    ),
    Credential(
        *("test_account_sid", "AC" + "7e57" * 8), make=_sid("AC"), at=_USER, identifies=True
    ),
    Credential(*("test_auth_token", "57e7" * 8), make=_token, at=_PASSWORD, secret=True),
    Credential("number", "+15005550006", make=lambda chance: "+1500555" + chance.digits(4)),
    Credential("messaging_service_sid", "MG00112233445566778899aabbccddeeff", make=_sid("MG")),
    Credential("verify_service_sid", "VA00112233445566778899aabbccddeeff", make=_sid("VA")),
)


def identify(exchange: Exchange) -> str | None:
    """The Basic user name."""
    pair = credentials.basic(exchange.call)
    return pair[0] if pair else None


def authenticate(exchange: Exchange) -> None:
    """Checks the password; then that the account in the path is the one that signed in."""
    known = exchange.credentials
    user, password = credentials.basic(exchange.call) or ("", "")
    own = known["account_sid"]
    secret = known["auth_token"]
    if user == known["api_key_sid"]:
        secret = known["api_key_secret"]
    elif user == known["test_account_sid"]:
        own, secret = user, known["test_auth_token"]
    if not credentials.same(secret, password):
        raise Refusal(Problem.UNAUTHENTICATED)
    if own is user and is_test(exchange) and _operation(exchange) != "create-message":
        raise Refusal("20008")
    if exchange.params.get("account_sid", own) != own:
        raise Refusal(Problem.NOT_FOUND)
    if exchange.world.load("suspended"):
        raise Refusal(Problem.SUSPENDED)


def is_test(exchange: Exchange) -> bool:
    """Whether the request came with test credentials."""
    return exchange.credential == exchange.credentials["test_account_sid"]


def _operation(exchange: Exchange) -> str:
    return exchange.endpoint.operation if exchange.endpoint else ""


Service = Mapping[str, Any]
Services = dict[str, Service]

# https://www.twilio.com/docs/messaging/api/service-resource
SERVICE_DEFAULTS = MappingProxyType(
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
_UNCOUNTED = 100.0  # what an account is shown that has no counted balance
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
    return _number_sid(exchange.credentials["account_sid"], number)


def _number_sid(owner: str, number: str) -> str:
    digest = hashlib.sha256(f"{owner}/{number}".encode()).hexdigest()
    return ("PN" if number.startswith("+") else "SC") + digest[:32]


def services(exchange: Exchange) -> Sequence[Service]:
    """The account's services, oldest first. Not to be changed in place."""
    kept: Sequence[Service] | None = exchange.world.load("twilio/services")
    return kept if kept is not None else _first_services(exchange)


def find_service(exchange: Exchange, sid: str) -> Service | None:
    """The service with this SID."""
    return next((item for item in services(exchange) if item["sid"] == sid), None)


def update_services(exchange: Exchange, change: Callable[[Services], None]) -> None:
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
    return _initial(known["messaging_service_sid"], known["number"], known["account_sid"])


@lru_cache(maxsize=1024)
def _initial(sid: str, number: str, owner: str) -> Sequence[Service]:
    pn_sid = _number_sid(owner, number)
    sender = {"sid": pn_sid, "kind": "PhoneNumbers", "value": number, "created": OPENED}
    service = {
        "sid": sid,
        "friendly_name": "My Messaging Service",
        "created": OPENED,
        "updated": OPENED,
        **SERVICE_DEFAULTS,
        "senders": [sender],
    }
    return (service,)


def balance(exchange: Exchange) -> Reply:
    """The balance in dollars."""
    amount = exchange.world.load("balance", _UNCOUNTED)
    account = exchange.params["account_sid"]
    body = {"account_sid": account, "balance": f"{amount:.2f}", "currency": "USD"}
    return wire.reply(exchange, 200, body, root="Balance")


def fetch(exchange: Exchange) -> Reply:
    """The account in the path."""
    return wire.reply(exchange, 200, _account(exchange), root="Account")


def listed(exchange: Exchange) -> Reply:
    """The one account that the credentials open."""
    page = wire.wanted(exchange.document["query"])
    records = [] if page.number else [_account(exchange)]
    return wire.reply(exchange, 200, wire.page(exchange, "accounts", records, page), "Account")


def _account(exchange: Exchange) -> dict[str, Any]:
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
        "date_created": wire.date(OPENED),
        "date_updated": wire.date(OPENED),
        "uri": path + suffix,
        "subresource_uris": {
            "messages": f"{path}/Messages{suffix}",
            "balance": f"{path}/Balance{suffix}",
        },
    }
