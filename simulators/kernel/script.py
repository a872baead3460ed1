"""What rules do to a request: the first one that matches each draft has its effect."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

import orjson

from simulators.kernel.call import Reply
from simulators.kernel.catalogue import ErrorRow, Place, Problem
from simulators.kernel.headers import FRAMING
from simulators.kernel.message import Lifecycle, State, Step
from simulators.kernel.provider import Draft, Exchange, Failure, Provider, Refusal
from simulators.kernel.rules import Book, Rule, counters


class Scripted(Exception):
    """Ends a request at the script: what the provider would have done is not wanted."""


def play(exchange: Exchange, drafts: list[Draft] | None) -> None:
    """Lets the world's rules have their effect on the drafts, or on a request that has none.

    Raises `Refusal` for an error of the whole answer, `Scripted` where nothing is to be kept.
    """
    if not exchange.world.load("rules"):
        return
    book = exchange.world.derived("rules", Book)
    operation = exchange.endpoint.operation if exchange.endpoint else ""
    page = book.page(exchange.provider.name, operation)
    for draft in drafts if drafts is not None else (None,):
        rule = _first(page.rules_for(draft.number if draft else None), exchange, draft)
        if rule is not None:
            exchange.fired = rule["name"]
            exchange.effects.append(rule["effect"])
            _error(exchange, rule["effect"], draft)
            _receipt(exchange, rule["effect"], draft)
    if any(_ends(effect) for effect in exchange.effects):
        raise Scripted


def carry_out(exchange: Exchange, reply: Reply) -> Reply:
    """The reply as the effects want it: delayed, replaced, its connection broken."""
    for effect in exchange.effects:
        if "answer" in effect:
            reply = raw(effect["answer"])
    for effect in exchange.effects:
        reply.delay = max(reply.delay, _delay(exchange, effect))
        reply.trouble = effect.get("socket", reply.trouble)
    return reply


def raw(answer: dict[str, Any]) -> Reply:
    """An answer given in full; a body that is not text goes out as JSON."""
    body = answer.get("body", "")
    given = answer.get("headers", {}).items()
    headers = [(name, value) for name, value in given if name.lower() not in FRAMING]
    if not isinstance(body, str):
        if not any(name.lower() == "content-type" for name, _ in headers):
            headers.append(("Content-Type", "application/json"))
        return Reply(answer.get("status", 200), orjson.dumps(body), headers)
    return Reply(answer.get("status", 200), body.encode(), headers)


def _ends(effect: dict[str, Any]) -> bool:
    stops = "answer" in effect or effect.get("socket") in ("close", "reset", "hang")
    return stops and not effect.get("keep", False)


def _first(rules: Iterable[Rule], exchange: Exchange, draft: Draft | None) -> Rule | None:
    for rule in rules:
        if not _matches(rule["match"], draft):
            continue
        if (draft is not None or not _ends_a_message(rule, exchange)) and _due(rule, exchange):
            return rule
    return None


def _ends_a_message(rule: Rule, exchange: Exchange) -> bool:
    """Whether the rule's error comes as a receipt: to a request that sends nothing it says
    nothing."""
    code = rule["effect"].get("error")
    return code is not None and _row(exchange, code).place is Place.RECEIPT


def _row(exchange: Exchange, code: str) -> ErrorRow:
    what = Problem(code) if code in list(Problem) else code
    return exchange.provider.row(what, exchange.endpoint)


def _matches(match: dict[str, Any], draft: Draft | None) -> bool:
    """The rest of it: provider, operation and number are those that the rule was looked up by."""
    if draft is None:
        return not match.keys() & {"region", "template", "sender"}
    return (
        match.get("region", draft.region) == draft.region
        and match.get("template", draft.template) == draft.template
        and fnmatchcase(draft.sender, match.get("sender", "*"))
    )


def _due(rule: Rule, exchange: Exchange) -> bool:
    """Whether this match is one that the rule acts on; each match and each use is counted."""
    match, world = rule["match"], exchange.world
    matches, uses = counters(rule)
    seen = world.store.count(world.id, matches)
    if seen <= match.get("after", 0):
        return False
    if match.get("probability", 1) < 1 and world.chance.random.random() >= match["probability"]:
        return False
    used = world.store.count(world.id, uses)
    return bool(used <= match.get("times", used))


def _error(exchange: Exchange, effect: dict[str, Any], draft: Draft | None) -> None:
    if "error" not in effect:
        return
    row = _row(exchange, effect["error"])
    values = exchange.provider.placeholders(exchange, draft)
    if draft is None and row.place is Place.RECEIPT:
        return  # no message, no receipt: reading one back shows what became of it
    if row.place is Place.ANSWER or draft is None:
        raise Refusal(row.key, **values)
    if row.place is Place.RECIPIENT:
        draft.failure = Failure(row, values)
    else:
        draft.lifecycle = exchange.provider.ending(draft.lifecycle, row)


def _receipt(exchange: Exchange, effect: dict[str, Any], draft: Draft | None) -> None:
    wanted = effect.get("receipt")
    if wanted is None or draft is None:
        return
    provider = exchange.provider
    twists = {name: True for name in ("duplicate", "reorder") if wanted.get(name)}
    if twists:
        draft.details = {**draft.details, "receipt": twists}
    error, word = _worded(provider, wanted)
    if error:
        draft.lifecycle = provider.ending(draft.lifecycle, provider.row(error))
    steps = list(provider.steps(draft.lifecycle))
    last = steps[-1]
    status = word or last.status
    if status != last.status and status in [step.status for step in steps]:
        last = next(step for step in steps if step.status == status)
        steps = steps[: steps.index(last) + 1]
    after = max(wanted.get("after_s", last.after), steps[-2].after if len(steps) > 1 else 0)
    draft.lifecycle = (*steps[:-1], Step(after, status, last.error))


def expiring(provider: Provider, lifecycle: str | Lifecycle, validity: float) -> str | Lifecycle:
    """The lifecycle of a message that is given up after `validity` seconds."""
    steps = provider.steps(lifecycle)
    if steps[-1].after <= validity or not provider.states[steps[-1].status].final:
        return lifecycle
    error, word = _worded(provider, {"state": "expired"})
    status = provider.row(error).status if error else word
    return (*(step for step in steps[:-1] if step.after <= validity), Step(validity, status, error))


def _worded(provider: Provider, wanted: dict[str, Any]) -> tuple[str, str]:
    """The receipt row and the status word that are wanted, "" for neither. A state becomes the
    provider's first row that ends in it; where no row does, its first word for it."""
    error, word = wanted.get("error", ""), wanted.get("status", "")
    if "state" not in wanted or error or word:
        return error, word
    words = [word for word, state in provider.states.items() if state == State(wanted["state"])]
    rows = (row for row in provider.catalogue if row.place is Place.RECEIPT)
    row = next((row for row in rows if row.status in words), None)
    return (row.key, "") if row else ("", words[0] if words else "")


def _delay(exchange: Exchange, effect: dict[str, Any]) -> float:
    jitter = effect.get("jitter_ms", 0)
    late = exchange.world.chance.random.uniform(-jitter, jitter) if jitter else 0
    return max(float(effect.get("delay_ms", 0) + late), 0.0) / 1000
