"""Twilio Verify by twilio-python, of which only its base URL is changed: what becomes of a
verification, every refusal that follows from an input, rate limits, attempts, services."""

import re
from types import SimpleNamespace

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from simulators.kernel import judges, operations
from simulators.kernel.catalogue import Problem
from simulators.kernel.provider import Draft
from simulators.kernel.templates import Template, update_templates
from simulators.providers.twilio_verify import PROVIDER, create

TO, OTHER = "+14155550101", "+14155550102"


@pytest.fixture
def known(sms):
    return sms.credentials("twilio_verify")


@pytest.fixture
def client(sms, known):
    made = Client(known["account_sid"], known["auth_token"])
    made.verify.base_url = made.lookups.base_url = sms.base_url("twilio_verify")
    return made


@pytest.fixture
def service(client, known):
    """The account's own service."""
    return client.verify.v2.services(known["verify_service_sid"])


@pytest.fixture
def later(sms):
    """Stops the clock; what it returns moves it on."""
    sms.clock.freeze("2026-06-01T12:00:00Z")
    return sms.clock.advance


@pytest.fixture
def start(service):
    """Starts a verification by SMS."""

    def started(to=TO, channel="sms", **more):
        return service.verifications.create(to=to, channel=channel, **more)

    return started


@pytest.fixture
def check(service):
    """Checks a code, by the number."""
    return lambda code, to=TO: service.verification_checks.create(to=to, code=code)


@pytest.fixture
def ask(sms, known):
    """Asks below the account's own service, or another path that begins with a slash."""

    def send(method, path, data=None, **more):
        below = f"/v2/Services/{known['verify_service_sid']}/{path}"
        url = sms.base_url("twilio_verify") + (path if path.startswith("/") else below)
        more.setdefault("auth", (known["account_sid"], known["auth_token"]))
        return requests.request(method, url, data=data, timeout=10, **more)

    return send


def refused(call, *given, **more):
    """The code, HTTP status and text of what an SDK throws."""
    with pytest.raises(TwilioRestException) as caught:
        call(*given, **more)
    return caught.value.code, caught.value.status, caught.value.msg.partition(": ")[2]


def wrong(code):
    """A code of the same length that is another one."""
    return str((int(code) + 1) % 10 ** len(code)).zfill(len(code))


def settle(sms, name, value):
    sms.simulators.call(lambda: operations.settle(sms.world, name, value))


GONE = (20404, 404)


def test_the_right_code_approves_it_once(sms, service, start, check, known):
    """The code is in the inbox; afterwards nothing tells it from one that never was."""
    sent = start()
    (message,) = sms.messages()
    right = check(message.code)

    assert f"Your My Verify Service verification code is: {message.code}" == message.text
    assert re.fullmatch("[0-9]{6}", message.code)
    assert ("pending", False, "sms", TO) == (sent.status, sent.valid, sent.channel, sent.to)
    assert [message.id] == [attempt["attempt_sid"] for attempt in sent.send_code_attempts]
    assert ("approved", True, sent.sid) == (right.status, right.valid, right.sid)
    path = f"/v2/Services/{known['verify_service_sid']}"
    gone = f"The requested resource {path}/VerificationCheck was not found"
    assert (*GONE, gone) == refused(check, message.code)
    assert (*GONE, f"The requested resource {path}/Verifications/{sent.sid} was not found") == (
        refused(service.verifications(sent.sid).fetch)
    )
    assert refused(check, "123456", OTHER)[:2] == GONE


def test_five_wrong_codes_are_no_error_and_the_sixth_check_is(start, check, later, sms):
    """The right one neither, until the ten minutes are over; nor is another verification started
    before."""
    start()
    code = sms.wait_for_code(TO)
    found = [check(wrong(code)) for _ in range(5)]
    assert [("pending", False)] * 5 == [(one.status, one.valid) for one in found]

    for _ in range(2):
        assert (60202, 429, "Max check attempts reached") == refused(check, code)
    assert (60202, 429, "Max check attempts reached") == refused(start)
    later(599)
    assert 60202 == refused(check, code)[0]
    later(1)
    assert refused(check, code)[:2] == GONE
    assert start().sid.startswith("VE")


def test_a_used_up_verification_may_be_canceled(service, start, check):
    """And then another be started."""
    sent = start()
    for _ in range(5):
        check("0000000000")
    assert "max_attempts_reached" == service.verifications(sent.sid).fetch().status

    assert "canceled" == service.verifications(sent.sid).update(status="canceled").status
    assert start().sid != sent.sid


def test_a_second_create_sends_the_same_code_again(sms, start, check, later):
    """The same verification, another attempt; the sixth is refused, and the ten minutes are those
    of the first. After them all is new."""
    first = start()
    for _ in range(4):
        later(60)
        again = start(channel="call")
    codes = {message.code for message in sms.messages()}

    assert (first.sid, "call", 5) == (again.sid, again.channel, len(again.send_code_attempts))
    assert ["sms", "call"] == [one["channel"] for one in again.send_code_attempts[:2]]
    assert 1 == len(codes)
    assert (60203, 429, "Max send attempts reached") == refused(start)
    later(360)
    assert refused(check, codes.pop())[:2] == GONE
    anew = start()
    assert (True, 1) == (anew.sid != first.sid, len(anew.send_code_attempts))


def test_one_of_two_creates_at_the_same_moment_is_refused(sms, start, check, monkeypatch):
    """The one that finds a verification where it saw none: its code is not sent, and the other's
    cannot be checked before it is."""
    real = judges.region
    begun = []

    def meanwhile(exchange, draft):
        if not begun:
            begun.append(draft.code)
            other = Draft(draft.number, code="7777777", details={**draft.details})
            other.details["verification"] = "VE" + "7" * 32
            assert create.claimed(exchange, other) is None
        return real(exchange, draft)

    monkeypatch.setattr(create, "judges", SimpleNamespace(region=meanwhile))
    said = "Too many concurrent requests for phone number"
    assert (60212, 429, said) == refused(start)
    assert [] == sms.messages()
    assert refused(check, begun[0])[:2] == GONE
    assert "VE" + "7" * 32 == start().sid


@pytest.mark.parametrize("end", ["approved by a check", "approved", "canceled"])
def test_what_ends_a_verification_lets_five_more_be_sent(end, sms, service, start, check):
    """By a check, or by the application, which names it by its SID or its number."""
    for _ in range(5):
        sent = start()
    if end == "approved by a check":
        check(sms.wait_for_code(TO))
    else:
        told = service.verifications(sent.sid if end == "approved" else TO).update(status=end)
        assert (end, end == "approved") == (told.status, told.valid)
        assert refused(service.verifications(sent.sid).update, status=end)[:2] == GONE

    assert sent.sid != start().sid


@pytest.mark.sms_allow_violations
def test_services_and_accounts_do_not_meet(client, service, start, sms):
    """A number has a verification in each; the SID of one is none in another."""
    other = client.verify.v2.services.create(friendly_name="Another", code_length=8)
    sent = start()
    (message,) = sms.messages()
    there = client.verify.v2.services(other.sid)

    assert refused(there.verification_checks.create, to=TO, code=message.code)[:2] == GONE
    assert refused(there.verifications(sent.sid).fetch)[:2] == GONE
    there.verifications.create(to=TO, channel="sms")
    text = sms.messages()[0].text
    assert re.fullmatch("Your Another verification code is: [0-9]{8}", text)
    by_sid = service.verification_checks.create(verification_sid=sent.sid, code=message.code)
    assert "approved" == by_sid.status
    assert refused(service.verification_checks.create, code="1234")[:2] == (60221, 400)
    clash = {"verification_sid": there.verifications(TO).fetch().sid, "to": TO}
    assert refused(service.verification_checks.create, code="1234", **clash)[:2] == GONE


def test_a_code_of_the_application_s_own(client, start, check, sms):
    """Where the service takes them; with another one for the same number that one counts."""
    start(custom_code="aB12")
    start(custom_code="7777777777")

    assert ["7777777777", "aB12"] == [message.code for message in sms.messages()]
    assert "pending" == check("aB12").status
    assert "approved" == check("7777777777").status

    made = client.verify.v2.services.create(friendly_name="Strict")
    there = client.verify.v2.services(made.sid)
    create = there.verifications.create
    assert (60204, 403, "Custom code not allowed") == refused(
        create, to=TO, channel="sms", custom_code="1234"
    )
    there.update(custom_code_enabled=True)
    assert "pending" == create(to=TO, channel="sms", custom_code="1234").status


@pytest.mark.parametrize(
    ("given", "code", "status", "said"),
    [
        ({"to": "14155550101"}, 60200, 400, "Invalid parameter `To`: 14155550101"),
        ({"to": "+1415"}, 60200, 400, "Invalid parameter `To`: +1415"),
        ({"to": "whatsapp:" + TO}, 60200, 400, f"Invalid parameter `To`: whatsapp:{TO}"),
        ({"to": ""}, 20001, 400, "Missing required parameter To in the post body"),
        ({"channel": ""}, 20001, 400, "Missing required parameter Channel in the post body"),
        ({"channel": "SMS"}, 60200, 400, "Invalid parameter: Channel"),
        ({"channel": "email", "to": "a@example.com"}, 60217, 400, "Invalid Service configuration"),
        ({"channel": "sna"}, 60223, 400, "Delivery channel disabled: SNA"),
        ({"custom_code": "123"}, 60200, 400, "Invalid parameter: CustomCode"),
        ({"custom_message": "Your code is {}"}, 60243, 400, "Custom messages are not supported"),
        ({"locale": "xx"}, 60200, 400, "Invalid parameter: Locale"),
        ({"channel": "call", "locale": "xx"}, 60331, 400, "Locale requested is not supported"),
        ({"channel": "call", "app_hash": "He42w354ol9"}, 60602, 400, "App hash can only be used"),
        ({"risk_check": "off"}, 60200, 400, "Invalid parameter: RiskCheck"),
        ({"tags": "[1]"}, 60200, 400, "Invalid parameter: Tags"),
        ({"tags": r'{"a": "\ud800"}'}, 60200, 400, "Invalid parameter: Tags"),
        ({"tags": '{"a": 1}'}, 60200, 400, "Invalid parameter: Tags"),
        ({"tags": str(dict.fromkeys("abcdefghijk", "x")).replace("'", '"')}, 60200, 400, "Invalid"),
        ({"rate_limits": {"nobody": "x"}}, 60200, 400, "Invalid parameter: RateLimits"),
        ({"template_sid": "HJ" + "0" * 32}, 60228, 400, "Template was not found"),
        ({"template_sid": "HX" + "0" * 32}, 60200, 400, "Invalid parameter: TemplateSid"),
        ({"template_sid": "HJ" + "0" * 32, "channel": "whatsapp"}, 60408, 400, "TemplateSid is"),
        ({"custom_friendly_name": "x" * 500}, 60247, 400, "Message Length Exceeded"),
    ],
)
@pytest.mark.sms_allow_violations
def test_what_is_wrong_with_a_create(given, code, status, said, sms, start):
    """By the parameter, in the words of logs where there are any; nothing is sent, and no
    verification is under way."""
    told = refused(start, **given)

    assert (code, status) == told[:2]
    assert told[2].startswith(said)
    assert [] == sms.messages()


@pytest.mark.parametrize(
    ("form", "key"),
    [
        ({"To": TO}, "20001/parameter"),
        ({"To": TO, "Code": "123"}, "60200/code"),
        ({"To": TO, "Code": "12345678901"}, "60200/code"),
        ({"To": "4155550101", "Code": "123456"}, "60200/to"),
        ({"Code": "123456"}, "60221"),
        ({"VerificationSid": "VE" + "0" * 32, "Code": "123456"}, "20404"),
    ],
)
@pytest.mark.sms_allow_violations
def test_what_is_wrong_with_a_check(form, key, ask, start, check, sms):
    """None of it counts as a check."""
    start()
    row = PROVIDER.catalogue[key]
    for _ in range(6):
        answer = ask("POST", "VerificationCheck", form)
        assert (row.http_status, row.code) == (answer.status_code, answer.json()["code"])

    assert "approved" == check(sms.wait_for_code(TO)).status


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/v2/Services/AC0123456789abcdef0123456789abcdef/Verifications", 60200),
        ("/v2/Services/VA0123456789abcdef0123456789abcdef/Verifications", 20404),
    ],
)
@pytest.mark.sms_allow_violations
def test_the_wrong_service(path, code, ask):
    """An SID of another kind is told from one that nobody has."""
    answer = ask("POST", path, {"To": TO, "Channel": "sms"})

    assert (code, f"https://www.twilio.com/docs/errors/{code}") == (
        answer.json()["code"],
        answer.json()["more_info"],
    )


def test_who_asks(ask, known, start):
    """A key of the account does; test credentials do not, and a wrong token is told as ever."""
    send = ("POST", "Verifications", {"To": TO, "Channel": "sms"})
    key = (known["api_key_sid"], known["api_key_secret"])
    test = (known["test_account_sid"], known["test_auth_token"])
    wrong_token = ask(*send, auth=(known["account_sid"], "wrong"))

    assert 201 == ask(*send, auth=key).status_code
    assert 20008 == ask(*send, auth=test).json()["code"]
    assert {"code": 20003, "detail": "", "message": "Authenticate", "status": 401} == {
        name: value for name, value in wrong_token.json().items() if name != "more_info"
    }
    assert 'Basic realm="Twilio API"' == wrong_token.headers["www-authenticate"]
    assert "verify.twilio.com" == wrong_token.headers["x-api-domain"]


def test_a_verification_has_no_error_keys(ask):
    """A client that declares them as texts would fail on anything else: Supabase's does."""
    answer = ask("POST", "Verifications", {"To": TO, "Channel": "sms"}).json()

    assert not {"error_code", "error_message"} & answer.keys()


def test_fetching_too_often_is_refused(service, start, later):
    """Sixty times a minute, and a hundred and eighty an hour."""
    sent = start()
    fetch = service.verifications(sent.sid).fetch
    for _minute in range(3):
        for _ in range(60):
            fetch()
        assert (20429, 429, "Too many requests") == refused(fetch)
        later(60)
    assert 20429 == refused(fetch)[0]


def test_where_nothing_is_sent(sms, client, start):
    """Blocked regions, prefixes and channels, unverified numbers of a trial; the safe list and
    RiskCheck=disable pass the first two."""
    settle(sms, "regions", {"allowed": None, "blocked": ["US"]})
    geo = refused(start)
    settle(sms, "regions", None)
    sms.settings("twilio_verify", {"twilio_verify/blocked_prefixes": ["+1415555"]})
    fraud = refused(start)

    blocked = "The destination phone number has been blocked by Verify Geo-Permissions."
    assert (60605, 403) == geo[:2]
    assert f"{blocked} US is blocked for sms channel for all services" == geo[2]
    assert (60410, 403) == fraud[:2]
    assert fraud[2].endswith("+1415555 prefix is blocked for the SMS channel")
    assert "pending" == start(risk_check="disable").status
    client.verify.v2.safelist.create(phone_number=OTHER)
    assert "pending" == start(OTHER).status
    assert 60411 == refused(client.verify.v2.safelist.create, phone_number=OTHER)[0]
    assert OTHER == client.verify.v2.safelist(OTHER).fetch().phone_number
    assert client.verify.v2.safelist(OTHER).delete()
    assert 60410 == refused(start, OTHER)[0]
    assert 20404 == refused(client.verify.v2.safelist(OTHER).fetch)[0]

    settings = {"twilio_verify/blocked_prefixes": None, "twilio_verify/channels_off": ["whatsapp"]}
    sms.settings("twilio_verify", settings)
    told = refused(start, OTHER, channel="whatsapp")
    assert (60223, 400, "Delivery channel disabled: WHATSAPP") == told
    sms.settings("twilio", {"twilio/trial": {"verified": [TO]}})
    assert (21608, 403) == refused(start, OTHER)[:2]
    assert "pending" == start(TO).status


def test_a_landline_is_skipped_where_numbers_are_looked_up(sms, client, start, service):
    """By what the account says of the line, else by the metadata; a call reaches it."""
    landline = "+442079460000"  # a range of London's
    sms.settings("twilio_verify", {"twilio_verify/lines": {TO: {"type": "landline"}}})
    assert {} == start(TO).lookup
    service.update(lookup_enabled=True)

    for to in (TO, landline):
        assert (60205, 403) == refused(start, to)[:2]
    assert "landline" == start(TO, channel="call").lookup["carrier"]["type"]
    service.update(skip_sms_to_landlines=False)
    assert "pending" == start(TO).status


def test_a_payment_is_checked_with_its_amount_and_payee(service, start, sms):
    """Where the service is for payments; a code alone is then wrong."""
    service.update(psd2_enabled=True)
    paid = {"amount": "$39.99", "payee": "Acme"}
    assert (60206, 400) == refused(start)[:2]
    assert (60214, 400) == refused(start, channel="call", **paid)[:2]
    assert "$39.99" == start(**paid).amount
    code = sms.wait_for_code(TO)

    def checked(**given):
        return service.verification_checks.create(to=TO, code=code, **given).status

    assert ["pending", "pending"] == [checked(), checked(amount="$40", payee="Acme")]
    assert "approved" == checked(**paid)


def test_texts(service, start, sms, known):
    """The warning not to share, the hash of an app, a name in place of the service's, a template
    with variables of its own."""

    def text(**given):
        start(**given)
        message = sms.messages()[0]
        return message.text.replace(message.code, "CODE")

    assert "<#> Your Acme verification code is: CODE He42w354ol9" == text(
        app_hash="He42w354ol9", custom_friendly_name="Acme"
    )
    service.update(do_not_share_warning_enabled=True, friendly_name="Shop")
    warning = ". Don\u2019t share this code with anyone; our employees will never ask for the code"
    assert f"Your Shop verification code is: CODE{warning}" == text()
    sid = "HJ" + "a" * 32
    template = Template(sid, "{{code}} is for {{what}} at {{friendly_name}}, for {{ttl}} minutes")
    sms.simulators.call(
        lambda: update_templates(sms.world, PROVIDER, lambda all_: all_.update({sid: template}))
    )
    given = {"template_sid": sid, "template_custom_substitutions": '{"what": "dinner"}'}
    assert "CODE is for dinner at Shop, for 10 minutes" == text(**given)
    assert (60224, 400) == refused(start, template_sid=sid)[:2]


def test_templates_are_listed(client):
    """Those of the account, with their text in English."""
    (template,) = client.verify.v2.templates.list()

    assert "HJ0123456789abcdef0123456789abcdef" == template.sid
    assert "{{code}}" in template.translations["en"]["text"]
    assert [] == client.verify.v2.templates.list(friendly_name="another")


@pytest.mark.sms_allow_violations
def test_a_messaging_service_sends_to_its_country(client, service, start, sms, known):
    """By its first sender, all others by Twilio's own; a country has one configuration."""
    configurations = service.messaging_configurations
    mg = known["messaging_service_sid"]
    made = configurations.create(country="US", messaging_service_sid=mg)
    start()
    start("+447700900123")

    assert [known["number"], "Verify"] == [message.sender for message in sms.messages()][::-1]
    assert ["US"] == [one.country for one in configurations.list()]
    assert 60213 == refused(configurations.create, country="US", messaging_service_sid=mg)[0]
    assert 60200 == refused(configurations.create, country="usa", messaging_service_sid=mg)[0]
    one = service.messaging_configurations("US")
    assert (
        "MG" + "1" * 32 == one.update(messaging_service_sid="MG" + "1" * 32).messaging_service_sid
    )
    assert made.date_created == one.fetch().date_created
    assert one.delete()
    assert 20404 == refused(one.fetch)[0]


def test_a_rate_limit_counts_each_value_in_each_of_its_buckets(service, start, later, ask):
    """A limit without a bucket limits nothing, nor does a create that does not name it; who is
    refused is told for how long."""
    limit = service.rate_limits.create(unique_name="end.user_ip", description="by address")
    own = service.rate_limits(limit.sid)
    numbers = iter(f"+141555501{n}" for n in range(10, 99))
    home, away = {"end.user_ip": "203.0.113.7"}, {"end.user_ip": "203.0.113.8"}
    for _ in range(3):
        start(next(numbers), rate_limits=home)
    bucket = own.buckets.create(max=2, interval=60)
    own.buckets.create(max=3, interval=3600)
    for _ in range(2):
        start(next(numbers), rate_limits=home)
    later(10)

    full = ask(
        "POST",
        "Verifications",
        {"To": next(numbers), "Channel": "sms", "RateLimits": '{"end.user_ip":"203.0.113.7"}'},
    )
    assert (429, 20429, "Too many requests") == (
        full.status_code,
        full.json()["code"],
        full.json()["message"],
    )
    assert ("50", "end.user_ip") == (
        full.headers["retry-after"],
        full.headers["twilio-reached-rate-limit"],
    )
    start(next(numbers))
    start(next(numbers), rate_limits=away)
    later(50)
    start(next(numbers), rate_limits=home)
    later(60)
    assert 20429 == refused(start, next(numbers), rate_limits=home)[0]  # three in the hour
    assert [60, 3600] == [one.interval for one in own.buckets.list()]
    assert 5 == own.buckets(bucket.sid).update(max=5).max
    assert 60211 == refused(own.buckets(bucket.sid).update, interval=3600)[0]
    assert own.delete()
    assert 20404 == refused(own.fetch)[0]
    assert 60200 == refused(start, next(numbers), rate_limits=home)[0]


@pytest.mark.sms_allow_violations
def test_what_is_wrong_with_a_rate_limit(service):
    """Names that are taken or malformed, buckets that are there or none, one too many of each."""
    create = service.rate_limits.create
    limit = create(unique_name="a")
    own = service.rate_limits(limit.sid)
    buckets = own.buckets

    assert "by address" == own.update(description="by address").description
    assert [60208, 60209] == [refused(create, unique_name=name)[0] for name in ("a", "by ip")]
    assert 20001 == refused(create, unique_name="")[0]
    for wrong_one in ({"max": 0, "interval": 60}, {"max": 1, "interval": "1m"}):
        assert 60200 == refused(buckets.create, **wrong_one)[0]
    for n in range(1, 20):
        create(unique_name=f"a{n}")
        buckets.create(max=1, interval=n)
    buckets.create(max=1, interval=20)
    assert 60207 == refused(create, unique_name="one-more")[0]
    assert 60211 == refused(buckets.create, max=1, interval=20)[0]
    assert 60210 == refused(buckets.create, max=1, interval=21)[0]
    assert 20 == len(service.rate_limits.list())
    (bucket, *_) = buckets.list()
    assert 1 == own.buckets(bucket.sid).fetch().max
    assert own.buckets(bucket.sid).delete()
    assert 20404 == refused(own.buckets(bucket.sid).fetch)[0]


@pytest.mark.sms_allow_violations
def test_services(client, known):
    """Made, changed, listed and deleted; what hangs on one goes with it."""
    services = client.verify.v2.services
    made = services.create(friendly_name="Acme", code_length=4, totp_skew=2, whatsapp_from="+1")
    own = services(made.sid)

    assert (4, False, True) == (
        made.code_length,
        made.lookup_enabled,
        made.skip_sms_to_landlines,
    )
    assert ("Acme", 2, "+1") == (made.totp["issuer"], made.totp["skew"], made.whatsapp["from"])
    assert made.links["verification_checks"].endswith(f"/{made.sid}/VerificationCheck")
    assert "New" == own.update(friendly_name="New", tts_name="New!").friendly_name
    assert [made.sid, known["verify_service_sid"]] == [one.sid for one in services.list()]
    for given in ({"code_length": 3}, {"friendly_name": "x" * 33}, {"totp_skew": 3}):
        assert 60200 == refused(own.update, **given)[0]
    assert 60200 == refused(own.update, lookup_enabled="perhaps")[0]
    assert 20001 == refused(services.create, friendly_name="")[0]
    assert 4 == own.fetch().code_length
    assert own.delete()
    assert 20404 == refused(own.fetch)[0]
    assert [known["verify_service_sid"]] == [one.sid for one in services.list()]


@pytest.mark.sms_allow_violations
def test_attempts_are_listed_and_counted(client, start, check, sms, later, ask):
    """Newest first; of an approved verification the last attempt was converted."""
    start()
    later(5)
    start(channel="whatsapp")
    later(5)
    start("+447700900123")
    check(sms.wait_for_code(TO))
    attempts = client.verify.v2.verification_attempts

    found = attempts.list(page_size=2)
    assert ["unconverted", "converted", "unconverted"] == [one.conversion_status for one in found]
    assert ["sms", "whatsapp", "sms"] == [one.channel for one in found]
    status = [one.channel_data["status"] for one in found]
    assert ["unconfirmed", "confirmed", "expired"] == status
    assert ["queued", "delivered", "delivered"] == [
        one.channel_data["message_status"] for one in found
    ]
    assert "GB" == found[0].channel_data["country"]
    assert found[1].sid == attempts(found[1].sid).fetch().sid
    assert 20404 == refused(attempts("VL" + "0" * 32).fetch)[0]
    filters = [
        {"channel_data_to": TO},
        {"country": "GB"},
        {"channel": "whatsapp"},
        {"status": "converted"},
        {"date_created_after": "2026-06-01T12:00:05Z"},
        {"date_created_before": "2026-06-01T12:00:05Z"},
        {"verification_sid": found[0].verification_sid},
        {"verify_service_sid": "VA" + "0" * 32},
    ]
    assert [2, 1, 1, 1, 2, 2, 1, 0] == [len(attempts.list(**one)) for one in filters]
    summary = client.verify.v2.verification_attempts_summary().fetch()
    assert (3, 1, 2) == (
        summary.total_attempts,
        summary.total_converted,
        summary.total_unconverted,
    )
    assert "33.333333333" == str(summary.conversion_rate_percentage)
    for query in ("DateCreatedAfter=yesterday", "Status=approved"):
        assert 60200 == ask("GET", f"/v2/Attempts?{query}").json()["code"]


@pytest.mark.parametrize(
    ("text", "country", "said"),
    [
        ("+14159929960", None, ("US", "1", "(415) 992-9960", [])),
        ("(415) 992-9960", None, ("US", "1", "(415) 992-9960", [])),
        ("020 7946 0000", "GB", ("GB", "44", "020 7946 0000", [])),
        ("+141599299601", None, (None, None, None, ["TOO_LONG"])),
        ("+1415", None, (None, None, None, ["TOO_SHORT"])),
        ("+999123456789", None, (None, None, None, ["INVALID_COUNTRY_CODE"])),
        ("+15555555555", None, (None, None, None, ["INVALID_BUT_POSSIBLE"])),
        ("nobody", None, (None, None, None, ["NOT_A_NUMBER"])),
    ],
)
def test_lookup_says_what_a_number_is(text, country, said, client):
    """One that is none is no error."""
    given = {"country_code": country} if country else {}
    found = client.lookups.v2.phone_numbers(text).fetch(**given)

    assert said == (
        found.country_code,
        found.calling_country_code,
        found.national_format,
        found.validation_errors,
    )
    assert found.valid is not bool(said[-1])
    assert found.phone_number == text or not (said[-1] or text.startswith("+"))


def test_lookup_s_packages_are_those_that_were_asked_for(client, sms):
    """The line by the metadata, or as the account says; others are not enabled."""
    line = {"type": "nonFixedVoip", "carrier_name": "Example", "mobile_country_code": "310"}
    sms.settings("twilio_verify", {"twilio_verify/lines": {TO: line}})

    def fetch(number, fields):
        return client.lookups.v2.phone_numbers(number).fetch(fields=fields)

    assert fetch("+14159929960", "validation").line_type_intelligence is None
    assert (
        "tollFree" == fetch("+18002345678", "line_type_intelligence").line_type_intelligence["type"]
    )
    found = fetch(TO, "line_type_intelligence,caller_name")
    assert {**line, "error_code": None, "mobile_network_code": None} == found.line_type_intelligence
    assert {"error_code": 60606} == found.caller_name


def test_a_message_that_failed_changes_no_verification(sms, client, start, check):
    """It shows in the attempt alone."""
    sms.script({"match": {"to": TO}, "effect": {"receipt": {"state": "undelivered"}}})
    start()
    sms.clock.advance(60)
    (attempt,) = client.verify.v2.verification_attempts.list()

    assert "undelivered" == attempt.channel_data["message_status"]
    assert "approved" == check(sms.messages()[0].code).status


@pytest.mark.parametrize("problem", [Problem.SUSPENDED, Problem.NO_CREDIT])
def test_an_account_that_may_not(problem, sms, start):
    """It is told as Programmable Messaging tells it."""
    name, value = {Problem.SUSPENDED: ("suspended", True)}.get(problem, ("balance", 0))
    settle(sms, name, value)

    assert (20005, 403, "Account not active") == refused(start)
