"""The options that every scenario has, and whether a run can start with them: each mistake is one
line, told before the first user starts.
"""

import http.client
import ssl
from argparse import SUPPRESS, Action, ArgumentError, ArgumentParser
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from simulators.load import nodes, thresholds
from simulators.load.inbox import Inbox
from simulators.load.nodes import DEFAULT_SIM, NO_SIM, NoNodes
from simulators.load.thresholds import BadThreshold, Names, Threshold

_TIMEOUT = 10.0
MANAGEMENT = "/api/connectors"
MODE = "X-Simulator-Otp"
DISCOVERY = "/oidc/.well-known/openid-configuration"
_UNAUTHORISED = (401, 403)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a run was told. `host` is the OTP service's address, `sim` the simulators', "" for
    none, and `more` those of other nodes of the same; `token` is for the Management API of Logto,
    `sim_token` for the control API."""

    host: str = ""
    sim: str = DEFAULT_SIM
    more: Sequence[str] = ()
    sim_token: str = ""
    account: str = "default"
    token: str = ""
    provider: str = ""
    seed: str = ""
    thresholds: Sequence[str] = ()
    thresholds_file: Path | None = None
    report: Path | None = None
    junit: Path | None = None
    verdict: Path | None = None
    outcome: Path | None = None
    progress: bool = False
    rate: float = 0.0
    serving: int = 0  # the process that `load` started for the run, the OTP service's

    @property
    def nodes(self) -> tuple[str, ...]:
        """All addresses of the simulators."""
        return (self.sim, *self.more) if self.sim else ()


class _Addresses(Action):
    """`--sim`: one or more, with commas between or by the option again."""

    def __call__(self, parser: ArgumentParser, into: Any, given: Any, name: Any = None) -> None:
        before = getattr(into, "sims", ())
        try:
            into.sims = nodes.addresses([*before, given])
        except NoNodes as mistake:
            parser.error(str(mistake))
        into.sim = ",".join(into.sims) or NO_SIM


# Without those that the locustfile shows on Locust's page, all are hidden there: a token is none
# of a visitor's business, and a path is where the process writes.
_OPTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    (
        "--sim",
        {
            "default": DEFAULT_SIM,
            "action": _Addresses,
            "env_var": "SMS_SIMULATORS_URL",
            "metavar": "URL",
            "help": "Where the simulators are, whose inbox the people read; several, with commas"
            " between or by --sim again, are nodes of one; 'none' for none",
        },
    ),
    (
        "--sim-token",
        {
            "default": "",
            "env_var": "SMS_SIMULATORS_TOKEN",
            "metavar": "TOKEN",
            "help": "The simulators' token, where `serve` printed one",
        },
    ),
    (
        "--otp",
        {
            "default": "",
            "metavar": "URL",
            "help": "The service under test where --host is not given [none]",
        },
    ),
    (
        "--account",
        {"default": "default", "help": "Whose inbox it is, of the simulators' accounts"},
    ),
    (
        "--token",
        {
            "default": "",
            "env_var": "LOGTO_TOKEN",
            "metavar": "TOKEN",
            "help": "For the Management API of the service under test",
        },
    ),
    ("--provider", {"default": "", "metavar": "NAME", "help": "Who carries the messages"}),
    ("--seed", {"default": "", "help": "Repeats the people and choices of a run [random]"}),
    (
        "--threshold",
        {
            "action": "append",
            "default": [],
            "metavar": "TEXT",
            "help": "What must hold at the end, as 'send p95 < 50 ms'; may be repeated",
        },
    ),
    (
        "--thresholds",
        {"default": "", "metavar": "FILE", "help": "The same, one a line"},
    ),
    (
        "--rate",
        {
            "type": float,
            "default": 0.0,
            "metavar": "N",
            "help": "People who begin a second; --users is how many at once [as soon as they can]",
        },
    ),
    ("--report", {"default": "", "metavar": "FILE", "help": "A page with plots, HTML"}),
    (
        "--junit",
        {"default": "", "metavar": "FILE", "help": "Invariants and thresholds as JUnit XML"},
    ),
    ("--verdict", {"default": "", "metavar": "FILE", "help": "The same as JSON"}),
    ("--outcome", {"default": "", "help": SUPPRESS}),  # the verdict again, for `load`
    ("--serving", {"type": int, "default": 0, "help": SUPPRESS}),  # by `load`, which started it
    ("--progress", {"action": "store_true", "help": "A line on stderr that tells how it goes"}),
)


def add_options(parser: ArgumentParser) -> None:
    """Adds them to Locust's parser; one that the scenario added itself stays as it is."""
    for name, told in _OPTIONS:
        try:
            parser.add_argument(name, include_in_web_ui=False, **told)
        except ArgumentError:
            continue


def read(options: Any) -> Settings:
    """From parsed options."""
    sim, *more = nodes.addresses(options.sim) or ("",)
    return Settings(
        host=(options.host or "").rstrip("/"),
        sim=sim,
        more=tuple(more),
        sim_token=options.sim_token,
        account=options.account,
        token=options.token,
        provider=options.provider,
        seed=str(options.seed),
        thresholds=tuple(options.threshold),
        thresholds_file=Path(options.thresholds) if options.thresholds else None,
        report=Path(options.report) if options.report else None,
        junit=Path(options.junit) if options.junit else None,
        verdict=Path(options.verdict) if options.verdict else None,
        outcome=Path(options.outcome) if options.outcome else None,
        progress=options.progress,
        rate=options.rate,
        serving=options.serving,
    )


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
    elif given.host not in ("", *given.nodes):
        _no_service(given, needs)
    return found


def _no_service(given: Settings, needs: Collection[str]) -> None:
    """Where users send what is for a provider: a service that sends codes, a person's real Logto
    perhaps, must not be loaded with that."""
    if "providers" in needs:
        raise NotReady(
            "--host: this scenario sends what is for providers, and asks no service for codes;"
            f" --sim says where that goes, and {given.host} gets none of it"
        )
    if "target" in needs and _status(given.host, "", DISCOVERY) == HTTPStatus.OK:
        raise NotReady(
            f"--host: {given.host}{DISCOVERY} answers as Logto does; this scenario sends what is"
            " for providers"
        )


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
        raise NotReady(
            "--sim none: the people of this scenario read the simulators' inbox; none is for"
            ' scenarios of one\'s own that read no SMS, `attach(needs="host")`'
        )
    inbox = Inbox(given.nodes, account=given.account, token=given.sim_token)
    try:
        providers = nodes.check(inbox.each())
    except NoNodes as mistake:
        hint = "" if "sim" in needs else "; --sim none goes without"
        raise NotReady(f"{mistake}{hint}") from None
    finally:
        inbox.close()
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


def mode(host: str) -> str:
    """How the simulators' own OTP service says it is run; "" for any other service."""
    parts = urlsplit(host)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    try:
        connection = kind(parts.hostname or "", parts.port, timeout=_TIMEOUT)
        connection.request("GET", f"{parts.path.rstrip('/')}/api/status")
        told = connection.getresponse().headers.get(MODE, "")
        connection.close()
    except (OSError, ValueError, http.client.HTTPException):
        return ""
    return told


def _status(host: str, token: str, path: str = MANAGEMENT) -> int:
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
        connection.request("GET", f"{parts.path.rstrip('/')}{path}", headers=headers)
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
