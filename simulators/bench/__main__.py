"""`python -m simulators.bench`: figures for each provider beside those of a trivial view."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from statistics import median
from typing import Any

import click
import orjson

from simulators.bench import strain
from simulators.bench.measure import Figures, NotGood, Target, target
from simulators.catalog import PROVIDERS
from simulators.store.memory import KEEP

SLICES = 10
_ROW = "{:<12} {:>9} {:>8} {:>8} {:>8} {:>10} {:>9} {:>7} {:>7}"
_SLICE = "{:>12} {:>9} {:>8} {:>8} {:>9} {:>10} {:>12}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What the options say."""

    connections: int
    seconds: float
    rounds: int
    messages: int
    held: int
    receipts: int
    warm: int
    quiet: bool


@click.command()
@click.option("--providers", default="", help="Names, separated by commas; all by default.")
@click.option("--connections", default=32, show_default=True)
@click.option("--seconds", default=2.0, show_default=True, help="For each arm of a round.")
@click.option("--rounds", default=3, show_default=True, help="The median of them is told.")
@click.option("--messages", default=0, help="Instead: keep so many, and tell how times change.")
@click.option("--held", default=0, help="Instead: send beside so many that wait in a delay.")
@click.option(
    "--receipts",
    default=0,
    help="Instead: send beside receipts of so many messages to a receiver that hangs.",
)
@click.option(
    "--warm", default=12_000, show_default=True, help="Messages before anything is measured."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def main(
    providers: str,
    connections: int,
    seconds: float,
    rounds: int,
    messages: int,
    held: int,
    receipts: int,
    warm: int,
    as_json: bool,
) -> None:
    """Measures the send operation of each provider with everything on: contract, authentication,
    limits (counted, but too high to throttle), store and journal.

    CPU is the server's, in microseconds a request. Memory is in bytes a kept message. Half p99 is
    the p99 at half the rate. The ratios are to a trivial Flask view on the same server, measured
    in the same rounds.
    """
    plan = Plan(connections, seconds, rounds, messages, held, receipts, warm, as_json)
    try:
        found = _run(plan)(_chosen(providers), plan)
    except (NotGood, strain.Stuck) as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        click.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2))


def _run(plan: Plan) -> Callable[[list[str], Plan], dict[str, Any]]:
    if plan.held or plan.receipts:
        return _strained
    return _filled if plan.messages else _compared


def _chosen(providers: str) -> list[str]:
    names = [name for name in providers.split(",") if name] or list(PROVIDERS)
    for name in names:
        if name not in PROVIDERS:
            raise click.BadParameter(f"'{name}' is none of {', '.join(PROVIDERS)}", param_hint="")
    return names


def _compared(names: list[str], plan: Plan) -> dict[str, Any]:
    found: dict[str, Any] = {}
    head = ("", "req/s", "p50 ms", "p99 ms", "half p99", "cpu us", "bytes", "rate x", "cpu x")
    if not plan.quiet:
        click.echo(_ROW.format(*head))
    with target("trivial", KEEP) as view:
        for name in names:
            with target("simulators", KEEP) as server:
                found[name] = _measured(name, server, view, plan)
            if not plan.quiet:
                _tell(name, found[name])
    return found


def _measured(name: str, server: Target, view: Target, plan: Plan) -> dict[str, Any]:
    server.load(name, plan.connections, count=plan.warm)
    view.load("trivial", plan.connections, count=plan.warm // 4)
    before = server.usage()
    ours, theirs = [], []
    for _ in range(plan.rounds):
        theirs.append(view.load("trivial", plan.connections, seconds=plan.seconds))
        ours.append(server.load(name, plan.connections, seconds=plan.seconds))
    after = server.usage()
    figures, trivial = _median(ours), _median(theirs)
    half = server.load(name, plan.connections, seconds=plan.seconds, rate=figures.rate / 2)
    return {
        **asdict(figures),
        "half_p99": half.p99,
        "bytes": (after.resident - before.resident) / (after.kept - before.kept),
        "trivial": asdict(trivial),
        "rate_ratio": figures.rate / trivial.rate,
        "cpu_ratio": figures.cpu / trivial.cpu,
    }


def _median(rounds: list[Figures]) -> Figures:
    return Figures(*(median(getattr(r, field.name) for r in rounds) for field in fields(Figures)))


def _tell(name: str, found: dict[str, Any]) -> None:
    for shown, row in (("trivial view", found["trivial"]), (name, found)):
        click.echo(
            _ROW.format(
                shown,
                f"{row['rate']:,.0f}",
                f"{row['p50']:.1f}",
                f"{row['p99']:.1f}",
                f"{row['half_p99']:.1f}" if "half_p99" in row else "",
                f"{row['cpu']:.0f}",
                f"{row['bytes']:.0f}" if "bytes" in row else "",
                f"{row['rate_ratio']:.2f}" if "rate_ratio" in row else "1",
                f"{row['cpu_ratio']:.2f}" if "cpu_ratio" in row else "1",
            )
        )


def _strained(names: list[str], plan: Plan) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in names:
        if plan.held:
            found[name] = strain.held(name, plan.held, plan.seconds)
        elif PROVIDERS[name].receipts is None:
            continue
        else:
            found[name] = strain.receipts(name, plan.receipts, plan.seconds)
        if not plan.quiet:
            click.echo(f"{name}: {strain.told(found[name])}")
    return found


def _filled(names: list[str], plan: Plan) -> dict[str, Any]:
    return {name: list(_slices(name, plan)) for name in names}


def _slices(name: str, plan: Plan) -> Iterator[dict[str, Any]]:
    """The figures of each tenth on the way from none to so many kept messages."""
    head = (name, "req/s", "p50 ms", "p99 ms", "max ms", "cpu us", "bytes a msg")
    if not plan.quiet:
        click.echo(_SLICE.format(*head))
    with target("simulators", plan.messages) as server:
        server.load(name, plan.connections, count=plan.warm)
        empty = server.usage()
        for _ in range(SLICES):
            figures = server.load(name, plan.connections, count=plan.messages // SLICES)
            now = server.usage()
            kept = min(now.kept, plan.messages)
            held = (now.resident - empty.resident) / (kept - plan.warm)
            row = {"kept": kept, **asdict(figures), "bytes": held}
            if not plan.quiet:
                _tell_slice(row)
            yield row


def _tell_slice(row: dict[str, Any]) -> None:
    times = [f"{row[name]:.1f}" for name in ("p50", "p99", "longest")]
    click.echo(
        _SLICE.format(
            f"{row['kept']:,}",
            f"{row['rate']:,.0f}",
            *times,
            f"{row['cpu']:.0f}",
            f"{row['bytes']:.0f}",
        )
    )


if __name__ == "__main__":
    main()
