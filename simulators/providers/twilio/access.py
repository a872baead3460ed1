"""Who may do what: Basic authentication with an account SID, an API key, or test credentials.

https://www.twilio.com/docs/usage/requests-to-twilio and https://www.twilio.com/docs/iam/test-credentials
"""

from collections.abc import Callable

from simulators.kernel import credentials
from simulators.kernel.catalogue import Problem
from simulators.kernel.clock import Chance
from simulators.kernel.credentials import Credential
from simulators.kernel.provider import Exchange, Refusal

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
