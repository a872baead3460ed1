"""`python -m simulators.bench`: each provider's figures, beside those of what it is held to."""

import contextlib
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from statistics import median
from typing import Any

import click
import orjson

from simulators.bench import growth, strain
from simulators.bench.measure import Figures, NotGood, Target, node, other, target
from simulators.catalog import PROVIDERS
from simulators.store.memory import KEEP

SLICES = 10
AGAINST = "against"
_ARMS = {
    "trivial": "trivial view",
    "bare": "same bytes",
    "node": "bare Node",
    AGAINST: "the other state",
}
_ROW = "{:<20} {:>9} {:>8} {:>8} {:>8} {:>10} {:>9} {:>7} {:>7}"
_STORES = {
    "simulators": "in memory",
    "file": "with a file",
    "synced": "with a file, synced",
    "node": "a node of an engine",
}
_STORED = "{:<32} {:>9} {:>8} {:>8} {:>8} {:>7} {:>7} {:>9}"
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
    watched: int
    grown: int
    warm: int
    quiet: bool
    against: str = ""


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
@click.option("--stores", is_flag=True, help="Instead: what each store costs, beside memory.")
@click.option("--watched", default=0, help="Instead: send beside so many open inbox pages.")
@click.option(
    "--grown",
    default=0,
    help="Instead: send while so many messages are kept, a hundredth of it accounts, a tenth"
    " windows, a thousandth rules, and what that costs more than on an empty server.",
)
@click.option(
    "--warm", default=12_000, show_default=True, help="Messages before anything is measured."
)
@click.option(
    "--against", default="", help="Measure beside it another folder or revision of this project."
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
    stores: bool,
    watched: int,
    grown: int,
    warm: int,
    against: str,
    as_json: bool,
) -> None:
    """Measures the send operation of each provider with everything on: contract, authentication,
    limits (counted, but too high to throttle), store and journal.

    CPU is the server's, in microseconds a request. Memory is in bytes a kept message. Half p99 is
    the p99 at half the rate. Below each provider stand, measured in the same rounds and with our
    ratio to each: a trivial Flask view on the same server; that server answering the same bytes
    with nothing behind it; bare Node, where it is installed, parsing, keeping and answering; and
    with --against another state of this project.
    """
    strains = (held, receipts, watched, grown)
    plan = Plan(connections, seconds, rounds, messages, *strains, warm, as_json, against)
    try:
        found = (_stored if stores else _run(plan))(_chosen(providers), plan)
    except (NotGood, strain.Stuck) as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        click.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2))


def _run(plan: Plan) -> Callable[[list[str], Plan], dict[str, Any]]:
    if plan.held or plan.receipts or plan.watched or plan.grown:
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
    with contextlib.ExitStack() as closing:
        tree = closing.enter_context(other(plan.against)) if plan.against else None
        beside = _beside(closing)
        for name in names:
            with contextlib.ExitStack() as own:
                server = own.enter_context(target("simulators", KEEP))
                arms = dict(beside)
                if tree is not None:
                    arms[AGAINST] = own.enter_context(target("simulators", KEEP, tree))
                found[name] = _measured(name, server, arms, plan)
            if not plan.quiet:
                _tell(name, found[name])
    if not plan.quiet and "node" not in beside:
        click.echo("bare Node was not tried: there is no node on the PATH")
    return found


def _stored(names: list[str], plan: Plan) -> dict[str, Any]:
    """What a send costs with each store, and its ratio to memory."""
    found: dict[str, Any] = {}
    head = ("", "req/s", "p50 ms", "p99 ms", "cpu us", "rate x", "cpu x", "engine us")
    if not plan.quiet:
        click.echo(_STORED.format(*head))
    for name in names:
        with contextlib.ExitStack() as own:
            arms = {arm: own.enter_context(target(arm, KEEP)) for arm in _STORES}
            rounds: dict[str, list[Figures]] = defaultdict(list)
            for server in arms.values():
                server.load(name, plan.connections, count=plan.warm)
            for _ in range(plan.rounds):
                for arm, server in arms.items():
                    figures = server.load(name, plan.connections, seconds=plan.seconds)
                    rounds[arm].append(figures)
        memory = rounds["simulators"]
        rows = {_STORES[arm]: _to_memory(theirs, memory) for arm, theirs in rounds.items()}
        found[name] = rows
        for store, row in rows.items() if not plan.quiet else ():
            shown = [f"{row[key]:.1f}" for key in ("p50", "p99")]
            ratios = [f"{row[key]:.2f}" for key in ("rate_ratio", "cpu_ratio")]
            engine = f"{row['engine']:.0f}" if row["engine"] else ""
            cells = (f"{row['rate']:,.0f}", *shown, f"{row['cpu']:.0f}", *ratios, engine)
            click.echo(_STORED.format(f"{name} {store}", *cells))
    return found


def _to_memory(theirs: list[Figures], memory: list[Figures]) -> dict[str, float]:
    return {**_compare(theirs, memory), **asdict(_median(theirs))}


def _beside(closing: contextlib.ExitStack) -> dict[str, Target]:
    """What every provider is compared with, by name."""
    found = {"trivial": closing.enter_context(target("trivial", KEEP))}
    found["bare"] = closing.enter_context(target("bare", KEEP))
    if shutil.which("node"):
        found["node"] = closing.enter_context(node())
    return found


def _measured(name: str, server: Target, beside: dict[str, Target], plan: Plan) -> dict[str, Any]:
    """The medians of the rounds, in each of which every arm has its turn: a machine is at times
    faster and slower, and what is compared is to meet the same hour."""

    def turn(arm: str, other: Target, **until: float) -> Figures:
        return other.load("trivial" if arm == "trivial" else name, plan.connections, **until)

    server.load(name, plan.connections, count=plan.warm)
    for arm, one in beside.items():
        turn(arm, one, count=plan.warm if arm == AGAINST else plan.warm // 4)
    before = server.usage()
    rounds: dict[str, list[Figures]] = defaultdict(list)
    for _ in range(plan.rounds):
        for arm, one in beside.items():
            rounds[arm].append(turn(arm, one, seconds=plan.seconds))
        rounds[""].append(server.load(name, plan.connections, seconds=plan.seconds))
    after = server.usage()
    ours = rounds.pop("")
    figures = _median(ours)
    half = server.load(name, plan.connections, seconds=plan.seconds, rate=figures.rate / 2)
    compared = {arm: _compare(ours, theirs) for arm, theirs in rounds.items()}
    return {
        **asdict(figures),
        "half_p99": half.p99,
        "bytes": (after.resident - before.resident) / (after.kept - before.kept),
        **compared,
        "rate_ratio": compared["trivial"]["rate_ratio"],
        "cpu_ratio": compared["trivial"]["cpu_ratio"],
    }


def _compare(ours: list[Figures], theirs: list[Figures]) -> dict[str, float]:
    """Their figures, and how ours are to them: the median of the rounds' ratios."""
    pairs = list(zip(ours, theirs, strict=True))
    return {
        **asdict(_median(theirs)),
        "rate_ratio": median(a.rate / b.rate for a, b in pairs),
        "cpu_ratio": median(a.cpu / b.cpu for a, b in pairs),
        "p99_ratio": median(a.p99 / b.p99 for a, b in pairs),
    }


def _median(rounds: list[Figures]) -> Figures:
    return Figures(*(median(getattr(r, field.name) for r in rounds) for field in fields(Figures)))


def _tell(name: str, found: dict[str, Any]) -> None:
    """The provider's row, and below it one for each arm, with our ratio to it."""
    own = {key: found[key] for key in ("rate", "p50", "p99", "half_p99", "cpu", "bytes")}
    rows = [(name, own)]
    rows += [(f"  to {_ARMS[arm]}", found[arm]) for arm in _ARMS if arm in found]
    for shown, row in rows:
        click.echo(
            _ROW.format(
                shown,
                f"{row['rate']:,.0f}",
                f"{row['p50']:.1f}",
                f"{row['p99']:.1f}",
                f"{row['half_p99']:.1f}" if "half_p99" in row else "",
                f"{row['cpu']:.0f}",
                f"{row['bytes']:.0f}" if "bytes" in row else "",
                f"{row['rate_ratio']:.2f}" if "rate_ratio" in row else "",
                f"{row['cpu_ratio']:.2f}" if "cpu_ratio" in row else "",
            )
        )


def _strained(names: list[str], plan: Plan) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in names:
        if plan.held:
            found[name] = strain.held(name, plan.held, plan.seconds)
        elif plan.watched:
            found[name] = strain.watched(name, plan.watched, plan.seconds, plan.rounds)
        elif plan.grown:
            found[name] = growth.grown(name, plan.grown, plan.seconds, plan.rounds)
        elif PROVIDERS[name].receipts is None:
            continue
        else:
            found[name] = strain.receipts(name, plan.receipts, plan.seconds)
        if not plan.quiet:
            told = growth.told if plan.grown else strain.told
            click.echo(f"{name}: {told(found[name])}")
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
