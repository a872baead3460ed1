"""The options that every scenario has, and what they say."""

from argparse import SUPPRESS, ArgumentError, ArgumentParser
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEFAULT_SIM = "http://127.0.0.1:8026"
NO_SIM = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a run was told. `host` is the OTP service's address, `sim` the simulators', "" for
    none; `token` is for the Management API of Logto, `sim_token` for the control API."""

    host: str = ""
    sim: str = DEFAULT_SIM
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


# Without those that the locustfile shows on Locust's page, all are hidden there: a token is none
# of a visitor's business, and a path is where the process writes.
_OPTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    (
        "--sim",
        {
            "default": DEFAULT_SIM,
            "env_var": "SMS_SIMULATORS_URL",
            "metavar": "URL",
            "help": "Where the simulators are, whose inbox the people read; 'none' for none",
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
    ("--report", {"default": "", "metavar": "FILE", "help": "A page with plots, HTML"}),
    (
        "--junit",
        {"default": "", "metavar": "FILE", "help": "Invariants and thresholds as JUnit XML"},
    ),
    ("--verdict", {"default": "", "metavar": "FILE", "help": "The same as JSON"}),
    ("--outcome", {"default": "", "help": SUPPRESS}),  # the verdict again, for `load`
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
    sim = options.sim.rstrip("/")
    return Settings(
        host=(options.host or "").rstrip("/"),
        sim="" if sim == NO_SIM else sim,
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
    )
