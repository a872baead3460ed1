"""Was everything right? What the users saw, held against what the simulators kept.

It counts over again and asks nobody who could be wrong: windows are counted from the times of the
messages. What it cannot know it says.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from simulators.load import windows
from simulators.load.inbox import Kept
from simulators.load.ledger import Ledger, digits
from simulators.load.nodes import Share

State = Literal["holds", "broken", "unknown"]
Row = Mapping[str, Any]

NOT_TRIED = "not tried"
_NO_INBOX = "there is no inbox to compare with (--sim none)"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that must hold: whether it does, a sentence about it, and each violation."""

    name: str
    state: State
    told: str
    violations: Sequence[str] = ()


def judge(
    ledger: Ledger, kept: Kept | None, silent: Sequence[str] = (), nodes: Sequence[Share] = ()
) -> list[Finding]:
    """All findings. Without an inbox `kept` is None; `silent` are workers whose last report is
    missing, so that the ledger is not all that the users saw. `nodes` are what each of several did
    of the run."""
    return [
        *([_complete(silent)] if silent else []),
        *([_whole(kept)] if kept is not None and kept.gone else []),
        *([_alike(kept)] if kept is not None and len(kept.nodes) > 1 else []),
        *([_asked(nodes)] if len(nodes) > 1 else []),
        _once(ledger, kept),
        _own_codes(ledger, kept),
        _codes_once(ledger, kept),
        _expired(ledger),
        _windows(kept),
        _refusals(kept),
        *_own(ledger),
    ]


def _found(name: str, violations: Iterable[str], told: str) -> Finding:
    found = list(violations)
    return Finding(name, "broken" if found else "holds", told, found)


def _complete(silent: Sequence[str]) -> Finding:
    lost = [f"worker {name} was lost, with what its users saw last" for name in silent]
    return _found("every worker has reported", lost, "")


def _whole(kept: Kept) -> Finding:
    lost = [f"{kept.gone} messages of the run are no longer kept; see `serve --keep`"]
    return _found("the inbox is whole", lost, "")


def _alike(kept: Kept) -> Finding:
    name = "every node tells the same inbox, windows and journal"
    told = f"{len(kept.messages):,} messages and {len(kept.refusals):,} refusals, at each of"
    return _found(name, kept.apart, f"{told} {len(kept.nodes)} nodes")


def _asked(nodes: Sequence[Share]) -> Finding:
    """A node that took no request was not tried, and of it nothing is known."""
    name = "every node took requests"
    if idle := [one.node for one in nodes if not one.requests]:
        return Finding(name, "unknown", f"none that is known of came to {', '.join(idle)}")
    counts = ", ".join(f"{one.requests:,}" for one in nodes)
    return Finding(name, "holds", f"{counts} for providers")


def _once(ledger: Ledger, kept: Kept | None) -> Finding:
    name = "every accepted send is in the inbox exactly once"
    if kept is None:
        return Finding(name, "unknown", _NO_INBOX)
    sends = sum(counts["sent"] for counts in ledger.numbers.values())
    told = f"{sends:,} sends accepted, {len(kept.messages):,} messages in the inbox"
    return _tried(name, [*_not_once(ledger, kept)], sends + len(kept.messages), told)


def _not_once(ledger: Ledger, kept: Kept) -> Iterator[str]:
    inbox = _by_number(kept.messages)
    for number, counts in ledger.numbers.items():
        there = len(inbox.get(number, ()))
        answered = counts["sent"] + counts["throttled"] + counts["refused"]
        open_ones = max(counts["asked"] - answered, 0)
        if there < counts["sent"]:
            yield f"+{number}: {counts['sent']} sends accepted, {there} in the inbox"
        elif there > counts["sent"] + open_ones:
            ids = ", ".join(message["id"] for message in inbox[number])
            yield f"+{number}: {counts['sent']} sends accepted, {there} in the inbox: {ids}"
    for number in inbox.keys() - ledger.numbers.keys():
        for message in inbox[number]:
            yield f"+{number}: nobody asked for message {message['id']}"
    where = {message["id"]: digits(message["to"]) for message in kept.messages}
    for message_id, number in ledger.handed_off.items():
        if where.get(message_id) != number:
            yield f"+{number}: message {message_id} is {_elsewhere(where.get(message_id))}"


def _elsewhere(number: str | None) -> str:
    return f"to +{number}" if number else "not in the inbox"


def _own_codes(ledger: Ledger, kept: Kept | None) -> Finding:
    name = "no code reached another number"
    if kept is None:
        return _own_codes_seen(name, ledger)
    codes = f"{sum(ledger.verified_codes.values()):,} verified"
    told = f"{len(ledger.receipts):,} codes read, {codes}"
    tried = len(ledger.receipts) + len(ledger.verified_codes)
    return _tried(name, [*_misread(ledger, kept), *_foreign(ledger, kept)], tried, told)


def _misread(ledger: Ledger, kept: Kept) -> Iterator[str]:
    inbox = {message["id"]: message for message in kept.messages}
    for receipt in sorted(ledger.receipts):
        message = inbox.get(receipt.message_id)
        who = f"+{receipt.number} read message {receipt.message_id}"
        if message is None:
            yield f"{who}, which is not in the inbox"
        elif digits(message["to"]) != receipt.number:
            yield f"{who}, which is to {message['to']}"
        elif (message["code"] or "") != receipt.code:
            yield f"{who} as code {receipt.code}; it has {message['code']}"


def _foreign(ledger: Ledger, kept: Kept) -> Iterator[str]:
    owners = defaultdict(set)
    for message in kept.messages:
        owners[message["code"]].add(digits(message["to"]))
    for number, code in sorted(ledger.verified_codes):
        if number not in owners[code]:
            others = ", ".join(f"+{other}" for other in sorted(owners[code])) or "nobody"
            yield f"+{number}: code {code} was accepted, and was sent to {others}"


def _own_codes_seen(name: str, ledger: Ledger) -> Finding:
    seen = {(receipt.number, receipt.code) for receipt in ledger.receipts}
    if not seen:
        return Finding(name, "unknown", _NO_INBOX)
    foreign = [
        f"+{number}: code {code} was accepted, and is none that this number read"
        for number, code in sorted(ledger.verified_codes.keys() - seen)
    ]
    return _found(name, foreign, f"by {len(seen):,} codes that users read; {_NO_INBOX}")


def _codes_once(ledger: Ledger, kept: Kept | None) -> Finding:
    sent = Counter((digits(m["to"]), m["code"]) for m in kept.messages) if kept else Counter()
    twice = [
        f"+{number}: code {code} was accepted {times} times, and was sent {sent[number, code]}"
        f" {'time' if sent[number, code] == 1 else 'times'}"
        if kept
        else f"+{number}: code {code} was accepted {times} times"
        for (number, code), times in sorted(ledger.verified_codes.items())
        if times > max(sent[number, code], 1)
    ]
    tried = ledger.replays["used"]
    told = (
        f"{len(ledger.verified_codes):,} different codes verified, {tried:,} of them entered again"
    )
    return _tried("no code was accepted twice", twice, tried, told)


def _expired(ledger: Ledger) -> Finding:
    revived = [
        f"+{number}: code {code} was accepted when it had expired"
        for number, code in sorted(ledger.revived)
    ]
    tried = ledger.replays["expired"]
    return _tried("no expired code was accepted", revived, tried, f"{tried:,} entered too late")


def _tried(name: str, violations: Sequence[str], tried: int, told: str) -> Finding:
    """What nobody tried does not hold: it is not known."""
    if not tried and not violations:
        return Finding(name, "unknown", NOT_TRIED)
    return _found(name, violations, told)


def _own(ledger: Ledger) -> Iterator[Finding]:
    """What must hold of this scenario alone."""
    for what in sorted(ledger.expected.keys() | ledger.came.keys()):
        expected, came = ledger.expected.get(what, set()), ledger.came.get(what, set())
        missing = [f"{item}: never" for item in sorted(expected - came)]
        yield _tried(what, missing, len(expected), f"{len(came):,}, of {len(expected):,} expected")
    for what, check in sorted(ledger.checks.items()):
        yield _tried(what, check.violations, check.tried, f"looked at {check.tried:,} times")


def _windows(kept: Kept | None) -> Finding:
    name = "no window was exceeded"
    if kept is None:
        return Finding(name, "unknown", _NO_INBOX)
    violations: list[str] = []
    unknown = [f"{limit} (changed during the run)" for limit in kept.changed]
    count = 0
    for limit in kept.limits:
        if not windows.countable(limit):
            unknown.append(
                f"{limit['provider']} {limit['limit']} (counts by what no message tells)"
            )
            continue
        for window, messages in windows.grouped(limit, kept.messages).items():
            count += 1
            violations += windows.exceeded(limit, window, messages)
    told = f"{count:,} windows counted over again"
    if unknown:
        told += f"; it could not say of {', '.join(unknown)}"
    if unknown and not violations and not count:
        return Finding(name, "unknown", told)
    return _tried(name, violations, count, told)


def _refusals(kept: Kept | None) -> Finding:
    name = "no window was full too early"
    if kept is None:
        return Finding(name, "unknown", _NO_INBOX)
    judged, violations = 0, list[str]()
    for limit in kept.limits:
        mine = [one for one in kept.refusals if _may_be_judged(one, limit, kept)]
        if not mine or not windows.countable(limit):
            continue
        groups = {
            windows.name(window): messages
            for window, messages in windows.grouped(limit, kept.messages).items()
        }
        by_window = defaultdict(list)
        for refusal in mine:
            if windows.named(limit, refusal, groups):
                by_window[refusal["window"]].append(refusal)
        for window, refusals in by_window.items():
            judged += len(refusals)
            violations += windows.refused_early(limit, groups.get(window, ()), refusals)
    told = f"{judged:,} of {len(kept.refusals) + kept.forgotten:,} refusals counted over again"
    return _tried(name, violations, judged, told)


def _may_be_judged(refusal: Row, limit: Row, kept: Kept) -> bool:
    """Whether all that the window had counted by then is among the messages."""
    window = (refusal["provider"], refusal["limit"], refusal["window"])
    chosen = limit.get("seconds_at")  # by each request for itself
    same = refusal["permits"] == limit["permits"] and (
        chosen is not None or refusal["seconds"] == limit["seconds"]
    )
    whole = not kept.gone and kept.used is not None and window not in kept.used
    return window[:2] == (limit["provider"], limit["limit"]) and same and whole


def _by_number(messages: Sequence[Row]) -> dict[str, list[Row]]:
    found = defaultdict(list)
    for message in messages:
        found[digits(message["to"])].append(message)
    return found
