"""What a wrong `sig` is over: the mistakes that clients of their own make.

https://developer.vonage.com/en/getting-started/concepts/signing-messages
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote_plus

from simulators.kernel import mismatch
from simulators.kernel.mismatch import Signed
from simulators.kernel.provider import Exchange
from simulators.providers.vonage import signing

SOURCE = "https://developer.vonage.com/en/getting-started/concepts/signing-messages"


def explained(exchange: Exchange, given: Mapping[str, str]) -> dict[str, Any]:
    """What the right signature is over (by md5hash the secret follows it), and the mistake that the
    given one comes of."""
    known = exchange.credentials
    stated = known["signature_method"]
    method = stated if stated in signing.METHODS else "md5hash"
    text = signing.string_to_sign(given)
    ours = Signed(signing.digest(method, known["signature_secret"], text), text)
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
        yield Signed(signing.digest(method, other, right), right, mistake=mistake)
    for name in signing.METHODS:
        if name != method:
            said = f"it was made by {name}; the account's method is {method}"
            yield Signed(signing.digest(name, secret, right), right, mistake=said)
    for mistake, text in _strings(given):
        yield Signed(signing.digest(method, secret, text), text, mistake=mistake)


def _strings(given: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    right = signing.string_to_sign(given)
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
        yield f"{left} was not signed", signing.string_to_sign(less)
    python, node = signing.sdk_strings(given)
    yield "it is vonage-python's, which signs what it does not send as None", python
    yield "it is @vonage/auth's, which signs the form with _ for its separators", node
