"""Several addresses that are one simulator: who is asked next, and whether they are one at all.

Nodes keep everything in one store. So it is all the same which of them takes a message, and which
of them tells of it: a run over several is there to find out where it is not. Whoever asks is dealt
the nodes like cards, each once in an order by chance, then again in another: each gets the same
share, and what is asked first at one node is asked next at any of them.
"""

import contextlib
import random
import re
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from simulators.control.client import ControlError

DEFAULT_SIM = "http://127.0.0.1:8026"
NO_SIM = "none"
_APART = 1.0  # seconds that clocks may be
_CHECKED = "load-check-"  # how an account is called that is there for a moment


class NoNodes(Exception):
    """What was given names no nodes of one simulator; the message is one line."""


def addresses(given: str | Iterable[str]) -> tuple[str, ...]:
    """One or more, each of which may be several with commas between; each once, none for `none`.
    Raises `NoNodes`."""
    texts = [given] if isinstance(given, str) else given
    parts = [part.strip().rstrip("/") for text in texts for part in text.split(",")]
    found = dict.fromkeys(
        part if "://" in part or part == NO_SIM else f"http://{part}" for part in parts if part
    )
    if NO_SIM not in found:
        return tuple(found)
    if len(found) > 1:
        others = ", ".join(one for one in found if one != NO_SIM)
        raise NoNodes(f"--sim: expected '{NO_SIM}' or addresses, got '{NO_SIM}' beside {others}")
    return ()


class Deck:
    """Deals nodes: each once in an order by chance, then again."""

    def __init__(self, nodes: Sequence[str], chance: random.Random | None = None) -> None:
        self._nodes = tuple(nodes)
        self._chance = chance or random.Random()
        self._left: list[str] = []

    def deal(self, beside: str = "") -> str:
        """The next node: another than `beside`, if there is one."""
        while True:
            if not self._left:
                self._left = self._chance.sample(self._nodes, len(self._nodes))
            node = self._left.pop()
            if node != beside or len(self._nodes) == 1:
                return node


def spread(client: Any, deck: Deck, asked: Callable[[str], object]) -> None:
    """Has a user's client, Locust's of either kind, send each request to the next node, and calls
    `asked` with it. To Locust a request is called as it was: by its name, or else its path."""
    send = client.request

    def request(method: str, url: Any, name: str | None = None, *more: Any, **named: Any) -> Any:
        name = name or client.request_name
        if isinstance(url, str) and not re.match("https?://", url, re.IGNORECASE):
            node = deck.deal()
            asked(node)
            url, name = f"{node}{url}", name or url
        return send(method, url, name, *more, **named)

    client.request = request


class Asked(Protocol):
    """What is asked of one node alone."""

    @property
    def base(self) -> str: ...

    def call(self, method: str, path: str, body: Any = None, *, of_account: bool = True) -> Any: ...

    def limits(self) -> list[dict[str, Any]]: ...

    def metrics(self) -> str: ...


class Standing(NamedTuple):
    """What a node has done by a moment (seconds of a clock that only goes on): requests that were
    for providers, and seconds of CPU, of each of its processes, and of the engines behind it."""

    at: float
    requests: int
    cpu: Sequence[float] = ()
    engines: Mapping[str, float] = {}


_SAMPLE = re.compile(r"^sms_simulators_(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)


def standing(node: Asked, now: Callable[[], float] = time.monotonic) -> Standing:
    """Asks a node for its own. Raises `ControlError`."""
    requests, cpu, engines = 0, list[float](), dict[str, float]()
    for name, labels, value in _SAMPLE.findall(node.metrics()):
        if name == "requests_total":
            requests += int(value)
        elif name == "cpu_seconds_total":
            cpu.append(float(value))
        elif name == "engine_cpu_seconds_total":
            engines[labels.removeprefix('engine="').removesuffix('"')] = float(value)
    return Standing(now(), requests, cpu, engines)


def standings(nodes: Sequence[Asked]) -> dict[str, Standing]:
    """Of all that tell it, by their addresses."""
    found = {}
    for node in nodes:
        try:
            found[node.base] = standing(node)
        except ControlError:
            continue
    return found


@dataclass(frozen=True, slots=True)
class Share:
    """What one node did of a run: requests for providers, and the share of a core that its process
    used, the busiest of several; None where it does not tell."""

    node: str
    requests: int | None = None
    cpu: float | None = None


def shares(
    nodes: Sequence[str],
    began: Mapping[str, Standing],
    used: Mapping[str, Standing],
    ended: Mapping[str, Standing],
) -> list[Share]:
    """Of each: the CPU that it used until the users were told to stop, and all its requests."""
    return [_share(node, began.get(node), used.get(node), ended.get(node)) for node in nodes]


def _share(
    node: str, began: Standing | None, used: Standing | None, ended: Standing | None
) -> Share:
    if began is None or ended is None:
        return Share(node)
    requests, cpu = ended.requests - began.requests, None
    if used is not None and began.cpu and len(began.cpu) == len(used.cpu):
        most = max(after - before for before, after in zip(began.cpu, used.cpu, strict=True))
        cpu = round(most / max(used.at - began.at, 1e-9), 3)
    if requests < 0 or (cpu or 0) < 0:  # it was started anew meanwhile
        return Share(node)
    return Share(node, requests, cpu)


def engine_shares(began: Mapping[str, Standing], ended: Mapping[str, Standing]) -> dict[str, float]:
    """The share of a core that each engine used, by its address, as the first node tells it that
    knows."""
    for node, before in began.items():
        after = ended.get(node)
        if after is not None and before.engines and after.engines:
            seconds = max(after.at - before.at, 1e-9)
            return {
                place: round((cpu - before.engines[place]) / seconds, 3)
                for place, cpu in after.engines.items()
                if cpu >= before.engines.get(place, cpu + 1)
            }
    return {}


def check(nodes: Sequence[Asked], now: Callable[[], float] = time.time) -> list[str]:
    """Whether these are nodes of one simulator: of one version, with the same providers, limits and
    time, each another, and what is made at the first is found at all. The names of its providers.
    Raises `NoNodes`, which names the one that is not there, or not of them."""
    told = [_told(node, now, alone=len(nodes) == 1) for node in nodes]
    first, *others = told
    seen = {first.node: first.base}
    for other in others:
        if other.node and other.node in seen:
            raise NoNodes(
                f"--sim: {seen[other.node]} and {other.base} are the same node; name each once"
            )
        seen[other.node] = other.base
        for what, mine, its in (
            ("version", first.version or "an earlier one", other.version or "an earlier one"),
            ("providers", first.providers, other.providers),
            ("limits (serve --limits)", first.limits, other.limits),
        ):
            if mine != its:
                which = f", {mine} and {its}" if what == "version" else ""
                raise NoNodes(
                    f"--sim: {first.base} and {other.base} have other {what} than each other"
                    f"{which}; nodes of one simulator are started alike"
                )
        apart = abs(first.ahead - other.ahead)
        if apart - first.doubt - other.doubt > _APART:
            raise NoNodes(
                f"--sim: the clocks of {first.base} and {other.base} are {apart:.1f} s apart; what"
                " a window counts is told by a node's own, so their machines should agree, by NTP"
            )
    if others:
        _one_store(nodes)
    return first.providers


class _Told(NamedTuple):
    base: str
    node: str
    version: str
    providers: list[str]
    limits: list[Any]
    ahead: float  # by so many seconds of this machine's clock
    doubt: float  # as long as the answer took


_NODE = re.compile(r'^sms_simulators_node_info\{node="([^"]*)",version="([^"]*)"\}', re.MULTILINE)


def _told(node: Asked, now: Callable[[], float], *, alone: bool) -> _Told:
    try:
        asked = now()
        clock = node.call("GET", "/_sim/clock")
        answered = now()
        providers = [row["name"] for row in node.call("GET", "/_sim/providers")["providers"]]
        limits = node.limits()
        info = None if alone else _NODE.search(node.metrics())
    except ControlError as error:
        told = _named(node, error)
        if not alone and "token" in told:
            told += "; nodes of one simulator are started with the same"
        raise NoNodes(f"--sim: {told}") from None
    name, version = info.groups() if info else ("", "")
    ahead = 0.0  # one that stands still does so at all
    if not clock["frozen"]:
        ahead = datetime.fromisoformat(clock["now"]).timestamp() - (asked + answered) / 2
    return _Told(node.base, name, version, providers, limits, ahead, answered - asked)


def _named(node: Asked, error: ControlError) -> str:
    """What it says, with who says it."""
    told = str(error)
    return told if node.base in told else f"{node.base} answers: {told}"


def _one_store(nodes: Sequence[Asked]) -> None:
    """An account that is made at the first has to be known to each other one: nothing that is only
    read, as a name, could say that as surely."""
    first, *others = nodes
    name = f"{_CHECKED}{secrets.token_hex(8)}"
    try:
        first.call("POST", "/_sim/accounts", {"id": name}, of_account=False)
    except ControlError as error:
        raise NoNodes(
            "--sim: whether these are one simulator is seen by an account that is made for a"
            f" moment, which was not: {_named(first, error)}"
        ) from None
    try:
        for other in others:
            if not _knows(other, name):
                raise NoNodes(
                    f"--sim: {first.base} and {other.base} are not one simulator: an account that"
                    " is made at the first is not there at the second; expected nodes that share an"
                    " engine, each `serve --store` with the same URL"
                )
    finally:
        with contextlib.suppress(ControlError):
            first.call("DELETE", f"/_sim/accounts/{name}", of_account=False)


def _knows(node: Asked, name: str) -> bool:
    try:
        return name in node.call("GET", "/_sim/accounts", of_account=False)["accounts"]
    except ControlError as error:
        raise NoNodes(f"--sim: {_named(node, error)}") from None
