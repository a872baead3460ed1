"""`sms-simulators load`: from a scenario's name to a verdict and an exit code.

Whatever is wrong is told in one line before the first user starts. Locust runs in a process of its
own, and so does the server that is started unless `--host` or `--sim` names one that is there.
"""

import json
import os
import re
import signal
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from importlib.util import find_spec
from math import ceil
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

import click
from click.core import ParameterSource

from simulators.cli.options import ACCOUNT, Number, fail, limits
from simulators.data import data
from simulators.load import launch, report
from simulators.load.capacity import Step, found, next_rate
from simulators.load.figures import Recorder
from simulators.load.launch import Scenario
from simulators.load.ledger import Ledger
from simulators.load.nodes import DEFAULT_SIM, NO_SIM, NoNodes, addresses
from simulators.load.settings import NotReady, Settings, check
from simulators.load.verdict import Verdict

STOP_SECONDS = 10  # users that wait for a code are let finish
_FIRST_RATE = 5.0
_VISIT_SECONDS = 10  # of one person at most, for which there are users enough
_MOST_USERS = 2000
_LEAST_SECONDS = 10  # of a run with a rate: who went through is counted in its second half
_MOST_A_SECOND = 100  # above that Locust itself warns; fewer come at once than that


_TIME = re.compile(r"(?=\d)(\d+h)?(\d+m)?(\d+s?)?")


def _time(_context: click.Context, _option: click.Parameter, given: str) -> str:
    """As Locust reads it."""
    if not _TIME.fullmatch(given) or not _seconds(given):  # with 0 it would run for ever
        raise click.BadParameter(f"expected a time as 45, 30s, 5m or 1h30m, got '{given}'")
    return given


def _seconds(given: str) -> int:
    """How long that is."""
    parts = re.findall(r"(\d+)([hms]?)", given)
    return sum(int(number) * {"h": 3600, "m": 60}.get(unit, 1) for number, unit in parts)


_LOAD = (
    click.argument("scenario", default="", metavar="[SCENARIO]"),
    click.argument("more", nargs=-1, type=click.UNPROCESSED, metavar="[-- LOCUST_OPTION...]"),
    click.option("--users", type=click.IntRange(min=1), default=10, show_default=True),
    click.option(
        "--spawn-rate",
        type=Number(min=0, min_open=True),
        metavar="N",
        help="Users a second that start.  [default: all at once]",
    ),
    click.option(
        "--time",
        default="30s",
        callback=_time,
        show_default=True,
        help="How long: 45, 30s, 5m, 1h30m.",
    ),
    click.option(
        "--shape",
        type=click.Choice(("steady", "ramp", "spike", "soak", "retry-storm")),
        help="How many users are there when.  [default: --users, all the time]",
    ),
    click.option(
        "--rate",
        type=Number(min=0, min_open=True),
        metavar="N",
        help="People who begin a second; --users is how many at once.  [default: as they can]",
    ),
    click.option(
        "--capacity",
        is_flag=True,
        help="Runs of --time each, from --rate (5) up: which is the highest rate that holds?",
    ),
    click.option("--seed", default="", help="Repeats the people of a run.  [default: random]"),
    click.option("--provider", default="", metavar="NAME", help="Who carries the messages."),
    click.option(
        "--limits",
        default="provider",
        callback=limits,
        show_default=True,
        metavar="provider|off|FACTOR",
        help="Flow control of the simulators that are started.",
    ),
    click.option(
        "--threshold",
        "thresholds",
        multiple=True,
        metavar="TEXT",
        help="What must hold at the end; may be repeated.  [default: failures == 0]",
    ),
    click.option(
        "--thresholds",
        "thresholds_file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="The same, one a line.",
    ),
    click.option(
        "--nodes",
        type=click.IntRange(min=1),
        metavar="N",
        default=1,
        help="So many nodes of the simulators are started, on one --store.  [default: 1]",
    ),
    click.option(
        "--store",
        metavar="URL",
        default="",
        envvar="SMS_SIMULATORS_STORE",
        show_envvar=True,
        help="A Valkey or Redis engine for those that are started, as valkey://HOST:6379/0.",
    ),
    click.option("--host", default="", metavar="URL", help="A running OTP service, or Logto."),
    click.option(
        "--sim",
        "sims",
        multiple=True,
        metavar="URL",
        help="Its simulators; several, by --sim again or with commas between, are nodes of one;"
        " 'none' if it sends elsewhere.",
    ),
    click.option(
        "--sim-token",
        default="",
        envvar="SMS_SIMULATORS_TOKEN",
        show_envvar=True,
        help="The control API's token.",
    ),
    ACCOUNT,
    click.option(
        "--token",
        default="",
        envvar="LOGTO_TOKEN",
        show_envvar=True,
        help="For the Management API of --host.",
    ),
    click.option(
        "--processes", type=click.IntRange(min=1), metavar="N", help="Workers, one a CPU core."
    ),
    click.option("--web", is_flag=True, help="Locust's page at http://127.0.0.1:8089 instead."),
    click.option("--report", type=click.Path(path_type=Path), metavar="FILE", help="HTML, plots."),
    click.option("--junit", type=click.Path(path_type=Path), metavar="FILE", help="The verdict."),
    click.option(
        "--json", "as_json", type=click.Path(path_type=Path), metavar="FILE", help="The verdict."
    ),
)


def _load_options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds all options of `load`."""
    for option in reversed(_LOAD):
        command = option(command)
    return command


@click.command
@_load_options
def load(scenario: str, **given: Any) -> None:
    """Runs a load scenario with Locust and judges it: were all codes sent once, to the right phone,
    within the provider's limits, and did the thresholds hold?

    SCENARIO is a name (without one they are listed) or a locustfile of your own. Simulators and an
    OTP service are started for the run, unless --host or --sim names what is there. What follows
    `--` goes to Locust and the scenario, as `-- --replayed 0.3 --html page.html`.

    Of several nodes (--sim twice, or --store with --nodes) each is asked in turn, by who sends and
    by who reads, and what they keep is judged as that of one.

    With --capacity there is a run at each of several rates, until the highest that holds is known
    within a tenth and confirmed; what did not hold above it, where the time went there, and whether
    the application, the simulators or the load generator was the limit is told at the end.

    \b
    Thresholds   send p95 < 50 ms            failures == 0
                 verify success > 99.9 %     send throttled between 5 and 20 %
                 SignIn blocked < 30 s       rate > 100/s
    Exit codes   0 all held, 1 something did not, 2 wrong usage, before the first user starts
    """
    _run(scenario, given)


def _run(name: str, given: dict[str, Any]) -> None:
    """Runs a scenario, or without a name lists them."""
    folder = data("loadtests")
    if not name:
        _list(folder)
        return
    _together(given)
    try:
        scenario = launch.find(name, folder)
    except launch.NoScenario as error:
        fail(str(error))
    if find_spec("locust") is None:
        fail("load needs Locust: install sms-simulators with its extra 'load'")
    signal.signal(signal.SIGTERM, _as_interrupt)
    with ExitStack() as closing:
        settings = _placed(
            scenario,
            _settings(given),
            given["limits"],
            closing,
            store=given["store"],
            nodes=given["nodes"],
        )
        _check(settings, scenario)
        outcome = Path(closing.enter_context(TemporaryDirectory())) / "outcome.json"
        settings = replace(settings, outcome=outcome)
        if given["capacity"]:
            _capacity(scenario, settings, given)
        code = launch.locust(
            _arguments(scenario, settings, given),
            _secrets(settings),
        )
        passed = _passed(outcome)
    raise SystemExit(_exit_code(code, passed))


def _together(given: dict[str, Any]) -> None:
    """Options that exclude each other; and as many users as a rate takes, if nobody says."""
    source = click.get_current_context().get_parameter_source
    if given["host"] or given["sims"]:
        there = "--host" if given["host"] else "--sim"
        for other in ("store", "nodes"):
            if source(other) is ParameterSource.COMMANDLINE:
                fail(f"--{other} is of simulators that are started, {there} of what is there")
    elif given["nodes"] > 1 and not given["store"]:
        fail(
            "--nodes: several nodes share an engine; expected --store URL with it, of a Valkey or a"
            " Redis from 6.2, as valkey://127.0.0.1:6379/0"
        )
    if not (given["capacity"] or given["rate"]):
        return
    asked = "--capacity" if given["capacity"] else "--rate"
    for other in ("shape", "web") if given["capacity"] else ("shape",):
        if given[other]:
            fail(f"{asked}: with --{other} it is no longer the rate that says when people begin")
    if _seconds(given["time"]) < _LEAST_SECONDS:
        told = f"expected --time {_LEAST_SECONDS}s or more, got {given['time']}"
        fail(f"{asked}: in a shorter run nobody can tell how many went through: {told}")
    given["crowd"] = source("users") is ParameterSource.DEFAULT


def _users(given: dict[str, Any]) -> int:
    """How many at once: with a rate, those of ten seconds."""
    users: int = given["users"]
    rate: float = given["rate"] if given.get("crowd") else 0.0
    return max(users, min(ceil(_VISIT_SECONDS * rate), _MOST_USERS))


def _capacity(scenario: Scenario, settings: Settings, given: dict[str, Any]) -> NoReturn:
    """Runs the steps and tells what was found."""
    steps: list[Step] = []
    first = given["rate"] or _FIRST_RATE
    seed = settings.seed or token_hex(3)
    try:
        while (rate := next_rate(steps, first)) is not None:
            steps.append(Step(rate, _step(scenario, settings, given, rate, f"{seed}-{len(steps)}")))
            click.echo(f"sms-simulators: {steps[-1].line()}", err=True)
    except KeyboardInterrupt:
        if not steps:
            fail("stopped before the first step was over", code=130)
        click.echo("sms-simulators: stopped; this is what was known so far", err=True)
    told = found(steps)
    told = replace(told, facts={**told.facts, "seed": seed})
    for path, text in (
        (settings.junit, told.as_junit),
        (settings.verdict, told.as_json),
        (settings.report, lambda: report.page(told, Recorder(0.0), Ledger())),
    ):
        try:
            if path is not None:
                path.write_text(text(), encoding="utf-8")
        except OSError as error:
            fail(f"{path}: {error.strerror or error}", code=1)
    click.echo(told.as_text())
    raise SystemExit(told.exit_code)


def _step(
    scenario: Scenario, settings: Settings, given: dict[str, Any], rate: float, seed: str
) -> Verdict:
    """The verdict of one run. Its people are others than those of the steps before."""
    outcome = settings.outcome
    assert outcome is not None  # noqa: S101 - the caller made it
    outcome.unlink(missing_ok=True)
    one = replace(settings, seed=seed, report=None, junit=None, verdict=None)
    code = launch.locust(
        _arguments(scenario, one, {**given, "rate": rate}), _secrets(settings), quiet=True
    )
    if _passed(outcome) is None:
        fail(f"the run of {rate:g} people a second ended without a verdict", code=code or 1)
    return Verdict.of(outcome.read_text(encoding="utf-8"))


def _secrets(settings: Settings) -> dict[str, str]:
    return {"LOGTO_TOKEN": settings.token, "SMS_SIMULATORS_TOKEN": settings.sim_token}


def _passed(outcome: Path) -> bool | None:
    """What the verdict says; None if there is none."""
    try:
        passed = json.loads(outcome.read_text(encoding="utf-8"))["passed"]
    except (OSError, ValueError, KeyError):
        return None
    return passed is True


def _exit_code(code: int, passed: bool | None) -> int:
    """0 for a verdict that says so and for nothing else: Locust ends with 0 in many ways."""
    if code == 0 and passed:
        return 0
    if passed is None and code == 0:
        fail("the run ended without a verdict", code=1)
    if passed and code != 0:
        fail(f"the run passed, but Locust ended with {code} after that", code=1)
    return code if code > 0 else 128 - code if code < 0 else 1


def _list(folder: Path) -> None:
    found = launch.every(folder)
    if not found:
        fail(f"this installation has no scenarios: {folder} has none", code=1)
    width = max(len(scenario.name) for scenario in found)
    for scenario in found:
        click.echo(f"{scenario.name:<{width}}  {scenario.sentence}")


def _as_interrupt(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


def _settings(given: dict[str, Any]) -> Settings:
    sim, *more = _addresses(given["sims"]) or (NO_SIM if given["sims"] else "",)
    return Settings(
        host=given["host"].rstrip("/"),
        sim=sim,
        more=more,
        sim_token=given["sim_token"],
        account=given["account"],
        token=given["token"],
        provider=given["provider"],
        seed=given["seed"],
        thresholds=given["thresholds"],
        thresholds_file=given["thresholds_file"],
        report=given["report"],
        junit=given["junit"],
        verdict=given["as_json"],
    )


def _addresses(given: str | Sequence[str]) -> tuple[str, ...]:
    try:
        return addresses(given)
    except NoNodes as mistake:
        fail(str(mistake))


def _placed(
    scenario: Scenario,
    settings: Settings,
    limits: str | float,
    closing: ExitStack,
    *,
    store: str = "",
    nodes: int = 1,
) -> Settings:
    """With the addresses of what is there, or of the servers that are started for the run: so many
    nodes on a store, the last of which has the OTP service, which sends through all."""
    if settings.host or settings.sim:
        if settings.sim:
            return replace(settings, sim="" if settings.sim == NO_SIM else settings.sim)
        sim, *more = _addresses(os.environ.get("SMS_SIMULATORS_URL") or DEFAULT_SIM) or ("",)
        return replace(settings, sim=sim, more=more)
    _check(settings, scenario, needs=())  # before a server is started for nothing
    options = ["--limits", f"{limits}"]
    own = {"store": store} if store else {}
    try:
        more = [closing.enter_context(launch.server(options, **own)).sim for _ in range(nodes - 1)]
        if "host" in scenario.needs:  # the scenarios are about Logto
            through = [part for node in more for part in ("--otp-through", node)]
            options = [*options, "--otp-port", "0", "--otp-faithful", *through]
        started = closing.enter_context(launch.server(options, **own))
    except launch.NotStarted as error:
        fail(str(error))
    return replace(settings, host=started.otp, sim=started.sim, more=more, serving=started.pid)


def _check(settings: Settings, scenario: Scenario, needs: Sequence[str] | None = None) -> None:
    try:
        check(settings, scenario.needs if needs is None else needs)
    except NotReady as error:
        fail(str(error))


def _arguments(scenario: Scenario, settings: Settings, given: dict[str, Any]) -> list[str]:
    told = {
        "--sim": ",".join(settings.nodes) or NO_SIM,
        "--host": settings.host,
        "--account": settings.account,
        "--seed": settings.seed,
        "--provider": settings.provider,
        "--thresholds": settings.thresholds_file,
        "--report": settings.report,
        "--junit": settings.junit,
        "--verdict": settings.verdict,
        "--outcome": settings.outcome,
        "--serving": settings.serving,
        "--rate": given["rate"],
        "--users": _users(given),
        "--spawn-rate": given["spawn_rate"] or min(_users(given), _MOST_A_SECOND),
        "--run-time": given["time"],
        "--stop-timeout": STOP_SECONDS,
        "--processes": given["processes"],
        "--shape": (given["shape"] or "").replace("-", "_"),
    }
    found = ["-f", str(scenario.path)]
    found += [part for name, value in told.items() if value for part in (name, str(value))]
    found += [part for text in settings.thresholds for part in ("--threshold", text)]
    if given["processes"]:  # its usual port is that of any other run on this machine too
        port = str(launch.free_port())
        found += ["--master-port", port, "--master-bind-port", port]
        found += ["--master-bind-host", "127.0.0.1"]
    found += ["--web-host", "127.0.0.1"] if given["web"] else ["--headless", "--skip-log-setup"]
    found += [] if given["capacity"] else ["--progress"]
    return [*found, *given["more"]]
