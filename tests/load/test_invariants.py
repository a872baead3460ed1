"""Invariants: of each kind of violation one is planted, found, and named; what is right holds."""

import json
from datetime import UTC, datetime

import pytest

from simulators.load.inbox import Kept
from simulators.load.invariants import Finding, judge
from simulators.load.ledger import Ledger
from simulators.load.verdict import Verdict

NOON = 1_790_000_040  # a full minute
ONCE = "every accepted send is in the inbox exactly once"
OWN = "no code reached another number"
TWICE = "no code was accepted twice"
EXPIRED = "no expired code was accepted"
WINDOWS = "no window was exceeded"
EARLY = "no window was full too early"
MINUTE = {
    "provider": "aliyun",
    "limit": "minute",
    "permits": 1,
    "seconds": 60,
    "kind": "natural",
    "zone_s": 28_800,
    "key": ["signature", "number"],
    "where": {"to": r"^\+86", "details.type": "^0$"},
    "overflow": None,
}


def message(number, code, at=NOON, **other):
    told = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    return {
        "id": f"M-{number}-{code}",
        "provider": "aliyun",
        "to": f"+{number}",
        "sender": "",
        "text": f"【Acme】{code}",
        "code": code,
        "segments": 1,
        "sequence": int(code),
        "template": "SMS_1",
        "life": "code",
        "details": {"type": 0},
        "at": told.replace("+00:00", "Z"),
        "history": [],
        **other,
    }


@pytest.fixture
def world():
    """Two people who each asked, read and verified; their messages, newest first."""
    ledger, messages = Ledger(), []
    for number, code in (("8613000000001", "111111"), ("8613000000002", "222222")):
        ledger.asked(number)
        ledger.sent(number, message_id=f"M-{number}-{code}")
        ledger.received(number, code, f"M-{number}-{code}")
        ledger.verified(number, code)
        ledger.replayed("used", number, code, accepted=False)
        ledger.replayed("expired", number, code, accepted=False)
        messages.insert(0, message(number, code))
    return ledger, messages


def findings(ledger, messages, *limits, **other):
    return {found.name: found for found in judge(ledger, Kept(messages, limits, **other))}


def states(found):
    return {name: (one.state, one.told) for name, one in found.items()}


def only_violation(found, name):
    """The one violation of one finding; nothing else is broken."""
    assert {name} == {other for other, f in found.items() if f.state == "broken"}
    (violation,) = found[name].violations
    return violation


def test_what_is_right_holds(world):
    """All of them, each with how much it looked at."""
    found = findings(*world, MINUTE)

    assert {ONCE, OWN, TWICE, EXPIRED, WINDOWS, EARLY} == set(found)
    assert ("unknown", "not tried") == states(found).pop(EARLY)  # nobody was refused
    assert {"holds"} == {one.state for name, one in found.items() if name != EARLY}
    assert "2 sends accepted, 2 messages in the inbox" == found[ONCE].told
    assert "2 windows counted over again" == found[WINDOWS].told


def test_what_nobody_did_is_not_said_to_hold():
    """Of a run without a send or a code nothing is known; a message out of nowhere is found."""
    empty = findings(Ledger(), [], MINUTE)
    extra = findings(Ledger(), [message("8613000000001", "111111")], MINUTE)

    assert {("unknown", "not tried")} == set(states(empty).values())
    assert "broken" == extra[ONCE].state


def test_a_message_that_was_lost(world):
    """Accepted twice, sent once."""
    ledger, messages = world
    ledger.asked("8613000000001")
    ledger.sent("8613000000001")

    violation = only_violation(findings(ledger, messages), ONCE)
    assert "+8613000000001: 2 sends accepted, 1 in the inbox" == violation


def test_a_message_that_went_out_twice(world):
    """Accepted once, sent twice; both are named."""
    ledger, messages = world
    messages.append(message("8613000000001", "111111", id="M-again"))

    violation = only_violation(findings(ledger, messages), ONCE)
    assert violation.endswith("1 sends accepted, 2 in the inbox: M-8613000000001-111111, M-again")


@pytest.mark.parametrize("outcome", ["refused", "throttled"])
def test_a_message_that_was_refused_and_sent_all_the_same(world, outcome):
    """The user was told that there is none."""
    ledger, messages = world
    ledger.asked("8613000000003")
    getattr(ledger, outcome)("8613000000003", "500")
    messages.append(message("8613000000003", "333333"))

    assert "0 sends accepted, 1 in the inbox" in only_violation(findings(ledger, messages), ONCE)


def test_a_send_whose_answer_nobody_saw_may_be_there_or_not(world):
    """A user that was stopped in the middle is no violation; one message more is."""
    ledger, messages = world
    ledger.asked("8613000000003")
    ledger.asked("8613000000004")
    messages.append(message("8613000000003", "333333"))
    held = findings(ledger, messages)
    messages.append(message("8613000000003", "333334"))

    assert "holds" == held[ONCE].state
    assert "0 sends accepted, 2 in" in only_violation(findings(ledger, messages), ONCE)


def test_a_message_nobody_asked_for(world):
    """A number that is none of the run's."""
    ledger, messages = world
    messages.append(message("8613000000009", "999999"))

    violation = only_violation(findings(ledger, messages), ONCE)
    assert "+8613000000009: nobody asked for message M-8613000000009-999999" == violation


def test_a_message_that_went_elsewhere(world):
    """The id that the sender was given is another number's."""
    ledger, messages = world
    messages[0] |= {"to": "+8613000000001"}
    messages[1] |= {"to": "+8613000000002"}
    found = findings(ledger, messages)

    assert 2 == len(found[ONCE].violations)
    assert "message M-8613000000001-111111 is to +8613000000002" in found[ONCE].violations[0]
    assert "broken" == found[OWN].state


def test_a_code_that_another_number_used(world):
    """It names whose code it was."""
    ledger, messages = world
    ledger.verified("8613000000001", "222222")

    violation = only_violation(findings(ledger, messages), OWN)
    assert "+8613000000001: code 222222 was accepted, and was sent to +8613000000002" == violation


def test_a_code_that_was_never_sent(world):
    """A service that believes anything."""
    ledger, messages = world
    ledger.verified("8613000000001", "000000")

    assert "was sent to nobody" in only_violation(findings(ledger, messages), OWN)


def test_a_message_that_somebody_else_read(world):
    """The inbox gave a person another's message, or another code than it keeps."""
    ledger, messages = world
    ledger.received("8613000000001", "222222", "M-8613000000002-222222")
    ledger.received("8613000000001", "111112", "M-8613000000001-111111")
    ledger.received("8613000000001", "111111", "M-none")
    violations = findings(ledger, messages)[OWN].violations

    assert [
        "+8613000000001 read message M-8613000000001-111111 as code 111112; it has 111111",
        "+8613000000001 read message M-8613000000002-222222, which is to +8613000000002",
        "+8613000000001 read message M-none, which is not in the inbox",
    ] == sorted(violations)


def test_a_code_that_was_accepted_twice(world):
    """Sent once, so good for once."""
    ledger, messages = world
    ledger.verified("8613000000001", "111111")

    violation = only_violation(findings(ledger, messages), TWICE)
    assert "+8613000000001: code 111111 was accepted 2 times, and was sent 1 time" == violation


def test_a_code_that_was_sent_twice_may_be_accepted_twice(world):
    """Six digits repeat: one in a million, and so in every long run."""
    ledger, messages = world
    ledger.asked("8613000000001")
    ledger.sent("8613000000001")
    ledger.verified("8613000000001", "111111")
    messages.append(message("8613000000001", "111111", id="M-later"))

    assert "holds" == findings(ledger, messages)[TWICE].state


def test_what_nobody_tried_does_not_hold():
    """Codes that nobody entered twice, or too late: nothing is known of them."""
    ledger = Ledger()
    ledger.verified("8613000000001", "111111")
    found = states(findings(ledger, [message("8613000000001", "111111")]))

    assert ("unknown", "not tried") == found[TWICE] == found[EXPIRED]


def test_how_often_it_was_tried_is_told(world):
    """A code that was used, and one that was too old; both were refused."""
    found = states(findings(*world))

    assert ("holds", "2 different codes verified, 2 of them entered again") == found[TWICE]
    assert ("holds", "2 entered too late") == found[EXPIRED]


def test_an_expired_code_that_was_accepted(world):
    """Once is right for a code that was sent once, and wrong for one that was too old."""
    ledger, messages = world
    messages.append(message("8613000000001", "333333", id="M-3"))
    ledger.asked("8613000000001")
    ledger.sent("8613000000001")
    ledger.replayed("expired", "8613000000001", "333333", accepted=True)

    violation = only_violation(findings(ledger, messages), EXPIRED)
    assert "+8613000000001: code 333333 was accepted when it had expired" == violation


def test_what_a_scenario_expects_has_to_come(world):
    """Each item by its name; what was never expected is not tried."""
    ledger, messages = world
    for item in ("M1", "M2"):
        ledger.expect("every message was reported", item)
    ledger.arrived("every message was reported", "M1")
    ledger.intend("the backup took over")
    ledger.check("the bell rang")
    found = findings(ledger, messages)

    assert ["M2: never"] == found["every message was reported"].violations
    assert ("unknown", "not tried") == states(found)["the backup took over"]
    assert ("holds", "looked at 1 times") == states(found)["the bell rang"]


def sends(number, *times, **other):
    """A ledger and an inbox of sends to one number at these seconds after noon."""
    ledger, messages = Ledger(), []
    for place, after in enumerate(times):
        ledger.asked(number)
        ledger.sent(number)
        messages.insert(0, message(number, f"{place:06d}", NOON + after, **other))
    return ledger, messages


@pytest.mark.parametrize(
    ("limit", "kept", "broken"),
    [
        ({}, (0, 60, 120), (0, 59.999)),
        ({"kind": "rolling"}, (0.5, 60.5), (0.5, 60.4)),
        ({"kind": "rolling", "permits": 2}, (0, 30, 60, 90), (0, 30, 59.9)),
        ({"permits": 2, "seconds": 3600}, (0, 1, 3600), (0, 1, 2)),
        ({"kind": "queue", "permits": 2, "seconds": 20}, (0, 0, 10, 20), (0, 0, 9)),
        ({"key": []}, (0, 60), (0, 1)),
    ],
)
def test_a_window_that_was_exceeded(limit, kept, broken):
    """Slices of the calendar, rolling windows, queues: to the edge, and one step beyond it."""
    limit = MINUTE | limit
    held = findings(*sends("8613000000001", *kept), limit)
    violation = only_violation(findings(*sends("8613000000001", *broken), limit), WINDOWS)

    assert "holds" == held[WINDOWS].state
    assert "aliyun minute" in violation
    assert f"message M-8613000000001-{len(broken) - 1:06d} to +8613000000001" in violation


def refused(number, place, after, limit, *, cost=1, kept=0, window=None, **other):
    """A message to a number that found its window full so many seconds after noon, behind so many
    messages."""
    told = datetime.fromtimestamp(NOON + after, UTC).isoformat(timespec="milliseconds")
    return {
        "sequence": place,
        "provider": limit["provider"],
        "limit": limit["limit"],
        "window": f"Acme|+{number}" if window is None else window,
        "permits": limit["permits"],
        "seconds": limit["seconds"],
        "cost": cost,
        "at": told.replace("+00:00", "Z"),
        "after": kept,
        **other,
    }


@pytest.mark.parametrize(
    ("limit", "kept", "right", "wrong", "cost"),
    [
        ({}, (0,), 59.998, 60.001, 1),
        ({"kind": "rolling"}, (0.5,), 60.499, 60.502, 1),
        ({"kind": "rolling", "permits": 2}, (0, 30), 60, 60.002, 1),
        ({"kind": "rolling", "permits": 3}, (0,), 1, 1, 3),
        ({"permits": 2, "seconds": 3600}, (0, 1), 2759.998, 2760.001, 1),  # an hour of the clock
        ({"kind": "queue", "permits": 2, "seconds": 20}, (0, 0), 9.999, 10.002, 1),
        ({"kind": "queue", "permits": 3, "seconds": 30}, (0, 0), 9.999, 10.002, 2),
    ],
)
def test_a_window_that_was_full_too_early(limit, kept, right, wrong, cost):
    """One message that it refused when it was full, and one that there was room for."""
    limit, number = MINUTE | limit, "8613000000001"
    ledger, messages = sends(number, *kept)
    messages = [one | {"sequence": one["sequence"] + 1} for one in messages]
    count = len(messages)
    fewer = right == wrong  # what differs then is how much was asked for
    rightly = refused(number, 1, right, limit, cost=cost, kept=count)
    wrongly = refused(number, 1, wrong, limit, cost=cost - fewer, kept=count)
    held = findings(ledger, messages, limit, refusals=[rightly])
    violation = only_violation(findings(ledger, messages, limit, refusals=[wrongly]), EARLY)

    assert ("holds", "1 of 1 refusals counted over again") == states(held)[EARLY]
    assert f"aliyun minute of Acme|+{number}: refused {wrongly['cost']} at {wrongly['at']}" in (
        violation
    )


def test_a_window_that_nobody_had_used_was_never_full():
    """One permit fewer than there are, where there is one: nobody ever gets a message."""
    early = refused("8613000000001", 1, 0, MINUTE)

    assert "when 0 of 1 permitted in 60 s were used" in only_violation(
        findings(Ledger(), [], MINUTE, refusals=[early]), EARLY
    )


def test_only_what_was_kept_before_had_filled_the_window():
    """A message of the same millisecond that came behind the refused one is no excuse."""
    ledger, messages = sends("8613000000001", 0)
    messages = [one | {"sequence": 1} for one in messages]
    before, behind = (
        findings(
            ledger, messages, MINUTE, refusals=[refused("8613000000001", 1, 0, MINUTE, kept=n)]
        )
        for n in (1, 0)
    )

    assert ("holds", "broken") == (before[EARLY].state, behind[EARLY].state)


@pytest.mark.parametrize(
    "other",
    [
        {"used": frozenset({("aliyun", "minute", "Acme|+8613000000001")})},
        {"used": None},
        {"gone": 1},
    ],
)
def test_a_window_that_counted_what_nobody_can_see_is_not_judged(other):
    """In use before the run, or by messages that are no longer kept."""
    early = refused("8613000000001", 1, 0, MINUTE)
    found = findings(Ledger(), [], MINUTE, refusals=[early], forgotten=4, **other)

    assert ("unknown", "not tried") == states(found)[EARLY]


@pytest.mark.parametrize(
    "other", [{"permits": 3}, {"seconds": 61}, {"limit": "hour"}, {"provider": "tencent"}]
)
def test_a_refusal_by_a_limit_that_was_changed_is_not_judged(other):
    """A table that held for a part of the run, and a limit that is none any more."""
    early = refused("8613000000001", 1, 0, MINUTE) | other

    assert (
        "unknown"
        == findings(Ledger(), [], MINUTE, refusals=[early], changed=["aliyun hour"])[EARLY].state
    )


def test_a_clock_that_was_set_back_is_no_violation():
    """What lies ahead of a refusal counts as well, and a queue cannot be counted backwards."""
    for kind in ("rolling", "queue"):
        limit = MINUTE | {"kind": kind}
        ledger, messages = sends("8613000000001", 30)
        messages = [one | {"sequence": 1} for one in messages]
        back = refused("8613000000001", 1, 0, limit, kept=1)

        assert "holds" == findings(ledger, messages, limit, refusals=[back])[EARLY].state


@pytest.mark.parametrize(("after", "state"), [(19.99, "holds"), (20.02, "broken")])
def test_a_queue_is_counted_though_two_nodes_kept_in_another_order(after, state):
    """Whoever serves at once may be later with an earlier time. Three are drained to two by then:
    with one more there is room or not, whatever came in which order."""
    limit, number = MINUTE | {"kind": "queue", "permits": 3, "seconds": 60}, "8613000000001"
    ledger, messages = sends(number, 0, 0.02, 0.01)
    messages = [one | {"sequence": one["sequence"] + 1} for one in messages]
    late = refused(number, 1, after, limit, kept=3)

    assert state == findings(ledger, messages, limit, refusals=[late])[EARLY].state


@pytest.mark.parametrize(("details", "state"), [({"who.is": "a"}, "broken"), ({}, "holds")])
def test_a_limit_by_what_its_provider_alone_has_is_counted(details, state):
    """By that name in the details of a message, and not by its number."""
    limit = {**MINUTE, "key": ["details.who.is"], "where": {"to": r"^\+86"}}
    ledger, messages = sends("8613000000001", 0, details=details)
    ledger.asked("8613000000002")
    ledger.sent("8613000000002")
    other = {"details": details or {"who.is": "b"}}
    messages.insert(0, message("8613000000002", "000001", NOON + 1, **other))

    assert state == findings(ledger, messages, limit)[WINDOWS].state


@pytest.mark.parametrize(
    ("number", "other"),
    [
        ("447700900001", {}),
        ("8613000000001", {"details": {"type": 1}}),
        ("8613000000001", {"details": {}}),
        ("8613000000001", {"provider": "tencent"}),
    ],
)
def test_a_limit_counts_only_what_it_is_about(number, other):
    """Two at once are fine where the limit is none of theirs."""
    found = findings(*sends(number, 0, 1, **other), MINUTE)

    assert ("unknown", "not tried") == (found[WINDOWS].state, found[WINDOWS].told)


def test_a_natural_day_begins_at_midnight_of_its_zone():
    """Two messages on two sides of midnight in Beijing, a minute apart."""
    midnight = 1_790_006_400 - NOON  # 16:00 UTC
    day = MINUTE | {"seconds": 86_400}

    assert (
        "holds"
        == findings(*sends("8613000000001", midnight - 30, midnight + 30), day)[WINDOWS].state
    )
    only_violation(findings(*sends("8613000000001", midnight + 1, midnight + 30), day), WINDOWS)


def test_a_message_kept_as_one_too_many_is_not_counted():
    """Twilio takes it first, and says later that the queue was full."""
    full = {"history": [{"error": {"key": "30001"}}]}
    ledger, messages = sends("8613000000001", 0, 1)
    messages[0] |= full
    limit = MINUTE | {"overflow": "30001"}

    assert "holds" == findings(ledger, messages, limit)[WINDOWS].state


def test_what_it_cannot_count_it_says(world):
    """A limit by IP address, which no message tells, and one that was changed in the run."""
    found = findings(*world, MINUTE | {"key": ["ip"]}, changed=["aliyun hour"])[WINDOWS]

    assert "unknown" == found.state
    assert "aliyun minute (counts by what no message tells)" in found.told
    assert "aliyun hour (changed during the run)" in found.told


def test_what_it_can_count_is_judged_beside_what_it_cannot(world):
    """It holds with a remark, and is broken all the same where one window was exceeded."""
    held = findings(*world, MINUTE, changed=["aliyun hour"])[WINDOWS]
    ledger, messages = sends("8613000000001", 0, 1)
    broken = findings(ledger, messages, MINUTE, changed=["aliyun hour"])[WINDOWS]

    assert ("holds", "broken") == (held.state, broken.state)
    assert "2 windows counted over again; it could not say of aliyun hour" in held.told


def test_what_is_not_known_fails_no_run_and_passes_for_nothing():
    """Skipped in JUnit, ?? in the text, `unknown` in JSON; another finding still fails the run."""
    unknown = Finding("codes are good once", "unknown", "not tried")
    broken = Finding("a < b", "broken", "it was c", ["it was c"])
    alone = Verdict(scenario="s", invariants=[unknown], thresholds=[])
    both = Verdict(scenario="s", invariants=[unknown], thresholds=[broken])

    assert (0, 1) == (alone.exit_code, both.exit_code)
    assert 'failures="0" skipped="1"' in alone.as_junit()
    assert '<skipped message="not tried" />' in alone.as_junit()
    assert "  ??    codes are good once: not tried" in alone.as_text()
    assert "unknown" == json.loads(alone.as_json())["invariants"][0]["state"]
    assert "FAILED" in both.as_text()


def test_evidence_that_is_lost_is_a_violation(world):
    """Messages that are not kept any more, workers that never reported: it cannot have held."""
    ledger, messages = world
    gone = findings(ledger, messages, gone=3)["the inbox is whole"]
    (silent, *_) = judge(ledger, Kept(messages), silent=["box-7"])

    assert ("broken", "3 messages of the run are no longer kept; see `serve --keep`") == (
        gone.state,
        gone.violations[0],
    )
    assert ("broken", "every worker has reported") == (silent.state, silent.name)
    assert "box-7" in silent.violations[0]


def test_without_an_inbox_it_says_what_it_could_not(world):
    """Against a real service it still knows what the users saw: twice is twice, foreign foreign."""
    ledger, _ = world
    before = {found.name: found.state for found in judge(ledger, None)}
    ledger.verified("8613000000001", "111111")
    ledger.verified("8613000000001", "222222")
    after = {found.name: found for found in judge(ledger, None)}

    assert {
        ONCE: "unknown",
        OWN: "holds",
        TWICE: "holds",
        EXPIRED: "holds",
        WINDOWS: "unknown",
        EARLY: "unknown",
    } == before
    assert ["+8613000000001: code 111111 was accepted 2 times"] == after[TWICE].violations
    assert "code 222222 was accepted" in after[OWN].violations[0]
