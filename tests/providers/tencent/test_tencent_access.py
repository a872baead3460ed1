"""What Tencent's gateway says before an operation is reached: its codes, its two languages."""

import json
from datetime import UTC, datetime
from hashlib import sha256
from http.client import HTTPConnection

import pytest
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.sign import Sign

PULL = {"Limit": 10, "SmsSdkAppId": ""}
NO_LIMIT = "The request is missing a required parameter `Limit`."


@pytest.fixture
def raw(tencent):
    """Sends a request by hand, for what no SDK would send; gives the `Response`."""

    def send(method, target="/", body="", **headers):
        port = tencent.simulators.ports["tencent"]
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, target, body.encode(), names)
        answer = connection.getresponse()
        try:
            assert 200 == answer.status
            assert "application/json" == answer.headers["Content-Type"]
            return json.loads(answer.read())["Response"]
        finally:
            connection.close()

    return send


def error(client, operation, parameters):
    """Code and message of the exception the SDK raises."""
    with pytest.raises(TencentCloudSDKException) as caught:
        client.call_json(operation, parameters)
    return caught.value.get_code(), caught.value.get_message()


@pytest.mark.parametrize(
    ("language", "message"),
    [
        ("zh-CN", "参数 `TemplateParamSet.0` 取值类型错误。"),
        ("en-US", "The value type of parameter `TemplateParamSet.0` is not valid."),
    ],
)
def test_a_number_where_text_is_wanted_is_refused_in_the_language_asked_for(
    language, message, tencent, tencent_client
):
    """By the name and place of the parameter."""
    given = {
        "PhoneNumberSet": ["13012345678"],
        "SmsSdkAppId": "1400006666",
        "TemplateId": "449739",
        "TemplateParamSet": [123456],
    }

    found = error(tencent_client(language=language), "SendSms", given)

    assert ("InvalidParameter", message) == found


@pytest.mark.parametrize(
    ("parameters", "code", "message"),
    [
        ({}, "MissingParameter", NO_LIMIT),
        ({"Limit": "10"}, "InvalidParameter", "The value type of parameter `Limit` is not valid."),
        ({"Limit": True}, "InvalidParameter", "The value type of parameter `Limit` is not valid."),
        (
            {"Limit": None},
            "MissingParameter",
            "The request is missing a required parameter `Limit`.",
        ),
        ({**PULL, "Foo": 1}, "UnknownParameter", "The parameter `Foo` is not recognized."),
        (
            {**PULL, "SmsSdkAppId": 1400006666},
            "InvalidParameter",
            "The value type of parameter `SmsSdkAppId` is not valid.",
        ),
    ],
)
def test_parameters_are_held_to_their_names_and_types(parameters, code, message, tencent_client):
    """Missing, of another type, unknown."""
    found = error(tencent_client(language="en-US"), "PullSmsSendStatus", parameters)

    assert (code, message) == found


@pytest.mark.parametrize(
    ("settings", "code", "message"),
    [
        (
            {"region": ""},
            "MissingParameter",
            "The request is missing a required parameter `Region`.",
        ),
        ({"region": "ap-shanghai"}, "UnsupportedRegion", "The action not support this region."),
        (
            {"region": "gz"},
            "InvalidParameterValue",
            "A value specified in `X-TC-Region` is not valid, is unsupported, or cannot be used.",
        ),
        (
            {"region": "gz", "signMethod": "HmacSHA1"},
            "InvalidParameterValue",
            "A value specified in `Region` is not valid, is unsupported, or cannot be used.",
        ),
        (
            {"version": "2017-03-12"},
            "NoSuchVersion",
            "The specified api version=`2017-03-12` does not exist in service=`sms`.",
        ),
    ],
)
def test_region_and_version_are_checked(settings, code, message, tencent_client):
    """With the texts that were seen."""
    found = error(tencent_client(language="en-US", **settings), "SendSms", {})

    assert (code, message) == found


def test_an_operation_that_there_is_not_has_its_own_error(tencent_client):
    """InvalidAction, before anything else is asked."""
    found = error(tencent_client(), "SendStatusPull", {})

    assert ("InvalidAction", "The request `Action` is invalid or not found.") == found


def test_an_unsigned_payload_is_accepted(tencent, tencent_client):
    """The SDK then signs the word UNSIGNED-PAYLOAD."""
    client = tencent_client(unsignedPayload=True)
    app = tencent.credentials("tencent")["app_id"]

    answer = client.call_json("PullSmsSendStatus", {"Limit": 1, "SmsSdkAppId": app})

    assert [] == answer["Response"]["PullSmsSendStatusSet"]


@pytest.mark.parametrize("off", [-360, 360])
@pytest.mark.parametrize("version", ["TC3-HMAC-SHA256", "1"])
def test_a_clock_that_is_off_is_told_so(version, off, tencent, raw):
    """Six minutes are too many, to either side."""
    known, at = tencent.credentials("tencent"), int(tencent.world.clock.now()) + off
    if version == "1":
        common = f"Action=PullSmsSendStatus&Version=2021-01-11&SecretId={known['secret_id']}"
        found = raw("GET", f"/?{common}&Timestamp={at}&Nonce=1&Signature=abc&Language=en-US")
    else:
        day = f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}"
        found = raw(
            "POST",
            "/",
            json.dumps({"Limit": 1, "SmsSdkAppId": known["app_id"]}),
            Authorization=f"{version} Credential={known['secret_id']}/{day}/sms/tc3_request,"
            f" SignedHeaders=content-type;host, Signature={'0' * 64}",
            Content_Type="application/json",
            X_TC_Action="PullSmsSendStatus",
            X_TC_Version="2021-01-11",
            X_TC_Timestamp=str(at),
            X_TC_Language="en-US",
        )

    assert {
        "Code": "AuthFailure.SignatureExpire",
        "Message": "The signature is expired, please request again.",
    } == found["Error"]


@pytest.mark.parametrize("sign", ["TC3-HMAC-SHA256", "HmacSHA256"])
def test_who_moves_the_account_s_clock_is_not_refused(sign, tencent, tencent_client):
    """The SDK knows the machine's alone."""
    tencent.clock.advance(86_400)
    app = tencent.credentials("tencent")["app_id"]

    answer = tencent_client(signMethod=sign).call_json(
        "PullSmsSendStatus", {"Limit": 1, "SmsSdkAppId": app}
    )

    assert [] == answer["Response"]["PullSmsSendStatusSet"]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_not_supported(method, raw):
    """In Tencent's own words, with 200."""
    assert "UnsupportedProtocol" == raw(method)["Error"]["Code"]


@pytest.mark.parametrize(
    ("target", "body", "headers", "code", "message"),
    [
        ("/", "", {}, "MissingParameter", "The request is missing a required parameter `Action`."),
        (
            "/",
            "",
            {"Authorization": "TC3-HMAC-SHA256 Credential=A/b/c/tc3_request"},
            "AuthFailure.InvalidAuthorization",
            "The request `Authorization` header does not conform to tencentcloud standards.",
        ),
        (
            "/?Action=SendSms&Version=2021-01-11",
            "",
            {},
            "MissingParameter",
            "The request is missing a required parameter `SecretId`.",
        ),
        (
            "/",
            "{",
            {"Content-Type": "application/json", "X-TC-Action": "SendSms"},
            "FailedOperation.JsonParseFail",
            "Failed to parse the request body",
        ),
        (
            "/",
            "[]",
            {"Content-Type": "application/json", "X-TC-Action": "SendSms"},
            "FailedOperation.JsonParseFail",
            "Failed to parse the request body",
        ),
        (
            "/",
            '{"PhoneNumberSet":["1"]}',
            {"Content-Type": "text/plain", "X-TC-Action": "SendSms"},
            "InvalidParameter",
            "Url key and value should be splited by `=`.",
        ),
    ],
)
def test_what_cannot_be_read_is_refused(target, body, headers, code, message, raw):
    """By the gateway, in English where no language is asked for."""
    answer = raw("POST" if body else "GET", target, body, **headers)["Error"]

    assert (code, message) == (answer["Code"], answer["Message"])


def test_headers_that_are_missing_are_named_as_headers(tencent, raw):
    """When there is an Authorization, the common parameters are expected in headers."""
    known = tencent.credentials("tencent")["secret_id"]
    header = (
        f"TC3-HMAC-SHA256 Credential={known}/2026-11-21/sms/tc3_request,"
        f" SignedHeaders=content-type;host, Signature={64 * '0'}"
    )

    no_action = raw("GET", Authorization=header)["Error"]
    no_version = raw("GET", Authorization=header, X_TC_Action="SendSms")["Error"]

    text = "The request header is missing a required common parameter `{}`."
    assert {"Code": "MissingParameter", "Message": text.format("X-TC-Action")} == no_action
    assert {"Code": "MissingParameter", "Message": text.format("X-TC-Version")} == no_version


@pytest.mark.parametrize(
    ("parameter", "code"),
    [
        ("Nonce=x", "InvalidParameter"),
        ("Nonce=0", "InvalidParameter"),
        ("Nonce=1", "MissingParameter"),
        ("Nonce=1&Signature=abc", "AuthFailure.SignatureFailure"),
        ("Nonce=1&Signature=abc&SignatureMethod=MD5", "InvalidParameterValue"),
        ("Nonce=1&Signature=%F0%9F%98%80%00&PhoneNumberSet.x.y=1", "AuthFailure.SignatureFailure"),
    ],
)
def test_version_1_parameters_are_checked(parameter, code, tencent, raw):
    """Nonce, signature, method; whatever comes, it is answered."""
    known, now = tencent.credentials("tencent")["secret_id"], int(tencent.world.clock.now())
    common = f"Action=SendSms&Version=2021-01-11&SecretId={known}&Timestamp={now}"

    assert code == raw("GET", f"/?{common}&{parameter}")["Error"]["Code"]


def test_a_token_of_a_permanent_key_is_refused(tencent, tencent_client):
    """There are no temporary keys here, so any token is a wrong one."""
    client = tencent_client()
    client.credential.token = "token"

    assert "AuthFailure.TokenFailure" == error(client, "PullSmsSendStatus", PULL)[0]


def test_a_body_that_is_too_large_is_refused(raw):
    """Beyond what the simulators read: what is signed by the older version is told to use the
    newer one, as in real answers."""
    body = "x" * (1 << 20) + "y"
    older = raw("POST", "/", body, X_TC_Action="SendSms")["Error"]
    newer = raw("POST", "/", body, X_TC_Action="SendSms", Authorization="TC3-HMAC-SHA256 x")

    assert "RequestSizeLimitExceeded" == newer["Error"]["Code"]
    assert "AuthFailure.SignatureFailure" == older["Code"]
    assert older["Message"].endswith("please use new signature method `TC3-HMAC-SHA256`.")


@pytest.mark.parametrize(
    ("settings", "code"), [({}, None), ({"strict": True}, "AuthFailure.InvalidAuthorization")]
)
def test_a_host_signed_without_its_port_is_accepted_unless_strict(settings, code, tencent, raw):
    """As the Node SDK signs at 127.0.0.1:PORT: the host bare, and the service `127`."""
    tencent.settings("tencent", {"tencent": settings})
    known, now = tencent.credentials("tencent"), int(tencent.world.clock.now())
    body = json.dumps({"Limit": 1, "SmsSdkAppId": known["app_id"]})
    scope = f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d}/127/tc3_request"
    canonical = (
        "POST\n/\n\ncontent-type:application/json\nhost:127.0.0.1\n\ncontent-type;host\n"
        + sha256(body.encode()).hexdigest()
    )
    text = f"TC3-HMAC-SHA256\n{now}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
    signature = Sign.sign_tc3(known["secret_key"], scope[:10], "127", text)

    answer = raw(
        "POST",
        "/",
        body,
        Authorization=f"TC3-HMAC-SHA256 Credential={known['secret_id']}/{scope},"
        f" SignedHeaders=content-type;host, Signature={signature}",
        Content_Type="application/json",
        X_TC_Action="PullSmsSendStatus",
        X_TC_Version="2021-01-11",
        X_TC_Timestamp=str(now),
    )

    assert code == answer.get("Error", {}).get("Code")
