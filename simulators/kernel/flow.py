"""Flow control: limits as tables, and the hits they turn a message into.

A limit says what may be sent how often; the store counts. Three kinds of window:

* `natural`: calendar slices of `seconds`, cut in the time zone `zone` seconds east of UTC;
* `rolling`: the last `seconds` before now;
* `queue`: a bucket that holds `permits` segments and drains `permits` in `seconds`.

Every hit counts at its own time, whichever way the clock goes: set back, it finds the windows as
they were back then, and lets nothing pass that would make those ahead of it hold too much.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from operator import attrgetter
from typing import Any, Literal, NamedTuple

Kind = Literal["natural", "rolling", "queue"]


def always(_draft: Any) -> bool:
    """The condition of a limit that has none."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """At most `permits` in `seconds` for each distinct value of `key`: names of draft attributes,
    and `details.NAME` for what only its provider's drafts have.

    `error` is the catalogue key of the refusal, `source` the vendor page the figures are from.
    `where` says what `applies` says, of the kept message as the control API shows it, for who
    counts over again: fields ("to", "details.type") with the pattern (ECMA) that each one matches.
    `chosen` is the detail of a draft that says the seconds, where a request may choose them.
    `identity` says what it counts, over which time: a limit that changes in that is another one,
    whose windows begin anew; with other `permits` they go on.
    """

    name: str
    permits: int
    seconds: float
    key: tuple[str, ...]
    error: str
    source: str
    kind: Kind = "rolling"
    zone: int = 0
    chosen: str = ""
    applies: Callable[[Any], bool] = always
    where: Mapping[str, str] = field(default_factory=dict, hash=False)
    identity: str = field(init=False)
    values: tuple[Callable[[Any], object], ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        counts = f"{self.kind} {self.seconds!r} {self.zone} {' '.join(self.key)}"
        object.__setattr__(self, "identity", counts)
        object.__setattr__(self, "values", tuple(map(_reader, self.key)))


DETAIL = "details."  # what the names of keys begin with that are a provider's own


def _reader(name: str) -> Callable[[Any], object]:
    if not name.startswith(DETAIL):
        return attrgetter(name)
    own = name.removeprefix(DETAIL)
    return lambda draft: draft.details.get(own, "")


class Hit(NamedTuple):
    """One count on one window; plain values, so that any store can take it.

    `scope` is the provider and `limit` its limit, whose `identity` tells it from an earlier one of
    that name; `window` is the value that is counted by. Where requests choose the `seconds`, each
    is held against what came in its own.
    """

    scope: str
    limit: str
    window: str
    kind: Kind
    permits: int
    seconds: float
    start: float
    cost: int = 1
    identity: str = ""


class Headroom(NamedTuple):
    """What is left of one live window; `resets` is in epoch seconds."""

    scope: str
    limit: str
    window: str
    permits: int
    used: float
    resets: float


def hits(limits: Sequence[Limit], mode: Any, draft: Any, scope: str, now: float) -> list[Hit]:
    """The hits of one draft. `mode` is "provider", "off" or a factor on every count."""
    if mode == "off":
        return []
    factor = 1.0 if mode == "provider" else float(mode)
    windows: dict[tuple[str, ...], str] = {}  # stores keep them: limits with one key share one
    found = []
    for limit in limits:
        if limit.applies is not always and not limit.applies(draft):
            continue
        key, kind = limit.key, limit.kind
        if key not in windows:
            windows[key] = window(limit, draft)
        found.append(
            Hit(
                scope,
                limit.name,
                windows[key],
                kind,
                permitted(limit, factor),
                draft.details[limit.chosen] if limit.chosen else limit.seconds,
                start(limit, now) if kind == "natural" else now,
                draft.segments if kind == "queue" else 1,
                limit.identity,
            )
        )
    return found


def permitted(limit: Limit, factor: float) -> int:
    """The permits times a factor, and at least one."""
    return int(limit.permits * factor) or min(limit.permits, 1)


def window(limit: Limit, draft: Any) -> str:
    """What this limit counts the draft by."""
    if len(limit.values) == 1:
        return str(limit.values[0](draft))
    return "|".join([str(value(draft)) for value in limit.values])


def start(limit: Limit, now: float) -> float:
    """When the calendar slice began; other kinds of window have no beginning."""
    if limit.kind != "natural":
        return now
    return (now + limit.zone) // limit.seconds * limit.seconds - limit.zone


def figures(full: Hit, room: float, now: float) -> dict[str, int]:
    """What a refusal's text may tell of a full window that has room again at `room`."""
    return {
        "permits": full.permits,
        "window_ms": int(full.seconds * 1000),
        "start_ms": int(full.start * 1000),
        "since_ms": int((now - full.start) * 1000),
        "wait_ms": max(ceil((room - now) * 1000), 1),
        "wait_s": max(ceil(room - now), 1),
    }


def named(limits: Sequence[Limit]) -> Mapping[str, Limit]:
    """The limits by name."""
    return {limit.name: limit for limit in limits}
