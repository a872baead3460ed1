"""Rules: what is refused before any request meets them, and what they do to one."""

from fnmatch import fnmatchcase

import pytest

from simulators.catalog import PROVIDERS
from simulators.kernel import script
from simulators.kernel.checks import BadValue
from simulators.kernel.rules import Book, read, read_all

WRONG = [
    ("not an object", "x", "rule", "an object with"),
    ("no effect", {"match": {}}, "effect", "an object with error"),
    ("empty effect", {"effect": {}}, "effect", "at least one of"),
    ("near name", {"effect": {"eror": "20003"}}, "effect.eror", "'error'"),
    (
        "provider",
        {"match": {"provider": "twillio"}, "effect": {"keep": True}},
        "match.provider",
        "twilio",
    ),
    (
        "near code",
        {"match": {"provider": "twilio"}, "effect": {"error": "2161"}},
        "effect.error",
        "21610",
    ),
    (
        "operation",
        {"match": {"operation": "create-mesage"}, "effect": {"delay_ms": 1}},
        "match.operation",
        "create-message",
    ),
    (
        "probability",
        {"match": {"probability": 2}, "effect": {"delay_ms": 1}},
        "match.probability",
        "from 0 to 1",
    ),
    ("times", {"match": {"times": -1}, "effect": {"delay_ms": 1}}, "match.times", "whole number"),
    ("delay", {"effect": {"delay_ms": "long"}}, "effect.delay_ms", "a number from 0"),
    ("socket", {"effect": {"socket": "explode"}}, "effect.socket", "close, reset"),
    ("status", {"effect": {"answer": {"status": 99}}}, "effect.answer.status", "200 to 599"),
    (
        "header",
        {"effect": {"answer": {"headers": {"X-A": "b\r\nc"}}}},
        "effect.answer.headers.X-A",
        "printable",
    ),
    ("body", {"effect": {"answer": {"body": 1}}}, "effect.answer.body", "a text"),
    (
        "receipt row",
        {"match": {"provider": "twilio"}, "effect": {"receipt": {"error": "21610"}}},
        "effect.receipt.error",
        "receipts",
    ),
    (
        "receipt word",
        {"match": {"provider": "twilio"}, "effect": {"receipt": {"status": "lost"}}},
        "effect.receipt.status",
        "delivered",
    ),
    ("state", {"effect": {"receipt": {"state": "lost"}}}, "effect.receipt.state", "undelivered"),
]


@pytest.mark.parametrize(
    ("raw", "where", "expected"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG]
)
def test_refuses_what_cannot_be_with_what_was_expected(raw, where, expected):
    """The refusal names the place and what would have been right, or near."""
    with pytest.raises(BadValue) as refused:
        read(raw, PROVIDERS, "rule-1")

    assert where == refused.value.where
    assert expected in str(refused.value)


def test_a_code_of_one_provider_chooses_that_provider():
    """30003 is Twilio's alone, so the rule need not say so."""
    rule = read({"effect": {"error": 30003}}, PROVIDERS, "rule-1")

    assert {"provider": "twilio"} == rule["match"]
    assert {"error": "30003"} == rule["effect"]


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        ({"operation": "create-message"}, True),
        ({"provider": "twilio", "operation": "create-message"}, True),
        ({"operation": "fetch-balance"}, False),
        ({"provider": "twilio", "operation": "fetch-balance"}, False),
    ],
)
def test_a_rule_for_one_operation_leaves_the_others_alone(match, fits, recorded):
    """A message is refused by a rule on sending, not by one on what an account asks."""
    answer = recorded("twilio", rules=[{"match": match, "effect": {"error": "throttled"}}])

    assert (429 if fits else 201) == answer.status
    assert fits == ("x-simulator-rule" in answer.headers)


def test_an_operation_is_one_of_the_provider_that_is_named():
    """Each knows its own alone; without a provider it may be anybody's."""
    for operation in ("create-message", "send-sms"):
        rule = {"match": {"operation": operation}, "effect": {"delay_ms": 1}}
        assert operation == read(rule, PROVIDERS, "rule-1")["match"]["operation"]

    with pytest.raises(BadValue) as refused:
        read(
            {
                "match": {"provider": "tencent", "operation": "create-message"},
                "effect": {"delay_ms": 1},
            },
            PROVIDERS,
            "rule-1",
        )
    assert "match.operation" == refused.value.where


def test_a_code_of_several_with_one_account_chooses_the_one_whose_account_it_is():
    """As it did before another product of the vendor came. One that only the product has chooses
    the product, and one of two vendors none."""
    chosen = {
        code: read({"effect": {"error": code}}, PROVIDERS, "r")["match"]["provider"]
        for code in ("MOBILE_NOT_ON_SERVICE", "isv.BUSINESS_LIMIT_CONTROL/hour", "biz.FREQUENCY")
    }

    assert ["aliyun", "aliyun", "aliyun_mas"] == list(chosen.values())
    with pytest.raises(BadValue, match="one provider, as '1' is in "):
        read({"effect": {"error": "1"}}, PROVIDERS, "r")


def test_names_are_unique():
    """Two rules of one name could not be told apart in the counts."""
    rule = {"name": "same", "effect": {"delay_ms": 1}}

    with pytest.raises(BadValue, match="different name"):
        read_all([rule, rule], PROVIDERS)


def test_the_caller_s_values_are_left_alone():
    """Checking a rule changes nothing of what was given."""
    raw = {"effect": {"error": 30003}}

    read(raw, PROVIDERS, "rule-1")

    assert {"effect": {"error": 30003}} == raw


def test_a_problem_is_spelled_by_each_provider(default, recorded):
    """`throttled` is 429 and 20429 with Twilio."""
    answer = recorded("twilio", rules=[{"effect": {"error": "throttled"}}])

    assert (429, 20429) == (answer.status, answer.json()["code"])


def test_the_first_match_wins(recorded):
    """A later rule has no say where an earlier one matched."""
    rules = [
        {"match": {"to": "+4*"}, "effect": {"error": "21614"}},
        {"name": "mine", "match": {"to": "+8*"}, "effect": {"error": "21610"}},
        {"match": {"to": "*"}, "effect": {"error": "21211"}},
    ]

    answer = recorded("twilio", rules=rules)

    assert 21610 == answer.json()["code"]
    assert "mine" == answer.headers["x-simulator-rule"]


def test_after_lets_some_pass_and_times_ends_it(recorded):
    """`after` 1 and `times` 2 hit the second and the third request."""
    rule = {"match": {"after": 1, "times": 2}, "effect": {"error": "20503"}}

    first = recorded("twilio", rules=[rule]).status

    later = [recorded("twilio", rules=None).status for _ in range(3)]

    assert [201, 503, 503, 201] == [first, *later]


def test_a_rule_installed_again_counts_anew(recorded):
    """What was used up before does not stop a rule of the same name."""
    rule = {"name": "once", "match": {"times": 1}, "effect": {"error": "20503"}}
    before = [recorded("twilio", rules=[rule]).status, recorded("twilio", rules=None).status]

    after = [recorded("twilio", rules=[rule]).status, recorded("twilio", rules=None).status]

    assert [503, 201] == before == after


def test_probability_repeats_with_the_seed(default, recorded):
    """The same world makes the same choices again after a reset."""
    rule = {"match": {"probability": 0.5}, "effect": {"error": "20503"}}
    first = [recorded("twilio", rules=[rule]).status for _ in range(12)]
    default.simulators.call(default.world.reset)

    assert first == [recorded("twilio", rules=[rule]).status for _ in range(12)]
    assert {201, 503} == set(first)


def test_a_raw_answer_is_sent_as_written_and_keeps_nothing(default, recorded):
    """HTML with status 200 is what proxies answer in a provider's place."""
    effect = {"answer": {"status": 200, "headers": {"Content-Type": "text/html"}, "body": "<p>"}}

    answer = recorded("twilio", rules=[{"effect": effect}])

    assert (200, b"<p>", "text/html") == (
        answer.status,
        answer.body,
        answer.headers["content-type"],
    )
    assert [] == default.messages()


def test_a_raw_answer_can_keep_the_message(default, recorded):
    """The provider sent, and its answer was lost: the case for idempotent retries."""
    effect = {"answer": {"body": ""}, "keep": True}

    answer = recorded("twilio", rules=[{"effect": effect}])

    assert b"" == answer.body
    assert 1 == len(default.messages())


@pytest.mark.parametrize("socket", ["close", "reset", "truncate"])
def test_a_broken_connection_is_no_answer(socket, recorded):
    """The client sees its connection end before the answer does."""
    with pytest.raises(OSError if socket != "truncate" else Exception):
        recorded("twilio", rules=[{"effect": {"socket": socket}}])


def test_a_receipt_can_be_decided_and_timed(default, recorded):
    """The message is accepted, and undelivered a minute later."""
    effect = {"receipt": {"error": "30003", "after_s": 60}}

    recorded("twilio", rules=[{"effect": effect}])

    (message,) = default.messages()
    lifecycles = PROVIDERS["twilio"].lifecycles
    assert "undelivered" != message.status(message.at + 59, lifecycles)[0].status
    assert ("undelivered", "30003") == message.status(message.at + 60, lifecycles)[0][1:]


def test_a_receipt_may_never_come(default, recorded):
    """A lifecycle that stops at `sent`: some carriers send no receipt."""
    recorded(
        "twilio",
        rules=[{"match": {"provider": "twilio"}, "effect": {"receipt": {"status": "sent"}}}],
    )

    (message,) = default.messages()
    assert "sent" == message.status(message.at + 1e9, PROVIDERS["twilio"].lifecycles)[0].status


def test_a_receipt_s_error_says_nothing_to_a_read(default, recorded, replay, captures):
    """A rule that ends messages in a receipt row leaves lists and reads alone."""
    rule = {"match": {"provider": "twilio"}, "effect": {"error": "30003"}}
    (listed,) = [c for c in captures("twilio-python") if c["case"] == "list"]

    sent = recorded("twilio", rules=[rule])
    read = replay(listed["requests"][0])

    assert (201, 200) == (sent.status, read.status)
    assert "x-simulator-rule" not in read.headers


GLOBS = (
    "*", "+1*", "*0001", "+15550010001", "+1555*0001", "+1555001000?", "*[12]", "", "+", "?*", "**",
    "*1*", "+15550010001*", "*+15550010001", "[+]1*", "+155500100011",
)  # fmt: skip


@pytest.mark.parametrize("number", ["+15550010001", "+15550010002", "+44", "", "+1"])
def test_a_rule_is_looked_up_by_every_glob_that_fits(number):
    """As one after the other is tried, in the order in which they stand."""
    rules = [{"name": f"{n}", "match": {"to": glob}} for n, glob in enumerate(GLOBS)]
    rules.insert(3, {"name": "any", "match": {}})
    page = Book(rules).page("twilio", "create-message")

    tried = [rule for rule in rules if fnmatchcase(number, rule["match"].get("to", "*"))]
    assert tried == list(page.rules_for(number))
    assert [{"name": "any", "match": {}}] == list(page.rules_for(None))


def test_a_thousand_rules_are_not_tried_on_each_recipient(recorded, default, own_calls):
    """Those of other numbers, providers and operations are not looked at."""
    note = default.simulators.call  # what is called in the server's thread
    tried = note(lambda: own_calls(script, "_matches", lambda _found, *given: given))
    rules = [
        *({"match": {"to": f"+1415{n:07}"}, "effect": {"keep": True}} for n in range(300)),
        *({"match": {"to": f"*{n:07}"}, "effect": {"keep": True}} for n in range(300)),
        *({"match": {"provider": "vonage"}, "effect": {"keep": True}} for n in range(200)),
        *({"match": {"operation": "send-sms"}, "effect": {"keep": True}} for n in range(199)),
        {"name": "mine", "match": {"to": "+8*"}, "effect": {"error": "21610"}},
    ]
    answer = recorded("twilio", rules=rules)

    assert "mine" == answer.headers["x-simulator-rule"]
    assert 1 == len(tried)
