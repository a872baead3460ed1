"""What a connector is: a pure function to a request, and one from the answer to a verdict; and the
templates from which it takes a message's text.

How a template is chosen and filled are functions of `@logto/connector-kit`:
https://github.com/logto-io/logto/tree/master/packages/toolkit/connector-kit
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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
    """One HTTP request to a provider. The order of the headers is the order on the wire. `seconds`
    are those that the connector gives an answer, None where it has no limit of its own."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Incoming:
    """A provider's answer. `content_type` and `location` are headers' values, `reason` the words
    beside the status."""

    status: int
    body: bytes
    content_type: str = "application/json"
    location: str = ""
    reason: str = ""


class Cut(OSError):
    """A connection that ended in the middle of an answer."""


class ConnectorError(Exception):
    """A message that was not handed off. `code` is Logto's, without its `connector.` prefix;
    `data` goes into the error's body (a text becomes `{"message": text}`)."""

    def __init__(self, code: str, data: Any = None) -> None:
        super().__init__(code, data)
        self.code = code
        self.data = data


class Silence(Exception):
    """Logto never answers: what it waits for never comes, and nothing ends the wait."""


class Crash(Exception):
    """A fault that Logto's connector does not catch: its service answers 500."""


def _stay(_sent: Outgoing, _answer: Incoming) -> Outgoing | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Connector:
    """One of Logto's SMS connectors, by the id of its factory.

    `request` makes the request from a configuration that keeps its schema; None for a message
    that the connector drops without a word. Raises `ConnectorError`. `faithful` reads an answer
    as Logto does, its blind spots included; `careful` notices every refusal. Both return for a
    message that was handed off, and raise `ConnectorError` or `Crash` otherwise. `unreachable`
    is the same for a connection that failed, given its reason, and `cut` for one that ended in the
    middle of an answer, where that is another matter. `follow` says what is sent next where an
    answer says to go elsewhere; after `most_redirects` the connection has failed.
    """

    id: str
    name: str
    target: str
    request: Callable[[Config, Message, Moment], Outgoing | None]
    faithful: Callable[[Incoming], None]
    careful: Callable[[Incoming], None]
    unreachable: Callable[[str], Exception]
    cut: Callable[[str], Exception] | None = None
    follow: Callable[[Outgoing, Incoming], Outgoing | None] = field(default=_stay)
    most_redirects: int = 0
    too_many: str = "Redirected {0} times. Aborting."


_HANDLEBARS = re.compile(r"\{\{\s*([A-Za-z0-9_.]+)\s*\}\}")


def choose(config: Config, usage: str, *, exactly: bool = False) -> Mapping[str, Any]:
    """The first template of a usage type, or else the first Generic one; never that if `exactly`.

    Raises `ConnectorError` where there is none.
    """
    for wanted in (usage,) if exactly else (usage, "Generic"):
        for template in config.get("templates") or ():
            if template["usageType"] == wanted:
                return template  # type: ignore[no-any-return]  # decoded JSON
    raise ConnectorError("template_not_found", f"Cannot find template for type: {usage}")


def fill(text: str, payload: Mapping[str, Any]) -> str:
    """A text with its handlebars filled. `{{a.b}}` stays as it is where the payload has no `a`;
    where it has one without a `b`, nothing takes its place."""

    def filled(found: re.Match[str]) -> str:
        path = found[1].split(".")
        return spelled(_at(payload, path)) if path[0] and path[0] in payload else found[0]

    return _HANDLEBARS.sub(filled, text)


def spelled(value: Any, nothing: str = "") -> str:
    """A value as JavaScript's String() writes it; null is `nothing`."""
    if value is None:
        return nothing
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(map(spelled, value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "[object Object]" if isinstance(value, Mapping) else str(value)


def _at(value: Any, path: list[str]) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
