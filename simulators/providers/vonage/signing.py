"""Request signatures: the string, the five methods, and what two SDKs make of them.

https://developer.vonage.com/en/getting-started/concepts/signing-messages
"""

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from urllib.parse import quote_plus

from simulators.kernel import proof

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
        proof.same(digest(name, secret, text), given) for text in strings for name in methods
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
