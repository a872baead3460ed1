"""What proves that a webhook is of the system that it says: signatures over the body, by a secret
that the account has set. What is too old is so by the world's clock."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator, Sequence

import orjson

from simulators.kernel import credentials, mismatch
from simulators.kernel.mismatch import Signed
from simulators.kernel.provider import Exchange, Refusal

TOLERANCE_SECONDS = 300

STANDARD = (
    "https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md"
)
ZITADEL = "https://github.com/zitadel/zitadel/blob/main/pkg/actions/signing.go"
AUTHGEAR = "https://docs.authgear.com/customization/events-hooks/webhooks"
AUTH0 = (
    "https://auth0.com/docs/authenticate/passwordless/authentication-methods"
    "/use-sms-gateway-passwordless"
)

_STANDARD = re.compile(r"v1,([A-Za-z0-9+/=_-]+)")
_ZITADEL = re.compile(r"t=([0-9]{1,12})((?:,[a-z0-9]+=[^,=]*)+)")


def standard_webhooks(exchange: Exchange, secret: str) -> None:
    """`v1,` and Base64 of HMAC-SHA256 over id, timestamp and body. The secret is Base64 behind
    `whsec_`, or as Supabase writes it, behind `v1,whsec_`."""
    header = "webhook-signature"
    given = _STANDARD.findall(_header(exchange, header))
    stamp, known = _header(exchange, "webhook-timestamp"), _header(exchange, "webhook-id")
    encoded = secret.removeprefix("v1,").removeprefix("whsec_")
    over = f"{known}.{stamp}.{_body(exchange)}"

    def made(key: bytes, text: str, mistake: str = "") -> Signed:
        return Signed(base64.b64encode(_mac(key, text)).decode(), text, mistake=mistake)

    def mistakes(key: bytes) -> Iterator[Signed]:
        yield made(encoded.encode(), over, "the secret was not decoded from Base64")
        yield made(secret.encode(), over, "the secret was taken with all that stands before it")
        yield made(key, _body(exchange), "the body alone was signed, without id and timestamp")
        yield made(key, f"{stamp}.{_body(exchange)}", "the id was not signed")
        yield Signed(_mac(key, over).hex(), over, mistake="it was written in hex, not in Base64")
        for mistake, text in mismatch.strings(over):
            yield made(key, text, mistake)

    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        detail = "the account's own secret is no Base64"
        raise Refusal("bad_signature", header=header, detail=detail) from None
    _right(exchange, ("Standard Webhooks", STANDARD, header), given, made(key, over), mistakes(key))
    _recent(exchange, header, stamp, both_ways=True)


def zitadel(exchange: Exchange, secret: str) -> None:
    """`t=` the time, `v1=` hex of HMAC-SHA256 over the time, a dot and the body."""
    header, key, body = "zitadel-signature", secret.encode(), _body(exchange)
    read = _ZITADEL.fullmatch(_header(exchange, header))
    stamp, rest = read.groups() if read else ("", "")
    given = [part[3:] for part in rest.split(",") if part.startswith("v1=")]
    over = f"{stamp}.{body}"

    def mistakes() -> Iterator[Signed]:
        yield Signed(_mac(key, body).hex(), body, mistake="the body alone was signed, not the time")
        for mistake, other in mismatch.keys(secret):
            yield Signed(_mac(other.encode(), over).hex(), over, mistake=mistake)

    ours = Signed(_mac(key, over).hex(), over)
    _right(exchange, ("ZITADEL-Signature", ZITADEL, header), given, ours, mistakes())
    _recent(exchange, header, stamp)


def authgear(exchange: Exchange, secret: str) -> None:
    """Hex of HMAC-SHA256 over the body; it has no time."""
    header, key, body = "x-authgear-body-signature", secret.encode(), _body(exchange)

    def mistakes() -> Iterator[Signed]:
        written = base64.b64encode(_mac(key, body)).decode()
        yield Signed(written, body, mistake="it was written in Base64, not in hex")
        for mistake, other in mismatch.keys(secret):
            yield Signed(_mac(other.encode(), body).hex(), body, mistake=mistake)

    ours = Signed(_mac(key, body).hex(), body)
    given = [_header(exchange, header)]
    _right(exchange, ("Authgear body", AUTHGEAR, header), given, ours, mistakes())


def auth0(exchange: Exchange, secret: str) -> None:
    """A JSON Web Token in the Authorization header, by HS256."""
    header = "authorization"
    _scheme, _, token = _header(exchange, header).partition(" ")
    over, _, given = token.rpartition(".")
    key = secret.encode()
    ours = Signed(_unpadded(_mac(key, over)), over)
    wrong = (
        Signed(_unpadded(_mac(other.encode(), over)), over, mistake=mistake)
        for mistake, other in mismatch.keys(secret)
    )
    _right(exchange, ("HS256", AUTH0, header), [given], ours, wrong)
    expires = _claims(over).get("exp")
    if isinstance(expires, int | float):
        # It may say that it is good for long: where it is by one of the clocks, it is.
        late = min(exchange.now, exchange.world.clock.machine()) - expires
        if late > 0:
            raise Refusal("stale_signature", header=header, age=round(late))


def is_token(authorization: str) -> bool:
    """Whether an Authorization header is a JSON Web Token: each is another, and names nobody."""
    scheme, _, token = authorization.partition(" ")
    return scheme.lower() == "bearer" and token.startswith("eyJ") and token.count(".") == 2


def _claims(over: str) -> dict[str, object]:
    try:
        encoded = over.split(".")[1]
        found = orjson.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    except (binascii.Error, ValueError, IndexError):
        return {}
    return found if isinstance(found, dict) else {}


def _unpadded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _mac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode("utf-8", "surrogateescape"), hashlib.sha256)


def _body(exchange: Exchange) -> str:
    """The body, byte for byte, as a text that can be shown."""
    return exchange.call.body.decode("utf-8", "surrogateescape")


def _header(exchange: Exchange, name: str) -> str:
    return exchange.call.headers.get(name, "")


def _right(
    exchange: Exchange,
    scheme: tuple[str, str, str],
    given: Sequence[str],
    ours: Signed,
    mistakes: Iterable[Signed],
) -> None:
    """Refuses a request without the signature, and one of whose signatures none is the right one,
    which the journal then explains. `scheme` is its name, the page that says so, and the header."""
    name, source, header = scheme
    if not _header(exchange, header):
        raise Refusal("unsigned", header=header)
    if not any(credentials.same(ours.signature, one) for one in given):
        first = given[0] if given else _header(exchange, header)
        exchange.mismatch = mismatch.explained(name, source, first, ours, mistakes)
        detail = exchange.mismatch["mistake"] or "it is of another body, or by another secret"
        raise Refusal("bad_signature", header=header, detail=detail)


def _recent(exchange: Exchange, header: str, stamp: str, *, both_ways: bool = False) -> None:
    """Refuses what was signed too long ago and, where it goes both ways, too far ahead."""
    known = re.fullmatch("[0-9]{1,12}", stamp)
    age = exchange.age(int(stamp), TOLERANCE_SECONDS) if known else float("inf")
    if age > TOLERANCE_SECONDS or (both_ways and age < -TOLERANCE_SECONDS):
        shown = round(age) if age != float("inf") else "too many"
        raise Refusal("stale_signature", header=header, age=shown)
