"""Messages, journal entries and callbacks as people see them: complete, and without secrets."""

from collections.abc import Iterator
from typing import Any

import orjson

from simulators.kernel import journal, later
from simulators.kernel.accounts import Accounts
from simulators.kernel.clock import iso
from simulators.kernel.masking import Mask
from simulators.kernel.message import INBOUND, Message, State, Step
from simulators.kernel.provider import Provider
from simulators.kernel.receipts import LOG, UNANSWERED, Due
from simulators.kernel.steps import TURN, Steps, at_once
from simulators.kernel.validation import warnings_of
from simulators.kernel.world import World

Entry = tuple[int, bytes]  # its sequence, and packed
Found = Steps[list[Entry]]
_READ = 100


def message(world: World, provider: Provider, kept: Message) -> dict[str, Any]:
    """A message as it stands now; `COMPONENTS["Message"]` is its shape."""
    lifecycles = provider.lifecycles
    now = world.clock.now()
    current, since = kept.status(now, lifecycles)
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
        "details": dict(kept.details),
        "life": kept.lifecycle if isinstance(kept.lifecycle, str) else None,
        "at": iso(kept.at),
        "status": current.status,
        "state": state(provider, current),
        "log": _logged(world, provider, kept, current, since),
        "history": [_step(provider, kept, step) for step in lived],
    }


def _logged(
    world: World, provider: Provider, kept: Message, step: Step, since: float
) -> dict[str, Any] | None:
    """What the provider has written of it into a log of its own, None for nothing."""
    if provider.log is None or kept.operation == INBOUND:
        return None
    row = provider.row(step.error) if step.error else None
    entry = provider.log(world, kept, step.status, since, row)
    return entry and entry._asdict()


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


def journalled(world: World, *, violating: bool = False, limit: int = 100, **which: Any) -> Found:
    """The newest journal entries by `_slices`, oldest first. Those with violations have the
    callbacks among them that the application answered wrongly."""
    found = list[Entry]()
    for some in _slices(world, good=not violating, bad=violating, **which):
        found += some
        if len(found) >= limit:
            break
        yield TURN
    return found[:limit][::-1]


def _slices(
    world: World,
    *,
    good: bool,
    bad: bool,
    provider: str = "",
    after: int = 0,
    before: int = 0,
) -> Iterator[list[Entry]]:
    """Journal entries after a sequence, and `before` another if not 0, packed, secrets and all:
    some at a time, newest first. `good` stands for all requests, as far back as the journal goes,
    `bad` for violations, which are kept by themselves."""
    store, mark = world.store, orjson.dumps(provider)
    while True:
        between: Any = {"after": after, "before": before, "limit": _READ}
        read = store.records(world.id, journal.REQUESTS, **between) if good else []
        if bad:
            read += store.records(world.id, journal.VIOLATIONS, **between)
            read += store.records(world.id, UNANSWERED, **between)
        newest = sorted(dict(read).items(), reverse=True)[:_READ]
        # The provider is the second value of a packed entry, behind its time.
        yield [e for e in newest if not provider or e[1].startswith(mark, e[1].index(b",") + 1)]
        if len(newest) < _READ:
            return
        before = newest[-1][0]


def entries(accounts: Accounts, world: World, **which: Any) -> list[dict[str, Any]]:
    """What is `journalled`, without any account's secrets, for whoever holds up nobody."""
    return [at_once(entry(accounts, *one)) for one in at_once(journalled(world, **which))]


def entry(accounts: Accounts, sequence: int, packed: bytes) -> Steps[dict[str, Any]]:
    """A journal entry without any account's secrets."""
    yield len(packed)
    found = journal.read(sequence, packed)
    found["warnings"] = _warnings(accounts, found)
    yield len(packed)
    shown = yield from journal.shown(found, accounts.mask(found["provider"]))
    sentences = [violation["message"] for violation in shown["breaches"]]
    return {**shown, "at": iso(shown["at"]), "sentences": sentences}


def brief(accounts: Accounts, entry: dict[str, Any]) -> dict[str, Any]:
    """A journal entry in a few lines, without headers and bodies, and without secrets."""
    mask, mismatch = accounts.mask(entry["provider"]), entry["mismatch"]
    violations = [journal.violation(one, mask) for one in entry["breaches"][:_SENTENCES]]
    return {
        **{name: entry[name] for name in _BRIEF},
        "at": iso(entry["at"]),
        "target": mask.target(cut(entry["target"])),
        "refused": journal.refused(entry, mask),
        "sentences": [cut(str(one)) for one in violations],
        "mistake": mask.text(cut(mismatch["mistake"])) if mismatch else "",
    }


def cut(text: str, most: int = 400) -> str:
    """A text of a bounded length."""
    return text if len(text) <= most else f"{text[:most]}..."


def receipts(
    accounts: Accounts, world: World, under_way: list[dict[str, Any]], most: int, wanted: str = ""
) -> Steps[dict[str, list[dict[str, Any]]]]:
    """Receipts to come, those that are `under_way`, and the newest attempts of a `wanted` state,
    oldest first: at most so many of each."""
    hide = accounts.mask()
    pending = [
        planned(at, Due(*item))
        for at, item in world.store.planned(world.id, most)
        if later.task(item) is None
    ]
    attempts: list[dict[str, Any]] = []
    for _sequence, packed in reversed(world.store.records(world.id, LOG, limit=10_000)):
        yield len(packed)
        one = orjson.loads(packed)
        if wanted in ("", one["state"]):
            attempts.insert(0, attempt(hide, one))
        if len(attempts) == most:
            break
    sent = []
    for one in under_way[:most]:
        sent.append(attempt(hide, one))
        yield len(one["url"])
    return {"pending": pending, "under_way": sent, "attempts": attempts}


def planned(at: float, due: Due) -> dict[str, Any]:
    """A receipt to come, as people may see it."""
    return {"message": due.message, "due": iso(at), "attempt": due.attempt + 1}


def attempt(hide: Mask, one: dict[str, Any]) -> dict[str, Any]:
    """One that is under way or was tried, as people may see it."""
    return {**unsecret(hide, one), "at": iso(one["at"])}


_SENTENCES = 3  # violations of one request
_BRIEF = (
    *("sequence", "provider", "operation", "method", "status", "error", "rule", "socket"),
    "messages",
)


def _warnings(accounts: Accounts, found: dict[str, Any]) -> list[str]:
    """Those that were found when the request came, or are now."""
    told: list[str] | None = found["warnings"]
    if told is None:
        provider, call = accounts.providers[found["provider"]], journal.call(found)
        return warnings_of(provider, found["operation"], call)
    return told


def doubtful(accounts: Accounts, world: World, *, limit: int, **which: Any) -> Found:
    """The newest entries where warnings count: those with a violation, a warning or a signature
    that is not the right one. What is left out is not counted in `limit`."""
    kept = list[Entry]()
    for some in _slices(world, good=True, bad=True, **which):
        for sequence, packed in some:
            found = journal.read(sequence, packed)
            yield len(packed)
            if found["breaches"] or found["mismatch"] or _warnings(accounts, found):
                kept.append((sequence, packed))
            if len(kept) == limit:
                return kept[::-1]
    return kept[::-1]


def refused(accounts: Accounts, world: World, limit: int, most: int) -> list[dict[str, Any]]:
    """Of the newest entries the newest that were refused: no more of them than is told in a
    sentence, and no more masked than is shown."""
    found = [journal.read(*one) for one in at_once(journalled(world, limit=limit))]
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
