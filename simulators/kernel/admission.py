"""Judge and keep: which of a request's drafts become messages, and what follows from that."""

from collections import Counter
from collections.abc import Mapping, Sequence

import orjson

from simulators.kernel import flow, receipts, script, tables
from simulators.kernel.catalogue import Place, Problem
from simulators.kernel.inbound import webhook
from simulators.kernel.message import Message
from simulators.kernel.provider import Draft, Exchange, Failure, Outcome, Provider, Refusal
from simulators.kernel.store import Admission, Cost
from simulators.kernel.world import World

Mode = str | float
REFUSALS = "refusals of flow control"  # a log of the store, for who counts over again
_ANYTHING = 1e-6  # of money, which is counted to so many digits


def judge(exchange: Exchange, draft: Draft) -> Failure | None:
    """The first thing that a judge of the provider finds wrong with a draft. Where judgement is
    deferred it becomes the draft's lifecycle, and the draft passes."""
    if draft.failure is not None:
        return draft.failure
    for ask in exchange.provider.judges:
        failure = ask(exchange, draft)
        if failure is not None:
            return _deferred(exchange, draft, failure)
    return None


def refuse_all_for_one(exchange: Exchange, *, per_recipient: bool) -> None:
    """Raises `Refusal` if one recipient failed, where a request goes out whole or not at all. That
    is up to the endpoint, and where it answers `per_recipient` to the row: some are said of whole
    requests alone, whoever of the recipients gave rise to it."""
    for outcome in exchange.outcomes:
        failure = outcome.failure
        if failure is None:
            continue
        if per_recipient:
            outcome.failure = failure = _of_one(exchange, failure)
            if failure.row.place is not Place.ANSWER:
                continue
        known = exchange.provider.placeholders(exchange, outcome.draft)
        raise Refusal(failure.row.key, **{**known, **failure.values})


def keep(exchange: Exchange, mode: Mode, *, per_recipient: bool) -> None:
    """Keeps what was not refused, together with its hits on the windows. `mode` is that of flow
    control where the account has set none. Raises `Refusal` for a request refused as a whole."""
    accepted = [outcome for outcome in exchange.outcomes if outcome.failure is None]
    if per_recipient:
        for outcome in accepted:
            _admit(exchange, mode, [outcome])
            if outcome.failure is not None:
                outcome.failure = _of_one(exchange, outcome.failure)
    elif accepted:
        _admit(exchange, mode, accepted)
        refuse_all_for_one(exchange, per_recipient=False)


def _of_one(exchange: Exchange, failure: Failure) -> Failure:
    """The failure in the words for one recipient, where its own are those for a whole request:
    an account's table of limits may ask for any row, and count by number."""
    if not failure.row.recipient:
        return failure
    return exchange.fail(failure.row.recipient, **failure.values)


def _admit(exchange: Exchange, default: Mode, outcomes: list[Outcome]) -> None:
    limits, mode = _limits(exchange, default, outcomes)
    world, scope, now = exchange.world, exchange.provider.name, exchange.now
    wanted, costs = [], []
    for outcome in outcomes:
        draft = outcome.draft
        known = (*limits, *draft.limits) if draft.limits else limits
        hits = flow.hits(known, mode, draft, scope, now)
        wanted.append((hits, _message(exchange, draft)))
        costs.append(_cost(exchange, draft))
    admitted = world.store.admit(world.id, wanted, now, costs)
    if admitted[0].message is not None:  # all are kept, or none
        _kept(exchange, outcomes, admitted)
        return
    pairs = zip(outcomes, admitted, strict=True)
    refused = [pair for pair in pairs if pair[1].full or pair[1].poor]
    _log_refusals(exchange, [hits for hits, _message in wanted], admitted)
    every = [*limits, *(limit for outcome in outcomes for limit in outcome.draft.limits)]
    _overflow(exchange, flow.named(every), refused)
    if not any(outcome.failure for outcome in outcomes):
        others = [outcome for outcome in outcomes if outcome.message is None]
        if others:
            _admit(exchange, default, others)


def _log_refusals(
    exchange: Exchange, wanted: Sequence[Sequence[flow.Hit]], admitted: Sequence[Admission]
) -> None:
    """Keeps what was asked of each window that was full, and when: counting the messages over
    again shows a window that lets one too many pass, and this one that lets one too few. `cost` is
    all that the request wants of the window up to this draft; `after` the newest message then."""
    world, step = exchange.world, Counter[tuple[str, str, str]]()
    for hits, (_message, full, _room, _poor) in zip(wanted, admitted, strict=True):
        for hit in hits:
            step[hit[:3]] += hit.cost
        if full is not None:
            refusal = {
                "sequence": world.store.count(world.id, REFUSALS),
                "provider": full.scope,
                "limit": full.limit,
                "window": full.window,
                "permits": full.permits,
                "seconds": full.seconds,
                "cost": step[full[:3]],
                "at": exchange.now,
                "after": world.store.newest(world.id),
            }
            world.store.record(world.id, orjson.dumps(refusal), REFUSALS)


def _cost(exchange: Exchange, draft: Draft) -> Cost:
    """A draft with a cost of its own has to be covered whole; else anything that is left does."""
    provider = exchange.provider
    if Problem.NO_CREDIT not in provider.problems or draft.cost == 0:
        return Cost(draft.cost or 0.0)
    if draft.cost is not None:
        return Cost(draft.cost, draft.cost)
    return Cost(provider.price * draft.segments, _ANYTHING)


def _kept(exchange: Exchange, outcomes: list[Outcome], admitted: Sequence[Admission]) -> None:
    for outcome, admission in zip(outcomes, admitted, strict=True):
        outcome.message = kept = admission.message
        if kept is not None and kept.callback:
            receipts.begin(exchange.provider, exchange.world, kept)


def _limits(
    exchange: Exchange, mode: Mode, outcomes: list[Outcome]
) -> tuple[Sequence[flow.Limit], Mode]:
    """The limits in force and their mode: the provider's, or the account's own table."""
    own = exchange.world.load("limits", mode)
    if not isinstance(own, list):
        return exchange.provider.limits, own
    for outcome in outcomes:
        outcome.draft.ip = outcome.draft.ip or exchange.call.client
    return tables.limits(own, exchange.provider), "provider"


def _overflow(
    exchange: Exchange,
    limits: Mapping[str, flow.Limit],
    refused: list[tuple[Outcome, Admission]],
) -> None:
    """What finds no credit or a full window is refused now, or shows it later where judgement is
    deferred."""
    costs = []
    for outcome, (_none, hit, room, poor) in refused:
        known = exchange.provider.placeholders(exchange, outcome.draft)
        if poor or hit is None:
            failure = exchange.fail(Problem.NO_CREDIT, **known)
        else:
            exchange.fired = hit.limit
            figures = flow.figures(hit, room, exchange.now)
            failure = exchange.fail(limits[hit.limit].error, **{**known, **figures})
        outcome.failure = _deferred(exchange, outcome.draft, failure)
        costs.append(Cost(0.0 if poor else _cost(exchange, outcome.draft).amount))
    if any(outcome.failure for outcome, _admission in refused):
        return
    late = [outcome for outcome, _admission in refused]
    wanted = [((), _message(exchange, outcome.draft)) for outcome in late]
    world = exchange.world
    _kept(exchange, late, world.store.admit(world.id, wanted, exchange.now, costs))


def _deferred(exchange: Exchange, draft: Draft, failure: Failure) -> Failure | None:
    """The failure itself, or None once it has become the draft's lifecycle."""
    if not draft.deferred or not failure.row.later:
        return failure
    provider = exchange.provider
    draft.lifecycle = provider.ending(draft.lifecycle, provider.row(failure.row.later))
    return None


def message(
    provider: Provider, world: World, draft: Draft, *, one: str, operation: str, at: float
) -> Message:
    """What is kept of a draft, with `one` for its id."""
    lifecycle, callback = draft.lifecycle, draft.callback
    if draft.validity is not None:
        lifecycle = script.expiring(provider, lifecycle, draft.validity)
    if callback == "":
        callback = webhook(world, provider.name, "receipts")
    return Message(
        id=one,
        provider=provider.name,
        operation=operation,
        to=draft.number,
        sender=draft.sender,
        text=draft.text,
        segments=draft.segments,
        at=at,
        lifecycle=lifecycle,
        template=draft.template,
        callback=callback or "",
        details=draft.details,
        known_code=draft.code,
    )


def _message(exchange: Exchange, draft: Draft) -> Message:
    provider, endpoint = exchange.provider, exchange.endpoint
    return message(
        provider,
        exchange.world,
        draft,
        one=provider.message_id(exchange, draft),
        operation=endpoint.operation if endpoint else "",
        at=exchange.now,
    )
