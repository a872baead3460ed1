"""Who may do what: Basic authentication with an account SID, an API key, or test credentials.

https://www.twilio.com/docs/usage/requests-to-twilio and https://www.twilio.com/docs/iam/test-credentials
"""

from types import MappingProxyType

from simulators.kernel import proof
from simulators.kernel.clock import Chance
from simulators.kernel.problem import Problem
from simulators.kernel.provider import Credentials, Exchange, Refusal

DEFAULT_CREDENTIALS = MappingProxyType(
    {
        "account_sid": "AC0123456789abcdef0123456789abcdef",
        "auth_token": "fedcba9876543210fedcba9876543210",
        "api_key_sid": "SK11112222333344445555666677778888",
        "api_key_secret": "FakeApiKeySecretFakeApiKeySecret",
        "test_account_sid": "AC" + "7e57" * 8,
        "test_auth_token": "57e7" * 8,
        "number": "+15005550006",
        "messaging_service_sid": "MG00112233445566778899aabbccddeeff",
    }
)

_LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def new_credentials(chance: Chance) -> dict[str, str]:
    """Well-formed credentials for a new account."""
    return {
        "account_sid": "AC" + chance.hex(32),
        "auth_token": chance.hex(32),
        "api_key_sid": "SK" + chance.hex(32),
        "api_key_secret": chance.letters(32, _LETTERS),
        "test_account_sid": "AC" + chance.hex(32),
        "test_auth_token": chance.hex(32),
        "number": "+1500555" + chance.digits(4),
        "messaging_service_sid": "MG" + chance.hex(32),
    }


def credential_ids(credentials: Credentials) -> tuple[str, ...]:
    """The Basic user names an account is known by."""
    return tuple(credentials[f"{name}_sid"] for name in ("account", "api_key", "test_account"))


def identify(exchange: Exchange) -> str | None:
    """The Basic user name."""
    pair = proof.basic(exchange.call)
    return pair[0] if pair else None


def authenticate(exchange: Exchange) -> None:
    """Checks the password; then that the account in the path is the one that signed in."""
    known = exchange.credentials
    user, password = proof.basic(exchange.call) or ("", "")
    own = known["account_sid"]
    secret = known["auth_token"]
    if user == known["api_key_sid"]:
        secret = known["api_key_secret"]
    elif user == known["test_account_sid"]:
        own, secret = user, known["test_auth_token"]
    if not proof.same(secret, password):
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
