"""Tencent's own Python SDK, unmodified, on every address the simulators have for it."""

import pytest
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.sms.v20190711 import models as models_2019
from tencentcloud.sms.v20190711 import sms_client as sms_client_2019
from tencentcloud.sms.v20210111 import models, sms_client

from simulators.server import tls

NUMBER = "+8613012345678"


@pytest.fixture
def sdk():
    """Makes the SDK's client for an account and an address."""
    made = []

    def make(account, module=sms_client, *, sign="TC3-HMAC-SHA256", wrong=None, **http):
        known = {**account.credentials("tencent"), **(wrong or {})}
        profile = ClientProfile(signMethod=sign, httpProfile=HttpProfile())
        for name, value in http.items():
            setattr(profile.httpProfile, name, value)
        credential = Credential(known["secret_id"], known["secret_key"])
        made.append(module.SmsClient(credential, known["region"], profile))
        return made[-1]

    yield make
    for client in made:
        client.request.conn._session.close()


@pytest.fixture
def local(tencent):
    """The address of the port that is Tencent's own."""
    return f"127.0.0.1:{tencent.simulators.ports['tencent']}"


def request(account, **changes):
    """A SendSms of the SDK's."""
    known = account.credentials("tencent")
    made = models.SendSmsRequest()
    made.SmsSdkAppId, made.SignName = known["app_id"], known["sign_name"]
    made.TemplateId, made.TemplateParamSet = known["template_id"], ["135790"]
    made.PhoneNumberSet = [NUMBER]
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def pull(account):
    """A PullSmsSendStatus of the SDK's."""
    made = models.PullSmsSendStatusRequest()
    made.Limit, made.SmsSdkAppId = 10, account.credentials("tencent")["app_id"]
    return made


@pytest.mark.parametrize("sign", ["TC3-HMAC-SHA256", "HmacSHA1", "HmacSHA256"])
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_sends_and_reads_back(sign, method, tencent, sdk, local):
    """Each signature by each method: the answer, the inbox, then the receipt, once."""
    client = sdk(tencent, sign=sign, scheme="http", endpoint=local, reqMethod=method)

    (row,) = client.SendSms(request(tencent, SessionContext="a b+c")).SendStatusSet
    tencent.clock.advance(5)
    (receipt,) = client.PullSmsSendStatus(pull(tencent)).PullSmsSendStatusSet

    assert ("Ok", "send success", 1) == (row.Code, row.Message, row.Fee)
    assert (NUMBER, "CN", "a b+c") == (row.PhoneNumber, row.IsoCode, row.SessionContext)
    assert "135790" == tencent.wait_for_code(NUMBER)
    assert (row.SerialNo, "SUCCESS", "DELIVRD") == (
        receipt.SerialNo,
        receipt.ReportStatus,
        receipt.Description,
    )
    assert ("86", "13012345678", "a b+c") == (
        receipt.CountryCode,
        receipt.SubscriberNumber,
        receipt.SessionContext,
    )
    assert [] == client.PullSmsSendStatus(pull(tencent)).PullSmsSendStatusSet


@pytest.mark.parametrize(
    ("wrong", "code", "message"),
    [
        (
            {"secret_id": "AKIDnobody"},
            "AuthFailure.SecretIdNotFound",
            "SecretId不存在，请输入正确的密钥。",
        ),
        (
            {"secret_key": "wrong"},
            "AuthFailure.SignatureFailure",
            "请求签名验证失败，请检查您的签名计算是否正确。",
        ),
    ],
)
def test_wrong_credentials_raise_the_sdk_s_exception(wrong, code, message, tencent, sdk, local):
    """In Chinese, which the SDK asks for."""
    client = sdk(tencent, scheme="http", endpoint=local, wrong=wrong)

    with pytest.raises(TencentCloudSDKException) as caught:
        client.SendSms(request(tencent))

    assert (code, message) == (caught.value.get_code(), caught.value.get_message())
    assert 36 == len(caught.value.get_request_id())


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"PhoneNumberSet": []}, "MissingParameter.EmptyPhoneNumberSet"),
        ({"PhoneNumberSet": [NUMBER] * 201}, "LimitExceeded.PhoneNumberCountLimit"),
        ({"SmsSdkAppId": "1400000001"}, "UnauthorizedOperation.SmsSdkAppIdVerifyFail"),
        ({"TemplateParamSet": [123456]}, "InvalidParameter"),
        ({"TemplateId": None}, "MissingParameter"),
        (
            {"PhoneNumberSet": [NUMBER, "+60198000000"]},
            "UnsupportedOperation.ContainDomesticAndInternationalPhoneNumber",
        ),
    ],
)
def test_a_refused_call_raises_the_sdk_s_exception(changes, code, tencent, sdk, local):
    """What concerns the whole call is an `Error`, and nothing is sent."""
    client = sdk(tencent, scheme="http", endpoint=local)

    with pytest.raises(TencentCloudSDKException) as caught:
        client.SendSms(request(tencent, **changes))

    assert code == caught.value.get_code()
    assert [] == tencent.messages()


def test_a_refused_number_is_a_value_and_no_exception(tencent, sdk, local):
    """The SDK looks at `Error` alone; who reads no `Code` takes it for sent."""
    client = sdk(tencent, scheme="http", endpoint=local)

    (row,) = client.SendSms(request(tencent, SignName="没有")).SendStatusSet

    assert "FailedOperation.SignatureIncorrectOrUnapproved" == row.Code
    assert ("", 0) == (row.SerialNo, row.Fee)


def test_the_older_version_sends_with_its_own_names(tencent, sdk, local):
    """SmsSdkAppid, TemplateID and Sign of 2019-07-11."""
    known = tencent.credentials("tencent")
    made = models_2019.SendSmsRequest()
    made.PhoneNumberSet, made.TemplateParamSet = [NUMBER], ["135790"]
    made.SmsSdkAppid, made.TemplateID, made.Sign = known["app_id"], "449739", "腾讯云"
    client = sdk(tencent, sms_client_2019, scheme="http", endpoint=local)

    (row,) = client.SendSms(made).SendStatusSet

    assert "Ok" == row.Code


@pytest.mark.parametrize(
    "host",
    ["", "sms.ap-guangzhou.tencentcloudapi.com", "sms.intl.tencentcloudapi.com"],
)
def test_sends_over_tls_to_the_vendor_s_own_name(host, default, sdk, sms_server, vendor_dns):
    """Nothing in the client changes but the certificate it trusts and where the name leads."""
    ca = str(tls.ca_path(sms_server.options.tls_dir))
    client = sdk(default, certification=ca, **({"endpoint": host} if host else {}))

    (row,) = client.SendSms(request(default)).SendStatusSet

    assert "Ok" == row.Code
    assert "135790" == default.wait_for_code(NUMBER)


def test_sends_to_the_common_port_by_name(default, sdk, sms_server, vendor_dns):
    """`tencent.localhost` with the port in the signed host."""
    endpoint = f"tencent.localhost:{sms_server.ports['http']}"
    client = sdk(default, scheme="http", endpoint=endpoint)

    (row,) = client.SendSms(request(default)).SendStatusSet

    assert "Ok" == row.Code


def test_sends_to_the_common_port_with_the_prefix(default, sdk, sms_server):
    """The SDK takes `127.0.0.1:PORT/tencent` for an address, calls and signs it."""
    endpoint = f"127.0.0.1:{sms_server.ports['http']}/tencent"
    client = sdk(default, scheme="http", endpoint=endpoint)

    (row,) = client.SendSms(request(default)).SendStatusSet

    assert "Ok" == row.Code


def test_a_gateway_address_signs_the_vendor_s_name(tencent, sdk, local):
    """`apigw_endpoint` is called, sms.tencentcloudapi.com is signed."""
    client = sdk(tencent, scheme="http", apigw_endpoint=local)

    (row,) = client.SendSms(request(tencent)).SendStatusSet

    assert "Ok" == row.Code


def test_strict_accounts_accept_a_signature_over_the_host_header_only(tencent, sdk, local):
    """With the setting, the same call is one with a wrong signature."""
    tencent.settings("tencent", {"tencent": {"strict": True}})
    direct = sdk(tencent, scheme="http", endpoint=local)
    gateway = sdk(tencent, scheme="http", apigw_endpoint=local)

    with pytest.raises(TencentCloudSDKException, match=r"AuthFailure\.SignatureFailure"):
        gateway.SendSms(request(tencent))

    assert "Ok" == direct.SendSms(request(tencent)).SendStatusSet[0].Code
