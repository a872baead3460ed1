"""What a trigger is told: placeholders in its text, the same as SMS_... in its environment."""

import json
import re
from collections.abc import Callable, Mapping
from urllib.parse import quote

from simulators.kernel import phone

Values = Mapping[str, str]
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


def of_number(number: str) -> dict[str, str]:
    """A number in E.164 as `to`; `digits` without the plus; `national` without the country."""
    parsed = phone.parse(number)
    national = parsed.national if parsed else number.lstrip("+")
    return {"to": number, "digits": number.lstrip("+"), "national": national}


def filled(text: str, values: Values, spell: Callable[[str], str] = str) -> str:
    """The text with each `{name}` that there is replaced; other braces stay as they are."""
    return _PLACEHOLDER.sub(
        lambda found: spell(values[found[1]]) if found[1] in values else found[0], text
    )


def in_url(value: str) -> str:
    """A value as a URL or a form spells it."""
    return quote(value, safe="")


def in_json(value: str) -> str:
    """A value as it is written between the quotes of a JSON string."""
    return json.dumps(value, ensure_ascii=False)[1:-1]


def environment(values: Values) -> dict[str, str]:
    """`{"to": ...}` as `{"SMS_TO": ...}`."""
    return {f"SMS_{name.upper()}": value for name, value in values.items()}
