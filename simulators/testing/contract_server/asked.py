"""What a request that came asks for: provider, operation, and how it keeps its contract."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote

from werkzeug import Request

from simulators.catalog import PROVIDERS
from simulators.check.report import diff
from simulators.check.verdict import held, mask
from simulators.kernel.call import Call
from simulators.kernel.contracts import Breach
from simulators.kernel.provider import Document, Provider
from simulators.server.gateway import host_name, local_host


@dataclass(frozen=True, slots=True)
class Asked:
    """A request; `provider` is None where nobody could tell, `operation` then ""."""

    call: Call
    provider: Provider | None = None
    operation: str = ""
    document: Document = field(default_factory=dict)
    breaches: list[Breach] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """As an expectation names it."""
        return named(self.provider.name, self.operation) if self.provider else "no provider"

    @property
    def head(self) -> str:
        """The operation and the request line, without the query: that may hold secrets."""
        path = mask(self.provider).path(self.call.path) if self.provider else self.call.path
        return f"{self.name}: {self.call.method} {path}"

    def told(self) -> str:
        """The breaches of its contract, as a failing test shows them."""
        lines = [f"{self.head}: breaks its contract"]
        lines += [f"  {line}" for breach in self.breaches for line in diff(breach.as_dict())]
        return "\n".join([*lines, *(f"  warning: {warning}" for warning in self.warnings)])


def named(provider: str, operation: str) -> str:
    """`twilio.create_message`; the provider alone where there is no operation."""
    return f"{provider}.{operation.replace('-', '_')}" if operation else provider


def read(request: Request, expected: Iterable[str]) -> Asked:
    """A request is some provider's by its Host or by `/<provider>`, else it is the one expected
    provider's, where there is one alone: some SDKs take no more than a host and a port."""
    raw: str = request.environ.get("RAW_URI", request.path).partition("?")[0]
    call = Call(
        method=request.method,
        path=unquote(raw),  # Werkzeug's own has what is no UTF-8 otherwise than the servers do
        query=request.query_string.decode("latin-1"),
        headers={name.lower(): value for name, value in request.headers},
        body=request.get_data(),
        scheme=request.scheme,
        raw_path=raw,
        client=request.remote_addr or "",
    )
    name = _provider(call, set(expected))
    if name is None:
        return Asked(call)
    provider = PROVIDERS[name]
    validated, breaches, warnings = held(provider, call)
    return Asked(call, provider, validated.operation, validated.document, breaches, warnings)


def _provider(call: Call, expected: set[str]) -> str | None:
    host = host_name(call.host)
    for name, provider in PROVIDERS.items():
        if host in (local_host(name), *provider.hosts):
            return name
    first = call.path[1:].partition("/")[0]
    if first in PROVIDERS:
        call.path = call.path.removeprefix(f"/{first}") or "/"
        return first
    return expected.pop() if len(expected) == 1 else None
