"""Sending by GatewayAPI: forms of a request, several recipients, tags, parts, cost, refusals."""

import pytest

from simulators.kernel import operations, optouts
from simulators.kernel.contracts import contract

TEXT = "Your code is 123456"
DANE = {"msisdn": 4512345678}
CHINESE = "验证码 123456"
FORM = {
    "message": TEXT,
    "recipients.0.msisdn": "4512345678",
    "recipients.1.msisdn": "4587654321",
}


def sms(**fields):
    """One message to one Dane, and what else it has."""
    return {"message": TEXT, "recipients": [DANE], **fields}


def sent(answer):
    """The body of an accepted request, which has the documented shape."""
    assert 200 == answer.status_code, answer.text
    assert [] == contract("gatewayapi", "send-sms", "response.schema").validate(answer.json())
    return answer.json()


def refused(answer):
    """Status, code, message and variables of a refusal that has the documented shape."""
    body = answer.json()
    assert [] == contract("gatewayapi", "error", "response.schema").validate(body)
    return answer.status_code, body.get("code"), body["message"], body.get("variables")


INVALID = (422, None, "Invalid json request body", None)


def test_one_message_costs_what_the_price_list_says(default, ask):
    """One id, one SMS to Denmark, in the account's currency."""
    body = sent(ask("POST", "/rest/mtsms", json=sms()))

    assert 1 == len(body["ids"])
    assert {"countries": {"DK": 1}, "currency": "DKK", "total_cost": 0.307} == body["usage"]


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("POST", {"json": sms(recipients=[DANE, {"msisdn": "4587654321"}])}),
        ("POST", {"json": [sms(recipients=[DANE, {"msisdn": "4587654321"}])]}),
        ("POST", {"data": FORM}),
        ("POST", {"params": FORM}),
        ("GET", {"params": FORM}),
    ],
)
def test_json_form_and_query_say_the_same(method, options, default, ask):
    """One message, two recipients, one id; two messages in the inbox."""
    body = sent(ask(method, "/rest/mtsms", **options))

    assert 1 == len(body["ids"])
    assert {"DK": 2} == body["usage"]["countries"]
    kept = [(message.to, message.text, message.sender) for message in default.messages()]
    assert [("+4587654321", TEXT, "ExampleSMS"), ("+4512345678", TEXT, "ExampleSMS")] == kept


@pytest.mark.parametrize("msisdn", [4512345678, "4512345678", "+4512345678", "004512345678"])
def test_takes_numbers_as_clients_write_them(msisdn, default, ask):
    """A number or a string, with a prefix as Logto passes it on."""
    sent(ask("POST", "/rest/mtsms", json=sms(recipients=[{"msisdn": msisdn}])))

    assert ["+4512345678"] == [message.to for message in default.messages()]


@pytest.mark.parametrize(
    "msisdn", ["", "0", "45 12345678", "abc", "+", "45", "+0045", True, None, 1.5, [], {}, -45]
)
def test_refuses_what_is_no_number(msisdn, default, ask):
    """422, and nothing is kept."""
    answer = ask("POST", "/rest/mtsms", json=sms(recipients=[DANE, {"msisdn": msisdn}]))

    assert INVALID == refused(answer)
    assert [] == default.messages()


def test_a_batch_has_an_id_for_each_message(default, ask):
    """In the order of the request; usage is of all together."""
    batch = [sms(), sms(recipients=[{"msisdn": 4687654321}, {"msisdn": 4687654322}])]

    body = sent(ask("POST", "/rest/mtsms", json=batch))

    assert 2 == len(set(body["ids"]))
    assert {"DK": 1, "SE": 2} == body["usage"]["countries"]
    assert 3 == len(default.messages())


def test_a_batch_is_all_or_nothing(default, ask):
    """One message that is refused refuses them all."""
    optouts.replace(default.world, ["+4587654321"])

    answer = ask("POST", "/rest/mtsms", json=[sms(), sms(recipients=[{"msisdn": 4587654321}])])

    assert (403, "0x0215", "MSISDN %1 blacklisted", ["4587654321"]) == refused(answer)
    assert [] == default.messages()


@pytest.mark.parametrize("field", ["class", "label"])
def test_class_and_label_are_the_same_in_a_batch(field, default, ask):
    """Two messages that differ in them are refused."""
    values = {"class": ("standard", "premium"), "label": ("a", "b")}[field]

    answer = ask("POST", "/rest/mtsms", json=[sms(**{field: value}) for value in values])

    assert INVALID == refused(answer)


def test_tags_make_a_text_for_each_recipient(default, ask):
    """Every tag becomes the recipient's own value; without values the text stays as it is."""
    recipients = [
        {"msisdn": 4512345678, "tagvalues": ["Vader", "--Lastname--"]},
        {"msisdn": 4512345679, "tagvalues": ["Organa", "Leia"]},
        {"msisdn": 4512345670},
    ]
    message = sms(
        message="Hello %Firstname --Lastname--",
        tags=["--Lastname--", "%Firstname"],
        recipients=recipients,
    )

    sent(ask("POST", "/rest/mtsms", json=message))

    texts = [message.text for message in reversed(default.messages())]
    unfilled = "Hello %Firstname --Lastname--"
    assert ["Hello --Lastname-- Vader", "Hello Leia Organa", unfilled] == texts


@pytest.mark.parametrize("values", [["a", "b"], [], [1], "a", {"0": "a"}])
def test_tag_values_match_the_tags(values, default, ask):
    """As many strings as there are tags."""
    recipients = [{"msisdn": 4512345678, "tagvalues": values}]

    answer = ask("POST", "/rest/mtsms", json=sms(tags=["%a"], recipients=recipients))

    assert INVALID == refused(answer)


@pytest.mark.parametrize(
    ("text", "encoding", "parts", "arrives"),
    [
        ("a" * 160, "UTF8", 1, "a" * 160),
        ("a" * 161, "UTF8", 2, "a" * 161),
        ("€" * 80, "UTF8", 1, "€" * 80),
        (CHINESE, "UCS2", 1, CHINESE),
        ("a" * 71, "UCS2", 2, "a" * 71),
        (CHINESE, "UTF8", 1, "??? 123456"),
    ],
)
def test_the_encoding_decides_parts_and_text(text, encoding, parts, arrives, default, ask):
    """GSM 03.38 unless UCS2 is asked for; what it cannot spell arrives as a question mark."""
    body = sent(ask("POST", "/rest/mtsms", json=sms(message=text, encoding=encoding)))

    assert {"DK": parts} == body["usage"]["countries"]
    assert [arrives] == [message.text for message in default.messages()]


@pytest.mark.parametrize(
    ("text", "encoding", "most", "length"),
    [("a" * 500, "UTF8", 2, 306), ("a" * 100, "UTF8", 1, 100), ("验" * 200, "UCS2", 1, 70)],
)
def test_max_parts_cuts_the_text(text, encoding, most, length, default, ask):
    """To as much as fits, and costs no more."""
    message = sms(message=text, encoding=encoding, max_parts=most)

    body = sent(ask("POST", "/rest/mtsms", json=message))

    assert {"DK": most} == body["usage"]["countries"]
    assert [text[:length]] == [kept.text for kept in default.messages()]


def test_a_binary_sms_has_bytes_and_no_text(default, ask):
    """140 bytes with the header are one SMS, 134 each are in several."""
    one = sent(ask("POST", "/rest/mtsms", json={"payload": "QUJD", "recipients": [DANE]}))
    two = sent(ask("POST", "/rest/mtsms", json={"payload": "QUJD" * 50, "recipients": [DANE]}))

    assert [{"DK": 1}, {"DK": 2}] == [body["usage"]["countries"] for body in (one, two)]
    assert ["", ""] == [message.text for message in default.messages()]


def test_recipients_usage_tells_parts_of_each_recipient(default, ask):
    """Asked for with extra_details, by message and recipient."""
    message = sms(recipients=[DANE, {"msisdn": 4687654321}], extra_details="recipients_usage")

    body = sent(ask("POST", "/rest/mtsms", json=[message, sms()]))

    first, second = body["details"]["messages"]
    assert body["ids"] == [first["id"], second["id"]]
    assert [
        {"country": "DK", "msisdn": 4512345678, "parts": 1},
        {"country": "SE", "msisdn": 4687654321, "parts": 1},
    ] == first["recipients"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"recipients": [DANE, {"msisdn": "+4512345678"}]},
            (
                *(422, "0x0310"),
                "A message contains the same recipient more than once. MSISDNs %1 is duplicated",
                ["4512345678"],
            ),
        ),
        ({"class": "gold"}, (422, "0x0218", "Unknown message class id %1", ["gold"])),
        ({"priority": "URGENT"}, (422, "0x0311", "Priority %1 not available", ["URGENT"])),
        ({"sender": "ExampleSMS12"}, INVALID),
        ({"sender": "1234567890123456"}, INVALID),
        ({"recipients": []}, INVALID),
        ({"recipients": {"msisdn": 4512345678}}, INVALID),
        ({"message": None}, INVALID),
        ({"max_parts": 2, "tags": ["%a"]}, INVALID),
    ],
)
def test_a_wrong_field_refuses_the_request(fields, expected, default, ask):
    """With the documented code where there is one."""
    answer = ask("POST", "/rest/mtsms", json=sms(**fields))

    assert expected == refused(answer)
    assert [] == default.messages()


def test_ten_thousand_recipients_are_the_most(default, ask):
    """10 000 are one message with one id; one more is refused."""
    many = [{"msisdn": 4520000000 + n} for n in range(10_001)]

    answer = ask("POST", "/rest/mtsms", json=sms(recipients=many))
    body = sent(ask("POST", "/rest/mtsms", json=sms(recipients=many[:-1])))

    assert INVALID == refused(answer)
    assert 1 == len(body["ids"])
    assert {"DK": 10_000} == body["usage"]["countries"]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("balance", 0, (403, "0x0216", "Insufficient credit", None)),
        ("suspended", True, (403, "0x022A", "Account frozen, contact support", None)),
        (
            *("regions", {"allowed": ["SE"], "blocked": []}),
            (403, "0x0217", "Unauthorized destination: country %1", ["DK"]),
        ),
        ("optouts", ["+4512345678"], (403, "0x0215", "MSISDN %1 blacklisted", ["4512345678"])),
    ],
)
def test_what_the_account_may_not_do_is_refused(name, value, expected, default, ask):
    """Credit, freezing, countries and opt-outs, each with its code and variables."""
    operations.settle(default.world, name, value)

    answer = ask("POST", "/rest/mtsms", json=sms())

    assert expected == refused(answer)
    assert [] == default.messages()


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"7", b'"x"', b"[[]]", b"[null]", b"\xff\xfe", b"{}"]
)
def test_any_body_gets_an_answer_in_gatewayapis_words(body, default, ask):
    """422 with an incident, whatever the bytes are."""
    headers = {"Content-Type": "application/json"}

    assert INVALID == refused(ask("POST", "/rest/mtsms", data=body, headers=headers))


@pytest.mark.parametrize(
    "name", ["a" * 500, ".", "....", "recipients.0.0.0.0.0.0.0.0", "message.x"]
)
def test_any_form_gets_an_answer_in_gatewayapis_words(name, default, ask):
    """Names of any depth and clash are read or refused, never broken."""
    form = {"message": TEXT, "recipients.0.msisdn": "4512345678", name: "1"}

    assert ask("POST", "/rest/mtsms", data=form).status_code in (200, 422)
