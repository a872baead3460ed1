"""In which language somebody is written to: of those they want, the first that Logto has texts in.

A message to `fr-CA` is in `fr`, as no text is Canadian; what nobody has texts in is passed over. An
error is told in a language that is named as Logto names it, else in English: `fr-CA` alone is not
French, nor `zh` Chinese.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

DEFAULT = "en"
BUILT_IN = (
    "ar",
    "cs",
    "de",
    "en",
    "es",
    "fa-IR",
    "fr",
    "it",
    "ja",
    "ko",
    "pl-PL",
    "pt-PT",
    "pt-BR",
    "ru",
    "th",
    "tr-TR",
    "uk-UA",
    "zh-CN",
    "zh-HK",
    "zh-TW",
)
_OF_ERRORS = frozenset(BUILT_IN) - {"cs", "uk-UA"}
_PHRASES = Path(__file__).with_name("phrases.json")
_EXACT = {tag.lower(): tag for tag in BUILT_IN}


def chosen(wanted: str, accepted: str, info: Mapping[str, Any]) -> str:
    """A language of `BUILT_IN`. `wanted` is OIDC's ui_locales, `accepted` an Accept-Language header
    and `info` the experience's `languageInfo`."""
    candidates = wanted.split()
    if info.get("autoDetect", True):
        candidates += _accepted(accepted)
    candidates.append(info.get("fallbackLanguage", DEFAULT))
    return next(_known(candidates), DEFAULT)


def of_errors(wanted: Sequence[str], accepted: str) -> str:
    """The language of an error's message: of the query's `locale`s and then the Accept-Language
    header the first that is known by its very name."""
    for tag in (*wanted, *_accepted(accepted)):
        language, dash, region = tag.partition("-")
        spelled = f"{language.lower()}-{region.upper()}" if dash and "-" not in region else tag
        if spelled in _OF_ERRORS:
            return spelled
    return DEFAULT


def phrase(language: str, code: str) -> str:
    """The error in that language, in words of our own; "" where there are none: English is said."""
    return _phrases().get(language, {}).get(code, "") if language != DEFAULT else ""


@cache
def _phrases() -> dict[str, dict[str, str]]:
    known: dict[str, dict[str, str]] = json.loads(_PHRASES.read_bytes())
    return known


def _accepted(header: str) -> list[str]:
    """The languages of the header, by their quality and then in its order."""
    weighed = []
    for item in header.split(","):
        tag, *parameters = (part.strip() for part in item.split(";"))
        quality = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name == "q":
                try:
                    quality = float(value)
                except ValueError:
                    quality = 1.0
        if tag:
            weighed.append((-quality, tag))
    return [tag for _quality, tag in sorted(weighed, key=lambda one: one[0])]


def _known(candidates: Iterable[str]) -> Iterator[str]:
    for tag in candidates:
        wanted = tag.lower()
        base = wanted.partition("-")[0]
        if wanted in _EXACT:
            yield _EXACT[wanted]
        elif base in _EXACT:
            yield _EXACT[base]
        else:
            yield from (one for one in BUILT_IN if base and one.lower().startswith(f"{base}-"))
