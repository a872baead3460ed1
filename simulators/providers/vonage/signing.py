"""Request signatures: the string, the five methods, what two SDKs make of it, and what goes wrong.

https://developer.vonage.com/en/getting-started/concepts/signing-messages
"""

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import quote_plus

from simulators.kernel import credentials, mismatch
from simulators.kernel.mismatch import Signed
from simulators.kernel.provider import Exchange

# The hash of the keyed methods; `md5hash` is not keyed, the secret follows the string.
METHODS = MappingProxyType(
    {
        "md5hash": None,
        "md5hmac": "md5",
        "sha1hmac": "sha1",
        "sha256hmac": "sha256",
        "sha512hmac": "sha512",
    }
)

# The fields of vonage-python's message, in which those that are not set are signed as `None`.
_MODEL = (
    *("to", "from", "text", "sig", "client-ref", "type", "ttl", "status-report-req"),
    *("callback", "message-class", "body", "udh", "protocol-id", "account-ref"),
    *("entity-id", "content-id", "trusted-number"),
)


def string_to_sign(parameters: Mapping[str, str]) -> str:
    """`&name=value` of all parameters but `sig`, by name; `&` and `=` in a value become `_`."""
    return "".join(
        f"&{name}={value.replace('&', '_').replace('=', '_')}"
        for name, value in sorted(parameters.items())
        if name != "sig"
    )


def digest(method: str, secret: str, text: str) -> str:
    """The signature of a string, in lower-case hexadecimal."""
    name = METHODS[method]
    if name is None:
        return hashlib.md5((text + secret).encode(), usedforsecurity=False).hexdigest()
    return hmac.new(secret.encode(), text.encode(), name).hexdigest()


def verified(
    parameters: Mapping[str, str], secret: str, method: str, *, lenient: bool = False
) -> bool:
    """Whether `sig` is right by the account's method; the method "any" takes all five."""
    methods = METHODS if method == "any" else [name for name in METHODS if name == method]
    given = parameters.get("sig", "").lower()
    strings = [string_to_sign(parameters), *(sdk_strings(parameters) if lenient else ())]
    return any(
        credentials.same(digest(name, secret, text), given) for text in strings for name in methods
    )


def sdk_strings(parameters: Mapping[str, str]) -> Iterator[str]:
    """What two SDKs sign in place of it."""
    # vonage-python 4 signs what it does not send: unset fields, and its own `sig`, as "None".
    sent = {name: value for name, value in parameters.items() if name != "sig"}
    full = dict.fromkeys(_MODEL, "None") | sent
    yield "".join(
        f"&{name}={value.replace('&', '_').replace('=', '_')}"
        for name, value in sorted(full.items())
    )
    # @vonage/auth signs the form-encoded string, its separators replaced and none in front.
    yield "_".join(
        f"{quote_plus(name, safe='*-._')}_{quote_plus(value, safe='*-._').replace('~', '%7E')}"
        for name, value in sorted(sent.items())
    )


SOURCE = "https://developer.vonage.com/en/getting-started/concepts/signing-messages"


def explained(exchange: Exchange, given: Mapping[str, str]) -> dict[str, Any]:
    """What the right signature is over (by md5hash the secret follows it), and the mistake that the
    given one comes of."""
    known = exchange.credentials
    stated = known["signature_method"]
    method = stated if stated in METHODS else "md5hash"
    text = string_to_sign(given)
    ours = Signed(digest(method, known["signature_secret"], text), text)
    published = exchange.provider.published["signature_secret"]
    made = _mistakes(given, method, {**known, "published": published}, text)
    return mismatch.explained(method, SOURCE, given.get("sig", "").lower(), ours, made)


def _mistakes(
    given: Mapping[str, str], method: str, secrets: Mapping[str, str], right: str
) -> Iterator[Signed]:
    secret = secrets["signature_secret"]
    for mistake, other in (
        ("the secret was the API secret, not the signature secret", secrets["api_secret"]),
        ("the secret was the published one, not this account's", secrets["published"]),
    ):
        yield Signed(digest(method, other, right), right, mistake=mistake)
    for name in METHODS:
        if name != method:
            said = f"it was made by {name}; the account's method is {method}"
            yield Signed(digest(name, secret, right), right, mistake=said)
    for mistake, text in _strings(given):
        yield Signed(digest(method, secret, text), text, mistake=mistake)


def _strings(given: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    right = string_to_sign(given)
    signed = {name: value for name, value in given.items() if name != "sig"}
    yield "the string began without its &", right[1:]
    yield (
        "& and = in values were not replaced by _",
        "".join(f"&{name}={value}" for name, value in sorted(signed.items())),
    )
    yield (
        "the parameters were signed in the order sent, not by name",
        "".join(f"&{n}={v.replace('&', '_').replace('=', '_')}" for n, v in signed.items()),
    )
    yield (
        "the values were URL-encoded before they were signed",
        "".join(f"&{name}={quote_plus(v, errors='replace')}" for name, v in sorted(signed.items())),
    )
    for left in ("timestamp", "api_key"):
        less = {name: value for name, value in signed.items() if name != left}
        yield f"{left} was not signed", string_to_sign(less)
    python, node = sdk_strings(given)
    yield "it is vonage-python's, which signs what it does not send as None", python
    yield "it is @vonage/auth's, which signs the form with _ for its separators", node
