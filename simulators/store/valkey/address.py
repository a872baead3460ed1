"""Where the engine is: what may be written for it, and what is wrong with what was."""

import re
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

FORMS = (
    "valkey://[USER:PASSWORD@]HOST[:PORT][/DATABASE], valkeys:// for TLS, unix:///PATH[?db=NUMBER],"
    " or redis:// and rediss://"
)
_PLAIN, _TLS = ("valkey", "redis"), ("valkeys", "rediss")
_OPTIONS = {"db", "cafile"}
_PORT = 6379


class BadAddress(ValueError):
    """What was given leads to no engine; the message names what was expected and what came."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where an engine listens: a host and a port, or the `path` of a socket."""

    host: str = ""
    port: int = _PORT
    path: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    database: int = 0
    tls: bool = False
    cafile: str = ""

    def __str__(self) -> str:
        """Without user and password, for people."""
        if self.path:
            return f"unix://{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'valkeys' if self.tls else 'valkey'}://{host}:{self.port}/{self.database}"

    def context(self) -> ssl.SSLContext | None:
        """What TLS is spoken with, None without it. Raises `BadAddress`."""
        if not self.tls:
            return None
        try:
            return ssl.create_default_context(cafile=self.cafile or None)
        except (OSError, ssl.SSLError) as error:
            raise BadAddress(f"cafile: expected certificates in PEM, got {error}") from None

    def untrusted(self, error: ssl.SSLCertVerificationError) -> str:
        """What is wrong with the certificate that the engine has shown, and what was expected."""
        trusted = f"'{self.cafile}'" if self.cafile else "this machine, or of a ?cafile="
        return (
            f"the store at {self} shows a certificate that is not trusted"
            f" ({error.verify_message}), expected one for '{self.host}' by a CA of {trusted}"
        )


def read(url: str) -> Address:
    """An address as it is written. Raises `BadAddress`."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BadAddress(f"expected {FORMS}, got '{_hidden(url)}' ({error})") from None
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    unknown = sorted(options.keys() - _OPTIONS)
    if unknown:
        known = ", ".join(sorted(_OPTIONS))
        raise BadAddress(f"no option '{unknown[0]}' of a store; there are: {known}")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    cafile = options.get("cafile", "")
    if parts.scheme == "unix":
        path = unquote(parts.path)
        if not path or parts.hostname:
            raise BadAddress(f"expected unix:///PATH, three slashes, got '{_hidden(url)}'")
        database = _database(options.get("db", "0"))
        return Address(path=path, user=user, password=password, database=database)
    if parts.scheme not in _PLAIN + _TLS or not parts.hostname:
        raise BadAddress(f"expected {FORMS}, got '{_hidden(url)}'")
    return Address(
        host=parts.hostname,
        port=_PORT if port is None else port,
        user=user,
        password=password,
        database=_database(options.get("db") or parts.path.strip("/") or "0"),
        tls=parts.scheme in _TLS,
        cafile=str(Path(cafile).expanduser()) if cafile else "",
    )


def _database(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise BadAddress(f"expected the number of a database behind the slash, got '{text}'")
    return int(text)


def _hidden(url: str) -> str:
    """A URL as it may be shown: passwords are nobody's business."""
    return re.sub(r"(://[^:@/]*):[^@/]*@", r"\1:***@", url)
