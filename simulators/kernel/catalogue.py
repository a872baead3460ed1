"""Error catalogues: every documented refusal of a provider is a row of its `errors.json`.

Beside them stands `Problem`, the closed list of things that can go wrong: every provider has a row
for each, in its own words.
"""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import orjson

from simulators.data import bring, contracts
from simulators.kernel.checks import shown


class Problem(StrEnum):
    """Why a request or one recipient's message is refused, in no provider's language."""

    MALFORMED = "malformed"
    TOO_LARGE = "too_large"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    NO_CREDENTIALS = "no_credentials"
    UNKNOWN_CREDENTIALS = "unknown_credentials"
    UNAUTHENTICATED = "unauthenticated"
    EXPIRED = "expired"
    REPLAYED = "replayed"
    FORBIDDEN = "forbidden"
    SUSPENDED = "suspended"
    NO_CREDIT = "no_credit"
    THROTTLED = "throttled"
    MISSING_RECIPIENT = "missing_recipient"
    BAD_RECIPIENT = "bad_recipient"
    TOO_MANY_RECIPIENTS = "too_many_recipients"
    REGION_NOT_ALLOWED = "region_not_allowed"
    OPTED_OUT = "opted_out"
    MISSING_SENDER = "missing_sender"
    BAD_SENDER = "bad_sender"
    MISSING_TEXT = "missing_text"
    TEXT_TOO_LONG = "text_too_long"
    TEMPLATE_UNKNOWN = "template_unknown"
    TEMPLATE_MISMATCH = "template_mismatch"
    INTERNAL = "internal"
    UNAVAILABLE = "unavailable"


_PLACEHOLDER = re.compile(r"\{(\w+)\}")


class Place(StrEnum):
    """Where a row appears on the wire."""

    ANSWER = "answer"  # one error body for the whole request
    RECIPIENT = "recipient"  # one recipient's row of an answer that may hold several
    RECEIPT = "receipt"  # later, as the status of a message that was accepted


class Confirmed(StrEnum):
    """What says that a row is the vendor's own: the best there is."""

    RECORDING = "recording"  # an answer of the real service that somebody kept has code and text
    DOCUMENTATION = "documentation"  # the vendor's page, SDK or specification has code and text
    CODE = "code"  # the vendor documents the code; its text or its HTTP status is ours
    NOTHING = "nothing"  # no source


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """One documented refusal.

    `key` names the row uniquely (the code, plus a suffix where a provider uses one code for
    several texts); `message` may hold `{placeholders}`; `confirmed` is what the row rests on,
    `verified` whether that is a recording or the documentation; `later` is the key of the receipt
    row that a deferred judgement turns into; `recipient`, of a row for whole requests, the key of
    the one that a single recipient is refused by where each is answered on its own; `status` is
    the provider's word that a message ends in with this receipt row; `defaults` fill placeholders
    that nothing else fills, so that a row reads well when it is asked for by name; `extra` holds
    what only this provider's rows have.
    """

    key: str
    code: str | int
    http_status: int
    message: str
    place: Place
    when: str
    source: str
    verified: bool
    confirmed: Confirmed = Confirmed.NOTHING
    later: str = ""
    recipient: str = ""
    status: str = ""
    defaults: Mapping[str, object] | None = None
    extra: Mapping[str, Any] | None = None

    def text(self, values: Mapping[str, object]) -> str:
        """The message with its placeholders filled; unknown ones stay as they are."""
        if "{" not in self.message:
            return self.message
        known = {**self.defaults, **values} if self.defaults else values
        return _PLACEHOLDER.sub(lambda m: str(known.get(m[1], m[0])), self.message)


class UnknownRow(LookupError):
    """No row has this key or code; the message lists near ones."""


class Catalogue:
    """The rows of one provider, by key and by code."""

    def __init__(self, provider: str, rows: list[ErrorRow]) -> None:
        self.provider = provider
        self._by_key = {row.key: row for row in rows}
        if len(self._by_key) != len(rows):
            raise ValueError(f"contracts/{provider}/errors.json has a key twice")
        self._by_code: dict[str, ErrorRow] = {}
        for row in rows:
            self._by_code.setdefault(str(row.code), row)

    def __getitem__(self, key: str) -> ErrorRow:
        row = self._by_key.get(key) or self._by_code.get(key)
        if row is None:
            near = ", ".join(self.near(key)) or ", ".join(list(self._by_key)[:5]) + ", ..."
            raise UnknownRow(f"{self.provider} has no error '{shown(key)}'; near: {near}")
        return row

    def near(self, key: str) -> list[str]:
        """Keys and codes that look like this one, those that begin with it first."""
        names = sorted({*self._by_key, *self._by_code})
        longer = [name for name in names if key and name.lower().startswith(key.lower())]
        alike = difflib.get_close_matches(key, names, n=5, cutoff=0.4)
        return list(dict.fromkeys(longer + alike))[:5]

    def __iter__(self) -> Iterator[ErrorRow]:
        return iter(self._by_key.values())

    def __len__(self) -> int:
        return len(self._by_key)


def load(provider: str, folder: Path | None = None) -> Catalogue:
    """Reads `contracts/<provider>/errors.json`: a list of rows with the fields of `ErrorRow`.

    A provider that is shipped by itself names the `folder` its contracts are in; schemas,
    examples and sample are then read from there as well.
    """
    if folder is not None:
        bring(provider, folder)
    raw = orjson.loads((contracts(provider) / "errors.json").read_bytes())
    return Catalogue(provider, [_row(item) for item in raw])


def _confirmed(item: dict[str, Any]) -> Confirmed:
    """What confirms a row; one of before this was told is documented if it is verified."""
    verified = item["verified"]
    word = Confirmed(item.get("confirmed", "documentation" if verified else "nothing"))
    if verified != (word in (Confirmed.RECORDING, Confirmed.DOCUMENTATION)):
        key = item.get("key", item["code"])
        raise ValueError(f"row {key}: confirmed by {word}, yet verified is {verified}")
    return word


def _row(item: dict[str, Any]) -> ErrorRow:
    known = set(ErrorRow.__dataclass_fields__) - {"extra"}
    extra = {name: value for name, value in item.items() if name not in known}
    return ErrorRow(
        key=item.get("key", str(item["code"])),
        code=item["code"],
        http_status=item["http_status"],
        message=item["message"],
        place=Place(item["place"]),
        when=item["when"],
        source=item["source"],
        verified=item["verified"],
        confirmed=_confirmed(item),
        later=item.get("later", ""),
        recipient=item.get("recipient", ""),
        status=item.get("status", ""),
        defaults=item.get("defaults"),
        extra=extra or None,
    )
