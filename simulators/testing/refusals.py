"""Refusals by class, for tests of what a client makes of them.

A class is one thing that goes wrong, in no provider's language; a case is that class at one
provider, with the rule that scripts it (`kernel/rules.py` has the format). Cases are derived from a
provider's own tables, so a class that it cannot have is absent, with the reason.
"""

import difflib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from simulators import catalog
from simulators.kernel.catalogue import ErrorRow, Place, Problem, UnknownRow
from simulators.kernel.contracts import contract
from simulators.kernel.message import State
from simulators.kernel.provider import Provider
from simulators.kernel.rules import Rule

Notice = Literal["at once", "later"]
Effect = dict[str, Any]


class Unfit(Exception):
    """A choice of refusals cannot be met; the message is a sentence."""


class Absent(Unfit):
    """A provider cannot have the class; the message is the reason, as a sentence."""


@dataclass(frozen=True, slots=True)
class RefusalCase:
    """One refusal by one provider.

    * `id`: the class, and the catalogue key where a row of the catalogue says it; `key` and `code`
      are then those of the row, else "".
    * `status`: of the HTTP answer, 0 where there is none; `text`: the provider's words or "".
    * `sentence`: what happens; `expects`: what a careful client does then.
    * `notice`: whether a client can tell "at once", or "later", by a receipt or by asking.
    * `rule`: the script, for the requests that send to `match.to`.
    """

    id: str
    provider: str
    kind: str
    sentence: str
    expects: str
    notice: Notice
    rule: Rule
    status: int = 0
    key: str = ""
    code: str | int = ""
    text: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Its fields, for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class RefusalClass:
    """One thing that goes wrong. `found` gives its row or effect at a provider, or raises
    `Absent`."""

    id: str
    sentence: str
    expects: str
    found: Callable[[Provider], ErrorRow | Effect]
    notice: Notice = "at once"

    def case(self, provider: Provider) -> RefusalCase:
        """The class at this provider. Raises `Absent`."""
        found = self.found(provider)
        if isinstance(found, ErrorRow):
            return of_row(self, provider, found)
        status = 0 if "socket" in found else found.get("answer", {}).get("status", _sent(provider))
        return RefusalCase(
            id=self.id,
            provider=provider.name,
            kind=self.id,
            sentence=self.sentence,
            expects=self.expects,
            notice=self.notice,
            rule=_rule(self.id, provider, found),
            status=status,
        )


def _rule(name: str, provider: Provider, effect: Effect) -> Rule:
    # With a `to`, a rule meets what sends and nothing else: a client may still ask what became of
    # its message.
    match = {"provider": provider.name, "to": "*"}
    return {"name": f"refusal-{name}", "match": match, "effect": effect}


def of_row(kind: RefusalClass, provider: Provider, row: ErrorRow) -> RefusalCase:
    """A row of the provider's catalogue as a case of this class."""
    name = kind.id if row.key == kind.id else f"{kind.id}-{row.key.replace(' ', '_')}"
    receipt = row.place is Place.RECEIPT
    return RefusalCase(
        id=name,
        provider=provider.name,
        kind=kind.id,
        sentence=kind.sentence,
        expects=kind.expects,
        notice="later" if receipt else kind.notice,
        rule=_rule(name, provider, {"error": row.key}),
        status=_sent(provider) if receipt else row.http_status,
        key=row.key,
        code=row.code,
        text=row.text({}),
    )


def _sent(provider: Provider) -> int:
    """The HTTP status of a message that was taken."""
    rows = [row for row in provider.catalogue if row.place is Place.RECEIPT]
    return rows[0].http_status if rows else 200


_HTML = "<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"


def _spelled(problem: Problem) -> Callable[[Provider], ErrorRow]:
    return lambda provider: provider.row(problem)


def _template(provider: Provider) -> ErrorRow:
    if not provider.templates:
        raise Absent(f"{provider.title} has no templates: a message is free text")
    return provider.row(Problem.TEMPLATE_UNKNOWN)


def _inside_200(provider: Provider) -> ErrorRow:
    """A row that no other class has, if there is one."""
    taken = {provider.row(problem).key for problem in PROBLEMS}
    first = (Problem.SUSPENDED, Problem.OPTED_OUT, *Problem)
    rows = [provider.row(problem) for problem in first]
    rows += [row for row in provider.catalogue if row.verified]
    rows = [row for row in rows if row.http_status == 200 and row.place is not Place.RECEIPT]
    if not rows:
        raise Absent(f"every refusal of {provider.title} has an HTTP status of 400 or more")
    return next((row for row in rows if row.key not in taken), rows[0])


def _page(status: int, body: str, **headers: str) -> Callable[[Provider], Effect]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _provider: {"answer": {"status": status, "headers": named, "body": body}}


def _unlike_success(body: str, kind: str) -> Callable[[Provider], Effect]:
    """An answer of HTTP 200 that is no success: where a success has to say something."""

    def found(provider: Provider) -> Effect:
        sends = {endpoint.operation for endpoint in provider.endpoints if endpoint.sends}
        agreed = [contract(provider.name, operation, "response.schema") for operation in sends]
        if any(success is not None and not success.validate({}) for success in agreed):
            raise Absent(f"to {provider.title} any 2xx answer means taken, whatever its body")
        headers = {"Content-Type": kind} if kind else {}
        return {"answer": {"status": 200, "headers": headers, "body": body}}

    return found


def _server_error(provider: Provider) -> ErrorRow | Effect:
    row = provider.row(Problem.INTERNAL)
    return row if row.http_status >= 500 else _page(500, _HTML.format("500"))(provider)


def _broken(how: str) -> Callable[[Provider], Effect]:
    return lambda _provider: {"socket": how}


# Some have one word for a message that nobody could send and one that did not arrive.
_LATE = (State.UNDELIVERED, State.FAILED)


def _late(provider: Provider) -> Effect:
    words = [state for state in _LATE if state in provider.states.values()]
    if provider.receipts is None or not words:
        raise Absent(f"{provider.title} tells nothing of a message once it is taken")
    return {"receipt": {"state": words[0].value}}


PROBLEMS = {
    Problem.UNAUTHENTICATED: "unauthenticated",
    Problem.BAD_RECIPIENT: "bad_recipient",
    Problem.REGION_NOT_ALLOWED: "region",
    Problem.THROTTLED: "throttled",
    Problem.TEMPLATE_UNKNOWN: "template",
    Problem.NO_CREDIT: "no_credit",
}
_FAILS = "reports that nothing was sent"
_UNSURE = "reports that sending failed; whether it was sent is unknown, and sending again may cost"

CLASSES = (
    RefusalClass(
        "unauthenticated",
        "The credentials or the signature are wrong",
        f"{_FAILS} and asks for its configuration to be looked at; does not send again",
        _spelled(Problem.UNAUTHENTICATED),
    ),
    RefusalClass(
        "bad_recipient",
        "The number cannot be a phone's",
        f"{_FAILS} and that the number is wrong; does not send again",
        _spelled(Problem.BAD_RECIPIENT),
    ),
    RefusalClass(
        "region",
        "The account may not send to the number's country",
        f"{_FAILS}; does not send again",
        _spelled(Problem.REGION_NOT_ALLOWED),
    ),
    RefusalClass(
        "throttled",
        "More was sent than the provider takes",
        f"{_FAILS} and may try again later, not at once",
        _spelled(Problem.THROTTLED),
    ),
    RefusalClass(
        "template",
        "The template is unknown or not approved",
        f"{_FAILS}; does not send again",
        _template,
    ),
    RefusalClass(
        "no_credit",
        "The account's balance is used up",
        f"{_FAILS}; does not send again",
        _spelled(Problem.NO_CREDIT),
    ),
    RefusalClass(
        "inside_200",
        "HTTP 200, and the refusal is in the body",
        f"{_FAILS}: reads the body, not the HTTP status alone",
        _inside_200,
    ),
    RefusalClass(
        "empty_200",
        "HTTP 200 without a body",
        "reports that sending failed: an empty answer is no success",
        _unlike_success("", ""),
    ),
    RefusalClass(
        "html_200",
        "HTTP 200 with a web page, as from a proxy or a captive portal",
        "reports that sending failed: a page is no success",
        _unlike_success(_HTML.format("Welcome"), "text/html; charset=utf-8"),
    ),
    RefusalClass(
        "malformed_json",
        "HTTP 200 with JSON that is cut short",
        "reports that sending failed: half an answer is no success",
        _unlike_success('{"cut": "sho', "application/json"),
    ),
    RefusalClass(
        "http_429",
        "HTTP 429 with a text, from something in front of the provider",
        f"{_FAILS} and may try again after Retry-After seconds, not at once",
        _page(429, "Too Many Requests", Content_Type="text/plain", Retry_After="1"),
    ),
    RefusalClass(
        "http_500",
        "The provider fails with HTTP 500",
        _UNSURE,
        _server_error,
    ),
    RefusalClass(
        "http_503",
        "HTTP 503 with a web page, from something in front of the provider",
        f"{_FAILS} and may try again later",
        _page(503, _HTML.format("503 Service Unavailable"), Content_Type="text/html"),
    ),
    RefusalClass(
        "timeout",
        "The provider takes the request and never answers",
        f"has a time limit of its own; {_UNSURE}",
        _broken("hang"),
    ),
    RefusalClass(
        "reset",
        "The connection is reset before an answer",
        _UNSURE,
        _broken("reset"),
    ),
    RefusalClass(
        "late_failure",
        "The message is taken, and a receipt says later that it was not delivered",
        "reports that it was sent; learns of the failure from the receipt, or by asking",
        _late,
        notice="later",
    ),
)
OTHER = RefusalClass(
    "refused",
    "A documented refusal of none of the other classes",
    _FAILS,
    _spelled(Problem.MALFORMED),
)


_BY_ID = {kind.id: kind for kind in (*CLASSES, OTHER)}
_OPTIONS = ("classes", "codes")


class UnknownRefusal(Unfit, LookupError):
    """No refusal has this class or code; the message lists near ones."""


def cases(
    provider: Provider,
    classes: Collection[str] | str | None = None,
    codes: Collection[str | int] | str | None = None,
) -> list[RefusalCase]:
    """The cases of a provider: with no choice one for each class that it has.

    `classes` chooses by class, "all" for every one; `codes` adds rows of the catalogue by key or
    code, "all" for every row. Raises `UnknownRefusal`, `Absent` for a class that is asked for.
    """
    chosen: list[RefusalCase] = []
    if classes == "all" or (classes is None and codes is None):
        chosen += _present(provider)
    elif classes is not None:
        names = [classes] if isinstance(classes, str) else classes
        chosen += [_named(name).case(provider) for name in names]
    if codes == "all":
        chosen += [of_row(class_of(provider, row), provider, row) for row in provider.catalogue]
    elif codes is not None:
        keys = [codes] if isinstance(codes, str) else codes
        chosen += [_coded(provider, str(key)) for key in keys]
    return list({case.id: case for case in chosen}.values())


def absent(provider: Provider) -> dict[str, str]:
    """The classes that a provider cannot have, each with the reason."""
    reasons: dict[str, str] = {}
    for kind in CLASSES:
        try:
            kind.case(provider)
        except Absent as reason:
            reasons[kind.id] = str(reason)
    return reasons


def class_of(provider: Provider, row: ErrorRow) -> RefusalClass:
    """The class that a row of the catalogue is in."""
    if row.place is Place.RECEIPT:
        return _BY_ID["late_failure"]
    for problem, name in PROBLEMS.items():
        if provider.row(problem).key == row.key and name not in absent(provider):
            return _BY_ID[name]
    if row.key in {limit.error for limit in provider.limits}:
        return _BY_ID["throttled"]
    by_status: Mapping[int, str] = {
        200: "inside_200",
        401: "unauthenticated",
        402: "no_credit",
        429: "throttled",
        500: "http_500",
    }
    return _BY_ID[by_status.get(row.http_status, OTHER.id)]


def _present(provider: Provider) -> Iterator[RefusalCase]:
    without = absent(provider)
    yield from (kind.case(provider) for kind in CLASSES if kind.id not in without)


def _named(name: str) -> RefusalClass:
    known = [kind.id for kind in CLASSES]
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3) or known
        raise UnknownRefusal(f"no class of refusals '{name}'; near: {', '.join(near)}")
    return _BY_ID[name]


def _coded(provider: Provider, key: str) -> RefusalCase:
    try:
        row = provider.catalogue[key]
    except UnknownRow as error:
        raise UnknownRefusal(str(error)) from None
    return of_row(class_of(provider, row), provider, row)


def chosen(choices: Iterable[tuple[tuple[str, ...], Mapping[str, Any]]]) -> list[RefusalCase]:
    """The cases of several choices: names of providers each, with `classes` and `codes` as `cases`
    takes them. Raises `Unfit`."""
    found: list[RefusalCase] = []
    for providers, options in choices:
        if not providers:
            raise Unfit(f"names no provider; there are: {', '.join(catalog.PROVIDERS)}")
        for name in options:
            if name not in _OPTIONS:
                raise Unfit(f"no option '{name}'; there are: {', '.join(_OPTIONS)}")
        for name in providers:
            try:
                provider = catalog.find(name)
            except catalog.UnknownProvider as error:
                raise Unfit(str(error)) from None
            found += cases(provider, **options)
    return list({(case.provider, case.id): case for case in found}.values())
