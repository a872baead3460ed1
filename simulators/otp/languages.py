"""In which language somebody is written to: of those they want, the first that Logto has texts in.

`fr-CA` is written to in `fr`, as no text is Canadian; what nobody has texts in is passed over.
"""

from collections.abc import Iterable, Iterator, Mapping
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
_EXACT = {tag.lower(): tag for tag in BUILT_IN}


def chosen(wanted: str, accepted: str, info: Mapping[str, Any]) -> str:
    """A language of `BUILT_IN`. `wanted` is OIDC's ui_locales, `accepted` an Accept-Language header
    and `info` the experience's `languageInfo`."""
    candidates = wanted.split()
    if info.get("autoDetect", True):
        candidates += _accepted(accepted)
    candidates.append(info.get("fallbackLanguage", DEFAULT))
    return next(_known(candidates), DEFAULT)


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
