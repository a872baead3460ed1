"""A good send to any provider, by any account: what `contracts/NAME/sample.json` says of it.

One record a provider, from which the tests, the benchmark, the conformance numbers and the load
scenarios make their requests and numbers: none of them names a provider.

* `send`: `method`, `path`, `headers`, `query`, and the body as `form` or `json`; `basic` is user
  and password of a Basic Authorization header. `{to}` and `{code}` are filled in, and every
  credential by its name. `sign`, where a fixed request is not enough, names the function that signs
  one as a client does: `sign(call, credentials, now, nonce) -> Call`.
* `batch`: what differs in a send to several recipients, `{to}` and `{other}`; null where a request
  has but one.
* `accepted`: what stands in the answer (its head included) to a send that was taken, and in no
  refusal.
* `writes`: how a client writes a number: `e164`, `digits` (no plus) or `national`.
* `home`: an ISO 3166 region and a pattern of its numbers, which ends in seven places or more;
  `only` is true where it sends nowhere else without being asked to. `fresh`: a pattern of numbers
  for those who want to send to nobody's; `foreign`: a number elsewhere. In a pattern `#` is any
  digit, `N` one from 2 to 9.
* `callbacks`: the contracts of what the provider sends, by `receipts` and `inbound`.
* `connector`: the configuration of Logto's connector for it, by the `factory`; null where there is
  none.
"""

import json
import pkgutil
import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

from simulators.data import contracts
from simulators.kernel import phone
from simulators.kernel.call import Call
from simulators.kernel.credentials import Credentials

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
HOST = "127.0.0.1"  # which the servers take for their own, whatever the port

Signer = Callable[[Call, Credentials, float, str], Call]

PLACEHOLDER = re.compile(r"\{([a-z0-9_]+)\}")
_PLACES = {"#": "0123456789", "N": "23456789"}
_WRITTEN = ("e164", "digits", "national")
_SEND = ("method", "path", "headers", "query", "form", "json", "basic", "sign")
# Every field with what it is, for the sentence of a record that lacks it.
_FIELDS: Mapping[str, tuple[tuple[type, ...], str]] = {
    "send": ((dict,), '{"method": "POST", "path": "/sms", "json": {"to": "{to}", ...}}'),
    "batch": ((dict, type(None)), "what a send to {to} and {other} has instead; null: no batches"),
    "accepted": ((str,), "what stands in the answer to a send that was taken, and in no refusal"),
    "writes": ((str,), f"one of {', '.join(_WRITTEN)}"),
    "home": ((dict,), '{"region": "US", "numbers": "+1415N######"}'),
    "fresh": ((str,), 'a pattern such as "+1415555####"'),
    "foreign": ((str,), 'a number in another region, such as "+447911123456"'),
    "callbacks": ((dict,), '{"receipts": "name-of-its-contract"}, or {}'),
    "connector": ((dict, type(None)), '{"factory": "...", "config": {...}}, or null'),
}


class BadSample(LookupError):
    """A provider has no record, or one that lacks something; the message says what to write in
    which file."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The record of one provider."""

    provider: str
    send: Mapping[str, Any]
    batch: Mapping[str, Any] | None
    accepted: str
    writes: str
    home: Mapping[str, Any]
    fresh: str
    foreign: str
    callbacks: Mapping[str, str]
    connector: Mapping[str, Any] | None

    @property
    def region(self) -> str:
        """Where the provider's numbers are at home."""
        return str(self.home["region"])

    def number(self, n: int) -> str:
        """The n-th home number in E.164: neighbours differ, and none comes twice before all have
        come."""
        pattern = self.home["numbers"]
        return filled_pattern(pattern, n * 7_919_993 % count(pattern))

    def ending(self, digits: str) -> str:
        """The home number that ends in these seven digits, in E.164."""
        return filled_pattern(self.home["numbers"][: -len(digits)], 0) + digits

    def written(self, number: str) -> str:
        """A number in E.164 as a client of the provider writes it."""
        if self.writes == "e164":
            return number
        parsed = phone.parse(number) if self.writes == "national" else None
        if parsed is not None and parsed.region == self.region:
            return parsed.national
        return number.removeprefix("+")

    def call(
        self,
        known: Credentials,
        to: str,
        code: str,
        *,
        now: float,
        nonce: str,
        other: str = "",
        host: str = HOST,
    ) -> Call:
        """One send by the account with these credentials, to a number as it is to be written; with
        an `other` the batch."""
        values = {**known, "to": to, "code": code, "other": other}
        if other and self.batch is None:
            raise BadSample(f"{self.provider}: one request has one recipient; its batch is null")
        template = {**self.send, **(self.batch or {})} if other else self.send
        return made(template, values, known, now=now, nonce=nonce, host=host)

    def config(self, known: Credentials) -> dict[str, Any]:
        """The configuration of Logto's connector with these credentials."""
        if self.connector is None:
            raise BadSample(f"{self.provider}: its connector is null, as Logto has none for it")
        filled: dict[str, Any] = _filled(self.connector["config"], known)
        return filled


def sample(provider: str) -> Sample:
    """The record of a provider. Raises `BadSample`."""
    path = contracts(provider) / "sample.json"
    if not path.is_file():
        fields = ", ".join(f'"{name}"' for name in _FIELDS)
        raise BadSample(
            f"{provider} has no sample; expected {_shown(provider)} with {fields}: see the first"
            " lines of simulators/samples.py, and `sms-simulators provider new` writes one"
        )
    return _read(provider, path.read_text(encoding="utf-8"))


@cache
def _read(provider: str, text: str) -> Sample:
    where = _shown(provider)
    try:
        raw = json.loads(text)
    except ValueError as error:
        raise BadSample(f"{where}: not JSON: {error}") from None
    for name, (kinds, expected) in _FIELDS.items():
        if not isinstance(raw, dict) or name not in raw or not isinstance(raw[name], kinds):
            raise BadSample(f'{where}: expected a line "{name}": {expected}')
    if unknown := set(raw) - set(_FIELDS):
        raise BadSample(f"{where}: {sorted(unknown)}; expected only {', '.join(_FIELDS)}")
    _hold_send(where, "send", raw["send"])
    if raw["batch"] is not None:
        _hold_send(where, "batch", {**raw["send"], **raw["batch"]})
    if raw["writes"] not in _WRITTEN:
        raise BadSample(f'{where}: expected "writes" to be {_FIELDS["writes"][1]}')
    _hold_numbers(where, raw)
    return Sample(provider, **raw)


def _hold_send(where: str, name: str, raw: Any) -> None:
    if unknown := set(raw) - set(_SEND):
        raise BadSample(f"{where}: {name} has {sorted(unknown)}; expected {', '.join(_SEND)}")
    text = json.dumps(raw)
    wanted = ["method", "path"]
    if missing := [field for field in wanted if not isinstance(raw.get(field), str)]:
        raise BadSample(f'{where}: expected a line "{missing[0]}": "..." in "{name}"')
    for place in ("{to}", "{code}", *(["{other}"] if name == "batch" else [])):
        if place not in text:
            raise BadSample(f'{where}: expected {place} in "{name}", where a client has it')


def _hold_numbers(where: str, raw: Mapping[str, Any]) -> None:
    home = raw["home"]
    if set(home) - {"only"} != {"region", "numbers"} or not re.fullmatch(
        r"\+\d+[N#]+#{6}", str(home["numbers"])
    ):
        raise BadSample(
            f'{where}: expected "home": {_FIELDS["home"][1]}, a pattern that ends in seven places'
        )
    number = phone.parse(filled_pattern(home["numbers"], 0))
    if number is None or number.region != home["region"]:
        raise BadSample(
            f"{where}: {home['numbers']} is in {number.region if number else 'no region'};"
            f' expected "home" to have numbers of {home["region"]}'
        )
    other = phone.parse(raw["foreign"])
    if other is None or not other.region or other.region == home["region"]:
        raise BadSample(f'{where}: expected "foreign" to be a number outside {home["region"]}')


def _shown(provider: str) -> str:
    return str(contracts(provider) / "sample.json")


def made(
    template: Mapping[str, Any],
    values: Mapping[str, str],
    known: Credentials,
    *,
    now: float,
    nonce: str,
    host: str,
) -> Call:
    """The request of a template, its placeholders filled with `values`, signed with the credentials
    that are `known` where it names a signer. Raises `KeyError` where that one lacks a credential.
    """
    call = _call(template, values, host)
    return signer(template["sign"])(call, known, now, nonce) if "sign" in template else call


def _call(template: Mapping[str, Any], values: Mapping[str, str], host: str) -> Call:
    headers = {"host": host}
    body = template.get("body", "").encode()
    if "form" in template:
        headers["content-type"] = FORM
        body = urlencode(_filled(template["form"], values), doseq=True).encode()
    elif "json" in template:
        headers["content-type"] = JSON
        body = json.dumps(_filled(template["json"], values), ensure_ascii=False).encode()
    if "basic" in template:
        pair = _filled(template["basic"], values).encode()
        headers["authorization"] = f"Basic {b64encode(pair).decode()}"
    for name, value in template.get("headers", {}).items():
        headers[name.lower()] = _filled(value, values)
    path = _filled(template["path"], values)
    query = urlencode(_filled(template.get("query", {}), values), doseq=True)
    return Call(template["method"], path, query, headers, body, raw_path=quote(path))


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), value)
    if isinstance(value, dict):
        return {name: _filled(inner, values) for name, inner in value.items()}
    return [_filled(inner, values) for inner in value] if isinstance(value, list) else value


@cache
def signer(name: str) -> Signer:
    """What signs a request as a client does, by the name in `sign`."""
    found: Signer = pkgutil.resolve_name(name)
    return found


def count(pattern: str) -> int:
    """How many numbers a pattern has."""
    total = 1
    for char in pattern:
        total *= len(_PLACES.get(char, "1"))
    return total


def filled_pattern(pattern: str, n: int) -> str:
    """The n-th number of a pattern, from 0."""
    found = []
    for char in reversed(pattern):
        if char in _PLACES:
            n, at = divmod(n, len(_PLACES[char]))
            char = _PLACES[char][at]
        found.append(char)
    return "".join(reversed(found))


def target(call: Call) -> str:
    """Path and query as they stand in a request line."""
    return f"{call.raw_path or call.path}{f'?{call.query}' if call.query else ''}"


def wire(call: Call, prefix: str = "") -> bytes:
    """A request as HTTP clients of services write it."""
    lines = [
        f"{call.method} {prefix}{target(call)} HTTP/1.1",
        f"host: {call.host}",
        "user-agent: got (https://github.com/sindresorhus/got)",
        "accept: application/json",
        "accept-encoding: gzip, deflate, br",
        *(f"{name}: {value}" for name, value in call.headers.items() if name != "host"),
        f"content-length: {len(call.body)}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + call.body
