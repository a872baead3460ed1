"""What a vendor and its simulator are both asked, to see whether they still agree.

`sms-simulators drift` sends the probes of one provider. Those that any HTTP API can be asked follow
from its sample: no credentials, wrong ones, no recipient, an empty request, JSON cut short, a path
that nobody serves, and one good send. The rest, and what is known of the answers, is data:
`contracts/NAME/probes.json`, which a provider may do without.

* `probes`: a list. Each has a `name`; what it `asks`, as a question; either a `request` of its own
  or a `change` of the sample's send, a JSON Merge Patch (RFC 7386), in the words of
  `simulators/samples.py` and with `body` for text as it is. `wrong` names credentials that nobody
  has in the place of the account's; `age` is how many seconds ago it was signed. A probe that costs
  nothing and reaches nobody says why by its `kind`, one of `KINDS`; any other says what it may
  `spend`, and is sent only when asked for. In a free one `{to}` is `NOBODY`; besides credentials
  there are `{code}`, the time as `{iso}` and `{epoch}`, and `{nonce}`.
* `left_out`: of those that follow from the sample, which not to ask, and why.
* `code` and `text`: pointers to where an answer has the error's code and its text; "" where the
  body is nothing else.
* `throttled`: the codes by which the vendor says in an answer's body that this was too fast.
* `headers`: further headers that clients read, and why; whether they are there is compared.
* `varies`: what is bound to differ between two right answers, and `why`. `at` is a pointer, `*` any
  one part of it, "" a body that is no JSON. Its value is compared by its type and by the pattern
  `like`; with `or_null` it may be null, with `or_absent` missing; with `part` only what that
  pattern matches is left out of account; `of` names the probes it holds for, without it all. What
  differs between two answers of the simulator itself is found without; here it is said why.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import cache
from typing import Any

from simulators.data import contracts
from simulators.kernel import markup
from simulators.kernel.call import Call
from simulators.kernel.clock import Chance
from simulators.kernel.credentials import Credential, Credentials, made
from simulators.kernel.masking import MASK
from simulators.kernel.provider import Provider
from simulators.samples import JSON, PLACEHOLDER, Sample, sample, signer
from simulators.samples import made as request

# Ofcom keeps +44 7700 900000 to 900999 for films and books: nobody is ever given one.
NOBODY = "+447700900123"
CODE = "135790"
# So much later every part of a date is another: year, month, weekday, hour, minute, second.
LATER = 400 * 86_400 + 3661.5
MISSING, MALFORMED, WRONG, QUERY = (
    *("missing field", "malformed field", "wrong credentials", "query"),
)
TEST, SANDBOX = "test credentials", "sandbox"
KINDS: Mapping[str, str] = {
    MISSING: "something that every send needs is left out",
    MALFORMED: "a number that no message can go to, or a request that cannot be read",
    WRONG: "it proves nobody",
    QUERY: "it asks and changes nothing",
    TEST: "the vendor's credentials for tests, with which nothing is sent",
    SANDBOX: "the vendor has an operation for tests, which sends nothing",
}
# In these a number may stand that a message could go to: the vendor refuses or sends nothing.
_MAY_ADDRESS = (MISSING, WRONG, TEST, SANDBOX)
SIGNED_WITH = "sign"

_DEEPEST = 64
_ISO = "%Y-%m-%dT%H:%M:%SZ"
# What a request may have besides credentials.
_FILLED = ("to", "code", "iso", "epoch", "nonce")

# Where two answers differ, with both; a pointer into the body each.
Moving = Mapping[str, tuple[Any, Any]]

_FIELDS = ("probes", "left_out", "code", "text", "throttled", "headers", "varies")
_OF_PROBE = ("name", "asks", "kind", "spend", "change", "request", "wrong", "age")
_OF_REQUEST = ("method", "path", "headers", "query", "form", "json", "body", "basic", "sign")
_OF_VARYING = ("at", "why", "like", "part", "or_null", "or_absent", "of")


class BadProbes(LookupError):
    """A provider's probes cannot be used; the message says what to write in which file."""


class Lacking(Exception):
    """A probe needs a credential that is not given; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One request to both. `kind` says why it is free, `spend` what it may cost: one of them is
    empty."""

    name: str
    asks: str
    template: Mapping[str, Any]
    kind: str = ""
    spend: str = ""
    wrong: tuple[str, ...] = ()
    age: float = 0.0

    def call(
        self,
        table: tuple[Credential, ...],
        known: Credentials,
        *,
        to: str,
        now: float,
        nonce: str,
        host: str,
    ) -> Call:
        """The request with these credentials, to a number as it is to be written. Raises
        `Lacking`."""
        have = {**known, **{name: nobody_s(table)[name] for name in self.wrong}}
        if self.kind == WRONG:  # nobody looks at what is sent by nobody
            plain = (row for row in table if not row.secret and not row.identifies)
            have = {**{row.name: row.default for row in plain}, **have}
        names = {row.name for row in table}
        for name in sorted(_placeholders(self.template) & names - set(have)):
            raise Lacking(name)
        values = {**have, "to": to, "code": CODE, "nonce": nonce}
        values |= {"epoch": str(int(now)), "iso": f"{datetime.fromtimestamp(now, UTC):{_ISO}}"}
        try:
            return request(self.template, values, have, now=now - self.age, nonce=nonce, host=host)
        except KeyError as lacking:
            raise Lacking(str(lacking.args[0])) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Varying:
    """What two right answers differ in, and why."""

    at: str
    why: str
    like: str = ""
    part: str = ""
    or_null: bool = False
    or_absent: bool = False
    of: tuple[str, ...] = ()

    def covers(self, pointer: str) -> bool:
        """Whether it speaks of what stands there."""
        return _pattern(self.at).fullmatch(pointer) is not None

    def fits(self, value: Any) -> bool:
        """Whether a value is like the pattern; one that is masked cannot be told."""
        if value is None and self.or_null:
            return True
        text = value if isinstance(value, str) else json.dumps(value)
        return not self.like or MASK in text or re.fullmatch(self.like, text) is not None

    def may_be_null(self, one: Any, other: Any) -> bool:
        """Whether one of two values is rightly null, and the other what it should be."""
        return self.or_null and (
            (one is None and self.fits(other)) or (other is None and self.fits(one))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Probes:
    """The probes of one provider, and what is known of its answers."""

    provider: str
    probes: tuple[Probe, ...]
    code: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    throttled: tuple[str, ...] = ()
    headers: Mapping[str, str]
    varies: tuple[Varying, ...] = ()

    def of(self, probe: str) -> "Probes":
        """The same, with what holds for one probe alone."""
        kept = tuple(one for one in self.varies if not one.of or probe in one.of)
        return replace(self, varies=kept)

    def varying(self, pointer: str) -> Varying | None:
        """What is bound to differ there, if anything is."""
        return next((one for one in self.varies if one.covers(pointer)), None)

    def named(self, kind: str, pointer: str) -> bool:
        """Whether a pointer is one to a `code` or a `text`."""
        return any(_pattern(at).fullmatch(pointer) for at in getattr(self, kind))


@cache
def _pattern(at: str) -> re.Pattern[str]:
    parts = ("[^/]*" if part == "*" else re.escape(part) for part in at.split("/"))
    return re.compile("/".join(parts))


@cache
def nobody_s(table: tuple[Credential, ...]) -> Credentials:
    """Well-formed credentials that no account has."""
    return made(table, Chance("nobody's"))


def _placeholders(value: Any) -> set[str]:
    return set(PLACEHOLDER.findall(json.dumps(value, ensure_ascii=False)))


def probes(provider: Provider) -> Probes:
    """What a provider is asked. Raises `BadProbes`, and `BadSample` of the sample."""
    record = sample(provider.name)
    path = contracts(provider.name) / "probes.json"
    raw: Any = {}
    if path.is_file():
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise BadProbes(f"{path}: not JSON: {error}") from None
    wrong = next(_faults(raw, provider, record), None)
    if wrong:
        raise BadProbes(f"{path}: {wrong}")
    left_out = raw.get("left_out", {})
    own = [_probe(one, record) for one in raw.get("probes", [])]
    names = {probe.name for probe in own} | set(left_out)
    derived = [one for one in _derived(provider, record) if one.name not in names]
    return Probes(
        provider=provider.name,
        probes=tuple(sorted([*derived, *own], key=lambda probe: bool(probe.spend))),
        code=tuple(raw.get("code", ())),
        text=tuple(raw.get("text", ())),
        throttled=tuple(raw.get("throttled", ())),
        headers=raw.get("headers", {}),
        varies=tuple(
            Varying(**{**one, "of": tuple(one.get("of", ()))}) for one in raw.get("varies", ())
        ),
    )


def parsed(body: bytes) -> Any:
    """An answer's body: JSON where it is some, whatever its type is called, or XML, else its
    text."""
    text = body.decode("utf-8", "replace")
    try:
        found = markup.document(body) if text.startswith("<") else json.loads(text)
    except (ValueError, RecursionError):
        return text
    if text.startswith("<") and "html" in found:  # a page for people, well-formed or not
        return text
    return text if _deeper(found, _DEEPEST) else found


def _deeper(value: Any, levels: int) -> bool:
    """Whether a value is nested so deep that no client reads it."""
    inner = [value]
    for _ in range(levels):
        inner = [
            below
            for one in inner
            if isinstance(one, dict | list)
            for below in (one.values() if isinstance(one, dict) else one)
        ]
        if not inner:
            return False
    return True


def moving(one: Any, other: Any, at: str = "") -> dict[str, tuple[Any, Any]]:
    """In which values two bodies of one shape differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        pairs = [(below(at, name), one[name], other[name]) for name in one if name in other]
    elif isinstance(one, list) and isinstance(other, list):
        both = enumerate(zip(one, other, strict=False))
        pairs = [(below(at, number), *pair) for number, pair in both]
    else:
        return {at: (one, other)} if type(one) is type(other) and one != other else {}
    found: dict[str, tuple[Any, Any]] = {}
    for place, first, second in pairs:
        found |= moving(first, second, place)
    return found


def below(at: str, part: str | int) -> str:
    """The pointer (RFC 6901) to a member or an item of what a pointer leads to."""
    return f"{at}/{str(part).replace('~', '~0').replace('/', '~1')}"


def _probe(raw: Mapping[str, Any], record: Sample) -> Probe:
    template = raw["request"] if "request" in raw else patched(record.send, raw["change"])
    return Probe(
        name=raw["name"],
        asks=raw["asks"],
        template=template,
        kind=raw.get("kind", ""),
        spend=raw.get("spend", ""),
        wrong=tuple(raw.get("wrong", ())),
        age=raw.get("age", 0.0),
    )


def patched(value: Any, change: Any) -> Any:
    """A JSON Merge Patch (RFC 7386) applied: null takes a member away."""
    if not isinstance(change, dict):
        return change
    full = dict(value) if isinstance(value, dict) else {}
    for name, inner in change.items():
        if inner is None:
            full.pop(name, None)
        else:
            full[name] = patched(full.get(name), inner)
    return full


def _derived(provider: Provider, record: Sample) -> Iterator[Probe]:
    """What any API can be asked, from the sample of a good send."""
    send, table = record.send, provider.credentials
    used = _used(send, provider)
    identifying = {row.name for row in table if row.identifies} & used
    secret = {row.name for row in table if row.secret} & used
    proving = identifying | secret
    in_path = tuple(sorted(_placeholders(send["path"]) & proving))
    anonymous = {name: value for name, value in send.items() if name not in ("basic", "sign")}
    yield Probe(
        name="no-credentials",
        asks="What is a send told that carries no credentials at all?",
        kind=WRONG,
        template=_without(anonymous, proving),
        wrong=in_path,
    )
    yield Probe(
        name="unknown-account",
        asks="What is a send told whose credentials are well formed, and no account's?",
        kind=WRONG,
        template=send,
        wrong=tuple(sorted(proving)),
    )
    for name in sorted(secret - identifying):
        yield Probe(
            name=f"wrong-{name.replace('_', '-')}",
            asks=f"What is a send told whose account is right and whose {name} is not?",
            kind=WRONG,
            template=send,
            wrong=(name,),
        )
    yield from _lacking(send, proving)
    yield Probe(
        name="no-such-path",
        asks="What is told of a path that nobody serves?",
        kind=QUERY,
        template={"method": "GET", "path": "/no/such/path"},
    )
    yield Probe(
        name="good-send",
        asks="What is a good send answered?",
        spend="one message to the number of --to",
        template=send,
    )


def _lacking(send: Mapping[str, Any], proving: set[str]) -> Iterator[Probe]:
    """Sends that are addressed to nobody, by an account that is right."""
    if "{to}" not in send["path"] + json.dumps(send.get("headers", {})):
        yield Probe(
            name="no-recipient",
            asks="What is a send told that names no recipient?",
            kind=MISSING,
            template=_without(send, {"to"}),
        )
    empty = {
        name: _only(value, proving) if name in ("form", "json", "query") else value
        for name, value in send.items()
    }
    if "{to}" not in json.dumps(empty):
        yield Probe(
            name="empty-request",
            asks="What is a send told that has credentials, and no other field?",
            kind=MISSING,
            template=empty,
        )
    if "json" in send and "{to}" not in json.dumps({**send, "json": None}):
        yield Probe(
            name="broken-json",
            asks="What is told of a body that is JSON cut short?",
            kind=MALFORMED,
            template={
                **{name: value for name, value in send.items() if name != "json"},
                "headers": {**send.get("headers", {}), "content-type": JSON},
                "body": "{",
            },
        )


def _used(send: Mapping[str, Any], provider: Provider) -> set[str]:
    """The credentials that a send is made with, those of its signature too."""
    read: set[str] = set()

    class Noting(dict[str, str]):
        def __getitem__(self, name: str) -> str:
            read.add(name)
            return super().__getitem__(name)

    if SIGNED_WITH in send:
        unsigned = {name: value for name, value in send.items() if name != SIGNED_WITH}
        known = Noting(provider.published)
        bare = request(unsigned, {}, {}, now=0.0, nonce="", host="")
        signer(send[SIGNED_WITH])(bare, known, 0.0, "")
    return (read | _placeholders(send)) & {row.name for row in provider.credentials}


def _without(value: Any, names: set[str]) -> Any:
    """The template without each value that has one of these placeholders; a path stays."""
    if isinstance(value, dict):
        return {
            name: inner if name == "path" else _without(inner, names)
            for name, inner in value.items()
            if name == "path" or not _has(inner, names)
        }
    if isinstance(value, list):
        return [_without(inner, names) for inner in value if not _has(inner, names)]
    return value


def _only(value: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: inner for name, inner in value.items() if _has(inner, names)}


def _has(value: Any, names: set[str]) -> bool:
    return isinstance(value, str) and bool(set(PLACEHOLDER.findall(value)) & names)


def _faults(raw: Any, provider: Provider, record: Sample) -> Iterator[str]:
    """What is wrong with the file, each in a sentence."""
    if not isinstance(raw, dict):
        yield f"expected an object with {', '.join(_FIELDS)}"
        return
    yield from _unknown("the file", raw, _FIELDS)
    yield from _probes_faults(raw.get("probes", ()), provider, record)
    derived = [probe.name for probe in _derived(provider, record)]
    for name in set(raw.get("left_out", ())) - set(derived):
        yield f"left_out: {name} is none of those that follow from a sample: {', '.join(derived)}"
    known = {probe.get("name") for probe in raw.get("probes", ())} | set(derived)
    for one in raw.get("varies", ()):
        yield from _varying_faults(one, known)
    for kind in ("code", "text"):
        for at in raw.get(kind, ()):
            if at and not at.startswith("/"):
                yield f'{kind}: expected a pointer such as /error/code, or "", got {at}'
    for name in raw.get("headers", {}):
        if name != name.lower():
            yield f"headers: expected {name} in lower case"


def _probes_faults(listed: Any, provider: Provider, record: Sample) -> Iterator[str]:
    seen: set[str] = set()
    for one in listed:
        name = one.get("name") if isinstance(one, dict) else None
        if not isinstance(name, str) or not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
            yield 'expected of each probe a "name" of lower-case letters, digits and -'
            return
        if name in seen:
            yield f"two probes have the name {name}"
        seen.add(name)
        yield from (f"{name}: {fault}" for fault in _probe_faults(one, provider, record))


def _unknown(where: str, raw: Mapping[str, Any], known: Iterable[str]) -> Iterator[str]:
    for name in raw:
        if name not in known:
            near = get_close_matches(name, list(known), n=1)
            hint = f"did you mean '{near[0]}'? " if near else ""
            yield f"{where} has '{name}'; {hint}expected of {', '.join(known)}"


def _probe_faults(raw: Mapping[str, Any], provider: Provider, record: Sample) -> Iterator[str]:
    yield from _unknown("it", raw, _OF_PROBE)
    if not str(raw.get("asks", "")).endswith("?"):
        yield 'expected "asks", a question'
    if ("kind" in raw) == ("spend" in raw):
        yield 'expected "kind", why it is free, or "spend", what it may cost: one of them'
        return
    if "kind" in raw and raw["kind"] not in KINDS:
        yield f'expected "kind" to be one of {", ".join(KINDS)}, got {raw["kind"]}'
        return
    if ("change" in raw) == ("request" in raw):
        yield 'expected "request", or "change" of the sample\'s send: one of them'
        return
    probe = _probe(raw, record)
    yield from _unknown("its request", probe.template, _OF_REQUEST)
    if not {"method", "path"} <= set(probe.template):
        yield "expected a method and a path in its request"
        return
    names = {row.name for row in provider.credentials}
    for name in set(probe.wrong) - names:
        yield f"wrong: {name} is no credential of {provider.name}; there are: {', '.join(names)}"
    for name in _placeholders(probe.template) - names - {*_FILLED}:
        yield f"{{{name}}} is no credential of {provider.name}; there are: {', '.join(names)}"
    yield from _unsafe(probe, provider)


def _unsafe(probe: Probe, provider: Provider) -> Iterator[str]:
    """Why a probe that is said to be free may not be."""
    if probe.spend:
        return
    if "to" in _placeholders(probe.template) and probe.kind not in _MAY_ADDRESS:
        yield f'{{to}} is in a probe of the kind "{probe.kind}"; expected a number that is none'
    secret = {row.name for row in provider.credentials if row.secret}
    right = (_used(probe.template, provider) & secret) - set(probe.wrong)
    if probe.kind == WRONG and right and not probe.wrong and not probe.age:
        yield (
            f"its credentials are right ({', '.join(sorted(right))}), and its kind is"
            f' "{WRONG}"; expected "wrong" to name one of them'
        )


def _varying_faults(raw: Any, probes: set[str]) -> Iterator[str]:
    at = raw.get("at") if isinstance(raw, dict) else None
    if not isinstance(at, str) or (at and not at.startswith("/")):
        yield 'varies: expected of each {"at": "/a/pointer", "why": "..."}'
        return
    yield from _unknown(f"varies {raw['at']}", raw, _OF_VARYING)
    if not raw.get("why"):
        yield f'varies {raw["at"]}: expected "why" it is bound to differ'
    for name in set(raw.get("of", ())) - probes:
        yield f"varies {raw['at']}: of: there is no probe '{name}'"
    for name in ("like", "part"):
        try:
            re.compile(raw.get(name, ""))
        except re.error as error:
            yield f"varies {raw['at']}: {name} is no regular expression: {error}"
