"""A signature that is not the right one: over what the right one is, and how theirs came about.

Made only where a signature was refused. The secret is in none of it.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

from simulators.kernel import credentials

V = TypeVar("V")

_MOST = 4000
_UNKNOWN = "none of those that are tried here; another secret makes every signature another"


class Signed(NamedTuple):
    """A signature, and what it is over. `canonical` is the canonical request of schemes that have
    one; `mistake` says, in the past tense, what was done in another way than the scheme's."""

    signature: str
    string_to_sign: str
    canonical: str = ""
    mistake: str = ""


# Of what is longer the mistakes below are not tried: each of them is a signature more.
_LONGEST = 20_000
_MOST_LEFT_OUT = 40


def keys(secret: str) -> Iterator[tuple[str, str]]:
    """A secret as it comes out of a file or of a paste."""
    yield "the secret had a newline behind it", f"{secret}\n"
    yield "the secret had a blank behind it", f"{secret} "


def derived_keys(
    prefix: str, secret: str, published: str, *parts: str
) -> Iterator[tuple[str, bytes]]:
    """Keys that are derived from another secret, or in another way than from prefix and secret."""
    said = "the secret was the published one, not this account's"
    yield said, credentials.derived(f"{prefix}{published}".encode(), *parts)
    said = f"the key was derived from the secret without {prefix} before it"
    yield said, credentials.derived(secret.encode(), *parts)
    yield "the key was the secret itself, not derived", secret.encode()
    yield f"the key was {prefix} and the secret, not derived", f"{prefix}{secret}".encode()
    for mistake, near in keys(secret):
        yield mistake, credentials.derived(f"{prefix}{near}".encode(), *parts)


def strings(right: str, method: str = "") -> Iterator[tuple[str, str]]:
    """The string to sign, or the canonical request, which begins with the method where there is
    one, with what is wrong with it in any scheme."""
    if len(right) > _LONGEST:
        return
    yield "a newline was signed behind the string", f"{right}\n"
    if method and right.startswith(method):
        said = f"the method was signed in lower case, as {method.lower()}"
        yield said, method.lower() + right[len(method) :]


def left_out(params: Mapping[str, V]) -> Iterator[tuple[str, dict[str, V]]]:
    """The parameters without each of them: one that was added once they were signed."""
    if len(params) <= _MOST_LEFT_OUT and len(str(params)) <= _LONGEST:
        for left in params:
            less = {name: value for name, value in params.items() if name != left}
            yield f"{left} was not signed, or was added afterwards", less


def respelled(encoded: str) -> Iterator[tuple[str, Callable[[str], str]]]:
    """How other encoders write what RFC 3986 has percent-encoded so, where it makes a difference:
    each takes a text that is encoded by the RFC."""
    if len(encoded) > _LONGEST:
        return
    for mistake, respell in _RESPELLED:
        if respell(encoded) != encoded:
            yield mistake, respell


def respelled_twice(query: str, encode: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    """A query that is encoded once more as a whole, as it comes out where another encoder did the
    first step alone, or both."""
    for mistake, respell in respelled(query):
        again = encode(respell(query))
        yield mistake, again
        yield mistake, respell(again)


def _as_they_are(left: str) -> Callable[[str], str]:
    escapes = {f"%{ord(char):02X}": char for char in left}
    pattern = re.compile("|".join(escapes))
    return lambda text: pattern.sub(lambda found: escapes[found[0]], text)


_ESCAPE = re.compile("%[0-9A-F]{2}")
_RESPELLED: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("!'()* were left as they are, as encodeURIComponent does", _as_they_are("!'()*")),
    ("a colon was left as it is", _as_they_are(":")),
    ("a slash was left as it is, as Python's quote does", _as_they_are("/")),
    ("the percent-escapes were in lower case", lambda t: _ESCAPE.sub(lambda f: f[0].lower(), t)),
)


def explained(
    scheme: str, source: str, given: str, ours: Signed, mistakes: Iterable[Signed]
) -> dict[str, Any]:
    """The mismatch as the journal keeps it: `expected` and `got` are signatures, `ours` and, where
    one of the mistakes explains what came, `theirs` are what they are over. `source` is the page
    of the scheme."""
    theirs = next((made for made in mistakes if credentials.same(made.signature, given)), None)
    return {
        "scheme": scheme,
        "source": source,
        "expected": ours.signature,
        "got": _cut(given, 200),
        "mistake": theirs.mistake if theirs else "",
        "ours": _over(ours),
        "theirs": _over(theirs) if theirs else None,
    }


def told(mismatch: Mapping[str, Any]) -> Iterator[str]:
    """The mismatch line by line, none for an empty one; ours beside theirs as a diff, `-` ours, `+`
    theirs."""
    if not mismatch:
        return
    yield f"{mismatch['scheme']} signature"
    yield f"  expected  `{mismatch['expected']}`"
    yield f"  got       `{mismatch['got']}`"
    yield f"  mistake   {mismatch['mistake'] or _UNKNOWN}"
    yield f"  see       {mismatch['source']}"
    for name, ours in mismatch["ours"].items():
        if ours:
            theirs = (mismatch["theirs"] or {}).get(name, ours)
            same = theirs == ours
            yield f"  {name.replace('_', ' ')}{'' if same else ', - ours, + theirs'}"
            yield from (f"    {line}" for line in _beside(ours, theirs))


def _beside(ours: str, theirs: str) -> Iterator[str]:
    """The lines of both, those that are one's alone marked."""
    if ours == theirs:
        yield from (f"| {line}" for line in ours.split("\n"))
        return
    lines = difflib.ndiff(ours.split("\n"), theirs.split("\n"))
    yield from (line.rstrip() for line in lines if not line.startswith("? "))


def _over(signed: Signed) -> dict[str, str]:
    return {
        "canonical_request": _cut(signed.canonical, _MOST),
        "string_to_sign": _cut(signed.string_to_sign, _MOST),
    }


def _cut(text: str, most: int) -> str:
    shown = text[:most].encode("utf-8", "backslashreplace").decode()[:most]  # lone surrogates
    return shown if len(text) <= most else f"{shown}... ({len(text)} characters)"
