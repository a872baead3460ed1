"""Who asks, whether they are who they say, and what their account is set to.

In which order AWS finds fault with a signature is told by the public notes of those who tried;
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html has the texts.
The settings document `aws_sns`:

* `strict`: the signature must be over host and path as sent. Off: what clients sign behind a proxy
  that says another host, or puts a path before, is accepted too.
* `sandbox`: the account is in the SMS sandbox, and reaches verified numbers alone.
"""

import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import Any

from simulators.kernel import clock, credentials, schemas
from simulators.kernel.catalogue import Problem
from simulators.kernel.provider import Exchange, Refusal
from simulators.kernel.reading import first, whole
from simulators.providers.aws_sns import signing, wire
from simulators.providers.aws_sns.signing import Proof

SETTINGS = MappingProxyType({"aws_sns": schemas.record(strict=schemas.FLAG, sandbox=schemas.FLAG)})
SKEW = 15 * 60
LONGEST = 7 * 86_400  # that a presigned request may hold
_REGION = re.compile(r"sns(?:-fips)?\.([a-z]{2,4}(?:-[a-z]+)+-\d)\.(?:amazonaws\.com|api\.)")
_BASIC = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_MISSING = (
    ("Credential", "Authorization header requires 'Credential' parameter."),
    ("Signature", "Authorization header requires 'Signature' parameter."),
    ("SignedHeaders", "Authorization header requires 'SignedHeaders' parameter."),
)
_NO_DATE = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
_FIVE = (
    "Credential must have exactly 5 slash-delimited elements,"
    " e.g. keyid/date/region/service/term, got '{}'"
)


def setting(exchange: Exchange, name: str) -> bool:
    """One field of the account's settings document."""
    return bool((exchange.world.load("aws_sns") or {}).get(name, False))


def region(exchange: Exchange) -> str:
    """The region that a request is signed for."""
    proof = _proof(exchange)
    return proof.scope.region if proof else exchange.credentials.get("region", "")


def identify(exchange: Exchange) -> str | None:
    """The access key ID in the Authorization header, or in the query."""
    proof = _proof(exchange)
    return proof.scope.key_id if proof else None


def _proof(exchange: Exchange) -> Proof | None:
    """The proof of a request, None where it has none. Raises `Refusal` for half a one."""
    header = exchange.call.headers.get("authorization")
    if header is not None:
        return _by_header(exchange, header)
    query = exchange.document.get("query") or {}
    if first(query, "X-Amz-Signature") or first(query, "X-Amz-Credential"):
        proof = signing.by_query(query)
        if proof is None or first(query, "X-Amz-Algorithm") != signing.ALGORITHM:
            raise Refusal("IncompleteSignature/query")
        return proof
    return None


def _by_header(exchange: Exchange, header: str) -> Proof:
    at = _when(exchange)
    proof = signing.by_header(header.strip(), at) if at else None
    if proof is None:
        raise _incomplete(header, at)
    return proof


def _incomplete(header: str, at: str) -> Refusal:
    """Says which part of a proof is missing."""
    algorithm = header.strip().partition(" ")[0]
    if algorithm.startswith("AWS4-") and algorithm != signing.ALGORITHM:
        return Refusal("IncompleteSignature/algorithm", algorithm=algorithm[:40])
    given = signing.parameters(header) if algorithm == signing.ALGORITHM else {}
    lacking = [text for name, text in _MISSING if not given.get(name)]
    if not at:
        lacking.append(_NO_DATE)
    if not lacking:
        lacking.append(_FIVE.format(given["Credential"].partition("/")[0][:40]))
    return Refusal("IncompleteSignature", missing=" ".join(lacking))


def _when(exchange: Exchange) -> str:
    """The time of a request as it is signed, in ISO 8601 basic form; "" where there is none."""
    headers = exchange.call.headers
    if "x-amz-date" in headers:
        return headers["x-amz-date"].strip()
    given = headers.get("date", "").strip()
    try:
        return parsedate_to_datetime(given).astimezone(UTC).strftime(signing.BASIC)
    except (ValueError, OverflowError):
        return given


def authenticate(exchange: Exchange) -> None:
    """Scope, token, time and signature; raises `Refusal`."""
    if wire.asks_for(exchange.call)[1] != wire.VERSION:
        raise Refusal(Problem.NOT_FOUND)
    proof = _proof(exchange)
    assert proof is not None  # noqa: S101 - the account was found by it
    made = _time(proof)
    _check_scope(exchange, proof)
    _check_token(exchange, proof)
    _check_time(exchange, proof, made)
    if "host" not in proof.signed:
        raise Refusal("SignatureDoesNotMatch/host")
    _check_signature(exchange, proof)


def _check_signature(exchange: Exchange, proof: Proof) -> None:
    call, secret = exchange.call, exchange.credentials["secret_access_key"]
    for canonical in signing.canonical_requests(call, proof, setting(exchange, "strict")):
        if credentials.same(signing.over(canonical, proof, secret), proof.signature):
            return
    exchange.mismatch = signing.explained(exchange, proof)
    raise Refusal(Problem.UNAUTHENTICATED)


def _time(proof: Proof) -> float:
    try:
        if _BASIC.fullmatch(proof.at):
            return clock.from_iso(proof.at)
    except ValueError:  # digits that are no date
        pass
    raise Refusal("IncompleteSignature/date", date=proof.at[:40])


def _check_scope(exchange: Exchange, proof: Proof) -> None:
    """All that is wrong with it is told at once."""
    scope, wrong = proof.scope, []
    here = _REGION.match(exchange.call.host)
    if here and scope.region != here[1]:
        wrong.append(f"Credential should be scoped to a valid region, not '{scope.region[:40]}'.")
    if scope.service != signing.SERVICE:
        wrong.append(f"Credential should be scoped to correct service: '{signing.SERVICE}'.")
    if scope.terminator != signing.TERMINATOR:
        wrong.append(
            f"Credential should be scoped with a valid terminator: '{signing.TERMINATOR}', not"
            f" '{scope.terminator[:40]}'."
        )
    if scope.date != proof.at[:8]:
        wrong.append(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from"
            f" HTTP: '{scope.date[:40]}' != '{proof.at[:8]}', from '{proof.at}'."
        )
    if wrong:
        raise Refusal("SignatureDoesNotMatch/scope", wrong=" ".join(wrong))


def _check_token(exchange: Exchange, proof: Proof) -> None:
    """Temporary credentials come with a token, which here the account's key may do without."""
    query = exchange.document.get("query") or {}
    given = exchange.call.headers.get("x-amz-security-token")
    if proof.presigned:
        given = first(query, "X-Amz-Security-Token") or None
    if given is not None and not credentials.same(exchange.credentials["session_token"], given):
        raise Refusal(Problem.UNKNOWN_CREDENTIALS)


def _check_time(exchange: Exchange, proof: Proof, made: float) -> None:
    """Fifteen minutes to either side; a presigned request holds for as long as it says, by the
    account's clock, as it was made to be used later."""
    now = exchange.now
    if proof.presigned and made + _expires(exchange) < now:
        raise Refusal("RequestExpired")
    age = now - made if proof.presigned else exchange.age(made, SKEW)
    told: dict[str, Any] = {"sent": proof.at, "now": _written(now)}
    if age > SKEW and not proof.presigned:
        raise Refusal(Problem.EXPIRED, bound=_written(now - SKEW), **told)
    if age < -SKEW:
        raise Refusal("SignatureDoesNotMatch/early", bound=_written(now + SKEW), **told)


def _expires(exchange: Exchange) -> float:
    seconds = whole(first(exchange.document.get("query") or {}, "X-Amz-Expires"), 1, LONGEST)
    if seconds is None:
        raise Refusal("IncompleteSignature/query")
    return float(seconds)


def _written(at: float) -> str:
    return clock.wall(at, form=signing.BASIC)
