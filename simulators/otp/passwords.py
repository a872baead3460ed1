"""What makes a password too weak, by the policy of the sign-in experience.

The rules, their order and their figures are those of Logto's `PasswordPolicyChecker`
(https://docs.logto.io/end-user-flows/sign-up-and-sign-in/password-policy). One is not kept: whether
a password is among those that leaked, which Logto asks a service on the internet.
"""

import string
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Issue = dict[str, Any]

_LEAST, _MOST = 8, 256
_SYMBOLS = frozenset(string.punctuation + " ")
_RUN = 3  # so many in a row are a repetition or a sequence
_TOLERATED = 3  # so many characters beside what is restricted make a password good
_ROWS = (
    string.digits,
    string.ascii_lowercase,
    *("qwertyuiop", "asdfghjkl", "zxcvbnm"),
    *("1qaz", "2wsx", "3edc", "4rfv", "5tgb", "6yhn", "7ujm", "8ik", "9ol"),
)
_SEQUENCES = tuple(
    spelled for row in _ROWS for way in (row, row[::-1]) for spelled in (way, way.upper())
)
_TRIPLES = frozenset(row[at : at + _RUN] for row in _SEQUENCES for at in range(len(row) - _RUN + 1))
_READ = 512  # characters that are looked at for what is restricted, so that none holds the loop


def issues(password: str, policy: Mapping[str, Any], known: Sequence[str]) -> list[Issue]:
    """All that is wrong with it. `known` is what others know of the person: user name, number."""
    return [*_length(password, policy), *_characters(password, policy)] + [
        _issue(f"restricted.{why}") for why in _restricted(_units(password[:_READ]), policy, known)
    ]


def _units(password: str) -> str:
    """As JavaScript counts: a character beyond the first 65,536 is two."""
    raw = password.encode("utf-16-le", "surrogatepass")
    return "".join(chr(low | high << 8) for low, high in zip(raw[::2], raw[1::2], strict=True))


def _issue(code: str, **words: int) -> Issue:
    told: Issue = {"code": f"password_rejected.{code}"}
    return told | ({"interpolation": words} if words else {})


def _length(password: str, policy: Mapping[str, Any]) -> Iterator[Issue]:
    length = policy.get("length", {})
    least, most = length.get("min", _LEAST), length.get("max", _MOST)
    units = len(password.encode("utf-16-le", "surrogatepass")) // 2
    if units < least:
        yield _issue("too_short", min=least)
    elif units > most:
        yield _issue("too_long", max=most)


def _characters(password: str, policy: Mapping[str, Any]) -> Iterator[Issue]:
    kinds = {_kind(character) for character in set(password)}
    least = policy.get("characterTypes", {}).get("min", 1)
    if "" in kinds:
        yield _issue("unsupported_characters")
    elif len(kinds) < least:
        yield _issue("character_types", min=least)


def _kind(character: str) -> str:
    if character in _SYMBOLS:
        return "symbol"
    if not character.isascii():
        return ""
    kinds = (("lower", str.islower), ("upper", str.isupper), ("digit", str.isdigit))
    return next((name for name, is_it in kinds if is_it(character)), "")


def _restricted(password: str, policy: Mapping[str, Any], known: Sequence[str]) -> list[str]:
    """What makes up the password, if that is nearly all of it: by the place where it begins."""
    rejects = policy.get("rejects", {})
    words = [word.lower() for word in rejects.get("words", ())]
    person = [one.lower() for one in known if one] if rejects.get("userInfo", True) else []
    runs = rejects.get("repetitionAndSequence", True)
    repeated, lowered = _repetitions(password), password.lower()
    marked, until, found = 0, 0, dict[str, None]()
    for at in range(len(password)):
        lengths = {
            "repetition": repeated[at] if runs else 0,
            "sequence": _sequence(password, at) if runs else 0,
            "words": _longest(lowered, at, words),
            "user_info": _longest(lowered, at, person),
        }
        for why, length in lengths.items():
            if length:
                found[why] = None
                until = max(until, at + length)
        marked += at < until
    return list(found) if marked > max(1, len(password) - _TOLERATED) else []


def _repetitions(password: str) -> list[int]:
    """For each place how many of the same begin there, 0 for fewer than count."""
    lengths = [0] * (len(password) + 1)
    for at in reversed(range(len(password))):
        goes_on = password[at : at + 1] == password[at + 1 : at + 2]
        lengths[at] = lengths[at + 1] + 1 if goes_on else 1
    return [length if length >= _RUN else 0 for length in lengths]


def _sequence(password: str, at: int) -> int:
    end = at + _RUN
    if password[at:end] not in _TRIPLES:
        return 0
    while end < len(password) and any(password[at : end + 1] in row for row in _SEQUENCES):
        end += 1
    return end - at


def _longest(password: str, at: int, words: Sequence[str]) -> int:
    return max((len(word) for word in words if word and password.startswith(word, at)), default=0)
