"""What a person does to an account: the same operations for the control API, the fixtures and
whatever else is put in front of them.

Each takes what the person wrote, checks it whole, and only then changes the account's world. What
cannot be is told by `Unacceptable`: what is wrong, what was expected and what came.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

import orjson
from phonenumbers import SUPPORTED_REGIONS

from simulators.kernel import flow, inbound, optouts, rules, schemas, tables
from simulators.kernel.admission import REFUSALS
from simulators.kernel.checks import BadValue, Unacceptable, shown, unknown
from simulators.kernel.clock import iso
from simulators.kernel.contracts import Contract
from simulators.kernel.message import Message
from simulators.kernel.provider import Provider
from simulators.kernel.rules import Rule
from simulators.kernel.steps import TURN, Steps
from simulators.kernel.world import STRANGERS, World
from simulators.kernel.written import bounded, e164, time

MOST_WINDOWS = 1000
_NUMBERS = 100  # that are read at once
MOST_FACTOR = 1_000_000
MODES = (
    "'provider', 'off', a factor above 0 and at most 1000000 on every limit, or a table of limits"
)
MOST_MONEY = 1e12
MOST_TEXT = 1600
MOST_URL = 2000
URL = "^(https?://.+)?$"
_URL_SAID = "an http or https URL, or an empty text for none"
_REGIONS = frozenset(SUPPORTED_REGIONS)
_REGION = "an ISO 3166 code of two capital letters, like SE"

Providers = Mapping[str, Provider]
Row = dict[str, Any]


def provider_of(name: str, providers: Providers) -> Provider:
    """The provider of that name. Raises `Unacceptable` with the near one."""
    if name not in providers:
        raise unknown("provider", name, providers)
    return providers[name]


# Flow control.


def set_limits(
    world: World, mode: str | float | Sequence[Mapping[str, Any]], providers: Providers
) -> None:
    """Flow control as the providers do it, "off", with every count times a factor, or by a table
    of one's own. Raises `Unacceptable`."""
    if not isinstance(mode, str | float | int):
        try:
            world.save("limits", tables.read(mode, providers))
        except BadValue as bad:
            raise _wrong("limit", bad) from None
        return
    factor = not isinstance(mode, str) and 0 < mode <= MOST_FACTOR
    if not factor and mode not in ("provider", "off"):
        raise Unacceptable("not a mode of flow control", MODES, shown(f"{mode}"))
    world.save("limits", mode)


def windows(world: World) -> list[Row]:
    """The windows in use, `MOST_WINDOWS` at most, each with what is left and when it resets."""
    found = world.store.headroom(world.id, world.clock.now(), MOST_WINDOWS)
    return [
        {
            "provider": one.scope,
            "limit": one.limit,
            "window": one.window,
            "permits": one.permits,
            "used": one.used,
            "left": max(one.permits - one.used, 0),
            "resets": iso(one.resets),
        }
        for one in found
    ]


def limits(world: World, providers: Iterable[Provider], default: str | float) -> list[Row]:
    """The limits in force, `default` being the mode where the account has set none: whoever counts
    the kept messages over again needs nothing else."""
    mode = world.load("limits", default)
    return [row for provider in providers for row in _limits(provider, mode)]


def _limits(provider: Provider, mode: Any) -> Iterator[Row]:
    in_force, factor = _in_force(provider, mode)
    for limit in in_force:
        yield {
            "provider": provider.name,
            "limit": limit.name,
            "permits": flow.permitted(limit, factor),
            "seconds": limit.seconds,
            "seconds_at": f"details.{limit.chosen}" if limit.chosen else None,
            "kind": limit.kind,
            "zone_s": limit.zone,
            "key": list(limit.key),
            "where": dict(limit.where),
            "overflow": provider.row(limit.error).later or None,
            "source": limit.source,
        }


def _in_force(provider: Provider, mode: Any) -> tuple[Sequence[flow.Limit], float]:
    if mode == "off":
        return (), 1.0
    if isinstance(mode, list):
        return tables.limits(mode, provider), 1.0
    return provider.limits, 1.0 if mode == "provider" else float(mode)


def refusals(world: World, most: int, before: int | None = None) -> tuple[list[Row], int | None]:
    """The messages that found a window full, newest first, and where to go on `before` if there
    are more: with them and the kept messages the windows can be counted over again."""
    earlier = world.store.records(world.id, REFUSALS, before=before or 0, limit=most + 1)
    page = earlier[-most:]
    read = [orjson.loads(entry) for _place, entry in reversed(page)]  # no more than are shown
    rows = [{**refusal, "at": iso(refusal["at"])} for refusal in read]
    return rows, page[0][0] if len(earlier) > most else None


# Who may be sent to, and whether the account may send at all.


def set_regions(world: World, allowed: Sequence[str] | None, blocked: Sequence[str] = ()) -> None:
    """Where the account may send to, by ISO 3166 codes; None allows every region. Raises
    `Unacceptable`."""
    for region in (*(allowed or ()), *blocked):
        if region not in _REGIONS:
            raise Unacceptable(
                f"no region '{shown(region)}'{_near(region)}", _REGION, shown(region)
            )
    none = allowed is None and not blocked
    document = {"allowed": None if allowed is None else list(allowed), "blocked": list(blocked)}
    world.save("regions", None if none else document)


def _near(region: str) -> str:
    if region.upper() in _REGIONS:
        return f"; did you mean '{region.upper()}'?"
    begin = sorted(code for code in _REGIONS if len(region) == 2 and code[0] == region[0].upper())
    return f"; near: {', '.join(begin)}" if begin else ""


def set_optouts(world: World, numbers: Sequence[str]) -> None:
    """The numbers that want no messages, in any usual writing. Raises `Unacceptable`."""
    for _ in setting_optouts(world, numbers):
        pass


def setting_optouts(world: World, numbers: Sequence[str]) -> Steps[None]:
    """The same in turns: a number takes a while to be read."""
    read = set[str]()
    for start in range(0, len(numbers), _NUMBERS):
        read.update(e164(number) for number in numbers[start : start + _NUMBERS])
        yield TURN
    optouts.replace(world, read)


def settle(world: World, name: str, value: Any) -> None:
    """Puts one setting in force by its name, unchecked: who opted out by a list of their numbers,
    any other by its document; None takes it away."""
    if name == optouts.NAME:
        optouts.replace(world, value or ())
    else:
        world.save(name, value)


def set_balance(world: World, amount: float | None) -> None:
    """The account's credit; None does not count it. Raises `Unacceptable`."""
    if amount is not None and not -MOST_MONEY <= amount <= MOST_MONEY:
        raise Unacceptable("not a balance", "a number from -1e12 to 1e12, or None", f"{amount}")
    world.save("balance", amount)


def suspend(world: World, suspended: bool = True) -> None:
    """Suspends the account, or lets it send again."""
    world.save("suspended", suspended or None)


def set_documents(world: World, provider: Provider, documents: Mapping[str, Any]) -> None:
    """Sets the settings documents that are given, None to take one away, and leaves the others.
    Raises `Unacceptable`."""
    for name, document in documents.items():
        if name not in provider.settings:
            raise unknown("settings document", name, provider.settings)
        if document is None:
            continue
        if wrong := schemas.misnamed(provider.settings[name], document):
            raise unknown(f"setting of {name}", wrong, provider.settings[name]["properties"])
        for violation in Contract(dict(provider.settings[name])).validate(document):
            where = f"{name}: '{violation.pointer}' is not as expected"
            raise Unacceptable(where, violation.expected, violation.got)
    for name, document in documents.items():
        world.save(name, document)


# What the application is told.


def reply(
    world: World, provider: Provider, sender: str, text: str, to: str = "", url: str = ""
) -> Message:
    """A message from a phone to the application, by way of a provider; without `to` it answers the
    newest message to that phone. Raises `Unacceptable`."""
    if world.id == STRANGERS:
        raise Unacceptable(
            "strangers have no application", "an account with credentials", STRANGERS
        )
    if len(text) > MOST_TEXT:
        raise Unacceptable("too long a text", f"at most {MOST_TEXT} characters", f"{len(text)}")
    _url(url)
    number = e164(sender, provider)
    newest = world.messages(to=number, provider=provider.name, limit=1)
    answered = to or (newest[0].sender if newest else "") or _own_sender(world, provider)
    try:
        return inbound.arrive(provider, world, number, answered, text, url)
    except LookupError as error:
        raise Unacceptable(str(error), "a provider that does", provider.name) from None


def _url(url: str) -> None:
    if len(url) > MOST_URL or not re.fullmatch(URL, url):
        raise Unacceptable("not a URL", _URL_SAID, shown(url))


def _own_sender(world: World, provider: Provider) -> str:
    known = world.credentials(provider.name)
    return next((known[name] for name in ("number", "sender", "sign_name") if name in known), "")


def set_webhooks(world: World, provider: Provider, **urls: str) -> None:
    """Where callbacks go when a request names no URL: `receipts`, `inbound`; "" for nowhere. Raises
    `Unacceptable`."""
    for kind, url in urls.items():
        if kind not in ("receipts", "inbound"):
            raise unknown("kind of webhook", kind, ("receipts", "inbound"))
        _url(url)
    inbound.set_webhooks(world, provider.name, urls)


# Rules.


def script(world: World, raw: object, providers: Providers) -> None:
    """Replaces the account's rules. Raises `Unacceptable`."""
    rules.install(world, _read(raw, providers))


def add_rule(world: World, raw: Mapping[str, Any], providers: Providers) -> None:
    """Puts a rule behind the others; one without a name gets a free one. Raises `Unacceptable`, a
    `Taken` where its name is in use or there are too many."""
    (read,) = _read([{"name": "rule", **raw}], providers)

    def added(kept: Sequence[Rule]) -> Sequence[Rule]:
        taken = {rule["name"] for rule in kept}
        number = len(taken) + 1
        while f"rule-{number}" in taken:
            number += 1
        name = read["name"] if "name" in raw else f"rule-{number}"
        if name in taken or len(kept) >= rules.MAX_RULES:
            wanted = f"a name not in use, and at most {rules.MAX_RULES} rules"
            raise Taken("the rule cannot be added", wanted, name)
        return [*kept, {**read, "name": name}]

    rules.change(world, added)


class Taken(Unacceptable):
    """There is no room for it beside what is there."""


def remove_rules(world: World, name: str | None = None) -> None:
    """Takes one rule away by its name, or all. Raises `LookupError` for one that is not there."""

    def left(kept: Sequence[Rule]) -> Sequence[Rule]:
        if name is not None and name not in [rule["name"] for rule in kept]:
            raise LookupError(name)
        return [rule for rule in kept if name not in (None, rule["name"])]

    rules.change(world, left)


def scripted(world: World) -> list[Row]:
    """The rules in the order they are asked, each with how often it matched and had effect."""
    found = []
    for rule in world.load("rules", []):
        matched, used = rules.uses(world, rule)
        told = {name: rule[name] for name in ("name", "match", "effect")}
        found.append({**told, "matched": matched, "used": used})
    return found


def _read(raw: object, providers: Providers) -> list[Rule]:
    try:
        return rules.read_all(raw, providers)
    except BadValue as bad:
        raise _wrong("rule", bad) from None


def _wrong(kind: Literal["rule", "limit"], bad: BadValue) -> Unacceptable:
    return Unacceptable(f"not a {kind} at {shown(bad.where)}", bad.expected, shown(repr(bad.got)))


# The clock.


def freeze(world: World, at: str | float | None = None) -> None:
    """Stops the account's clock: at an ISO 8601 time or epoch seconds, or where it is. Raises
    `Unacceptable`."""
    if at is None:
        world.clock.freeze(None)
    else:
        world.clock.freeze(time(at) if isinstance(at, str) else bounded(at, str(at)))


def advance(world: World, seconds: float) -> None:
    """Moves a running or a frozen clock forward, or back if negative. Raises `Unacceptable` for a
    time that no calendar spells."""
    bounded(world.clock.now() + seconds, f"{seconds} s from now")
    world.clock.advance(seconds)


def run(world: World) -> None:
    """Lets a frozen clock run on from where it stands."""
    world.clock.run()
