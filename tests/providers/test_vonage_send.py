"""What Vonage answers to a submission: parts, prices, every refusal, JSON and XML."""

import json
import xml.etree.ElementTree as ElementTree

import pytest
import requests

from simulators.kernel.contracts import contract

TO = "447700900000"
ACCEPTED = contract("vonage", "send-sms", "response.schema")
REFUSED = contract("vonage", "error", "response.schema")


class Api:
    """Vonage as one account sees it; what it says of a submission keeps its contract."""

    def __init__(self, sms):
        self.sms = sms
        self.url = sms.base_url("vonage")
        known = sms.credentials("vonage")
        self.own = {"api_key": known["api_key"], "api_secret": known["api_secret"]}
        self.session = requests.Session()

    def post(self, path, **given):
        return self.session.post(self.url + path, timeout=10, **given)

    def submit(self, **changes):
        """The messages of the answer to a submission; None leaves a parameter out."""
        fields = {**self.own, "from": "AcmeInc", "to": TO, "text": "Your code is 123456"}
        fields.update({name.replace("_", "-"): value for name, value in changes.items()})
        return self.judged(self.post("/sms/json", data=fields))

    def judged(self, answer):
        assert (200, "application/json") == (answer.status_code, answer.headers["content-type"])
        messages = answer.json()["messages"]
        good = all(message["status"] == "0" for message in messages)
        assert [] == (ACCEPTED if good else REFUSED).validate(answer.json())
        assert str(len(messages)) == answer.json()["message-count"]
        return messages

    def setting(self, **values):
        self.sms.settings("vonage", {"vonage": values})


@pytest.fixture
def api(sms):
    """A fresh account; tests of refusals violation the contract on purpose."""
    sms.allow_violations()
    made = Api(sms)
    yield made
    made.session.close()


def refusal(messages):
    (message,) = messages
    return message["status"], message["error-text"]


def test_an_accepted_message_is_answered_in_every_field(api):
    """Strings all of them, the client's reference among them; the inbox has the text."""
    (message,) = api.submit(client_ref="r1")

    (kept,) = api.sms.messages()
    assert message == {
        "to": TO,
        "message-id": kept.id,
        "status": "0",
        "remaining-balance": "10.28000000",
        "message-price": "0.03330000",
        "network": "23410",
        "client-ref": "r1",
    }
    assert (kept.to, kept.sender, kept.text) == ("+447700900000", "AcmeInc", "Your code is 123456")


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ["/sms/json", "/sms/xml"])
@pytest.mark.parametrize("place", ["params", "data", "json"])
def test_parameters_are_taken_from_query_form_and_json(api, method, path, place):
    """By GET from the query alone."""
    fields = {**api.own, "from": "AcmeInc", "to": TO, "text": "hi"}
    answer = api.session.request(method, api.url + path, timeout=10, **{place: fields})

    sent = place == "params" or method == "POST"
    assert 200 == answer.status_code
    assert sent == (len(api.sms.messages()) == 1)
    assert sent == ("Missing api_key" not in answer.text)


@pytest.mark.parametrize(
    "content_type",
    ["application/json; charset=utf-8", "application/jsonrequest", "text/json", "text/javascript"],
)
def test_json_may_have_any_of_its_documented_names(api, content_type):
    """https://developer.vonage.com/en/concepts/guides/general"""
    body = json.dumps({**api.own, "from": "AcmeInc", "to": TO, "text": "hi", "ttl": 20000})
    answer = api.post("/sms/json", data=body, headers={"content-type": content_type})

    assert "0" == api.judged(answer)[0]["status"]


def test_credentials_may_stand_in_the_query_of_a_form(api):
    """The reference lists key and secret as query parameters beside the body."""
    fields = {"from": "AcmeInc", "to": TO, "text": "hi"}

    assert "0" == api.judged(api.post("/sms/json", data=fields, params=api.own))[0]["status"]


@pytest.mark.parametrize(
    ("text", "kind", "parts"),
    [
        ("a" * 160, "text", 1),
        ("a" * 161, "text", 2),
        ("a" * 306, "text", 2),
        ("a" * 307, "text", 3),
        ("€" * 80, "text", 1),
        ("€" * 81, "text", 2),
        ("验" * 70, "unicode", 1),
        ("验" * 71, "unicode", 2),
        ("a" * 71, "unicode", 2),
        ("a" * 135, "unicode", 3),
        ("验" * 160, "text", 1),
    ],
)
def test_a_long_text_is_answered_part_by_part(api, text, kind, parts):
    """Each part has an id and a price; the inbox has one message with the whole text."""
    messages = api.submit(text=text, type=kind)

    (kept,) = api.sms.messages()
    assert (parts, parts) == (len(messages), len({message["message-id"] for message in messages}))
    assert (messages[0]["message-id"], parts) == (kept.id, kept.segments)
    assert kept.text == (text if kind == "unicode" or text.isascii() or "€" in text else "?" * 160)


def test_binary_content_is_one_part_of_octets(api):
    """Header and content as hexadecimal digits."""
    (message,) = api.submit(text=None, type="binary", udh="06050415811581", body="00112233")

    assert "0" == message["status"]
    assert "0605041581158100112233" == api.sms.messages()[0].text


def test_credit_that_counts_goes_down_by_the_part(api):
    """Until there is none: status 9, with what was known by then."""
    api.sms.balance(0.05)
    first, second = api.submit(text="a" * 161)
    assert ("0.01670000", "-0.01660000") == (
        first["remaining-balance"],
        second["remaining-balance"],
    )

    assert api.submit() == [
        {
            "to": TO,
            "remaining-balance": "-0.01660000",
            "message-price": "0.03330000",
            "network": "23410",
            "status": "9",
            "error-text": "Quota Exceeded - rejected",
        }
    ]


@pytest.mark.parametrize(
    ("changes", "status", "text"),
    [
        ({"api_key": None, "api_secret": None}, "2", "Missing api_key"),
        (
            {"api_secret": ""},
            "2",
            "Your request is incomplete and missing some mandatory parameters",
        ),
        ({"from": None}, "2", "Missing from param"),
        ({"to": ""}, "2", "Missing to param"),
        ({"text": None}, "2", "Missing text param"),
        ({"type": "binary"}, "2", "Missing body param"),
        ({"to": "+447700900000"}, "3", "to address is not numeric"),
        ({"to": "447700900000,447700900001"}, "3", "to address is not numeric"),
        ({"to": "٤٤٧٧٠٠٩٠٠٠٠٠"}, "3", "to address is not numeric"),
        ({"type": "flash"}, "3", "Invalid value for parameter type"),
        ({"protocol_id": "256"}, "3", "Invalid value for parameter protocol-id"),
        ({"client_ref": "r" * 101}, "3", "Invalid value for parameter client-ref"),
        ({"type": "binary", "body": "0g"}, "3", "Invalid value for parameter body"),
        ({"api_secret": "wrong"}, "4", "Bad Credentials"),
        ({"api_key": "zzzzzzzz"}, "4", "Bad Credentials"),
        ({"to": "00447700900000"}, "6", "Unroutable message - rejected"),
        ({"to": "4477"}, "6", "Unroutable message - rejected"),
        ({"text": "a" * 3201}, "12", "Message too long"),
        ({"type": "binary", "body": "00" * 141}, "12", "Message too long"),
        ({"sig": "0" * 32}, "14", "Invalid Signature"),
        ({"api_key": "zzzzzzzz", "sig": "0" * 32}, "14", "Invalid Signature"),
        ({"from": "AcmeIncorporated"}, "15", "Illegal Sender Address - rejected"),
        ({"ttl": "19999"}, "16", "Invalid TTL"),
        ({"ttl": "9" * 30}, "16", "Invalid TTL"),
        ({"message_class": "4"}, "20", "Invalid Message class"),
        ({"callback": "example.com/dlr"}, "23", "Bad callback :: Missing Protocol"),
    ],
)
def test_each_refusal_of_a_parameter_has_its_status_and_text(api, changes, status, text):
    """HTTP 200 all the same, nothing kept."""
    renamed = {k if k.startswith("api") else k.replace("_", "-"): v for k, v in changes.items()}
    fields = {**api.own, "from": "AcmeInc", "to": TO, "text": "hi", **renamed}

    assert (status, text) == refusal(api.judged(api.post("/sms/json", data=fields)))
    assert [] == api.sms.messages()


def test_what_the_account_forbids_has_its_status(api):
    """Suspension 8, a closed region 6, an opted-out number 7."""
    api.sms.suspended()
    assert ("8", "Partner account barred") == refusal(api.submit())
    api.sms.suspended(False)
    api.sms.regions(blocked=["GB"])
    assert api.submit() == [
        {"to": TO, "status": "6", "error-text": "Unroutable message - rejected"}
    ]
    api.sms.regions()
    api.sms.optouts("+447700900000")
    assert ("7", "Number barred.") == refusal(api.submit())


def test_a_trial_account_sends_to_its_test_numbers_only(api):
    """With the demo note under the text; to others status 29."""
    api.setting(test_numbers=["+447700900000"])
    (taken,) = api.submit()
    refused = api.submit(to="447700900001")

    assert "0" == taken["status"]
    assert "Your code is 123456 [FREE SMS DEMO, TEST MESSAGE]" == api.sms.messages()[0].text
    assert refused == [
        {
            "to": "447700900001",
            "status": "29",
            "error-text": "Non White-listed Destination - rejected",
        }
    ]


def test_names_are_no_senders_where_the_account_says_so(api):
    """As it is in the United States and Canada."""
    api.setting(numeric_sender_regions=["US", "CA"])
    to = {"to": "14155550123"}

    assert ("15", "Illegal Sender Address - rejected") == refusal(api.submit(**to))
    assert "0" == api.submit(**to, **{"from": "14155550100"})[0]["status"]
    assert "0" == api.submit()[0]["status"]


def test_the_31st_request_of_a_second_is_told_how_long_to_wait(api):
    """How far into its second it came, in the words of the official PHP SDK's test data."""
    api.sms.clock.freeze(1_800_000_000.25)
    assert {"0"} == {api.submit(text="a" * 161)[0]["status"] for _ in range(30)}

    text = (
        "Exceeded maximum MT throughput[ MAX [ 30 ] INTERVAL [ 1000 ] COUNT [ 30 ]"
        " LAST INT-START [ 1800000000000 ] TIME_SINCE_LAST_INTERVAL_START [ 250 ]  ] "
    )
    assert [{"status": "1", "error-text": text}] == api.submit()
    api.sms.clock.advance(0.75)
    assert "0" == api.submit()[0]["status"]


def test_a_long_number_of_the_united_states_sends_once_a_second(api):
    """Another sender is not held up by it."""
    api.sms.clock.freeze(1_800_000_000.022)
    number = {"from": "14155550100"}
    assert "0" == api.submit(**number)[0]["status"]

    text = "Throughput Rate Exceeded - please wait [ 978 ] and retry"
    (throttled,) = api.submit(**number)
    shown = {"to": throttled["to"], "status": "1", "error-text": text, "network": "23410"}
    assert shown == throttled
    assert "0" == api.submit()[0]["status"]


def test_a_scripted_part_is_refused_after_one_that_was_taken(api):
    """As in the SDK's test data; a half message is on no phone."""
    api.sms.script({"match": {}, "effect": {"error": "1/part"}})
    messages = api.submit(text="a" * 400)
    single = api.submit()

    assert ["0", "1", "1"] == [message["status"] for message in messages]
    assert {"status": "1", "error-text": "Throttled"} == messages[2]
    assert ("1", "Throttled") == refusal(single)
    assert [] == api.sms.messages()


def test_xml_names_are_in_camel_case(api):
    """Layout and element names as Vonage's own gateway checks and its SDK for Java expect them."""
    fields = {**api.own, "from": "AcmeInc", "to": TO, "text": "a" * 161, "client-ref": "<&\x00>"}
    answer = api.post("/sms/xml", data=fields)
    root = ElementTree.fromstring(answer.text)  # noqa: S314 - our own answer

    assert "application/xml" == answer.headers["content-type"]
    start = "<?xml version='1.0' encoding='UTF-8' ?><mt-submission-response><messages count='2'>"
    assert answer.text.startswith(start)
    expected = [
        "to",
        "messageId",
        "status",
        "remainingBalance",
        "messagePrice",
        "network",
        "clientRef",
    ]
    assert expected == [element.tag for element in root.find("messages/message")]
    assert ["<&?>", "<&?>"] == [e.text for e in root.findall("messages/message/clientRef")]


def test_a_refusal_in_xml_has_status_and_text(api):
    """Byte for byte what Vonage's own gateway checks expect of wrong credentials."""
    answer = api.post("/sms/xml", data={"username": "zzzzzzzz", "password": "wrong"})

    assert answer.text == (
        "<?xml version='1.0' encoding='UTF-8' ?><mt-submission-response><messages count='1'>"
        "<message><status>4</status><errorText>Bad Credentials</errorText></message></messages>"
        "</mt-submission-response>"
    )


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_a_method_that_is_not_served_is_a_404(api, method):
    """There is no 405: Vonage's gateway routes by method too."""
    answer = api.session.request(method, api.url + "/sms/json", timeout=10)

    assert (404, "") == (answer.status_code, answer.text)
    assert 404 == api.session.get(api.url + "/sms/yaml", timeout=10).status_code


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", "{"),
        ("application/json", "[1]"),
        ("application/json", '{"api_key": "\\ud800"}'),
        ("application/json", "\udcff"),
        ("application/x-www-form-urlencoded", "&".join(["a=1"] * 1001)),
    ],
)
def test_a_body_that_cannot_be_read_is_an_invalid_parameter(api, content_type, body):
    """In Vonage's own shape."""
    raw = body.encode("utf-8", "surrogateescape")
    answer = api.post("/sms/json", data=raw, headers={"content-type": content_type})

    assert "3" == refusal(api.judged(answer))[0]


@pytest.mark.parametrize("value", [None, True, 1.5, [], ["a", "b"], {"a": 1}, 10**30, ""])
@pytest.mark.parametrize(
    "name", ["api_key", "api_secret", "sig", "timestamp", "from", "to", "text", "type", "ttl"]
)
def test_json_values_of_any_type_are_answered(api, name, value):
    """Refused or taken, never an internal error."""
    fields = {**api.own, "from": "AcmeInc", "to": TO, "text": "hi", name: value}
    (message,) = api.judged(api.post("/sms/json", json=fields))

    assert message["status"] in ("0", "2", "3", "4", "6", "14", "16")


def test_the_world_chooses_how_a_wrong_basic_header_is_refused(api):
    """In the answer's messages, or as HTTP 401 in the shape of Vonage's other resources."""
    key = api.own["api_key"]
    fields = {"from": "AcmeInc", "to": TO, "text": "hi"}
    usual = api.post("/sms/json", data=fields, auth=(key, "wrong"))
    api.setting(wrong_basic="401")
    chosen = api.post("/sms/json", data=fields, auth=(key, "wrong"))

    assert ("4", "Bad Credentials") == refusal(api.judged(usual))
    assert 401 == chosen.status_code
    assert [] == contract("vonage", "account-error", "response.schema").validate(chosen.json())
    assert "You did not provide correct credentials." == chosen.json()["detail"]
