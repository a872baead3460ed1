"""Recorded requests, replayed byte for byte over TLS under Tencent's host name."""

import json
import re

import pytest

CLIENTS = (
    "logto-tencent-sms",
    "tencent-python",
    "tencent-python-tc3-get",
    "tencent-python-hmacsha1-get",
    "tencent-python-hmacsha256-post",
)

MISMATCH = "FailedOperation.TemplateParamSetNotMatchApprovedTemplate"
FORMAT = "InvalidParameterValue.TemplateParameterFormatError"
NUMBER = "InvalidParameterValue.IncorrectPhoneNumber"
DOMESTIC = "UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone"

# What Tencent would refuse too, and why; the other recorded requests are right.
REFUSED = {
    ("logto-tencent-sms", "payload-context"): MISMATCH,  # ui_locales and objects leak in as values
    ("logto-tencent-sms", "payload-link"): FORMAT,  # a link in a code template
    ("logto-tencent-sms", "unicode"): FORMAT,  # a code that is no digits
    ("logto-tencent-sms", "to-dk-noplus"): NUMBER,  # abroad without a plus
    ("logto-tencent-sms", "to-ru-noplus"): NUMBER,  # the same
    ("logto-tencent-sms", "to-us-e164"): DOMESTIC,  # a number abroad for a domestic template
    ("tencent-python", "unicode"): MISMATCH,  # two values for a template of one
    ("tencent-python-tc3-get", "unicode"): MISMATCH,  # the same
    ("tencent-python-hmacsha1-get", "unicode"): MISMATCH,  # the same
    ("tencent-python-hmacsha256-post", "unicode"): MISMATCH,  # the same
}


def timestamp(request):
    """When the request was signed, in version 3 by header, in version 1 by parameter."""
    headers = {name.lower(): value for name, value in request["headers"]}
    said = headers.get("x-tc-timestamp")
    return int(said or re.search(r"Timestamp=(\d+)", request["target"] + request["body"])[1])


@pytest.fixture
def then(default, replay):
    """Replays a request with an empty world and the clock where it was when it was signed."""

    def send(request, at=None):
        def prepare():
            default.world.reset()
            default.world.clock.freeze(timestamp(request) if at is None else at)

        default.simulators.call(prepare)
        return replay(request)

    return send


@pytest.mark.parametrize("client", CLIENTS)
def test_answers_every_recorded_request_as_tencent_would(client, default, then, captures):
    """Each number is sent to, or refused for the reason that is noted for its case."""
    for capture in captures(client):
        (request,) = capture["requests"]
        answer = then(request)
        rows = answer.json()["Response"]["SendStatusSet"]
        expected = REFUSED.get((client, capture["case"]), "Ok")

        assert 200 == answer.status
        assert "application/json" == answer.headers["content-type"]
        assert {expected} == {row["Code"] for row in rows}, capture["case"]
        assert (len(rows) if expected == "Ok" else 0) == len(default.messages())


@pytest.mark.parametrize("client", CLIENTS)
def test_a_signature_that_is_off_by_one_character_is_refused(client, then, captures):
    """Another last character of the signature, in header, query or form."""
    request = captures(client)[0]["requests"][0]
    spoilt = json.loads(
        re.sub(
            r"(Signature=)([^&\"]{20})(.)",
            lambda m: m[1] + m[2] + ("0" if m[3] != "0" else "1"),
            json.dumps(request),
        )
    )

    answer = then(spoilt)

    assert request != spoilt
    assert "AuthFailure.SignatureFailure" == answer.json()["Response"]["Error"]["Code"]


@pytest.mark.parametrize("client", CLIENTS)
def test_a_request_with_one_signed_byte_changed_is_refused(client, then, captures):
    """Another digit in the code that is sent: it is in the body or the query, both signed."""
    request = next(
        c["requests"][0] for c in captures(client) if c["case"] in ("basic", "usage-SignIn")
    )
    spoilt = json.loads(json.dumps(request).replace("123456", "123457"))

    answer = then(spoilt)

    assert "AuthFailure.SignatureFailure" == answer.json()["Response"]["Error"]["Code"]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(("late", "code"), [(300, None), (301, "E"), (-300, None), (-301, "E")])
def test_a_signature_holds_for_five_minutes_either_way(client, late, code, then, captures):
    """The clock may differ by 300 seconds, not by 301."""
    request = captures(client)[-1]["requests"][0]

    response = then(request, at=timestamp(request) + late).json()["Response"]

    if code is None:
        assert "SendStatusSet" in response
    else:
        assert {
            "Code": "AuthFailure.SignatureExpire",
            "Message": "The signature is expired, please request again.",
        } == response["Error"]


def test_a_local_eleven_digit_number_of_another_country_is_taken_for_chinese(then, captures):
    """Logto drops the plus, so an American number that begins with 155 goes to China Unicom."""
    request = next(
        c["requests"][0] for c in captures("logto-tencent-sms") if c["case"] == "to-us-noplus"
    )

    (row,) = then(request).json()["Response"]["SendStatusSet"]

    assert ("+8615551234567", "CN", "Ok") == (row["PhoneNumber"], row["IsoCode"], row["Code"])


def test_every_way_to_write_a_mainland_number_is_one_number(then, captures):
    """With +86, 0086, 86 or nothing before it."""
    cases = {c["case"]: c["requests"][0] for c in captures("logto-tencent-sms")}

    found = {
        then(cases[case]).json()["Response"]["SendStatusSet"][0]["PhoneNumber"]
        for case in ("to-cn-0086", "to-cn-e164", "to-cn-national", "usage-SignIn")
    }

    assert {"+8613012345678"} == found


def test_the_inbox_shows_what_the_phone_would(default, then, captures):
    """The signature in brackets, then the template with its value."""
    then(next(c["requests"][0] for c in captures("tencent-python") if c["case"] == "basic"))

    (message,) = default.messages()

    assert "【腾讯云】您的验证码是123456，5分钟内有效。" == message.text
    assert "123456" == default.wait_for_code("+8613012345678")
