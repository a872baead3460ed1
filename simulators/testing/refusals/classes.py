"""The table of classes, and how each is found at a provider."""

from collections.abc import Callable

from simulators.kernel.catalogue import ErrorRow, Place
from simulators.kernel.contracts import contract
from simulators.kernel.message import State
from simulators.kernel.problem import Problem
from simulators.kernel.provider import Provider
from simulators.testing.refusals.case import Absent, Effect, RefusalClass

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
        sends = {endpoint.operation for endpoint in provider.endpoints if endpoint.parse}
        agreed = [contract(provider.name, operation, "response.schema") for operation in sends]
        if any(success is not None and not success.check({}) for success in agreed):
            raise Absent(f"to {provider.title} any 2xx answer means taken, whatever its body")
        headers = {"Content-Type": kind} if kind else {}
        return {"answer": {"status": 200, "headers": headers, "body": body}}

    return found


def _server_error(provider: Provider) -> ErrorRow | Effect:
    row = provider.row(Problem.INTERNAL)
    return row if row.http_status >= 500 else _page(500, _HTML.format("500"))(provider)


def _broken(how: str) -> Callable[[Provider], Effect]:
    return lambda _provider: {"socket": how}


def _late(provider: Provider) -> Effect:
    if provider.receipts is None or State.UNDELIVERED not in provider.states.values():
        raise Absent(f"{provider.title} tells nothing of a message once it is taken")
    return {"receipt": {"state": "undelivered"}}


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
