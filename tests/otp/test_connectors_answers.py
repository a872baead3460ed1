"""What Logto's connectors were seen to make of answers, and what careful ones make of them."""

import json
from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simulators.otp.connector import ConnectorError, Crash, Incoming
from simulators.otp.errors import Refused
from simulators.otp.factories import CONNECTORS

TWILIO = CONNECTORS["twilio-short-message-service"]
VONAGE = CONNECTORS["vonage-sms"]
GATEWAYAPI = CONNECTORS["gatewayapi-sms"]
SMSAERO = CONNECTORS["smsaero-short-message-service"]
ALIYUN = CONNECTORS["aliyun-short-message-service"]
MAS = CONNECTORS["aliyun-short-message-auth-service"]
TENCENT = CONNECTORS["tencent-short-message-service"]
HTTP = CONNECTORS["http-sms"]
YUNPIAN = CONNECTORS["yunpian-sms"]
SMSBAO = CONNECTORS["smsbao-sms"]
WHATSAPP = CONNECTORS["whatsapp-short-message-service"]
# They look at the status alone, and hand on the body.
BLIND = (TWILIO, GATEWAYAPI, SMSAERO, HTTP)
HTML = "<html><body>{}</body></html>"


def answer(status, body, content_type="application/json"):
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    return Incoming(status, text.encode(), content_type)


def refused(read, *came, code="general"):
    """The data of the refusal that a reading makes of an answer."""
    with pytest.raises(ConnectorError) as caught:
        read(answer(*came))
    assert code == caught.value.code
    return caught.value.data


@pytest.mark.parametrize("connector", BLIND, ids=lambda c: c.id)
@pytest.mark.parametrize("body", ["", "not json", HTML.format(200), '{"sid": "SM12'])
@pytest.mark.parametrize("status", [200, 201, 202, 204, 304])
def test_a_good_status_is_enough_for_most(status, body, connector):
    """Whatever the body is."""
    connector.faithful(answer(status, body))


def test_sms_aero_is_believed_whatever_it_says():
    """`success: false` under HTTP 200 counts as sent."""
    for body in (
        {"success": False, "message": "x"},
        {"result": "reject"},
        {"result": "no credits"},
    ):
        SMSAERO.faithful(answer(200, body))


@pytest.mark.parametrize("connector", BLIND, ids=lambda c: c.id)
@pytest.mark.parametrize("status", [302, 400, 401, 404, 429, 500, 502, 503])
def test_a_bad_status_is_told_with_the_raw_body(status, connector):
    """As a text, JSON too, and 429 is no limit to them."""
    for body in ('{"code": 20429, "message": "Too Many Requests"}', HTML.format(status), ""):
        assert body == refused(connector.faithful, status, body)


def vonage(*statuses, count=None):
    messages = [{"status": status, "error-text": "words"} for status in statuses]
    return {"message-count": count or str(len(statuses)), "messages": messages}


@pytest.mark.parametrize("status", ["1", "2", "4", "9", "14", 0])
def test_vonages_words_are_lost(status):
    """Every status but the text 0 fails, and says the same."""
    said = refused(VONAGE.faithful, 200, vonage(status))

    assert "Some SMS messages failed to send" == said


def test_one_part_of_vonages_that_fails_is_a_failure():
    """The count is a text, so that the SDK never finds that all have failed; a number is found."""
    assert "Some SMS messages failed to send" == refused(VONAGE.faithful, 200, vonage("0", "5"))
    assert "All SMS messages failed to send" == refused(
        VONAGE.faithful, 200, vonage("5", "5", count=2)
    )


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (401, {"type": "t", "title": "Unauthorized"}, "Request failed with status code 401"),
        (429, {"type": "t", "title": "Throttled"}, "Request failed with status code 429"),
        (500, HTML.format(500), "Request failed with status code 500"),
        (304, "", "Request failed with status code 304"),
        (200, '{"messages": [{"sta', "Failed to decode response body"),
    ],
)
def test_vonages_sdk_has_words_of_its_own(status, body, said):
    """Fetch takes 2xx alone, and JSON that says it is some is read."""
    assert said == refused(VONAGE.faithful, status, body)


@pytest.mark.parametrize(
    "came",
    [
        (200, HTML.format(200), "text/html"),
        (200, vonage("4"), "text/plain"),
        (200, vonage("4"), ""),
        (200, ""),
        (200, {}),
        (200, []),
        (200, vonage("0"), "application/json; charset=utf-8"),
    ],
)
def test_vonages_sdk_takes_what_it_cannot_read(came):
    """An answer is read only where its content type is JSON, and without messages none failed."""
    VONAGE.faithful(answer(*came))


def aliyun(code, message="words", **more):
    return {"Code": code, "Message": message, "RequestId": "D1A2E7A1", **more}


def test_aliyun_is_told_with_what_it_said():
    """The message is the description; what else Logto's guard knows is kept, the rest is not."""
    body = aliyun("isv.AMOUNT_NOT_ENOUGH", "账户余额不足", BizId="9", HostId="h")

    data = refused(ALIYUN.faithful, 200, body)

    kept = {"Code": "isv.AMOUNT_NOT_ENOUGH", "BizId": "9", "RequestId": "D1A2E7A1"}
    assert {"errorDescription": "账户余额不足", **kept} == data


def test_aliyuns_limit_is_one_under_a_good_status_alone():
    """And it is one code: the gateway's throttling is like any other error."""
    limit = aliyun("isv.BUSINESS_LIMIT_CONTROL")

    data = refused(ALIYUN.faithful, 200, limit, code="rate_limit_exceeded")

    assert "isv.BUSINESS_LIMIT_CONTROL" == data["Code"]
    assert data == refused(ALIYUN.faithful, 400, limit)
    assert "Throttling.User" == refused(ALIYUN.faithful, 400, aliyun("Throttling.User"))["Code"]
    assert "Throttling" == refused(ALIYUN.faithful, 429, aliyun("Throttling"))["Code"]


@pytest.mark.parametrize("status", [200, 400, 500, 502, 503])
@pytest.mark.parametrize("body", ["", HTML.format(5), '{"Code": "O'])
def test_what_is_not_json_is_no_answer_of_aliyuns(body, status):
    """Whatever its status: the data is the body."""
    assert body == refused(ALIYUN.faithful, status, body, code="invalid_response")


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (
            {"Code": "OK", "Message": "OK"},
            'Error in key path "RequestId": (invalid_type) Expected string but received undefined.',
        ),
        (
            {"Code": 1, "Message": "OK", "RequestId": "r", "BizId": None},
            'Error in key path "BizId": (invalid_type) Expected string but received null.\n'
            'Error in key path "Code": (invalid_type) Expected string but received number.',
        ),
        ([], 'Error in key path "": (invalid_type) Expected object but received array.'),
    ],
)
def test_aliyuns_answer_must_have_its_three_texts(body, lines):
    """A good one too: the data is a ZodError."""
    for status in (200, 500):
        data = refused(ALIYUN.faithful, status, body, code="invalid_response")

        assert lines == Refused("connector.invalid_response", data).details


def test_aliyuns_ok_is_one():
    """With a BizId or without."""
    ALIYUN.faithful(answer(200, aliyun("OK", BizId="9")))
    ALIYUN.faithful(answer(200, aliyun("OK")))


def test_aliyun_mas_is_told_with_what_it_said():
    """The Model with it, as far as Logto's guard knows it."""
    body = aliyun("isv.OUT_OF_SERVICE", "业务停机", Success=False, Model={"BizId": "9", "x": 1})

    data = refused(MAS.faithful, 200, body)

    kept = {"Code": "isv.OUT_OF_SERVICE", "RequestId": "D1A2E7A1", "Model": {"BizId": "9"}}
    assert {"errorDescription": "业务停机", **kept} == data


@pytest.mark.parametrize(
    ("said", "faithful", "careful"),
    [
        ("FREQUENCY_FAIL", "rate_limit_exceeded", "rate_limit_exceeded"),
        ("BUSINESS_LIMIT_CONTROL", "rate_limit_exceeded", "rate_limit_exceeded"),
        ("biz.FREQUENCY", "general", "rate_limit_exceeded"),
        ("isv.BUSINESS_LIMIT_CONTROL", "general", "rate_limit_exceeded"),
        ("MOBILE_NUMBER_ILLEGAL", "invalid_request_parameters", "general"),
    ],
)
def test_of_aliyun_mas_logto_knows_the_documented_codes_alone(said, faithful, careful):
    """A real service's own words for a code too soon are no limit to it."""
    refused(MAS.faithful, 200, aliyun(said), code=faithful)
    refused(MAS.faithful, 400, aliyun(said))
    refused(MAS.careful, 200, aliyun(said), code=careful)


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (
            {"Code": 1, "Message": "OK", "RequestId": None},
            'Error in key path "Code": (invalid_type) Expected string but received number.\n'
            'Error in key path "RequestId": (invalid_type) Expected string but received null.',
        ),
        (
            {"Code": "OK", "Message": "OK", "Model": {"BizId": 9}},
            'Error in key path "Model.BizId": (invalid_type) Expected string but received number.',
        ),
        (
            {"Code": "OK", "Message": "OK", "Model": []},
            'Error in key path "Model": (invalid_type) Expected object but received array.',
        ),
        ("[]", 'Error in key path "": (invalid_type) Expected object but received array.'),
    ],
)
def test_aliyun_mass_answer_must_be_as_its_guard_has_it(body, lines):
    """Of a good one too; what is no JSON is told as it is."""
    for status in (200, 500):
        data = refused(MAS.faithful, status, body, code="invalid_response")

        assert lines == Refused("connector.invalid_response", data).details
    assert "<" == refused(MAS.faithful, 200, "<", code="invalid_response")


def test_aliyun_mas_may_leave_out_all_but_two_texts():
    """Code and Message are all that Logto wants of a good one."""
    MAS.faithful(answer(200, {"Code": "OK", "Message": "OK"}))
    MAS.faithful(answer(200, aliyun("OK", Success=True, Model={"BizId": "9", "OutId": "o"})))


def tencent(*codes, error=None):
    statuses = [{"Code": code, "Message": "words"} for code in codes]
    said = {"Error": {"Code": error, "Message": "words"}} if error else {"SendStatusSet": statuses}
    return {"Response": {**said, "RequestId": "ed93"}}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (tencent(error="AuthFailure.SignatureFailure"), "AuthFailure.SignatureFailure: words"),
        (tencent(error="RequestLimitExceeded"), "RequestLimitExceeded: words"),
        (tencent("LimitExceeded.Day"), "LimitExceeded.Day: words, RequestId: ed93"),
        (tencent("Bad", "Ok"), "Bad: words, RequestId: ed93"),
        (tencent(), "Cannot find item at index 0"),
    ],
)
def test_tencent_is_told_by_code_and_message(body, said):
    """A call that fails, a number that does, and an answer about no number; all HTTP 200."""
    assert said == refused(TENCENT.faithful, 200, body)


def test_tencents_first_number_decides_and_case_does_not():
    """Logto sends one number at a time."""
    TENCENT.faithful(answer(200, tencent("Ok", "Bad")))
    TENCENT.faithful(answer(200, tencent("OK")))


def test_tencents_error_under_a_bad_status_keeps_the_guards_result():
    """`success: true` is zod's, not Tencent's."""
    data = refused(TENCENT.faithful, 429, tencent(error="RequestLimitExceeded"))

    error = {"Code": "RequestLimitExceeded", "Message": "words"}
    assert {
        "errorDescription": "words",
        "Code": "RequestLimitExceeded",
        "success": True,
        "data": {"Response": {"Error": error}},
    } == data


@pytest.mark.parametrize(
    ("status", "phrase"), [(500, "Internal Server Error"), (502, "Bad Gateway"), (599, "")]
)
def test_tencents_page_of_a_proxy_is_told_in_gots_words(status, phrase):
    """The body is lost."""
    said = refused(TENCENT.faithful, status, HTML.format(status), "text/html")

    call = "POST https://sms.tencentcloudapi.com/"
    assert f"Request error: Request failed with status code {status} ({phrase}): {call}" == said


@pytest.mark.parametrize(
    "body",
    [
        "",
        HTML.format(200),
        '{"Response": {"Se',
        {},
        [],
        {"Response": {}},
        {"Response": None},
        {"Response": {"SendStatusSet": [{}]}},
        {"Response": {"Error": {"Code": "x"}}},
    ],
)
def test_what_is_not_tencents_crashes_logto(body):
    """Its service answers 500: the connector reads fields that are not there."""
    with pytest.raises(Crash):
        TENCENT.faithful(answer(200, body))


@pytest.mark.parametrize("connector", CONNECTORS.values(), ids=lambda c: c.id)
def test_a_connection_that_fails_crashes_logto_but_for_four(connector):
    """Three of those hand on its words; SMSBao's has some of its own."""
    failure = connector.unreachable("connect ECONNREFUSED 127.0.0.1:9")

    if connector not in (HTTP, VONAGE, YUNPIAN, SMSBAO):
        assert isinstance(failure, Crash)
        return
    assert isinstance(failure, ConnectorError)
    assert "general" == failure.code
    own = "SMSBao request failed" if connector is SMSBAO else "connect ECONNREFUSED 127.0.0.1:9"
    assert failure.data.endswith(own)


GOOD = {
    TWILIO.id: {"sid": "SM1", "status": "accepted", "error_code": None},
    VONAGE.id: vonage("0"),
    GATEWAYAPI.id: {"ids": [1], "usage": {}},
    SMSAERO.id: {"success": True, "data": {"id": 1, "status": 0}, "message": None},
    ALIYUN.id: aliyun("OK"),
    MAS.id: aliyun("OK", Success=True, Model={"BizId": "9"}),
    TENCENT.id: tencent("Ok"),
    HTTP.id: {},
    SMSBAO.id: "0",
    WHATSAPP.id: {"messages": [{"id": "wamid.A"}], "contacts": [], "messaging_product": "whatsapp"},
}


@pytest.mark.parametrize("name", GOOD)
def test_both_take_a_good_answer(name):
    """The one that each provider gives."""
    for read in (CONNECTORS[name].faithful, CONNECTORS[name].careful):
        read(answer(200, GOOD[name]))


@pytest.mark.parametrize(
    ("connector", "status", "body", "code", "said"),
    [
        (TWILIO, 401, {"code": 20003, "message": "Authenticate"}, "general", "Authenticate"),
        (TWILIO, 429, {"code": 20429, "message": "Too Many"}, "rate_limit_exceeded", "Too Many"),
        (TWILIO, 201, {"sid": "SM1", "status": "failed"}, "general", "failed"),
        (
            TWILIO,
            201,
            {"sid": "SM1", "status": "queued", "error_code": 30007, "error_message": "Filtered"},
            "general",
            "Filtered",
        ),
        (VONAGE, 200, vonage("0", "4"), "general", "words"),
        (VONAGE, 200, vonage("1"), "rate_limit_exceeded", "words"),
        (VONAGE, 401, {"title": "Unauthorized"}, "general", "Unauthorized"),
        (GATEWAYAPI, 403, {"code": "0x0216", "message": "Credit"}, "general", "Credit"),
        (GATEWAYAPI, 200, {"code": "0x0301", "message": "Unknown"}, "general", "Unknown"),
        (SMSAERO, 200, {"success": False, "message": "Not sent"}, "general", "Not sent"),
        (SMSAERO, 200, {"result": "reject", "reason": "Bad sign"}, "general", "Bad sign"),
        (SMSAERO, 200, {"result": "no credits"}, "general", "no credits"),
        (
            SMSAERO,
            200,
            {"success": True, "data": {"id": 1, "status": 6, "extendStatus": "moderation"}},
            "general",
            "moderation",
        ),
        (ALIYUN, 200, aliyun("isv.BUSINESS_LIMIT_CONTROL"), "rate_limit_exceeded", "words"),
        (ALIYUN, 400, aliyun("Throttling.User"), "rate_limit_exceeded", "words"),
        (ALIYUN, 200, aliyun("isv.AMOUNT_NOT_ENOUGH"), "general", "words"),
        (ALIYUN, 500, {"Message": "words"}, "general", "words"),
        (MAS, 400, aliyun("Throttling.User"), "rate_limit_exceeded", "words"),
        (MAS, 200, aliyun("OK", Success=False), "general", "words"),
        (MAS, 500, {"Message": "words"}, "general", "words"),
        (TENCENT, 200, tencent("LimitExceeded.Day"), "rate_limit_exceeded", "words"),
        (TENCENT, 200, tencent(error="RequestLimitExceeded"), "rate_limit_exceeded", "words"),
        (TENCENT, 200, tencent("Ok", "Bad"), "general", "words"),
        (TENCENT, 200, tencent(error="InternalError"), "general", "words"),
        (HTTP, 200, {"error": "no"}, "general", '{"error": "no"}'),
        (HTTP, 200, {"success": False}, "general", '{"success": false}'),
        (HTTP, 429, {}, "rate_limit_exceeded", "HTTP 429: {}"),
    ],
)
def test_a_careful_one_tells_why_and_whether_it_was_a_limit(connector, status, body, code, said):
    """In the provider's words, under whatever status they came."""
    data = refused(connector.careful, status, body, code=code)

    assert (said, status) == (data["errorDescription"], data["status"])


@pytest.mark.parametrize("connector", CONNECTORS.values(), ids=lambda c: c.id)
def test_a_careful_one_takes_nothing_that_is_not_the_providers(connector):
    """A page, a part of an answer, another's answer; an empty one, but where that is documented."""
    other = {"id": 7, "state": "x"}
    for body in (HTML.format(200), '{"cut": "sho', *([] if connector is HTTP else [other, [], ""])):
        refused(connector.careful, 200, body, code="invalid_response")
    for status in (302, 500, 502):
        refused(connector.careful, status, HTML.format(status), "text/html")


def test_a_receiver_may_answer_with_nothing_or_with_any_text():
    """Any 2xx means handed off: that is all its documentation asks."""
    HTTP.careful(answer(204, "", ""))
    HTTP.careful(answer(200, "OK", "text/plain"))
    HTTP.careful(answer(202, [1, 2]))


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(("OK", "0", ""))
NAMES = st.sampled_from(
    (
        *("Response", "SendStatusSet", "Error", "Code", "Message", "RequestId", "messages"),
        *("status", "sid", "ids", "success", "data", "id", "result", "error", "message-count"),
    )
)
DOCUMENTS = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5)
)
BODIES = DOCUMENTS.map(lambda body: json.dumps(body).encode()) | st.binary(max_size=20)


@given(status=st.integers(200, 599), body=BODIES)
@example(status=200, body=b"[" * 100_000)
@example(status=200, body=b"9" * 10_000)
@settings(max_examples=300, deadline=None)
def test_no_answer_is_too_strange_to_be_read(status, body):
    """Whatever comes, a reading returns, refuses, or says that Logto would crash."""
    for connector in CONNECTORS.values():
        for read in (connector.faithful, connector.careful):
            with suppress(ConnectorError, Crash):
                read(Incoming(status, body))


def yunpian(code, msg="签名不匹配", **more):
    return {"http_status_code": 400, "code": code, "msg": msg, "detail": "more words", **more}


def test_yunpian_is_told_with_its_msg():
    """Under HTTP 400 alone: the detail is lost, and a good status is enough whatever it says."""
    assert "签名不匹配" == refused(YUNPIAN.faithful, 400, yunpian(15))
    YUNPIAN.faithful(answer(200, yunpian(8)))


@pytest.mark.parametrize("body", [yunpian(33, None), yunpian("33"), "[]", "", HTML.format(400)])
def test_an_answer_of_yunpian_that_logto_does_not_expect_is_a_fault(body):
    """A code of the same template within 30 seconds has no `msg`: nobody catches that."""
    with pytest.raises(Crash):
        YUNPIAN.faithful(answer(400, body))


def test_yunpians_unknown_errors_are_told_with_their_status():
    """And 400 with an empty `msg` with them."""
    for status, body in ((500, yunpian(-50)), (400, yunpian(2, "")), (302, "")):
        said = refused(YUNPIAN.faithful, status, body)

        assert said.startswith("Unknown error: HTTPError: Request failed with status code ")
        assert str(status) in said


def test_a_careful_service_reads_yunpians_code():
    """What speaks of how often is a limit, by the row of one number as well."""
    for code in (8, 9, 17, 22, 33, 53, -4, -5):
        for status in (200, 400):
            data = refused(YUNPIAN.careful, status, yunpian(code, None), code="rate_limit_exceeded")

            assert ("more words", code) == (data["errorDescription"], data["code"])
    refused(YUNPIAN.careful, 400, yunpian(15))
    refused(YUNPIAN.careful, 200, {}, code="invalid_response")
    YUNPIAN.careful(answer(200, {"code": 0}))


def test_a_careful_service_reads_smsbaos_number():
    """0 is taken; a number says why not, and what is none is no answer of its."""
    assert "SMSBao password error" == refused(SMSBAO.careful, 200, "30")["errorDescription"]
    limited = refused(SMSBAO.careful, 200, "60", code="rate_limit_exceeded")
    assert "SMSBao SMS send failed: 60" == limited["errorDescription"]
    for said in (HTML.format(200), "", "0\n8e3f0c", "-"):
        refused(SMSBAO.careful, 200, said, code="invalid_response")
    refused(SMSBAO.careful, 503, HTML.format(503))


def graph(code, message="(#1) words", **more):
    return {"error": {"message": message, "type": "OAuthException", "code": code, **more}}


def test_a_careful_service_reads_whatsapps_error_and_its_details():
    """Under HTTP 200 too, where Logto takes it for sent; some codes speak of how often."""
    data = {"messaging_product": "whatsapp", "details": "why"}
    told = refused(WHATSAPP.careful, 404, graph(132001, error_data=data))
    assert ("why", 132001) == (told["errorDescription"], told["code"])
    assert "(#1) words" == refused(WHATSAPP.careful, 200, graph(131000))["errorDescription"]
    for status, code in ((400, 131056), (429, 130429), (400, 80007)):
        refused(WHATSAPP.careful, status, graph(code), code="rate_limit_exceeded")
    for said in ({}, {"messages": []}, {"messages": [{}]}):
        refused(WHATSAPP.careful, 200, said, code="invalid_response")
    WHATSAPP.faithful(answer(200, graph(131000)))
