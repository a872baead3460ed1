"""Messages, journal entries and callbacks as people see them: complete, and without secrets."""

from typing import Any

import orjson

from simulators.kernel import journal
from simulators.kernel.accounts import Accounts
from simulators.kernel.clock import iso
from simulators.kernel.masking import Mask
from simulators.kernel.message import Message, State, Step
from simulators.kernel.provider import Provider
from simulators.kernel.receipts import UNANSWERED
from simulators.kernel.steps import Steps, at_once
from simulators.kernel.validation import warnings_of
from simulators.kernel.world import World


def message(world: World, provider: Provider, kept: Message) -> dict[str, Any]:
    """A message as it stands now; `COMPONENTS["Message"]` is its shape."""
    lifecycles = provider.lifecycles
    now = world.clock.now()
    current, _since = kept.status(now, lifecycles)
    steps = lifecycles[kept.lifecycle] if isinstance(kept.lifecycle, str) else kept.lifecycle
    lived = [step for i, step in enumerate(steps) if i == 0 or kept.at + step.after <= now]
    return {
        "id": kept.id,
        "account": world.id,
        "sequence": kept.sequence,
        "provider": kept.provider,
        "operation": kept.operation,
        "to": kept.to,
        "sender": kept.sender,
        "text": kept.text,
        "code": kept.code or None,
        "segments": kept.segments,
        "template": kept.template,
        "callback": kept.callback,
        "details": kept.details,
        "life": kept.lifecycle if isinstance(kept.lifecycle, str) else None,
        "at": iso(kept.at),
        "status": current.status,
        "state": state(provider, current),
        "history": [_step(provider, kept, step) for step in lived],
    }


def state(provider: Provider, step: Step) -> State:
    """The provider's word in the closed vocabulary."""
    return provider.states.get(step.status, State.UNKNOWN)


def _step(provider: Provider, kept: Message, step: Step) -> dict[str, Any]:
    row = provider.row(step.error) if step.error else None
    values = {"to": kept.to, "from": kept.sender}
    return {
        "status": step.status,
        "state": state(provider, step),
        "at": iso(kept.at + step.after),
        "error": row and {"key": row.key, "code": row.code, "message": row.text(values)},
    }


def journalled(
    world: World,
    *,
    violating: bool = False,
    provider: str = "",
    after: int = 0,
    before: int = 0,
    limit: int = 100,
) -> list[tuple[int, bytes]]:
    """The newest journal entries after a sequence, and `before` another where that is given, oldest
    first, packed, secrets and all.
    Those with violations have the callbacks among them that the application answered wrongly."""
    every = 1 << 30 if provider or before else limit
    found = world.store.journal(world.id, violating=violating, after=after, limit=every)
    if violating:
        wrong = world.store.records(world.id, UNANSWERED, after=after, limit=every)
        found = sorted(found + wrong)[-every:]
    if provider:
        mark = orjson.dumps(provider)  # the second value of a packed entry, after its time
        found = [e for e in found if e[1].partition(b",")[2].startswith(mark)]
    if before:
        found = [e for e in found if e[0] < before]
    return found[-limit:]


def entries(accounts: Accounts, world: World, **which: Any) -> list[dict[str, Any]]:
    """What is `journalled`, without any account's secrets, for whoever holds up nobody."""
    return [at_once(entry(accounts, *one)) for one in journalled(world, **which)]


def entry(accounts: Accounts, sequence: int, packed: bytes) -> Steps[dict[str, Any]]:
    """A journal entry without any account's secrets."""
    yield len(packed)
    found = journal.read(sequence, packed)
    found["warnings"] = _warnings(accounts, found)
    yield len(packed)
    shown = yield from journal.shown(found, accounts.mask(found["provider"]))
    sentences = [violation["message"] for violation in shown["breaches"]]
    return {**shown, "at": iso(shown["at"]), "sentences": sentences}


def _warnings(accounts: Accounts, found: dict[str, Any]) -> list[str]:
    """Those that were found when the request came, or are now."""
    told: list[str] | None = found["warnings"]
    if told is None:
        provider, call = accounts.providers[found["provider"]], journal.call(found)
        return warnings_of(provider, found["operation"], call)
    return told


def doubtful(
    accounts: Accounts, world: World, *, limit: int, **which: Any
) -> Steps[list[tuple[int, bytes]]]:
    """The newest entries where warnings count: those with a violation, a warning or a signature
    that is not the right one. What is left out is not counted in `limit`."""
    wrong = journalled(world, violating=True, limit=1 << 30, **which)
    kept = dict(wrong)
    for sequence, packed in reversed(journalled(world, limit=1 << 30, **which)):
        if sequence not in kept:
            found = journal.read(sequence, packed)
            yield len(packed)
            if found["mismatch"] or _warnings(accounts, found):
                kept[sequence] = packed
    return sorted(kept.items())[-limit:]


def refused(accounts: Accounts, world: World, limit: int, most: int) -> list[dict[str, Any]]:
    """Of the newest entries the newest that were refused: no more of them than is told in a
    sentence, and no more masked than is shown."""
    found = [journal.read(*one) for one in journalled(world, limit=limit)]
    told = []
    for one in [entry for entry in found if entry["error"]][-most:]:
        mask, mismatch = accounts.mask(one["provider"]), one["mismatch"]
        target = one["operation"] or mask.target(one["target"][: journal.SHOWN])
        mistake = mask.text(mismatch["mistake"]) if mismatch else ""
        told.append({**one, "asked": target, "mistake": mistake})
    return told


def unsecret(mask: Mask, attempt: dict[str, Any]) -> dict[str, Any]:
    """An attempt to deliver a callback, as people may see it."""
    parts = ("url", "headers", "body", "answer", "lacks")
    told = {name: mask.value(attempt[name]) for name in parts if name in attempt}
    return {**attempt, **told}
