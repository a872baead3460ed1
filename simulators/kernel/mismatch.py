"""A signature that is not the right one: over what the right one is, and how theirs came about.

Made only where a signature was refused. The secret is in none of it.
"""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from simulators.kernel import credentials

_MOST = 4000
_UNKNOWN = "none of those that are tried here; another secret makes every signature another"


class Signed(NamedTuple):
    """A signature, and what it is over. `canonical` is the canonical request of schemes that have
    one; `mistake` says, in the past tense, what was done in another way than the scheme's."""

    signature: str
    string_to_sign: str
    canonical: str = ""
    mistake: str = ""


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
