"""What a connector is: a pure function to a request, and one from the answer to a verdict."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

UsageType = Literal[
    "Register",
    "SignIn",
    "ForgotPassword",
    "Generic",
    "OrganizationInvitation",
    "UserPermissionValidation",
    "BindNewIdentifier",
    "MfaVerification",
    "BindMfa",
]
Config = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message to send. `to` is as the caller gave it: country code and number, digits alone.
    `payload` has the `code`, and in a person's session `locale` and `uiLocales`."""

    to: str
    usage: UsageType
    payload: Mapping[str, Any]
    ip: str = ""


@dataclass(frozen=True, slots=True)
class Moment:
    """Time and chance of one request: seconds since the epoch, and a UUID for nonces."""

    now: float
    nonce: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One HTTP request to a provider. The order of the headers is the order on the wire."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A provider's answer. `content_type` is the header's value; one client judges by it."""

    status: int
    body: bytes
    content_type: str = "application/json"


class ConnectorError(Exception):
    """A message that was not handed off. `code` is Logto's, without its `connector.` prefix;
    `data` goes into the error's body (a text becomes `{"message": text}`)."""

    def __init__(self, code: str, data: Any = None) -> None:
        super().__init__(code, data)
        self.code = code
        self.data = data


class Crash(Exception):
    """A fault that Logto's connector does not catch: its service answers 500."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connector:
    """One of Logto's SMS connectors, by the id of its factory.

    `request` makes the request from a configuration that keeps its schema; None for a message
    that the connector drops without a word. Raises `ConnectorError`. `faithful` reads an answer
    as Logto does, its blind spots included; `careful` notices every refusal. Both return for a
    message that was handed off, and raise `ConnectorError` or `Crash` otherwise. `unreachable`
    is the same for a connection that failed, given its reason.
    """

    id: str
    name: str
    target: str
    request: Callable[[Config, Message, Moment], Outgoing | None]
    faithful: Callable[[Incoming], None]
    careful: Callable[[Incoming], None]
    unreachable: Callable[[str], Exception]
