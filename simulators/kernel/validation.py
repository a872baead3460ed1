"""What is wrong with a request, whoever asks: the one verdict that files of recorded requests, the
journal, strict mode and `contract_server` all show.

A request violates something when it is too large, when nobody serves its path or method, when its
body cannot be read, or when it breaks the contract of its operation. A provider may refuse it for
other reasons (credentials, limits, rules): those are no violations.
"""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from simulators.kernel import lint, misread, reading
from simulators.kernel.call import MAX_BODY, Call
from simulators.kernel.catalogue import Problem
from simulators.kernel.contracts import Contract, Violation, contract, document, shown
from simulators.kernel.provider import Document, Endpoint, Provider, Refusal

_NEAR = 3
_COMPARED = 8
_PATH = 200
_WORD = re.compile(r"[A-Za-z0-9]+")


@dataclass(slots=True)
class Validated:
    """A request as far as it could be read. `refusal` is why the provider can read no further;
    `endpoint` is None where nobody serves it. `document` has no body where that is unreadable."""

    endpoint: Endpoint | None
    document: Document
    violations: Sequence[Violation] = ()
    refusal: Refusal | None = None
    served: bool = True

    def warnings(self, provider: Provider) -> list[str]:
        """What the request was hardly meant to be; it violates nothing by it."""
        return lint.warnings(provider.name, self.endpoint, self.document)

    @property
    def operation(self) -> str:
        """The operation that is asked for, "" where there is none."""
        return self.endpoint.operation if self.endpoint and self.served else ""


def validate(provider: Provider, candidates: Sequence[Endpoint], call: Call) -> Validated:
    """The verdict. `candidates` are the provider's endpoints at the request's path."""
    if call.too_large or len(call.body) > MAX_BODY:
        got = f"{len(call.body)} bytes" if call.body else "more"
        violation = Violation("body", got, f"at most {MAX_BODY} bytes", "")
        return _unread(None, call, violation, Refusal(Problem.TOO_LARGE))
    try:
        endpoint = choose(provider, candidates, call)
    except Refusal as nobody:
        validated = _unserved(provider, candidates, call, nobody)
        return _as_meant(provider, candidates, call, validated)
    try:
        found = endpoint.read(call)
    except reading.Unreadable as error:
        refusal = Refusal(Problem.MALFORMED, detail=str(error))
        validated = _unread(endpoint, call, _unreadable(provider, call, str(error)), refusal)
        return _as_meant(provider, candidates, call, validated)
    except Refusal as own:  # in the provider's words
        said = provider.row(own.what).text(own.values)
        validated = _unread(endpoint, call, _unreadable(provider, call, said), own)
        return _as_meant(provider, candidates, call, validated)
    agreed = contract(provider.name, endpoint.operation)
    if agreed is None and is_fallback(provider.name, endpoint):
        violation = _nowhere(provider, candidates, "path", call)
        validated = Validated(endpoint, found, [violation], served=False)
        return _as_meant(provider, candidates, call, validated)
    validated = Validated(endpoint, found, agreed.validate(found) if agreed else ())
    if validated.violations or (call.body and _is_missed(call, found)):
        return _as_meant(provider, candidates, call, validated)
    return validated


def _is_missed(call: Call, found: Document) -> bool:
    """Whether nobody read the body, or JSON was read as a form, in which anything may be a name."""
    json = call.body[0] in b'[{"' and "form" in call.headers.get("content-type", "")
    return json or not found["body"]


_ANY_MORE = 50


def _as_meant(
    provider: Provider, candidates: Sequence[Endpoint], call: Call, sent: Validated
) -> Validated:
    """The same verdict, but for a body that is something else than it is read as: then that is what
    is wrong, and what is left when it is read as what it looks like. A body that nobody read breaks
    most, even where nothing in it is required."""
    if not call.body:
        return sent
    fields = sent.document["body"]
    read = (
        sent.operation
        and not (sent.refusal or _is_missed(call, sent.document))
        and isinstance(fields, dict | list)
    )
    unseen = not read or sum(violation.got == "missing" for violation in sent.violations) > 1
    least = len(sent.violations) if read else _ANY_MORE
    best: tuple[Contract, Document, Violation] | None = None
    for meant in misread.readings(call, provider.reference):
        if meant.converted and not unseen:
            continue
        try:
            endpoint = choose(provider, candidates, meant.call)
            found = endpoint.read(meant.call)
        except (reading.Unreadable, Refusal):
            continue
        if found["body"] == fields:  # nobody reads it there either
            continue
        agreed = contract(provider.name, endpoint.operation)
        broken = agreed.count(found, least) if agreed else least
        if agreed and broken < least:
            best, least = (agreed, found, meant.wrong), broken
    if best is not None:
        agreed, found, wrong = best
        sent.violations = [wrong, *agreed.validate(found)]
    return sent


def warnings_of(provider: Provider, operation: str, call: Call) -> list[str]:
    """The warnings about a request of which is known already what it asks for."""
    for endpoint in provider.endpoints:
        if (endpoint.operation, endpoint.method) == (operation, call.method):
            try:
                found = endpoint.read(call)
            except (reading.Unreadable, Refusal):
                found = _head(call)
            return lint.warnings(provider.name, endpoint, found)
    return []


def choose(provider: Provider, candidates: Sequence[Endpoint], call: Call) -> Endpoint:
    """The endpoint for a request among those whose path matched. Raises `Refusal` for none."""
    allowed = False
    named = "" if provider.action is None else provider.action(call)[1]
    for endpoint in candidates:
        if endpoint.method == call.method:
            allowed = True
            if endpoint.action in ("", named) and endpoint.when(call):
                return endpoint
    if candidates and not allowed:
        raise Refusal(Problem.METHOD_NOT_ALLOWED, path=call.path, method=call.method)
    raise Refusal(Problem.NOT_FOUND, path=call.path)


def is_fallback(provider: str, endpoint: Endpoint) -> bool:
    """Whether an endpoint only says that there is no such operation: it asks for no credentials
    and promises nothing."""
    return endpoint.public and contract(provider, endpoint.operation) is None


def _unserved(
    provider: Provider, candidates: Sequence[Endpoint], call: Call, refusal: Refusal
) -> Validated:
    """Read all the same, as the provider reads its requests: who sent it may be told from it."""
    where = "method" if refusal.what is Problem.METHOD_NOT_ALLOWED else "path"
    reader = (*candidates, *provider.endpoints)[0]
    try:
        found = reader.read(call)
    except (reading.Unreadable, Refusal):
        found = _head(call)
    return Validated(None, found, [_nowhere(provider, candidates, where, call)], refusal)


def _unread(
    endpoint: Endpoint | None, call: Call, violation: Violation, refusal: Refusal
) -> Validated:
    return Validated(endpoint, _head(call), [violation], refusal)


def _head(call: Call) -> Document:
    """The document of a request whose body cannot be read."""
    try:
        query = reading.fields(call.query)
    except reading.Unreadable:
        query = {}
    return document(call.method, call.path, call.headers, query, None)


def _unreadable(provider: Provider, call: Call, why: str) -> Violation:
    kind = call.content_type
    as_said = f"what its Content-Type says it is, {shown(kind)}" if kind else "a Content-Type"
    return Violation("body", why, as_said, provider.reference)


def _nowhere(
    provider: Provider, candidates: Sequence[Endpoint], where: str, call: Call
) -> Violation:
    if candidates and where == "path" and provider.action is not None:
        return _no_action(provider, *provider.action(call))
    got = shown(call.method) if where == "method" else shown(f"{call.method} {call.path}")
    near = ", ".join(_near(provider.name, _served(provider), f"{call.method} {call.path}"[:_PATH]))
    return Violation(where, got, f"an operation of {provider.title}, as {near}", provider.reference)


def _no_action(provider: Provider, where: str, name: str) -> Violation:
    """The path is right, and the name that stands for an operation there is not."""
    known = sorted({endpoint.action for endpoint in provider.endpoints if endpoint.action})
    alike = {one.casefold(): one for one in known}
    near = difflib.get_close_matches(name[:_PATH].casefold(), alike, n=_NEAR, cutoff=0.5)
    sends = [endpoint.action for endpoint in provider.endpoints if endpoint.sends]
    named = ", ".join([alike[one] for one in near] or list(dict.fromkeys(sends))[:_NEAR])
    expected = f"the name of an operation of {provider.title}, as {named}"
    return Violation(where, shown(name) if name else "missing", expected, provider.reference)


def _served(provider: Provider) -> tuple[str, ...]:
    known = [e for e in provider.endpoints if not is_fallback(provider.name, e)]
    return tuple(sorted({f"{e.method} {e.path} ({e.operation})" for e in known}))


@lru_cache(maxsize=1024)
def _near(_provider: str, served: tuple[str, ...], asked: str) -> list[str]:
    """Of those with most words in common the ones that look most alike: to compare all of them
    letter by letter takes as long as a hundred requests."""
    words = _words(asked)
    likely = sorted(served, key=lambda line: -len(words & _words(line)))[:_COMPARED]
    return difflib.get_close_matches(asked, likely, n=_NEAR, cutoff=0.5) or likely[:_NEAR]


def _words(text: str) -> set[str]:
    return {word.casefold() for word in _WORD.findall(text)}
