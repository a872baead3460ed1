"""Fresh numbers: an application that counts codes by number must not meet one twice."""

import random
from collections.abc import Iterator

from simulators.kernel import phone

# Valid for the provider and its default account, as the country's plan has them; `#` is a digit.
_PATTERNS = {
    "twilio": "+1415555####",
    "vonage": "+447911123###",
    "gatewayapi": "+4520555###",
    "smsaero": "+7903555####",
    "aliyun": "+8613055500###",
    "tencent": "+8613055501###",
}
_ANY = "+8613055502###"


class BadNumber(ValueError):
    """No number a message can go to; the message says what is wrong."""


def fresh(provider: str, given: str, wanted: int, chance: random.Random) -> Iterator[str]:
    """That many numbers in E.164, by a pattern in which `#` is a digit; by a `given` number
    without one the same each time. Raises `BadNumber`."""
    pattern = given or _PATTERNS.get(provider, _ANY)
    places = pattern.count("#")
    if places and 10**places < wanted:
        raise BadNumber(
            f"--to: '{pattern}' has only {10**places} numbers, and each message takes one of its"
            f" own: {wanted}"
        )
    _valid(pattern.replace("#", "0"))
    chosen = chance.sample(range(10**places), wanted) if places else [0] * wanted
    return (_valid(_filled(pattern, f"{number:0{places}}")) for number in chosen)


def _filled(pattern: str, digits: str) -> str:
    for digit in digits[: pattern.count("#")]:
        pattern = pattern.replace("#", digit, 1)
    return pattern


def _valid(text: str) -> str:
    number = phone.parse(text)
    if number is None or not number.valid:
        raise BadNumber(f"--to: expected a number like +14155550100, # for any digit, got '{text}'")
    return number.e164
