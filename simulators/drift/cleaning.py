"""Makes of an answer one that may be shown, compared, and attached to an issue.

A vendor's answer may repeat anything of the request, in any spelling, and what the account has
besides. So what belongs to the account becomes what the published account has in its place (its
name, its sender, its application), and what proves it becomes `***`, wherever it stands. Both sides
are cleaned the same way: what is left that differs, differs.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from simulators.kernel.call import Call
from simulators.kernel.credentials import Credentials
from simulators.kernel.masking import MASK, Fields, Mask, Secrets, fields
from simulators.kernel.provider import Provider
from simulators.kernel.reading import fields as query_fields
from simulators.kernel.reading import first, form
from simulators.samples import FORM

# So short a value stands in a text by chance.
_SHORT = 4
# No signature and no token is shorter.
_LONG = 16
# Halves of characters, and what moves a terminal's cursor.
_UNFIT = re.compile("[\ud800-\udfff\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
# What a field with such a name holds is shown nowhere, whoever's it is: answers about an account
# have its token in them.
_PROVING = re.compile(r"token|secret|passw|api_?-?key|authorization|cookie", re.IGNORECASE)


class Cleaner:
    """What hides the credentials of one account. `stand_ins` maps further values to what is shown
    in their place; `secrets` are shown nowhere."""

    def __init__(
        self,
        provider: Provider,
        known: Credentials,
        stand_ins: Mapping[str, str] | None = None,
        secrets: Iterable[str] = (),
    ) -> None:
        rows = {row.name: row for row in provider.credentials}
        hidden = [
            value for name, value in known.items() if rows[name].secret or rows[name].identifies
        ]
        shown = provider.published
        shared = {
            known[name]: shown[name]
            for name, row in rows.items()
            if not row.secret and len(known.get(name, "")) >= _SHORT
        }
        shared.update(stand_ins or {})
        table = fields(provider.credentials)
        names = table.names | {row.name.casefold() for row in rows.values() if row.secret}
        self._mask = Mask(Secrets([*hidden, *secrets]), Fields(names, *table[1:]))
        # Kept aside while the rest is masked, so that it is not masked with it.
        self._aside = dict(_aside(shared))
        self._plain = _any_of(self._aside)
        self._back = {mark: shared[value] for value, mark in _marks(shared)}
        self._marks = _any_of(self._back)

    def text(self, text: str) -> str:
        """A text of any kind; what no terminal and no file should get is made visible."""
        text = _UNFIT.sub("\ufffd", text)
        if self._plain is not None:
            text = self._plain.sub(lambda found: self._aside[found[0]], text)
        text = self._mask.text(text)
        if self._marks is not None:
            text = self._marks.sub(lambda found: self._back[found[0]], text)
        return text

    def value(self, value: Any) -> Any:
        """JSON of any depth."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            return {self.text(name): self._member(name, inner) for name, inner in value.items()}
        if isinstance(value, int | float) and not isinstance(value, bool):
            return self._number(value)
        return value

    def _member(self, name: str, inner: Any) -> Any:
        if isinstance(inner, str) and inner and _PROVING.search(name):
            return MASK
        named = self._mask.value({name: ""})
        if MASK in named.values() and not isinstance(inner, dict | list):
            return MASK
        return self.value(inner)

    def _number(self, number: float) -> Any:
        """A credential of digits alone may come as a number."""
        cleaned = self.text(str(number))
        if cleaned == str(number):
            return number
        return int(cleaned) if cleaned.isdecimal() else cleaned

    def header(self, name: str, value: str) -> str:
        """The value of an answer's header."""
        return MASK if _PROVING.search(name) else self.text(value)


def proofs(provider: Provider, call: Call) -> Iterator[str]:
    """What a request was proved by and is as good as a secret while it holds: signatures."""
    for word in re.split(r"[\s,=\":&]+", call.headers.get("authorization", "")):
        if len(word) >= _LONG:
            yield word
    names = fields(provider.credentials).names
    body = form(call) if call.content_type == FORM else {}
    for given in (query_fields(call.query) if call.query else {}, body):
        for name in given:
            value = first(given, name)
            if name.casefold() in names and len(value) >= _LONG:
                yield value


def _marks(shared: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """A private-use character for each value, which no mask takes for anything."""
    for number, value in enumerate(sorted(shared)):
        yield value, chr(0xF0000 + number)


def _aside(shared: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for value, mark in _marks(shared):
        for spelled in {value, quote(value, safe=""), quote_plus(value), _escaped(value)}:
            yield spelled, mark


def _escaped(value: str) -> str:
    return json.dumps(value)[1:-1]


def _any_of(words: Iterable[str]) -> re.Pattern[str] | None:
    """The longest first: one may be the beginning of another."""
    ordered = sorted(words, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, ordered))) if ordered else None
