"""Which pages of other sites may read an answer, by the rules of cross-origin requests:
https://fetch.spec.whatwg.org/#http-cors-protocol

Logto shares what is proven by a token in the request, or is public, and nothing that a cookie
proves. A page may ask the token endpoint if it is one of an application that may sign in there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

Headers = tuple[tuple[str, str], ...]
ALLOW = "Access-Control-Allow-Origin"


@dataclass(frozen=True, slots=True)
class Sharing:
    """How a path is shared: by which methods, for how long a browser may remember that (seconds),
    and which headers of an answer are shown."""

    methods: str
    seconds: int = 0
    shown: str = ""

    def answer(self, origin: str) -> Headers:
        """The headers of an answer to a page of that origin, "" for none."""
        shown = (("Access-Control-Expose-Headers", self.shown),) if self.shown else ()
        return (("Vary", "Origin"), (ALLOW, origin or "*"), *shown)

    def preflight(self, asked: Mapping[str, str]) -> Headers:
        """The headers of the answer to a browser that asks beforehand; `asked` are its own, with
        lower-case names."""
        headers = asked.get("access-control-request-headers")
        return (
            *(("Vary", "Origin"), (ALLOW, asked.get("origin") or "*")),
            *((("Access-Control-Max-Age", str(self.seconds)),) if self.seconds else ()),
            ("Access-Control-Allow-Methods", self.methods),
            *((("Access-Control-Allow-Headers", headers),) if headers else ()),
        )


ACCOUNT = Sharing("GET,HEAD,PUT,POST,DELETE,PATCH", shown="*")
ANYBODY = Sharing("GET", 3600)
TOKEN = Sharing("POST", 3600, "WWW-Authenticate")
USER = Sharing("GET,POST", 3600, "WWW-Authenticate")


def is_of(origin: str, application: Mapping[str, Any]) -> bool:
    """Whether a page is one of an application: where it has people sent back to, or says it is."""
    return origin in _origins(application)


def _origins(application: Mapping[str, Any]) -> Iterator[str]:
    yield from application["customClientMetadata"].get("corsAllowedOrigins") or ()
    for uri in application["oidcClientMetadata"]["redirectUris"]:
        try:
            parts = urlsplit(uri)
        except ValueError:
            continue
        yield f"{parts.scheme}://{parts.netloc}".lower()
