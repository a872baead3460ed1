"""What an account is known by, and what proves it: one table a provider, all else follows from it.

A row says what the published account has, how a new account's is made, in which fields of a
request it travels, whether an account is found by it, and whether it is secret. The look-up ids,
the generated credentials and what reports must not show are read off the same rows, so no provider
can make a secret and forget to have it masked.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from simulators.kernel.call import Call
from simulators.kernel.clock import Chance
from simulators.kernel.remembered import remembered

Credentials = Mapping[str, str]

_WHOLE = ("basic.user", "basic.password")
_NAMED = ("header", "query", "body", "authorization", "path", "callback")
_PLACE = re.compile(rf"(?:{'|'.join(_NAMED)})\.[!-~]+")
_SYNTAX = (
    "query.NAME, body.NAME, header.NAME, authorization.SCHEME, basic.user, basic.password,"
    " path.BEGINNING, or callback.NAME for a header of what the provider sends"
)


@dataclass(frozen=True, slots=True)
class Credential:
    """One credential of an account.

    * `default` is the published account's; `make` makes a new account's, without it every account
      has the default.
    * `at` are the places where a request carries the value itself; `signs` those of a signature
      that is made with it. A place is `query.NAME`, `body.NAME`, `header.NAME` (whatever its
      case), `authorization.SCHEME` (what follows the scheme in that header), `basic.user`,
      `basic.password`, `path.BEGINNING` (a path that begins so, as `path./hooks/`), or, of what a
      provider sends, `callback.NAME`.
    * `identifies`: an account is found by it; `kind` stands before the look-up id where two
      credentials of one provider could have the same value (`token:abc`).
    * `secret`: nobody else may see it. Its value is masked wherever it stands, and so is whatever
      stands in the fields of its places.
    """

    name: str
    default: str
    make: Callable[[Chance], str] | None = None
    at: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()
    identifies: bool = False
    kind: str = ""
    secret: bool = False


def published(table: Sequence[Credential]) -> dict[str, str]:
    """The credentials of the published account."""
    return {row.name: row.default for row in table}


def made(table: Sequence[Credential], chance: Chance) -> dict[str, str]:
    """Well-formed credentials for a new account, in the table's order."""
    return {row.name: row.make(chance) if row.make else row.default for row in table}


def lookup_ids(table: Sequence[Credential], values: Credentials) -> tuple[str, ...]:
    """What an account with these credentials is found by."""
    return tuple(f"{row.kind}{values[row.name]}" for row in table if row.identifies)


def secrets(table: Sequence[Credential], values: Credentials) -> Iterator[str]:
    """The values that nobody else may see."""
    return (values[row.name] for row in table if row.secret and values.get(row.name))


def validate(provider: str, table: Sequence[Credential]) -> None:
    """Raises `ValueError`, with a sentence, for a table that something cannot follow from."""
    for wrong in _faults(table):
        raise ValueError(f"{provider}: {wrong}")


def _faults(table: Sequence[Credential]) -> Iterator[str]:
    yield from _confused(table)
    if not any(row.identifies for row in table):
        names = ", ".join(row.name for row in table) or "none at all"
        yield (
            "no credential identifies an account; expected identifies=True on one of those there"
            f" are: {names}"
        )
    seen: set[str] = set()
    for row in table:
        if row.name in seen:
            yield f"the credential '{row.name}' is there twice"
        seen.add(row.name)
        for place in (*row.at, *row.signs):
            if place not in _WHOLE and not _PLACE.fullmatch(place):
                yield f"'{row.name}' has the place '{place}'; {_near(place)}expected {_SYNTAX}"
        if row.secret and not row.at and not row.signs:
            yield (
                f"the secret '{row.name}' has no place; expected `at` to say which fields carry it,"
                " or `signs` where the signatures stand that are made with it"
            )
        if row.identifies and not row.at:
            yield f"'{row.name}' identifies an account; expected `at` to say which fields carry it"
        if (row.secret or row.identifies) and row.make is None:
            yield f"'{row.name}' is every account's own; expected `make`, which makes a new one's"
        if row.kind and not row.identifies:
            yield f"'{row.name}' has the kind '{row.kind}', and no account is found by it"


def _confused(table: Sequence[Credential]) -> Iterator[str]:
    """Secrets that alone prove who asks, and could be taken for something that everybody knows."""
    identifying = [row for row in table if row.identifies]
    for row in identifying:
        for other in identifying:
            if row.secret and not other.secret and row.kind in ("", other.kind):
                yield (
                    f"the secret '{row.name}' is looked up as '{other.name}' is, which is none:"
                    " who knows that one could give it for the secret; expected a `kind` for it"
                )


def _near(place: str) -> str:
    part, dot, name = place.partition(".")
    near = get_close_matches(place, _WHOLE, n=1) or [
        f"{other}.{name}" for other in get_close_matches(part, _NAMED, n=1) if dot and name
    ]
    return f"did you mean '{near[0]}'? " if near else ""


def same(expected: str, given: str) -> bool:
    """Compares secrets in constant time."""
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "surrogatepass"))


def derived(secret: bytes, *parts: str) -> bytes:
    """The key that a secret makes for a day, a place, a service: each part is signed by the key of
    those before it. Signature Version 4 and what is modelled on it have keys of this kind."""
    key = secret
    for part in parts:
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def basic(call: Call) -> tuple[str, str] | None:
    """User and password of a Basic Authorization header (RFC 7617), None where there is none."""
    return _basic(call.headers.get("authorization", ""))


@remembered(1024)
def _basic(authorization: str) -> tuple[str, str] | None:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        decoded = base64.b64decode(token.strip(), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return None
    user, colon, password = decoded.partition(":")
    return (user, password) if colon else None
