"""What the forms of the inbox do: each an operation of the kernel's, as the API calls it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from simulators.control.clock import SETTLE_SECONDS
from simulators.inbox.pages import Asked
from simulators.kernel import operations
from simulators.kernel.checks import Unacceptable, shown, unknown
from simulators.kernel.provider import Provider
from simulators.kernel.steps import TURN, Steps, by_turns

# What a proxy in between answers now and then, and JSON parsers choke on.
_HTML = {
    "status": 502,
    "headers": {"Content-Type": "text/html"},
    "body": "<html><body><h1>502 Bad Gateway</h1></body></html>",
}


async def done(asked: Asked) -> None:
    """Does what a form asks for. Raises `Unacceptable`."""
    name = asked.form.get("act", "")
    if name not in _ACTS:
        raise unknown("action", name, _ACTS)
    await _ACTS[name](asked)


async def _clock(asked: Asked) -> None:
    """Stops, moves or runs it; what the new time makes due is tried before the page comes."""
    world, does = asked.world, asked.form.get("clock", "")
    if does == "freeze":
        operations.freeze(world)
    elif does == "run":
        operations.run(world)
    else:
        operations.advance(world, _number(asked, "clock", "seconds"))
    await asked.served.dispatcher.settled(SETTLE_SECONDS, asked.world.id)


async def _reply(asked: Asked) -> None:
    form = asked.form
    operations.reply(
        asked.world,
        _provider(asked),
        form.get("from", ""),
        form.get("text", ""),
        form.get("to", ""),
    )


async def _add_rule(asked: Asked) -> None:
    form = asked.form
    match: dict[str, Any] = {
        name: form[name].strip() for name in ("provider", "to") if form.get(name, "").strip()
    }
    for name in ("times", "after"):
        if form.get(name, "").strip():
            match[name] = int(_number(asked, name, "a whole number, or nothing"))
    effect: dict[str, Any] = {}
    does = form.get("does", "")
    if does == "error":
        effect["error"] = form.get("error", "")
    elif does == "socket":
        effect["socket"] = form.get("socket", "")
    elif does == "html":
        effect["answer"] = _HTML
    elif does != "delay":
        raise unknown("effect", does, ("error", "delay", "socket", "html"))
    if does == "delay" or form.get("delay", "").strip():
        effect["delay_ms"] = int(_number(asked, "delay", "seconds") * 1000)
    named = {"name": form["name"].strip()} if form.get("name", "").strip() else {}
    operations.add_rule(
        asked.world, {**named, "match": match, "effect": effect}, asked.served.providers
    )


async def _remove_rule(asked: Asked) -> None:
    name = asked.form.get("name") or None
    try:
        operations.remove_rules(asked.world, name)
    except LookupError:
        known = [rule["name"] for rule in operations.scripted(asked.world)]
        raise unknown("rule", str(name), known) from None


async def _magic(asked: Asked) -> None:
    await by_turns(_set_magic(asked, on=asked.form.get("magic") == "on"))


def _set_magic(asked: Asked, *, on: bool) -> Steps[None]:
    there = {rule["name"] for rule in operations.scripted(asked.world)}
    for rule in asked.magic:
        if on and rule["name"] not in there:
            raw = {name: rule[name] for name in ("name", "match", "effect")}
            operations.add_rule(asked.world, raw, asked.served.providers)
        elif not on and rule["name"] in there:
            operations.remove_rules(asked.world, rule["name"])
        yield TURN


async def _limits(asked: Asked) -> None:
    mode: str | float = asked.form.get("mode", "")
    if mode == "factor":
        mode = _number(asked, "factor", operations.MODES)
    operations.set_limits(asked.world, mode, asked.served.providers)


async def _balance(asked: Asked) -> None:
    given = asked.form.get("balance", "").strip()
    amount = _number(asked, "balance", "an amount, or nothing not to count it") if given else None
    operations.set_balance(asked.world, amount)


async def _suspended(asked: Asked) -> None:
    operations.suspend(asked.world, asked.form.get("suspended") == "on")


async def _webhooks(asked: Asked) -> None:
    urls = {
        kind: asked.form[kind].strip() for kind in ("receipts", "inbound") if kind in asked.form
    }
    operations.set_webhooks(asked.world, _provider(asked), **urls)


async def _reset(asked: Asked) -> None:
    asked.served.reset(asked.world)


def _provider(asked: Asked) -> Provider:
    return operations.provider_of(asked.form.get("provider", ""), asked.served.providers)


def _number(asked: Asked, name: str, expected: str) -> float:
    given = asked.form.get(name, "").strip()
    try:
        number = float(given)
        if abs(number) <= operations.MOST_MONEY:
            return number
    except ValueError:
        pass
    raise Unacceptable(f"{name}: not a number that can be", expected, shown(given) or "nothing")


_ACTS: Mapping[str, Callable[[Asked], Awaitable[None]]] = {
    "clock": _clock,
    "reply": _reply,
    "add-rule": _add_rule,
    "remove-rule": _remove_rule,
    "magic": _magic,
    "limits": _limits,
    "balance": _balance,
    "suspended": _suspended,
    "webhooks": _webhooks,
    "reset": _reset,
}
