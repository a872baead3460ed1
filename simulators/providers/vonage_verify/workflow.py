"""A verification under way: the steps of its workflow by the world's clock, and its codes.

Both versions of the API have a verification go from step to step: a code is sent by one channel,
and when it was not entered in time by the next one. Which step it is in follows from the clock
alone; what a step sends is sent when its time comes, or before that when the application asks for
it. Kept as a `Verification` of the kernel, whose `details` are these:

* `steps`: of each the `channel`, the recipient `to`, the sender `from`, its `code` ("" for none)
  and `at`, when it begins;
* `wait`: how long the last one lasts; `valid`, in minutes, is what the text says of the code;
* `brand`, `client_ref`, `operation` and `callback`, for what is sent later.

https://developer.vonage.com/en/verify/guides/workflows
https://developer.vonage.com/en/verify/guides/verify-workflows (the older version)
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from simulators.kernel import clock, later, phone, receipts, segments
from simulators.kernel.call import Reply
from simulators.kernel.message import Lifecycle, Message, Step
from simulators.kernel.provider import Draft, Exchange, Provider, Refusal
from simulators.kernel.verifications import Code, Verification, Verifications, drawn
from simulators.kernel.world import World, newest
from simulators.providers.vonage import problems, send

NAME = "vonage_verify"
ATTEMPTS = 3  # wrong codes, of which the last ends the verification; counted anew with a new code
SILENT = "silent_auth"  # sends nothing: the network answers for the phone
NO_CANCEL = 30  # seconds from the start, in which the older version cancels nothing
CODELESS = frozenset({SILENT, "whatsapp_interactive"})

FOR_GOOD = 86_400  # seconds, the longest that a network can be unblocked
_NETWORK = re.compile(r"[0-9]{5,6}")

Workflow = Sequence[Mapping[str, Any]]


def kept(world: World) -> Verifications:
    """Those of the account."""
    return Verifications(world, NAME)


def steps(
    workflow: Workflow, begins: Sequence[float], codes: Sequence[str]
) -> list[dict[str, Any]]:
    """The steps of a verification, of what each is, when it begins and its code."""
    return [
        {**step, "at": at, "code": "" if step["channel"] in CODELESS else code}
        for step, at, code in zip(workflow, begins, codes, strict=True)
    ]


def new_code(world: World, length: int) -> str:
    """Digits, the first of which may be 0."""
    return drawn(world.chance, length)


def place(verification: Verification, now: float) -> int:
    """Which step it is in, from 0."""
    begun = [at for at, step in enumerate(verification.details["steps"]) if step["at"] <= now]
    return begun[-1] if begun else 0


def step_of(verification: Verification, now: float) -> Mapping[str, Any]:
    """The step it is in."""
    found: Mapping[str, Any] = verification.details["steps"][place(verification, now)]
    return found


def is_right(verification: Verification, code: str, now: float) -> bool:
    """Whether this is the code of the step it is in. The last code sent is the only one."""
    expected = step_of(verification, now)["code"]
    return bool(expected) and code == expected


def wrong(verification: Verification, now: float) -> int:
    """How many wrong codes came since the code of this step was first sent."""
    own = step_of(verification, now)["code"]
    since = min(s["at"] for s in verification.details["steps"] if s["code"] == own)
    return sum(not check.right and check.at >= since for check in verification.checks)


def draft(verification: Verification, at: int, provider: Provider) -> Draft | None:
    """What a step sends; None where it sends nothing that a person would read."""
    step, details = verification.details["steps"][at], verification.details
    if step["channel"] == SILENT:
        return None
    text = f"{details['brand']}: is it you who signs in? Yes / No"
    if step["code"]:
        text = f"{details['brand']} code: {step['code']}. Valid for {details['valid']} minutes."
    number = phone.parse(step["to"])
    last = at == len(details["steps"]) - 1
    return Draft(
        number=step["to"],
        region=number.region if number else "",
        sender=step["from"],
        text=text,
        segments=segments.count(text),
        lifecycle=_life(provider, lasts(verification, at), last=last),
        callback=details["callback"],
        code=step["code"],
        details={"request_id": verification.id, "step": at, "channel": step["channel"]},
    )


def lasts(verification: Verification, at: int) -> float:
    """The seconds until a step's time is over."""
    each = verification.details["steps"]
    until = verification.ends if at == len(each) - 1 else each[at + 1]["at"]
    return float(until - each[at]["at"])


def _life(provider: Provider, seconds: float, *, last: bool) -> Lifecycle:
    """Without another step the verification expires with this one."""
    begun = [step for step in provider.lifecycles["sms"] if step.after < seconds]
    return (*begun, Step(seconds, "expired" if last else "passed"))


def start(exchange: Exchange, verification: Verification) -> None:
    """Keeps a new one, whose first step was sent with this request."""
    message = _message(exchange)
    kept(exchange.world).open(_with(verification, message))
    _plan_next(exchange.world, verification, message)


def hurry(exchange: Exchange, verification: Verification) -> None:
    """Keeps it as `hurried` has it, whose next step was sent with this request."""
    world, now, message = exchange.world, exchange.now, _message(exchange)
    before = last(verification, world)
    if before is not None:
        life = before.ending(now, Step(0, "passed"), exchange.provider.lifecycles)
        world.store.change(world.id, before.id, lifecycle=life)
    moved, codes = verification.details, verification.codes
    kept(world).change(
        verification.id,
        lambda known: _with(replace(known, codes=codes, details=moved), message),
    )
    _plan_next(world, verification, message)


def _message(exchange: Exchange) -> Message | None:
    return next((outcome.message for outcome in exchange.outcomes), None)


def _with(verification: Verification, message: Message | None) -> Verification:
    """With a note of what a step has sent, if it has sent anything."""
    if message is None:
        return verification
    return verification.with_send({"message": message.id, "step": message.details["step"]})


def _plan_next(world: World, verification: Verification, message: Message | None) -> None:
    """Has the step after this one taken at its time, if there is any."""
    each = verification.details["steps"]
    if message is not None and message.details["step"] + 1 < len(each):
        at = message.details["step"] + 1
        later.plan(world, message, each[at]["at"], verification.id, at)


def go_on(provider: Provider, world: World, told: Sequence[Any]) -> None:
    """Takes a step at its time, which a clock that was moved far may have passed long ago, if the
    verification had not ended by then, and the step was not taken sooner."""
    one, at = told
    found = kept(world).find(one)
    if found is None or found.closed or _was_sent(found, at):
        return
    then = found.details["steps"][at]["at"]
    if then > world.clock.now():
        return
    new = draft(found, at, provider)
    if new is None:
        return
    sent = later.send(provider, world, new, then, found.details["operation"])
    kept(world).change(one, lambda known: _with(known, sent))
    _plan_next(world, found, sent)


def _was_sent(verification: Verification, at: int) -> bool:
    return any(send["step"] == at for send in verification.sends)


def hurried(verification: Verification, now: float) -> Verification | None:
    """The same with its next step begun now, and those after it as much later; None on the last."""
    each = verification.details["steps"]
    at = place(verification, now) + 1
    if at >= len(each):
        return None
    sooner = each[at]["at"] - now
    moved = [
        {**step, "at": step["at"] - sooner} if number >= at else step
        for number, step in enumerate(each)
    ]
    codes = [Code(code.text, code.until - sooner) for code in verification.codes]
    return replace(verification, codes=codes, details={**verification.details, "steps": moved})


def last(verification: Verification, world: World) -> Message | None:
    """The message that was sent last."""
    if not verification.sends:
        return None
    return world.store.find(world.id, verification.sends[-1]["message"])


def ended(exchange: Exchange, verification: Verification, *words: str) -> None:
    """Has the last message end in these status words, and reports those that are reported."""
    world, provider, now = exchange.world, exchange.provider, exchange.now
    message = last(verification, world)
    if message is None:
        return
    life = message.ending(now, Step(0, words[0]), provider.lifecycles)
    for word in words[1:]:
        life = (*life, life[-1]._replace(status=word))
    changed = world.store.change(world.id, message.id, lifecycle=life)
    reporting = provider.reporting(changed) if changed else None
    if changed is None or reporting is None:
        return
    order = [life[place.step].status for place in receipts.line(reporting, changed)]
    if words[0] in order:
        receipts.plan(reporting, world, changed, order.index(words[0]))


UNBLOCKED = "vonage_verify/unblocked"  # a settings document: until when a network is not blocked


def network(to: str) -> str:
    """The MCC and MNC of a number."""
    number = phone.parse(to)
    return send.network(number.region if number else "")


def is_blocked(world: World, network: str, now: float) -> bool:
    """Whether the account may verify nobody in this network: it says so itself, by the setting
    `blocked_networks`, where Vonage decides by its rules against fraud."""
    blocked = world.load(NAME, {}).get("blocked_networks", ())
    return network in blocked and now >= world.load(UNBLOCKED, {}).get(network, 0)


def unblock(exchange: Exchange) -> Reply:
    """Lifts the block of a network for so many seconds, without a number for good."""
    body, now = exchange.document["body"] or {}, exchange.now
    asked, seconds = body.get("network"), body.get("unblock_duration", FOR_GOOD)
    if not isinstance(asked, str) or not _NETWORK.fullmatch(asked):
        raise Refusal("unblock-network")
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not 0 <= seconds <= FOR_GOOD:
        raise Refusal("unblock-duration")
    if not is_blocked(exchange.world, asked, now):
        raise Refusal("unblock-not-found")
    until = now + (seconds or FOR_GOOD)
    exchange.world.update(UNBLOCKED, lambda known: newest({**known, asked: until}), {})
    shown = clock.wall(until, form="%Y-%m-%dT%H:%M:%SZ")
    return problems.json(exchange, 202, {"network": asked, "unblocked_until": shown})
