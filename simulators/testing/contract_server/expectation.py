"""One operation that is expected, and how it is answered."""

from collections.abc import Mapping
from typing import Any

from pytest_httpserver.httpserver import HandlerType

from simulators.kernel.call import Reply
from simulators.kernel.catalogue import ErrorRow, Place, UnknownRow
from simulators.kernel.problem import Problem
from simulators.kernel.provider import Document, Provider
from simulators.testing.contract_server import answers
from simulators.testing.contract_server.answers import BadExpectation
from simulators.testing.contract_server.asked import named

_KINDS = {
    HandlerType.PERMANENT: "at least once",
    HandlerType.ONESHOT: "once",
    HandlerType.ORDERED: "once, in its turn",
}


class Expectation:
    """One operation that is expected. Unless told otherwise the provider takes it.

    `requests` are those that came, as the documents that contracts speak of: method, path,
    headers with lower-case names, query, body.
    """

    def __init__(self, provider: Provider, operation: str, kind: HandlerType) -> None:
        self.provider = provider
        self.operation = operation
        self.kind = kind
        self.requests: list[Document] = []
        self.row: ErrorRow | None = None
        self.reply: Reply | None = None

    def respond(self) -> "Expectation":
        """The provider's own answer of success, which is what it is without any `respond`."""
        self.row, self.reply = None, None
        return self

    def respond_with_error(self, key: str | int) -> "Expectation":
        """A row of the provider's catalogue, by key, code, or the name of a problem. Raises
        `BadExpectation`."""
        try:
            row = self.provider.row(Problem(key) if key in list(Problem) else str(key))
        except UnknownRow as error:
            raise BadExpectation(str(error)) from None
        if row.place is Place.RECEIPT:
            said = f"'{key}' is no answer of {self.provider.name}: it comes later, in a receipt"
            raise BadExpectation(f"{said}; the fixture `sms` sends receipts")
        self.row, self.reply = row, None
        return self

    def respond_with(
        self,
        status: int,
        body: str | dict[str, Any] | list[Any] = "",
        headers: Mapping[str, str] | None = None,
        *,
        unchecked: bool = False,
    ) -> "Expectation":
        """An answer in full, a body that is no text as JSON. Raises `BadExpectation` for one that
        the provider does not give, by its contracts, unless `unchecked`."""
        answer = {"status": status, "headers": dict(headers or {}), "body": body}
        self.reply = answers.given(self.provider, self.operation, answer, unchecked)
        self.row = None
        return self

    def __str__(self) -> str:
        return f"{named(self.provider.name, self.operation)} ({_KINDS[self.kind]})"
