"""What Twilio refuses a new message for: code, HTTP status and text."""

import pytest

from simulators.kernel import operations

TO, FROM, BODY = "+14155550167", "+15005550006", "Your code is 123456"
HX = "HX0123456789abcdef0123456789abcdef"
TOO_LONG = "The concatenated message body exceeds the 1600 character limit."
NOT_VARIABLES = "The Content Variables parameter is invalid."
UNKNOWN = "MG" + "f" * 32

pytestmark = [pytest.mark.sms_allow_violations, pytest.mark.usefixtures("twilio")]


@pytest.fixture
def send(ask_twilio, sms):
    """Creates a message: a good one but for the fields given; None leaves a field out."""

    def create(**fields):
        own = sms.credentials("twilio")
        form = {"To": TO, "From": own["number"], "Body": BODY, **fields}
        if form.get("MessagingServiceSid") == "own":
            form["MessagingServiceSid"] = own["messaging_service_sid"]
        kept = {name: value for name, value in form.items() if value is not None}
        return ask_twilio("POST", "Messages.json", kept)

    return create


REFUSALS = [
    (21604, "A 'To' phone number is required.", {"To": None}),
    (21604, "A 'To' phone number is required.", {"To": ""}),
    (21603, "A 'From' phone number is required.", {"From": None}),
    (21619, "A text message body or media urls must be specified.", {"Body": None}),
    (21602, "Message body is required.", {"Body": ""}),
    (
        21617,
        "The concatenated message body exceeds the 1600 character limit.",
        {"Body": 1601 * "a"},
    ),
    (
        21617,
        "The concatenated message body exceeds the 1600 character limit.",
        {"Body": 801 * "😀"},
    ),
    (21620, "Invalid media URL(s)", {"MediaUrl": "example.com/a.png"}),
    (21620, "Invalid media URL(s)", {"MediaUrl": ["https://example.com/a.png", "ftp://a/b"]}),
    (21623, "Number of media files exceeds allowed limit", {"MediaUrl": 11 * ["https://a.io/b"]}),
    (21655, "The ContentSid is Invalid", {"ContentSid": "HX12"}),
    (21655, "The ContentSid is Invalid", {"ContentSid": "HX" + 32 * "0"}),
    (21654, "ContentSid Required", {"ContentVariables": "{}"}),
    (
        21656,
        "The Content Variables parameter is invalid.",
        {"ContentSid": HX, "ContentVariables": "x"},
    ),
    (
        21656,
        "The Content Variables parameter is invalid.",
        {"ContentSid": HX, "ContentVariables": "1"},
    ),
    (
        21609,
        "The 'StatusCallback' URL https://a_b.example.com/cb is not a valid URL.",
        {"StatusCallback": "https://a_b.example.com/cb"},
    ),
    (21609, "The 'StatusCallback' URL /cb is not a valid URL.", {"StatusCallback": "/cb"}),
    (
        21609,
        "The 'StatusCallback' URL http://[::1 is not a valid URL.",
        {"StatusCallback": "http://[::1"},
    ),
    (21218, "Invalid ApplicationSid", {"ApplicationSid": "AP1"}),
    (21624, "Invalid validity period value", {"ValidityPeriod": "0"}),
    (21624, "Invalid validity period value", {"ValidityPeriod": "36001"}),
    (21624, "Invalid validity period value", {"ValidityPeriod": "soon"}),
    (30029, "Invalid ContentRetention", {"ContentRetention": "keep"}),
    (30030, "Invalid AddressRetention", {"AddressRetention": "hide"}),
    (21627, "Max Price must be a valid float", {"MaxPrice": "cheap"}),
    (21627, "Max Price must be a valid float", {"MaxPrice": "0"}),
    (
        20001,
        "Invalid SendAt: 2022-01-28T14.44.47Z. SendAt must be a valid ISO 8601 formatted datetime"
        " string: yyyy-MM-dd'T'HH:mm:ss'Z'",
        {"ScheduleType": "fixed", "SendAt": "2022-01-28T14.44.47Z"},
    ),
    (35118, "MessagingServiceSid is required to schedule a message", {"ScheduleType": "fixed"}),
    (21211, "Invalid 'To' Phone Number: XXXX", {"To": "me"}),
    (21211, "Invalid 'To' Phone Number: +1555XXXX", {"To": "+15551234"}),
    (21265, "'To' number cannot be a Short Code: 1XXXX", {"To": "12345"}),
    (
        21268,
        "Sending to Premium rate or Information Service numbers is not allowed",
        {"To": "+19005551234"},
    ),
    (
        21910,
        f"From({FROM}) and To(whatsapp:{TO}) addresses should be of the same channel.",
        {"To": f"whatsapp:{TO}", "From": FROM},
    ),
    (
        63007,
        "Twilio could not find a Channel with the specified From address",
        {"To": f"whatsapp:{TO}", "From": "whatsapp:+12025550123"},
    ),
    (21656, NOT_VARIABLES, {"ContentSid": HX, "ContentVariables": '{"1": ""}'}),
    (21656, NOT_VARIABLES, {"ContentSid": HX, "ContentVariables": '{"2": "123456"}'}),
    (
        21212,
        "The 'From' number +1 is not a valid phone number, shortcode, or alphanumeric sender ID.",
        {"From": "+1"},
    ),
    (
        21212,
        "The 'From' number Much too long is not a valid phone number, shortcode, or alphanumeric"
        " sender ID.",
        {"From": "Much too long"},
    ),
    (
        21659,
        "'From' +12025550123 is not a Twilio phone number or Short Code country mismatch",
        {"From": "+12025550123"},
    ),
    (
        21659,
        "'From' 12345 is not a Twilio phone number or Short Code country mismatch",
        {"From": "12345"},
    ),
    (
        21612,
        f"The 'To' phone number: {TO}, is not currently reachable using the 'From' phone number:"
        " Acme via SMS.",
        {"From": "Acme"},
    ),
    (
        21711,
        "Phone Number, Shortcode, Destination AlphaSender, and Global AlphaSender is not associated"
        " to the specified Messaging Service.",
        {"From": "+12025550123", "MessagingServiceSid": "own"},
    ),
    (21705, "The Messaging Service Sid MG12 is invalid.", {"MessagingServiceSid": "MG12"}),
]


@pytest.mark.parametrize(("code", "text", "fields"), REFUSALS)
def test_refuses_with_400(code, text, fields, send, sms):
    """The code and the text, and nothing is kept."""
    answer = send(**fields)

    assert 400 == answer.status_code
    assert {
        "code": code,
        "message": text,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": 400,
    } == answer.json()
    assert [] == sms.messages()


def test_an_unknown_service_is_404(send):
    """21701 is one of few create refusals that is not 400; a service named in From counts too."""
    by_parameter = send(From=None, MessagingServiceSid=UNKNOWN)
    by_from = send(From=UNKNOWN)

    assert [404, 404] == [by_parameter.status_code, by_from.status_code]
    assert "The Messaging Service does not exist" == by_from.json()["message"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"To": None, "From": None, "Body": None}, 21604),
        ({"From": None, "Body": None, "To": "me"}, 21603),
        ({"Body": None, "To": "me"}, 21619),
        ({"To": "me", "StatusCallback": "/cb"}, 21609),
        ({"To": "me", "From": "+12025550123"}, 21211),
    ],
)
def test_asks_in_twilios_order(fields, code, send):
    """Presence of To, of a sender, of a text; then formats; then To; then the sender."""
    assert code == send(**fields).json()["code"]


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (None, 35111),
        ("tomorrow", 20001),
        ("2026-06-01T12:05:00", 20001),
        ("2026-06-01 12:05:00Z", 20001),
        ("2026-06-01T12:05:00.000Z", None),
        ("2026-06-01T14:05:00+02:00", None),
        ("2026-06-01T12:04:59Z", 35114),
        ("2026-07-06T12:00:01Z", 35117),
        ("2026-06-01T12:05:00Z", None),
        ("2026-07-06T12:00:00Z", None),
    ],
)
def test_schedules_from_five_minutes_to_thirty_five_days_ahead(at, code, send, sms):
    """Both ends of the window count."""
    sms.clock.freeze("2026-06-01T12:00:00Z")

    answer = send(From=None, MessagingServiceSid="own", ScheduleType="fixed", SendAt=at)

    assert code == answer.json().get("code")


def test_a_schedule_type_other_than_fixed_is_not_supported(send):
    """35126, once there is a service."""
    answer = send(MessagingServiceSid="own", From=None, ScheduleType="weekly")

    assert 35126 == answer.json()["code"]


def test_a_number_of_another_account_is_a_mismatch(send, sms):
    """Numbers that the simulators hand out belong to one account each."""
    own = sms.credentials("twilio")
    foreign = "+15005550007" if own["number"] != "+15005550007" else "+15005550008"

    answer = send(From=foreign).json()

    assert 21660 == answer["code"]
    expected = f"Mismatch between the 'From' number {foreign} and the account {own['account_sid']}"
    assert expected == answer["message"]


def test_a_number_must_be_able_to_send(send, sms):
    """A voice-only number sends nothing, one without MMS no media."""
    voice = {"phone_number": "+12025550101", "capabilities": ["Voice"]}
    plain = {"phone_number": "+12025550102", "capabilities": ["SMS"]}
    sms.settings("twilio", {"twilio/numbers": [voice, plain]})

    assert 21661 == send(From="+12025550101").json()["code"]
    assert 21621 == send(From="+12025550102", MediaUrl="https://a.io/b.png").json()["code"]
    assert 201 == send(From="+12025550102").status_code
    assert 201 == send(From="2025550102").status_code


def test_to_and_from_may_not_be_the_same(send, sms):
    """21266, formerly 21211."""
    number = sms.credentials("twilio")["number"]

    answer = send(To=number).json()

    expected = f"'To' and 'From' number cannot be the same: {number[:-4]}XXXX"
    assert (21266, expected) == (answer["code"], answer["message"])


def test_a_name_reaches_regions_that_take_names(send):
    """An alphanumeric sender is refused for the United States and taken for Britain."""
    answer = send(To="+447700900123", From="Acme Inc")

    assert (201, "Acme Inc") == (answer.status_code, answer.json()["from"])


def test_national_numbers_are_normalised(send):
    """Ten digits are a number of the United States."""
    assert "+12019376882" == send(To="2019376882").json()["to"]


def test_regions_optouts_and_credit_are_judged(send, sms):
    """What the account may not do, in the provider's words."""
    settings = {"regions": {"allowed": ["GB"], "blocked": []}}

    def save(**values):
        sms.simulators.call(lambda: [operations.settle(sms.world, k, v) for k, v in values.items()])

    save(**settings)
    blocked = send().json()
    save(regions=None, optouts=[TO])
    opted_out = send().json()
    save(optouts=None, suspended=True)
    suspended = send()

    assert 21408 == blocked["code"]
    assert blocked["message"].endswith("indicated by the 'To' number: +1415555XXXX")
    assert (21610, "Attempt to send to unsubscribed recipient") == (
        opted_out["code"],
        opted_out["message"],
    )
    assert (403, 20005) == (suspended.status_code, suspended.json()["code"])


def test_a_trial_account_sends_to_verified_numbers_only(send, sms):
    """Its texts begin with a notice; the fifty-first message of a day is one too many."""
    sms.settings("twilio", {"twilio/trial": {"verified": [TO]}})
    sms.clock.freeze("2026-06-01T12:00:00Z")

    unverified = send(To="+14155550100").json()
    accepted = [send().status_code for _ in range(50)]
    capped = send()

    assert 21608 == unverified["code"]
    assert unverified["message"].startswith("The number +1415555XXXX is unverified. Trial accounts")
    assert {201} == set(accepted)
    assert f"Sent from your Twilio trial account - {BODY}" == sms.messages()[0].text
    assert 429 == capped.status_code
    account = sms.credentials("twilio")["account_sid"]
    expected = f"Account {account} exceeded the 50 daily messages limit"
    assert (63038, expected) == (capped.json()["code"], capped.json()["message"])
    assert 21267 == send(From="Acme", To="+447700900123").json()["code"]


def test_a_full_queue_refuses_a_number_and_fails_a_service_later(send, sms):
    """21611 at once for From; with a service 201, and 30001 as the message's end."""
    sms.limits(1 / 36_000)
    sms.clock.freeze("2026-06-01T12:00:00Z")

    statuses = [send().status_code, send().status_code]
    through = send(From=None, MessagingServiceSid="own")
    sms.clock.advance(10)

    assert [201, 429] == statuses
    assert 201 == through.status_code
    (message, _first) = sms.messages()
    assert "30001" == message.lifecycle[-1].error


def test_lists_refuse_what_is_no_page(ask_twilio):
    """A page too large, a token nobody was given, a date that is none."""
    assert 20007 == ask_twilio("GET", "Messages.json?PageSize=1001").json()["code"]
    assert 21481 == ask_twilio("GET", "Messages.json?PageToken=PA1").json()["code"]
    assert 21481 == ask_twilio("GET", "Messages.json?PageToken=PASM" + 32 * "0").json()["code"]
    assert 20001 == ask_twilio("GET", "Messages.json?DateSent=yesterday").json()["code"]


def test_paths_and_methods_nobody_serves_are_refused_in_twilios_words(ask_twilio):
    """20404 names the path, 20004 is a 405; an account SID left out is a path nobody serves."""
    nowhere = ask_twilio("GET", "/2010-04-01/Accounts//Messages.json")
    put = ask_twilio("PUT", "Messages.json", {"Body": "x"})

    text = "The requested resource /2010-04-01/Accounts//Messages.json was not found"
    assert (404, 20404, text) == (
        nowhere.status_code,
        nowhere.json()["code"],
        nowhere.json()["message"],
    )
    assert (405, 20004) == (put.status_code, put.json()["code"])


def test_a_json_body_has_no_parameters(ask_twilio):
    """Only forms are read."""
    answer = ask_twilio("POST", "Messages.json", json={"To": TO, "From": FROM, "Body": BODY})

    assert 21604 == answer.json()["code"]


def test_no_credentials_are_challenged(ask_twilio):
    """401 with the challenge, a detail, and the headers recorded on every answer."""
    answer = ask_twilio("POST", "Messages.json", {"To": TO}, auth=lambda request: request)

    assert 401 == answer.status_code
    assert 'Basic realm="Twilio API"' == answer.headers["WWW-Authenticate"]
    assert "Your AccountSid or AuthToken was incorrect." == answer.json()["detail"]
    assert answer.headers["Twilio-Request-Id"].startswith("RQ")
    assert answer.text.startswith('{"code": 20003, "detail": ')


def test_a_trial_account_sends_no_media(send, sms):
    """By a code that is none, as trial accounts were answered in 2026."""
    sms.settings("twilio", {"twilio/trial": {"verified": [TO]}})

    refused = send(MediaUrl="https://example.com/a.png")

    assert (400, 0) == (refused.status_code, refused.json()["code"])
    assert refused.json()["message"].startswith("Invalid or disallowed parameters provided - trial")
    assert 201 == send().status_code


def test_the_resource_before_2013_takes_160_characters(ask_twilio, sms):
    """Under its own path alone."""
    form = {"To": TO, "From": sms.credentials("twilio")["number"], "Body": 161 * "a"}

    old, new = (ask_twilio("POST", path, form) for path in ("SMS/Messages.json", "Messages.json"))

    assert [(400, 21605), (201, None)] == [
        (answer.status_code, answer.json().get("code")) for answer in (old, new)
    ]


def test_the_page_of_20503_is_named_by_its_status(send, sms):
    """All others are named by their codes."""
    sms.script({"match": {}, "effect": {"error": "20503"}})

    refused = send()

    assert (503, "https://www.twilio.com/docs/errors/503") == (
        refused.status_code,
        refused.json()["more_info"],
    )
