"""Hides secrets from whatever people are shown: journal, reports, answers, logs, failing tests.

Two things are hidden. The secrets of known accounts, wherever they stand and however they are
spelled: raw, percent-encoded (in any case, more than once), with the escapes of JSON or XML, as a
form, in base64. And the fields that a provider's table of credentials calls secret, whatever is in
them, as a client may have sent its real ones. It is done when something is read, never when it is
kept, and takes time in proportion to the text.
"""

import base64
import binascii
import re
from bisect import bisect_right
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, cached_property, lru_cache
from itertools import accumulate
from typing import Any, NamedTuple
from urllib.parse import unquote

from simulators.kernel.credentials import Credential

MASK = "***"

# How often a text may be escaped, and a long one: what is escaped more often is not shown at all.
_LEVELS = 6
_LEVELS_OF_LONG = 3
_LONG = 4096
# So many masks in a text that none of it is left to read.
_MOST = 1000
# So many texts that are no longer are masked once and remembered: names of headers, user agents.
_REMEMBERED = 4096
_SHORT = 256
# So many cuts are looked at, from the end of a text: it was cut at its end.
_CUTS = 32
# An index by this many characters: a secret that has fewer in a row is searched for one by one.
_KEY = 6
# So many characters a secret and more: then a text is searched for each secret, which C does.
_FEW = 4
_WORD = re.compile(r"[A-Za-z0-9_-]+")
_LONG_WORD = re.compile(rf"[A-Za-z0-9_-]{{{_KEY},}}")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}")
# One match is one character, or a byte that is none.
_ESCAPE = re.compile(
    r"(%(?:[cCdD][0-9A-Fa-f]%[89abAB][0-9A-Fa-f]"
    r"|[eE][0-9A-Fa-f](?:%[89abAB][0-9A-Fa-f]){2}"
    r"|[fF][0-7](?:%[89abAB][0-9A-Fa-f]){3}"
    r"|[0-9A-Fa-f]{2})"
    r"|\\u[dD][89abAB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2}"
    r"|\\u[0-9A-Fa-f]{4}"
    r"|\\x[0-9A-Fa-f]{2}"
    r"|\\[\"'\\/bfnrt]"
    r"|&\#(?:[0-9]{1,7}|[xX][0-9A-Fa-f]{1,6});"
    r"|&(?:amp|lt|gt|quot|apos);)",
)
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_PLAIN = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
# Where a text was cut short: before it may stand the beginning of a secret, and of an escape.
_CUT = re.compile(
    r"(?:%[0-9A-Fa-f]?|\\(?:u[0-9A-Fa-f]{0,3}|x[0-9A-Fa-f]?)?|&(?:\#[xX]?[0-9A-Fa-f]{0,6}|[a-z]{0,4}))?"
    r"\.\.\.(?:`| \(\d)"
)
# https://www.iana.org/assignments/http-authschemes, and what providers' tables add to it
_SCHEMES = frozenset(("basic", "bearer", "digest", "oauth", "token", "hoba", "negotiate"))

_WORDS = re.compile(r"(?:/[A-Za-z_.-]{0,15})*/?(?:v[0-9])?")

Span = tuple[int, int]


class Fields(NamedTuple):
    """Where a provider's requests show secrets: the `names` of headers and parameters, in lower
    case; how a `path` begins that is one; whether a Basic `user` without a password is one; and the
    `schemes` of its Authorization headers, which are none."""

    names: frozenset[str] = frozenset(("authorization", "proxy-authorization"))
    path: str = ""
    user: bool = False
    schemes: frozenset[str] = _SCHEMES


@lru_cache(maxsize=256)
def fields(table: tuple[Credential, ...]) -> Fields:
    """The fields that the table of a provider calls secret. A signature is made with a secret, and
    is as good as one for as long as it holds; those of callbacks are the application's to see."""
    names, schemes = set(Fields().names), set(_SCHEMES)
    places = [place for row in table if row.secret for place in (*row.at, *row.signs)]
    for place in places:
        part, _, name = place.partition(".")
        if part in ("header", "query", "body"):
            names.add(name.casefold())
        elif part == "authorization":
            schemes.add(name.casefold())
    user = "basic.user" in places
    path = next((p.partition(".")[2] for p in places if p.startswith("path.")), "")
    return Fields(frozenset(names), path, user, frozenset(schemes))


class Secrets:
    """The secrets of known accounts, indexed so that a text is searched for all of them at once.

    Found by the last characters of their longest word: a text has few words that long, so most of
    it is passed over.
    """

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._counts: Counter[str] = Counter()
        self._by_word: dict[str, dict[str, int]] = defaultdict(dict)
        self._lengths: dict[str, Counter[int]] = defaultdict(Counter)
        self._starts: dict[str, set[str]] = defaultdict(set)
        self._short: set[str] = set()
        self._longest = 0
        self.changes = 0  # with each what was masked before may be masked otherwise
        self.add(values)

    def add(self, values: Iterable[str]) -> None:
        """Hides these as well."""
        self.changes += 1
        for value in values:
            for spelling in _variants(value):
                self._counts[spelling] += 1
                if self._counts[spelling] == 1:
                    self._index(spelling)

    def discard(self, values: Iterable[str]) -> None:
        """Those of an account that is gone; what another account has too stays hidden."""
        self.changes += 1
        for value in values:
            for spelling in _variants(value):
                self._counts[spelling] -= 1
                if self._counts[spelling] <= 0:
                    del self._counts[spelling]
                    self._forget(spelling)

    def _index(self, secret: str) -> None:
        word, at = _anchor(secret)
        if len(word) < _KEY:
            self._short.add(secret)
            return
        self._longest = max(self._longest, len(word))
        if not self._by_word[word]:
            self._lengths[word[-_KEY:]][len(word)] += 1
            self._starts[word[:_KEY]].add(word)
        self._by_word[word][secret] = at

    def _forget(self, secret: str) -> None:
        word, _at = _anchor(secret)
        if len(word) < _KEY:
            self._short.discard(secret)
            return
        del self._by_word[word][secret]
        if not self._by_word[word]:
            del self._by_word[word]
            starts = self._starts[word[:_KEY]]
            starts.discard(word)
            if not starts:
                del self._starts[word[:_KEY]]
            lengths = self._lengths[word[-_KEY:]]
            lengths[len(word)] -= 1
            if not lengths[len(word)]:
                del lengths[len(word)]
            if not lengths:
                del self._lengths[word[-_KEY:]]

    def within(self, text: str, *, short: bool = True) -> Iterator[Span]:
        """Where one stands, spelled as it is; those that are short only if asked for."""
        text = text.replace("+", " ")
        if len(self._counts) * _FEW < len(text):  # one by one is then faster
            for secret in self._counts:
                if short or secret not in self._short:
                    yield from _all(text, secret)
            return
        for found in _LONG_WORD.finditer(text):
            start, end = found.start(), found.end() - _KEY + 1
            if self._lengths.keys().isdisjoint([text[at : at + _KEY] for at in range(start, end)]):
                continue
            for at in range(start, end):
                for length in self._lengths.get(text[at : at + _KEY], ()):
                    yield from self._ending(text, at + _KEY - length, at + _KEY)
        for secret in self._short if short else ():
            yield from _all(text, secret)

    def _ending(self, text: str, start: int, end: int) -> Iterator[Span]:
        for secret, before in self._by_word.get(text[max(start, 0) : end], {}).items():
            at = start - before
            if at >= 0 and text.startswith(secret, at):
                yield at, at + len(secret)

    def begun(self, text: str, end: int) -> Iterator[Span]:
        """Where a secret has begun that goes on where the text was cut."""
        for at in range(max(0, end - self._longest), end - _KEY + 1):
            if any(
                word.startswith(text[at:end]) for word in self._starts.get(text[at : at + _KEY], ())
            ):
                yield at, end
                return


def _all(text: str, secret: str) -> Iterator[Span]:
    at = text.find(secret)
    while at >= 0:
        yield at, at + len(secret)
        at = text.find(secret, at + 1)


def _variants(secret: str) -> Iterator[str]:
    """A secret as it may be read: a form's + for its spaces, the token of an Authorization header
    alone, UTF-8 taken for Latin-1."""
    plain = secret.replace("+", " ")
    yield plain
    _scheme, space, token = plain.partition(" ")
    if space and len(token) >= 2 * _KEY:
        yield token
    if not secret.isascii():
        yield plain.encode("utf-8", "surrogatepass").decode("latin-1")


def _anchor(secret: str) -> tuple[str, int]:
    """The longest word in a secret, and where it stands in it."""
    longest = max(_WORD.finditer(secret), key=lambda found: len(found[0]), default=None)
    return (longest[0], longest.start()) if longest else ("", 0)


class Mask:
    """Hides the secrets of known accounts, and the secret fields of one provider."""

    def __init__(self, secrets: Secrets, hidden: Fields = Fields()) -> None:  # noqa: B008 - frozen
        self._secrets = secrets
        self._fields = hidden
        self._remembered: dict[str, str] = {}
        self._as_of = -1

    def text(self, text: str) -> str:
        """A text of any kind: a body, a URL, a sentence."""
        if len(text) > _SHORT:
            return self._masked(text)
        if self._as_of != self._secrets.changes or len(self._remembered) > _REMEMBERED:
            self._remembered.clear()
            self._as_of = self._secrets.changes
        masked = self._remembered.get(text)
        if masked is None:
            masked = self._remembered[text] = self._masked(text)
        return masked

    def _masked(self, text: str) -> str:
        spans = self._spans(text)
        return _without(text, spans) if spans else text

    def value(self, value: Any) -> Any:
        """JSON-like values of any depth."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            return {
                self.text(name): MASK if name.casefold() in self._fields.names else self.value(item)
                for name, item in value.items()
            }
        return value

    def path(self, path: str) -> str:
        """The path of a request. Where a path may be a secret, only one of plain words is shown:
        a client may be set up with its key at another place than it has here."""
        if self._fields.path:
            plain = unquote(path)
            if plain.startswith(self._fields.path) or not _WORDS.fullmatch(plain):
                return f"/{MASK}"
        return self.text(path)

    def target(self, target: str) -> str:
        """Path and query."""
        path, mark, query = target.partition("?")
        return self.path(path) + mark + self.text(query)

    def header(self, name: str, value: str) -> str:
        """A header's value; of an Authorization the scheme and the Basic user name stay."""
        if name.casefold() in ("authorization", "proxy-authorization"):
            return self.text(self._authorization(value))
        return MASK if name.casefold() in self._fields.names else self.text(value)

    def _authorization(self, value: str) -> str:
        scheme, *rest = value.split(None, 1)[:2] or [""]
        if scheme.casefold() not in self._fields.schemes:
            return MASK
        if scheme.casefold() == "basic" and rest:
            user, colon, password = _decoded_basic(rest[0]).partition(":")
            if colon:  # a token may be sent as the user
                return f"{scheme} {MASK if self._fields.user and not password else user}:{MASK}"
        return f"{scheme} {MASK}"

    def got(self, pointer: str, got: str) -> str:
        """What came, as a violation quotes it, at a pointer into the request document."""
        parts = pointer.casefold().split(".")
        quoted, tick, after = got.rpartition("`")
        if tick and quoted.startswith("`"):
            if parts == ["path"]:
                return f"`{self._request_line(quoted[1:])}`{after}"
            if parts[-1] == "authorization":
                return f"`{self.header(parts[-1], quoted[1:])}`{after}"
            if not self._fields.names.isdisjoint(parts):
                return f"`{MASK}`{after}"
        return self.text(got)

    def _request_line(self, quoted: str) -> str:
        """A path, which the method may stand before."""
        method, space, path = quoted.rpartition(" ")
        return f"{method}{space}{self.path(path)}" if path.startswith("/") else self.text(quoted)

    def _spans(self, text: str) -> Sequence[Span]:
        """What to hide of a text: found in it, and in what is left once its escapes are undone."""
        layers: list[_Layer] = []
        spans: list[Span] = []
        shown = text
        for _ in range((_LEVELS if len(text) <= _LONG else _LEVELS_OF_LONG) + 1):
            found = _united(self._plain(shown))
            if len(found) > _MOST:
                return [(0, len(text))]
            spans += [_source(layers, start, end) for start, end in found]
            layer = _undone(shown)
            if layer is None:
                return spans
            layers.append(layer)
            shown = layer.text
        return [(0, len(text))]

    def _plain(self, text: str) -> Iterator[Span]:
        yield from self._secrets.within(text)
        if _spoken_of(self._fields, text):
            yield from self._named(text)
        if "..." in text:
            for cut in deque(_CUT.finditer(text), maxlen=_CUTS):
                yield from self._secrets.begun(text, cut.start())
        runs = list(_BASE64.finditer(text))
        if runs:
            yield from self._in_base64(text, runs)

    def _named(self, text: str) -> Iterator[Span]:
        """What stands under a secret name."""
        end = 0
        for found in _named(self._fields).finditer(text):
            start = found.start(found.lastgroup or 0)
            if start >= end:  # not within another's value, or nesting would cost its square
                nested = text[start] in "[{"
                end = _closed(text, start) if nested else found.end(found.lastgroup or 0)
                yield start, end

    def _in_base64(self, text: str, runs: Sequence[re.Match[str]]) -> Iterator[Span]:
        """All runs are decoded at once, each from its first, second, third and fourth character:
        where in it base64 begins is not known."""
        padded = [run[0] + _PADDING[len(run[0]) % 4] for run in runs]
        joined = "".join(padded).translate(_STANDARD)
        ends = list(accumulate(map(len, padded)))
        for start in range(4):
            part = joined[start : start - 4]
            decoded = binascii.a2b_base64(part).decode("latin-1")
            for at, _end in self._secrets.within(decoded, short=False):
                yield runs[bisect_right(ends, start + at // 3 * 4)].span()
        cut = (run for run in runs if text.startswith("...", run.end()))
        for run in deque(cut, maxlen=_CUTS):
            lines = _from_base64(run[0]).split("\n\n")
            if any(any(self._secrets.begun(line, len(line))) for line in lines):
                yield run.span()


# To a multiple of four characters, and four more between one run and the next.
_PADDING = ("AAAA", "AAAAAAA", "AAAAAA", "AAAAA")
_STANDARD = str.maketrans("-_", "+/")


def _from_base64(run: str) -> str:
    """What it may be base64 of, wherever in the run that begins, each after an empty line."""
    run = run.translate(_STANDARD)
    found = []
    for start in range(4):
        part = run[start:]
        lacks = -len(part) % 4
        part = part[:-1] if lacks == 3 else part + "=" * lacks
        found.append(binascii.a2b_base64(part).decode("latin-1"))
    return "\n\n".join(found)


def _decoded_basic(token: str) -> str:
    try:
        return base64.b64decode(token.strip(), validate=True).decode("utf-8", "replace")
    except ValueError:
        return ""


def _united(spans: Iterable[Span]) -> list[Span]:
    """In order, those that overlap or touch as one."""
    united: list[Span] = []
    for start, end in sorted(spans):
        if united and start <= united[-1][1]:
            united[-1] = united[-1][0], max(end, united[-1][1])
        else:
            united.append((start, end))
    return united


def _without(text: str, spans: Sequence[Span]) -> str:
    """The text with the mask for each span; spans that touch have one."""
    parts: list[str] = []
    at = 0
    for start, end in sorted(spans):
        if start > at or not parts:
            parts += [text[at:start], MASK]
        at = max(at, end)
    return "".join([*parts, text[at:]])


def _spoken_of(hidden: Fields, text: str) -> bool:
    """Whether any secret name stands in a text, wherever and whatever for."""
    folded = text.casefold()
    return any(name in folded for name in hidden.names) or bool(hidden.path and "path" in folded)


@cache
def _named(hidden: Fields) -> re.Pattern[str]:
    """What stands under a secret name: in a form, a query or a cookie, in JSON, in XML, in a part
    of a multipart body."""
    names = "|".join(sorted(map(re.escape, hidden.names), key=len, reverse=True))
    json = rf"{names}|path" if hidden.path else names
    return re.compile(
        rf"(?:^|(?<=[?&;\s`\"']))(?:{names})(?:\[\d*\]|\.\d+)?=(?P<form>[^&\s]+)"
        rf"|[\"'](?:{json})[\"']\s*:\s*(?:\"(?P<text>(?:[^\"\\]|\\.)+)|(?P<json>[\[{{]|[^\s,}}\]\"]+))"
        rf"|\bname=\"(?:{names})\"[^\r\n]*\r?\n\r?\n(?P<part>[^\r\n]+)"
        rf"|<(?:{names})>(?P<xml>[^<]+)",
        re.IGNORECASE | re.DOTALL,
    )


_BRACKETS = re.compile(r"\"(?:[^\"\\]|\\.)*\"?|[\[\]{}]", re.DOTALL)


def _closed(text: str, start: int) -> int:
    """Where the JSON array or object ends that begins there."""
    depth = 0
    for found in _BRACKETS.finditer(text, start):
        if found[0] in ("[", "{"):
            depth += 1
        elif found[0] in ("]", "}"):
            depth -= 1
            if depth == 0:
                return found.end()
    return len(text)


class _Characters(dict[str, str]):
    """What escapes stand for: few of them make up most of any text."""

    def __missing__(self, escape: str) -> str:
        character = _character(escape)
        if len(self) < _REMEMBERED:
            self[escape] = character
        return character


def _character(escape: str) -> str:
    kind, rest = escape[:2], escape[2:]
    if kind[0] == "%":
        return bytes.fromhex(escape.replace("%", "")).decode("utf-8", "surrogateescape")
    if kind == "\\u" and len(rest) > 4:
        high, low = int(rest[:4], 16), int(rest[6:], 16)
        return chr(0x10000 + ((high - 0xD800) << 10) + low - 0xDC00)
    if kind in ("\\u", "\\x"):
        return chr(int(rest, 16))
    if kind[0] == "\\":
        return _PLAIN.get(kind[1], kind[1])
    if kind == "&#":
        code = int(rest[1:-1], 16) if rest[0] in "xX" else int(rest[:-1])
        return chr(code) if code <= 0x10FFFF else "\ufffd"
    return _NAMED[escape[1:-1]]


_CHARACTERS = _Characters()


class _Layer:
    """A text with one level of its escapes undone. Of its pieces every second one was an escape;
    where they stand is only worked out for a text that something is found in."""

    def __init__(self, pieces: list[str]) -> None:
        self._pieces = pieces
        self._plain = pieces[:]
        self._plain[1::2] = map(_CHARACTERS.__getitem__, pieces[1::2])
        self.text = "".join(self._plain)

    @cached_property
    def _ends(self) -> tuple[list[int], list[int]]:
        """Of the pieces, in the text that they were made of and in this one."""
        return list(accumulate(map(len, self._pieces))), list(accumulate(map(len, self._plain)))

    def earlier(self, at: int) -> Span:
        """Where a character of it stands in the text that it was made of."""
        were, are = self._ends
        place = bisect_right(are, at)
        if place % 2:
            return were[place - 1], were[place]
        start = were[place - 1] + at - are[place - 1] if place else at
        return start, start + 1


def _undone(text: str) -> _Layer | None:
    """The text with one level of escapes undone, None where it has none."""
    if "%" not in text and "\\" not in text and "&" not in text:
        return None
    pieces = _ESCAPE.split(text)
    return _Layer(pieces) if len(pieces) > 1 else None


def _source(layers: Sequence[_Layer], start: int, end: int) -> Span:
    """Where in the first text stands what was found in the last."""
    for layer in reversed(layers):
        start, end = layer.earlier(start)[0], layer.earlier(end - 1)[1]
    return start, end
