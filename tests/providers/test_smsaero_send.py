"""SMS Aero's sends: forms of a request, what is refused, what it costs, when it goes."""

import pytest

from simulators.kernel import optouts
from simulators.kernel.contracts import contract

NOW = 1_795_248_470.0
GOOD = {"number": "79031234567", "text": "Your code is 135790", "sign": "SMS Aero"}


@pytest.fixture
def frozen(default):
    """The default account on a clock that only the test moves."""
    default.simulators.call(lambda: default.world.clock.freeze(NOW))
    return default


def later(sms, seconds):
    sms.simulators.call(lambda: sms.world.clock.advance(seconds))


many = [f"+7901{n:07}" for n in range(100_000)]


def save(sms, name, value):
    sms.simulators.call(lambda: sms.world.save(name, value))


@pytest.mark.parametrize("host", ["gate.smsaero.ru", "gate.smsaero.org", "gate.smsaero.net"])
@pytest.mark.parametrize("selector", ["sms/send", "sms/send/"])
def test_the_same_fields_come_as_json_form_or_query(host, selector, aero, default):
    """On every gate, with and without the slash that the PHP client ends a selector with."""
    answers = [
        aero(selector, GOOD, host=host),
        aero(selector, json=None, data=GOOD, host=host),
        aero(selector, json=None, params=GOOD, method="GET", host=host),
    ]

    assert ["79031234567"] * 3 == [answer.json()["data"]["number"] for answer in answers]
    assert 3 == len(default.messages())


@pytest.mark.parametrize("names", [("numbers[]", "numbers[]"), ("numbers[0]", "numbers[1]")])
def test_a_form_s_array_is_numbers(names, aero):
    """In both of PHP's spellings; one number in an array is answered with an array."""
    pairs = [*zip(names, ["79031234567", "79131234567"], strict=True), ("text", "hello")]
    several = aero("sms/send", json=None, data=[*pairs, ("sign", "SMS Aero")]).json()["data"]
    one = aero("sms/send", {**GOOD, "number": None, "numbers": [79031234567]}).json()["data"]

    assert ["79031234567", "79131234567"] == [message["number"] for message in several]
    assert ["79031234567"] == [message["number"] for message in one]


@pytest.mark.parametrize(
    ("number", "fine"),
    [
        (79031234567, True),
        ("77012345678", True),
        ("4512345678", True),
        ("+79031234567", False),
        ("89031234567", False),
        ("74951234567", False),
        ("7903123456", False),
        (True, False),
        ([79031234567], False),
        (10**40, False),
        ("７9031234567", False),
    ],
)
def test_a_russian_number_is_a_mobile_one_in_full(number, fine, aero):
    """A 7 and ten digits that begin with 9, or a number of Kazakhstan; no 8 and no plus."""
    answer = aero("sms/send", {**GOOD, "number": number})

    assert fine == answer.ok
    assert fine or {"number": ["incorrect"]} == answer.json()["data"]


def test_all_wrong_fields_are_named_together(aero, default):
    """By field, each with its reasons."""
    wrong = {"number": "1", "sign": "Nobody", "dateSend": 1, "callbackUrl": "ftp://example.com"}

    answer = aero("sms/send", wrong)

    assert 400 == answer.status_code
    assert {
        "success": False,
        "data": {
            "number": ["incorrect"],
            "sign": ["incorrect"],
            "text": ["required"],
            "dateSend": ["Date is too small"],
            "callbackUrl": ["incorrect"],
        },
        "message": "Validation error.",
    } == answer.json()
    assert [] == default.messages()


@pytest.mark.parametrize("status", ["reviewing", "rejected", "canceled"])
def test_a_sign_has_to_be_approved(status, aero, default):
    """One that is added waits; the registry of signatures decides."""
    added = aero("sign/add", {"name": "AcmeShop"}).json()["data"]
    before = aero("sms/send", {**GOOD, "sign": "AcmeShop"})
    save(default, "signatures/smsaero", [{"name": "AcmeShop", "status": status}])
    refused = aero("sms/send", {**GOOD, "sign": "AcmeShop"})
    save(default, "signatures/smsaero", [{"name": "AcmeShop", "status": "approved"}])
    sent = aero("sms/send", {**GOOD, "sign": "acmeshop"}).json()["data"]

    assert (0, "moderation") == (added["status"], added["extendStatus"])
    assert {"sign": ["incorrect"]} == before.json()["data"] == refused.json()["data"]
    assert ("AcmeShop", "DIRECT") == (sent["from"], sent["channel"])


@pytest.mark.parametrize(
    ("text", "number", "cost"),
    [
        ("x" * 160, "79031234567", 5.49),
        ("x" * 161, "79031234567", 10.98),
        ("я" * 71, "79131234567", 9.98),
        ("x", "79991234567", 8.99),
        ("x", "4512345678", 5.19),
    ],
)
def test_the_cost_is_by_segment_and_operator_and_comes_off_the_balance(
    text, number, cost, aero, frozen
):
    """A number in the answer to the send, text in its status."""
    save(frozen, "balance", 100)

    sent = aero("sms/send", {**GOOD, "text": text, "number": number}).json()["data"]
    status = aero("sms/status", {"id": sent["id"]}).json()

    assert cost == sent["cost"]
    assert f"{cost:.2f}" == status["data"]["cost"]
    assert [] == contract("smsaero", "get-sms", "response.schema").validate(status)
    assert {"balance": round(100 - cost, 2)} == aero("balance").json()["data"]


def test_a_balance_that_covers_one_of_two_sends_neither(aero, frozen):
    """402 in the envelope; the older shape is a rule's."""
    save(frozen, "balance", 10)

    answer = aero("sms/send", {**GOOD, "number": None, "numbers": [79031234567, 79031234568]})

    refused = {"success": False, "data": None, "message": "Not enough money"}
    assert (402, refused) == (answer.status_code, answer.json())
    assert [] == frozen.messages()


def test_a_scheduled_message_is_queued_until_its_time(aero, frozen):
    """Up to seven days ahead."""
    wanted = int(NOW) + 7 * 86_400
    sent = aero("sms/send", {**GOOD, "dateSend": wanted}).json()["data"]
    late = aero("sms/send", {**GOOD, "dateSend": wanted + 1}).json()["data"]

    later(frozen, wanted - NOW - 1)
    before = aero("sms/status", {"id": sent["id"]}).json()["data"]
    later(frozen, 5)
    after = aero("sms/status", {"id": sent["id"]}).json()["data"]

    assert {"dateSend": ["incorrect"]} == late
    assert (0, "queue", None, wanted) == (
        before["status"],
        before["extendStatus"],
        before["dateAnswer"],
        before["dateSend"],
    )
    assert (1, wanted + 3) == (after["status"], after["dateAnswer"])


def test_an_account_under_moderation_waits_with_status_8(aero, frozen):
    """For as long as its settings say, then it goes its way."""
    save(frozen, "smsaero", {"moderation_s": 300})
    sent = aero("sms/send", GOOD).json()["data"]

    later(frozen, 304)
    after = aero("sms/status", {"id": sent["id"]}).json()["data"]

    assert (8, "moderation", 1) == (sent["status"], sent["extendStatus"], after["status"])


def test_a_blacklisted_number_is_rejected_later(aero, frozen):
    """The list is that of the numbers that opted out, however they did."""
    aero("blacklist/add", {"number": GOOD["number"]})
    sent = aero("sms/send", GOOD).json()["data"]
    later(frozen, 5)
    status = aero("sms/status", {"id": sent["id"]}).json()["data"]

    assert ["+79031234567"] == optouts.listed(frozen.world)
    assert (6, "reject") == (status["status"], status["extendStatus"])


def test_a_list_has_pages_of_fifty(aero, frozen):
    """With links, the page in the query or in the body; a page too far is the last."""
    numbers = [79031230000 + n for n in range(51)]
    aero("sms/send", {**GOOD, "number": None, "numbers": numbers})

    one = aero("sms/list").json()
    two = aero("sms/list?page=2").json()["data"]
    far = aero("sms/list", {"page": 9}).json()["data"]
    none = aero("sms/list", {"text": "nothing"}).json()["data"]

    assert [] == contract("smsaero", "list-sms", "response.schema").validate(one)
    assert [str(n) for n in range(50)] == [key for key in one["data"] if key.isdigit()]
    assert "79031230050" == one["data"]["0"]["number"]
    assert {
        "self": "/v2/sms/list?page=1",
        "first": "/v2/sms/list?page=1",
        "last": "/v2/sms/list?page=2",
        "next": "/v2/sms/list?page=2",
    } == one["data"]["links"]
    assert ("79031230000", "/v2/sms/list?page=1", "51") == (
        two["0"]["number"],
        two["links"]["prev"],
        two["totalCount"],
    )
    assert two == far
    assert "0" == none["totalCount"]


@pytest.mark.parametrize("body", ["{", "[]", '"x"', "1", "[" * 200])
def test_a_body_that_is_no_object_is_refused(body, aero):
    """With the envelope and HTTP 400."""
    headers = {"Content-Type": "application/json"}
    answer = aero("sms/send", json=None, data=body, headers=headers)

    assert 400 == answer.status_code
    assert [] == contract("smsaero", "error", "response.schema").validate(answer.json())


def test_unknown_selectors_and_methods_are_refused_in_its_own_words(aero):
    """404 and 405 in the envelope."""
    unknown, wrong = aero("sms/nothing"), aero("sms/send", GOOD, method="DELETE")

    assert (404, "Page not found.") == (unknown.status_code, unknown.json()["message"])
    assert 405 == wrong.status_code
    assert wrong.json()["message"].endswith(
        "can only handle the following request methods: GET, POST."
    )


def test_a_viber_group_sends_to_its_contacts(aero, frozen):
    """One sending, one message a contact, each read back by its number."""
    group = aero("group/add", {"name": "friends"}).json()["data"]["id"]
    for number in ("79031234567", "79131234567"):
        aero("contact/add", {"number": number, "groupId": group})
    fields = {"groupId": group, "sign": "SMS Aero", "text": "hello", "channel": "OFFICIAL"}

    answer = aero("viber/send", fields).json()
    later(frozen, 5)
    found = aero("viber/statistic", {"sendingId": answer["data"]["id"]}).json()["data"]

    assert [] == contract("smsaero", "send-viber", "response.schema").validate(answer)
    assert 2 == answer["data"]["count"] == len(frozen.messages())
    assert ["79031234567", "79131234567"] == [found[key]["number"] for key in ("0", "1")]
    assert {"self": "/v2/viber/statistic?sendingId=1&page=1"}.items() <= found["links"].items()


@pytest.mark.parametrize(
    ("selector", "number", "left"),
    [
        ("blacklist/add", "79031234567", ["+79000000001", "+79000000002", "+79031234567"]),
        ("blacklist/delete", "79000000001", ["+79000000002"]),
        ("STOP", "79031234567", ["+79000000001", "+79000000002", "+79031234567"]),
        ("START", "79000000001", ["+79000000002"]),
    ],
)
def test_who_opts_out_meanwhile_stays_out(selector, number, left, aero, default, monkeypatch):
    """The list is never read and written whole: another node changes it right before this one
    does, and both hold."""
    store = default.world.store
    optouts.replace(default.world, ["+79000000001"])
    key = aero("blacklist/list").json()["data"]["0"]["id"]
    include, exclude = store.include, store.exclude

    def after(change):
        def changed(account, name, *more, **most):
            include(account, name, ["+79000000002"], 9)
            return change(account, name, *more, **most)

        return changed

    monkeypatch.setattr(store, "include", after(include))
    monkeypatch.setattr(store, "exclude", after(exclude))
    for whole in ("members", "load", "save", "update"):
        asked = getattr(store, whole)

        def listed(account, name, *more, asked=asked, whole=whole):
            assert name != optouts.NAME, whole
            return asked(account, name, *more)

        monkeypatch.setattr(store, whole, listed)
    if selector.isupper():
        default.reply("twilio", f"+{number}", selector)
    else:
        aero(selector, {"id": key} if "delete" in selector else {"number": number})
    monkeypatch.undo()

    assert left == optouts.listed(default.world)


def test_of_a_hundred_thousand_opt_outs_one_is_found_by_its_id(aero, default):
    """Added, listed, asked for and deleted: none of the others is gone through."""
    default.simulators.call(lambda: optouts.replace(default.world, many))
    number = many[70_001]

    page = aero(f"blacklist/list?page={70_001 // 50 + 1}").json()["data"]
    asked = aero("blacklist/list", {"number": number[1:]}).json()["data"]
    gone = aero("blacklist/delete", {"id": page["1"]["id"]})
    again = aero("blacklist/delete", {"id": page["1"]["id"]})
    full = aero("blacklist/add", {"number": "79031234567"})

    assert (number[1:], "100000") == (page["1"]["number"], page["totalCount"])
    assert page["1"] == asked["0"]
    assert [200, 400, 400] == [one.status_code for one in (gone, again, full)]
    assert 99_999 == optouts.count(default.world)
