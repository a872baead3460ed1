"""What must be right before the first user starts: each mistake is one line, told in time."""

import http.client
import ssl
from collections.abc import Collection
from urllib.parse import urlsplit

from simulators.control.client import ControlError
from simulators.load import thresholds
from simulators.load.inbox import Inbox
from simulators.load.settings import Settings
from simulators.load.thresholds import BadThreshold, Names, Threshold

_TIMEOUT = 10.0
MANAGEMENT = "/api/connectors"
_UNAUTHORISED = (401, 403)


class NotReady(Exception):
    """The run cannot start; the message is one line that says what to do."""


def check(given: Settings, needs: Collection[str], names: Names | None = None) -> list[Threshold]:
    """Tries all that a scenario needs; the thresholds, read. Raises `NotReady`. Without the names
    of a scenario's requests, a threshold about none of them is found at the end only."""
    try:
        found = thresholds.read(given.thresholds, given.thresholds_file)
        if names is not None:
            for threshold in found:
                names.check(threshold)
    except BadThreshold as bad:
        raise NotReady(str(bad)) from None
    _writable(given)
    if "sim" in needs or given.sim:
        _simulators(given, needs)
    if "host" in needs:
        _service(given)
    return found


def _writable(given: Settings) -> None:
    for option, path in (
        ("--report", given.report),
        ("--junit", given.junit),
        ("--verdict", given.verdict),
    ):
        if path is not None and not path.absolute().parent.is_dir():
            raise NotReady(f"{option} {path}: there is no folder {path.absolute().parent}")


def _simulators(given: Settings, needs: Collection[str]) -> None:
    if not given.sim:
        raise NotReady("--sim none: the people of this scenario read the simulators' inbox")
    inbox = Inbox(given.sim, account=given.account, token=given.sim_token)
    try:
        providers = [row["name"] for row in inbox.call("GET", "/_sim/providers")["providers"]]
        inbox.limits()
    except ControlError as error:
        hint = "" if "sim" in needs else "; --sim none goes without"
        raise NotReady(f"--sim: {error}{hint}") from None
    if given.provider and given.provider not in providers:
        raise NotReady(
            f"--provider: no provider '{given.provider}'; there are: {', '.join(providers)}"
        )


def _service(given: Settings) -> None:
    """The service answers at all, and its Management API takes the token."""
    if not given.host:
        raise NotReady("--host: expected the address of the service under test")
    status = _status(given.host, given.token)
    if given.token and status in _UNAUTHORISED:
        raise NotReady(f"--token: {given.host}{MANAGEMENT} answers {status} to it")
    if status in _UNAUTHORISED:
        raise NotReady(
            f"{given.host}{MANAGEMENT} answers {status}; it wants --token or LOGTO_TOKEN"
        )


def _status(host: str, token: str) -> int:
    try:
        parts = urlsplit(host)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise NotReady(
            f"--host: '{host}' is not an address; expected one like http://127.0.0.1:3001"
        )
    secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(parts.hostname, port, timeout=_TIMEOUT)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        connection.request("GET", f"{parts.path.rstrip('/')}{MANAGEMENT}", headers=headers)
        return connection.getresponse().status
    except ssl.SSLError as error:
        raise NotReady(f"--host: {host} is not trusted ({error.reason})") from None
    except TimeoutError:
        raise NotReady(f"--host: {host} did not answer within {_TIMEOUT:g} s") from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "strerror", None) or error
        raise NotReady(f"--host: nothing answers at {host} ({reason})") from None
    finally:
        connection.close()
