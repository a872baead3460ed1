"""Who asks, and the proof of it: key and secret, Basic, or a signature; and how one is made: the
string, the five methods, what two SDKs make of it, and what goes wrong.

https://developer.vonage.com/en/getting-started/concepts/authentication
https://developer.vonage.com/en/getting-started/concepts/signing-messages
"""

import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import quote_plus

from simulators.kernel import credentials, mismatch
from simulators.kernel.catalogue import Problem
from simulators.kernel.clock import Chance
from simulators.kernel.credentials import Credential
from simulators.kernel.mismatch import Signed
from simulators.kernel.provider import Exchange, Refusal
from simulators.providers.vonage import application, wire

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
        *mismatch.keys(secret),
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
    for mistake, less in mismatch.left_out(signed):
        yield mistake, string_to_sign(less)
    yield from mismatch.strings(right)
    python, node = sdk_strings(given)
    yield "it is vonage-python's, which signs what it does not send as None", python
    yield "it is @vonage/auth's, which signs the form with _ for its separators", node


SIGNATURE_AGE = 300  # seconds either way; how old a timestamp may be is UNVERIFIED

_LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def _secret(length: int) -> Callable[[Chance], str]:
    return lambda chance: chance.letters(length, _LETTERS)


# `username` and `password` are older names of key and secret.
CREDENTIALS = (
    Credential(
        "api_key",
        "abcd1234",
        make=lambda chance: chance.hex(8),
        at=("query.api_key", "query.username", "body.api_key", "body.username", "basic.user"),
        identifies=True,
    ),
    Credential(
        "api_secret",
        "FakeSecret123456",
        make=_secret(16),
        at=(
            *("query.api_secret", "query.password", "body.api_secret", "body.password"),
            "basic.password",
        ),
        secret=True,
    ),
    Credential(
        "signature_secret",
        "FakeSignatureSecret0FakeSignatureSecret0",
        make=_secret(40),
        signs=("query.sig", "body.sig", "callback.Authorization"),
        secret=True,
    ),
    # One of `signing.METHODS`, Vonage's default; the published account takes any of them.
    Credential("signature_method", "any", make=lambda _chance: "md5hash"),
    Credential("sender", "AcmeInc"),
    Credential("number", "447700900999"),
    *application.CREDENTIALS,
)


def pair(exchange: Exchange) -> tuple[str, str, bool]:
    """Key, secret and whether they came as Basic."""
    given = wire.parameters(exchange.document)
    key = given.get("api_key") or given.get("username", "")
    basic = None if key else credentials.basic(exchange.call)
    if basic is not None:
        return *basic, True
    return key, given.get("api_secret") or given.get("password", ""), False


def identify(exchange: Exchange) -> str | None:
    """The API key, from parameters or from Basic."""
    return pair(exchange)[0] or None


def authenticate(exchange: Exchange) -> None:
    """A signature where there is one, else the secret."""
    given = wire.parameters(exchange.document)
    known, bent = exchange.credentials, exchange.world.load("vonage", {})
    _key, secret, basic = pair(exchange)
    if "sig" in given:
        _check_signature(exchange, given, lenient=bool(bent.get("lenient_signatures")))
        if secret:
            raise Refusal("32")
    elif not secret:
        raise Refusal("2/secret")
    elif not credentials.same(known["api_secret"], secret):
        raise Refusal(bent.get("wrong_basic", "4") if basic else Problem.UNAUTHENTICATED)


def _no_stamp(stamp: str) -> str:
    if not stamp:
        return "there was no timestamp"
    if stamp.isascii() and stamp.isdigit() and len(stamp) == 13:
        return "the timestamp was in milliseconds, not in seconds"
    return "the timestamp was not in seconds since 1970"


def _check_signature(exchange: Exchange, given: dict[str, str], *, lenient: bool) -> None:
    stamp = given.get("timestamp", "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 12):
        exchange.mismatch = explained(exchange, given) | {
            "mistake": _no_stamp(stamp),
            "theirs": None,
        }
        raise Refusal("14")
    age = round(exchange.age(int(stamp), SIGNATURE_AGE))
    if abs(age) > SIGNATURE_AGE:
        said = f"the timestamp was {abs(age)} seconds {'old' if age > 0 else 'ahead'}"
        mistake = f"{said}; {SIGNATURE_AGE} are allowed either way"
        exchange.mismatch = explained(exchange, given) | {"mistake": mistake, "theirs": None}
        raise Refusal(Problem.EXPIRED)
    known = exchange.credentials
    secret, method = known["signature_secret"], known["signature_method"]
    if not verified(given, secret, method, lenient=lenient):
        exchange.mismatch = explained(exchange, given)
        raise Refusal("14")
