"""The gateway before the product: who is let in, and what the others are told."""

import json
from http.client import HTTPConnection
from urllib.parse import urlencode
from xml.etree.ElementTree import fromstring

import pytest


def told(answer):
    return answer["status"], answer["Code"], answer["Message"]


def test_an_unknown_key_is_not_found(aliyun):
    """HTTP 404 with six fields: whom it was sent to and where to read on are two of them."""
    answer = aliyun.send(AccessKeyId="LTAI5tNobody")

    assert (
        404,
        "InvalidAccessKeyId.NotFound",
        "Specified access key is not found.",
    ) == told(answer)
    assert "127.0.0.1" == answer["HostId"]
    assert (
        "https://api.aliyun.com/troubleshoot?q=InvalidAccessKeyId.NotFound&product=Dysmsapi"
        f"&requestId={answer['RequestId']}" == answer["Recommend"]
    )
    assert {"status", "RequestId", "HostId", "Code", "Message", "Recommend"} == set(answer)


def test_a_wrong_secret_is_told_what_the_server_signed(aliyun):
    """The text ends in the server's string to sign, right after a colon."""
    sent = {**aliyun.common("SendSms"), "PhoneNumbers": "13900000000", "Signature": "x"}
    answer = aliyun("SendSms", **sent)
    text, _, signed = answer["Message"].partition(":")

    assert (400, "SignatureDoesNotMatch") == (answer["status"], answer["Code"])
    assert (
        "Specified signature is not matched with our calculation. server string to sign is" == text
    )
    assert signed.startswith("POST&%2F&AccessKeyId%3DLTAI")
    assert ":" not in signed


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("AccessKeyId", 400),
        ("Version", 400),
        ("Timestamp", 400),
        ("Signature", 400),
        ("SignatureNonce", 400),
        ("PhoneNumbers", 400),
        ("SignName", 400),
        ("TemplateCode", 400),
    ],
)
def test_a_parameter_that_must_be_there_is_named(aliyun, name, status):
    """Missing with the parameter's name behind it."""
    answer = aliyun.send(leave_out=(name,))

    assert (status, f"Missing{name}", f"{name} is mandatory for this action.") == told(answer)


@pytest.mark.parametrize(
    ("changes", "status", "code", "message"),
    [
        (
            {"Version": "2016-09-27"},
            404,
            "InvalidVersion",
            "Specified parameter Version is not valid.",
        ),
        (
            {"Timestamp": "2026-11-21 04:00:00"},
            400,
            "InvalidTimeStamp.Format",
            "Specified time stamp or date value is not well formatted.",
        ),
        (
            {"Timestamp": "2026-13-41T04:00:00Z"},
            400,
            "InvalidTimeStamp.Format",
            "Specified time stamp or date value is not well formatted.",
        ),
        (
            {"Timestamp": "2026-11-21T12:00:00Z"},
            400,
            "InvalidTimeStamp.Expired",
            "Specified time stamp or date value is expired.",
        ),
        (
            {"SignatureMethod": "HMAC-MD5"},
            400,
            "InvalidSignatureMethod",
            "Specified signature method is not valid.",
        ),
        (
            {"Format": "YAML"},
            400,
            "InvalidParameter.Format",
            "Specified parameter format is not valid.",
        ),
    ],
)
def test_a_public_parameter_that_is_wrong_is_refused_by_its_own_row(
    aliyun, changes, status, code, message
):
    """Local time sent as UTC is expired, for instance."""
    if "Format" in changes:
        raw = _xml(aliyun, changes)

        assert code == fromstring(raw).findtext("Code")  # noqa: S314 - our own answer
        return
    answer = aliyun.send(**changes)

    assert (status, code, message) == told(answer)


def _xml(aliyun, changes):
    params = {**aliyun.common("SendSms"), **changes}
    params["Signature"] = aliyun.signature("GET", params)
    return aliyun.raw("GET", urlencode(params))


@pytest.mark.parametrize("action", ["SendSMS", "SendGlobe", "", "Send\x00"])
def test_an_unknown_action_is_not_found(aliyun, action):
    """Names are case-sensitive."""
    assert (
        404,
        "InvalidAction.NotFound",
        "Specified api is not found, please check your url and method.",
    ) == told(aliyun(action))


def test_a_person_who_only_looks_gets_an_error_in_xml(aliyun):
    """Root element Error, as the vendor's gateway greets a browser."""
    raw = aliyun.raw("GET", "")
    document = fromstring(raw)  # noqa: S314 - our own answer
    advice = "https://api.aliyun.com/troubleshoot?q=InvalidAction.NotFound&product=Dysmsapi"

    assert (
        f"<Recommend><![CDATA[{advice}&requestId={document.findtext('RequestId')}]]>"
        in raw.decode()
    )
    assert 404 == aliyun.answer.status
    assert ("Error", "InvalidAction.NotFound") == (document.tag, document.findtext("Code"))
    assert ["RequestId", "HostId", "Code", "Message", "Recommend"] == [c.tag for c in document]


def test_another_method_or_path_is_refused_in_aliyuns_words(aliyun):
    """PUT is not supported, and there is one path."""
    aliyun.raw("PUT", "Format=JSON")
    put = aliyun.answer.status
    aliyun.raw("GET", urlencode(aliyun.common("SendSms")), path="/aliyun/send")

    assert (400, 404) == (put, aliyun.answer.status)


def test_only_a_right_signature_uses_up_its_nonce(aliyun):
    """A request that fails at the door can be signed again with the same nonce."""
    nonce = {"SignatureNonce": "the-same"}
    wrong = aliyun.send(secret="wrong", **nonce)
    right = aliyun.send(**nonce)
    again = aliyun.send("13900000001", **nonce)

    assert ["SignatureDoesNotMatch", "OK", "SignatureNonceUsed"] == [
        answer["Code"] for answer in (wrong, right, again)
    ]
    assert (400, "Specified signature nonce was used already.") == (
        again["status"],
        again["Message"],
    )


def test_a_nonce_is_remembered_until_its_request_has_expired(aliyun):
    """Even one whose timestamp was fifteen minutes ahead."""
    params = {**aliyun.common("QuerySmsSignList"), "Timestamp": "2026-11-21T04:15:00Z"}
    first = aliyun("QuerySmsSignList", **params)
    aliyun.advance(30 * 60)
    second = aliyun("QuerySmsSignList", **params)

    assert ["OK", "SignatureNonceUsed"] == [first["Code"], second["Code"]]


def test_an_sts_token_is_signed_over_and_let_pass(aliyun):
    """Who issued it is not looked up."""
    assert "OK" == aliyun.send(SecurityToken="CAIS/token==")["Code"]


def test_parameters_may_be_split_over_query_and_form(aliyun):
    """All of them are signed as one."""
    params = aliyun.common("QuerySmsSignList")
    params["Signature"] = aliyun.signature("POST", params)
    names = sorted(params)
    query = urlencode({name: params[name] for name in names[:4]})
    raw = aliyun.raw(
        "POST", urlencode({name: params[name] for name in names[4:]}), path=f"/aliyun/?{query}"
    )

    assert b'"Code":"OK"' in raw


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        ("ACS3-HMAC-SHA256", 400),
        ("ACS3-HMAC-SHA256 Credential=,Signature=x", 400),
        ("ACS3-HMAC-SHA256 ,,,==,", 400),
        ("ACS3-HMAC-SHA256 Credential=LTAI5tNobody", 404),
    ],
)
def test_a_broken_header_of_the_newer_scheme_is_refused_like_a_missing_key(
    aliyun, authorization, status
):
    """In JSON, which is that scheme's default."""
    headers = {"Authorization": authorization, "x-acs-action": "SendSms"}
    connection = HTTPConnection("127.0.0.1", aliyun.sms.simulators.ports["http"])
    connection.request("POST", "/aliyun/", "{}", headers)
    answer = connection.getresponse()

    assert status == answer.status
    assert "AccessKeyId" in json.loads(answer.read())["Code"]
    connection.close()


@pytest.mark.parametrize("fraction", [".1", ".123", ".123456", ".123456789"])
def test_a_timestamp_may_have_a_fraction_of_a_second(aliyun, fraction):
    """As `toISOString` of JavaScript writes it: applications that sign by hand send that, and their
    users get their messages. The contract finds no fault with it either."""
    answer = aliyun.send(Timestamp=f"2026-11-21T04:00:00{fraction}Z")

    assert (200, "OK") == (answer["status"], answer["Code"])
    assert aliyun.sms.violations() == []
