"""One route of the service: all that its checks and its view need."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from simulators.otp.cors import Sharing
from simulators.otp.service import Service
from simulators.otp.zod import Guard

NO_CONTENT = 204


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request. `headers` has lower-case names; `body` is the JSON document or the form, and
    keeps the route's guard; `root` is the service's own address."""

    service: Service
    method: str
    path: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    cookies: Mapping[str, str]
    body: Any
    ip: str
    root: str


@dataclass(frozen=True, slots=True)
class Said:
    """An answer. None for a document is an empty body, a text is a page. One that is not `shared`
    is kept from pages of other sites, whatever its route says."""

    status: int
    document: Any = None
    headers: tuple[tuple[str, str], ...] = ()
    shared: bool = True


DONE = Said(NO_CONTENT)
View = Callable[[Ask], Any]  # a document, a `Said`, or either awaited; raises `Refused`


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One operation. `path` has its variables in angle brackets, as Flask has them. `enter` raises
    `Refused` for whoever may not come in, before the body is looked at. `shared` says that pages of
    other sites may use it: nothing in it is proven by a cookie."""

    method: str
    path: str
    view: View
    guard: Guard | None = None
    enter: Callable[[Ask], object] = field(default=lambda _ask: None)
    shared: Sharing | None = None


def seen(document: Any) -> Said:
    """What a view returned, as an answer."""
    return document if isinstance(document, Said) else Said(200, document)


Later = Callable[[], Awaitable[Any]]
NOTHING: Mapping[str, str] = MappingProxyType({})
