"""A request as it came off the wire, and what goes back."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

MAX_BODY = 1 << 20  # of a request, in bytes

JSON = "application/json"

Trouble = Literal["close", "reset", "hang", "truncate", "drip"]


@dataclass(slots=True)
class Call:
    """One HTTP request. `headers` has lower-case names, repeated ones joined by a comma; requests
    that came with the same share them, so nobody changes them in place.

    `path` is decoded and without the `/<provider>` prefix; `raw_path` and `query` are as sent.
    `too_large` says that there was more body than the server takes; `body` is then empty.
    """

    method: str
    path: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    scheme: str = "http"
    raw_path: str = ""
    client: str = ""
    too_large: bool = False

    @property
    def host(self) -> str:
        """The Host header as sent, port included."""
        return self.headers.get("host", "")

    @property
    def content_type(self) -> str:
        """The media type alone, lower-case, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(slots=True)
class Reply:
    """One HTTP answer, and how the server is to carry it out.

    `delay` is in seconds. `trouble` spoils the connection: close before answering, reset it,
    never answer, cut the body short, or send it a byte at a time. `later` makes the answer
    when awaited, and takes the place of this one; `stream` makes the body piece by piece, in place
    of `body`, for as long as the client is there; `released` is called once the answer has gone
    out, or cannot. `dated` says that its own `Date` is among the headers: by the account's clock.
    """

    status: int
    body: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)
    delay: float = 0.0
    trouble: Trouble | None = None
    later: "Callable[[], Awaitable[Reply]] | None" = None
    stream: Callable[[], AsyncIterator[bytes]] | None = None
    released: Callable[[], None] | None = None
    dated: bool = False

    @classmethod
    def json(cls, status: int, value: Any, *headers: tuple[str, str], kind: str = JSON) -> "Reply":
        """A JSON answer; `kind` is its content type."""
        return cls(status, orjson.dumps(value), [("Content-Type", kind), *headers])
