"""Aliyun's own Python SDKs, unmodified: on a port of Aliyun's own, and under its host name."""

import asyncio
import json
from importlib import import_module

import pytest
from alibabacloud_dypnsapi20170525.client import Client as MasClient
from alibabacloud_dypnsapi20170525.models import (
    CheckSmsVerifyCodeRequest,
    SendSmsVerifyCodeRequest,
)
from alibabacloud_dysmsapi20170525.client import Client
from alibabacloud_dysmsapi20170525.models import (
    AddSmsTemplateRequest,
    QuerySendDetailsRequest,
    QuerySmsSignListRequest,
    QuerySmsTemplateRequest,
    SendBatchSmsRequest,
    SendSmsRequest,
)
from alibabacloud_tea_openapi.exceptions import ClientException
from alibabacloud_tea_openapi.models import Config
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.client import AcsClient
from darabonba.core import DaraCore

from simulators.app import Options, in_thread
from simulators.kernel.clock import CHINA
from simulators.server import tls
from simulators.testing.sms import Sms

NUMBER = "13900000000"
SCHEMES = pytest.mark.parametrize("scheme", [{}, {"signature_algorithm": "v2"}], ids=["acs3", "v2"])


@pytest.fixture(scope="module")
def own_port():
    """Simulators with a port for each of Aliyun's products: its SDKs take host and port, but no
    path."""
    ports = {"aliyun": 0, "aliyun_mas": 0}
    with in_thread(Options(port=0, tls_port=None, provider_ports=ports)) as simulators:
        yield simulators


@pytest.fixture
def account(own_port):
    """A fresh account of that server; what the SDKs send must keep the contracts."""
    world = own_port.call(own_port.accounts.create)
    sms = Sms(own_port, world)
    yield sms
    assert [] == sms.violations() or sms.violations_allowed
    own_port.call(lambda: own_port.accounts.drop(world.id))


def address(account, product="aliyun"):
    return f"127.0.0.1:{account.simulators.ports[product]}"


def newer(account, *, secret="", endpoint="", **more):
    """The SDK of the newer signature scheme, or of the older with signature_algorithm="v2"."""
    known = account.credentials("aliyun")
    config = Config(
        access_key_id=known["access_key_id"],
        access_key_secret=secret or known["access_key_secret"],
        endpoint=endpoint or address(account),
        protocol="https" if endpoint else "http",
        **more,
    )
    return Client(config)


def request(account, **changes):
    known = account.credentials("aliyun")
    usual = {
        "phone_numbers": NUMBER,
        "sign_name": known["sign_name"],
        "template_code": known["template_code"],
        "template_param": '{"code": "246810"}',
    }
    return SendSmsRequest(**{**usual, **changes})


def today(account):
    return QuerySendDetailsRequest(
        phone_number=NUMBER,
        send_date=account.clock.now().astimezone(CHINA).strftime("%Y%m%d"),
        page_size=10,
        current_page=1,
    )


@SCHEMES
def test_who_moves_the_account_s_clock_is_not_refused(account, scheme):
    """The SDK knows the machine's alone."""
    account.clock.advance(86_400)

    assert "OK" == newer(account, **scheme).send_sms(request(account)).body.code


@SCHEMES
def test_the_newer_sdk_sends_and_reads_back(account, scheme):
    """SendSms, the inbox, then QuerySendDetails once the carrier reported."""
    client = newer(account, **scheme)
    sent = client.send_sms(request(account, out_id="order-1")).body
    account.clock.advance(5)
    (row,) = client.query_send_details(today(account)).body.sms_send_detail_dtos.sms_send_detail_dto

    assert ("OK", "OK") == (sent.code, sent.message)
    assert sent.biz_id.endswith("^0")
    assert "246810" == account.wait_for_code("+8613900000000")
    assert (NUMBER, 3, "DELIVERED", "order-1") == (
        row.phone_num,
        row.send_status,
        row.err_code,
        row.out_id,
    )
    assert account.messages()[0].text == row.content


def test_the_newer_sdk_sends_and_reads_back_asynchronously(account):
    """Its asynchronous client writes the query in another way and signs the same."""

    async def both():
        client = newer(account)
        sent = await client.send_sms_async(request(account, template_param='{"code":"13579"}'))
        account.clock.advance(5)
        return sent.body, (await client.query_send_details_async(today(account))).body

    sent, details = asyncio.run(both())

    assert "OK" == sent.code
    assert [3] == [row.send_status for row in details.sms_send_detail_dtos.sms_send_detail_dto]
    assert "13579" == account.wait_for_code("+8613900000000")


def test_the_newer_sdk_sends_batches_and_asks_for_registries(account):
    """Its models read every answer."""
    client = newer(account)
    batch = SendBatchSmsRequest(
        phone_number_json='["13900000001","13900000002"]',
        sign_name_json=json.dumps(["阿里云短信测试"] * 2),
        template_code="SMS_154950909",
        template_param_json='[{"code":"1111"},{"code":"2222"}]',
    )
    sent = client.send_batch_sms(batch).body
    made = client.add_sms_template(
        AddSmsTemplateRequest(
            template_type=0, template_name="登录", template_content="验证码${code}", remark="登录用"
        )
    ).body
    asked = QuerySmsTemplateRequest(template_code=made.template_code)
    template = client.query_sms_template(asked).body
    signs = client.query_sms_sign_list(QuerySmsSignListRequest()).body

    assert ("OK", 2) == (sent.code, len(account.messages()))
    assert (0, "验证码${code}") == (template.template_status, template.template_content)
    assert ["阿里云短信测试"] == [row.sign_name for row in signs.sms_sign_list]


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"template_param": "{}"}, "isv.TEMPLATE_MISSING_PARAMETERS", "模板变量缺少对应参数值"),
        ({"sign_name": "没有"}, "isv.SMS_SIGNATURE_ILLEGAL", "该账号下找不到对应签名"),
        ({"template_code": "SMS_1"}, "isv.SMS_TEMPLATE_ILLEGAL", "模板不合法(不存在或被拉黑)"),
    ],
)
def test_the_newer_sdk_returns_a_refusal_of_the_product(account, changes, code, message):
    """As a value: HTTP 200 is no exception to it."""
    refused = newer(account).send_sms(request(account, **changes)).body

    assert (code, message, None) == (refused.code, refused.message, refused.biz_id)


def test_the_newer_sdk_returns_the_throttling_of_a_second_send(account):
    """In the clock's own minute."""
    account.clock.freeze()
    client = newer(account)
    answers = [client.send_sms(request(account)).body for _ in range(2)]

    assert ["OK", "触发分钟级流控Permits:1"] == [body.message for body in answers]


@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [
        ({"access_key_id": "LTAI5tNobody"}, 404, "InvalidAccessKeyId.NotFound"),
        ({"access_key_secret": "wrong"}, 400, "SignatureDoesNotMatch"),
    ],
)
def test_the_newer_sdk_raises_what_the_gateway_refuses(account, wrong, status, code):
    """Its ClientException, with the code and the HTTP status."""
    known = {k: v for k, v in account.credentials("aliyun").items() if k.startswith("access_key")}
    config = Config(**{**known, **wrong}, endpoint=address(account), protocol="http")

    with pytest.raises(ClientException) as caught:
        Client(config).send_sms(request(account))

    assert (code, status) == (caught.value.code, caught.value.status_code)


@pytest.mark.parametrize("code", ["Throttling.User", "NoPermission", "isp.RAM_PERMISSION_DENY"])
def test_the_newer_sdk_meets_scripted_refusals_as_real_ones(account, code):
    """The gateway's are raised, the product's returned."""
    account.script({"match": {"provider": "aliyun"}, "effect": {"error": code}})
    client = newer(account)

    if code.startswith("isp."):
        assert code == client.send_sms(request(account)).body.code
    else:
        with pytest.raises(ClientException) as caught:
            client.send_sms(request(account))

        assert code == caught.value.code


def authentication(account, *, secret="", **more):
    """The SDK of SMS authentication, with the same keys."""
    known = account.credentials("aliyun")
    config = Config(
        access_key_id=known["access_key_id"],
        access_key_secret=secret or known["access_key_secret"],
        endpoint=address(account, "aliyun_mas"),
        protocol="http",
        **more,
    )
    return MasClient(config)


def a_code(**changes):
    usual = {
        "phone_number": NUMBER,
        "sign_name": "速通互联验证码",
        "template_code": "100001",
        "template_param": '{"code": "##code##", "min": "5"}',
        "code_length": 6,
        "return_verify_code": True,
        "interval": 30,
    }
    return SendSmsVerifyCodeRequest(**{**usual, **changes})


def a_check(code, **changes):
    return CheckSmsVerifyCodeRequest(phone_number=NUMBER, verify_code=code, **changes)


@SCHEMES
def test_the_sdk_of_sms_authentication_sends_and_checks(account, scheme):
    """A code that the service makes; a wrong one is an exception of it."""
    client = authentication(account, **scheme)
    sent = client.send_sms_verify_code(a_code(out_id="order-1")).body
    with pytest.raises(ClientException) as caught:
        client.check_sms_verify_code(a_check("x" * 6))
    checked = client.check_sms_verify_code(a_check(sent.model.verify_code, out_id="o")).body

    assert ("OK", True, "order-1") == (sent.code, sent.success, sent.model.out_id)
    assert sent.model.verify_code == account.wait_for_code("+8613900000000")
    assert ("isv.ValidateFail", 400) == (caught.value.code, caught.value.status_code)
    assert ("OK", "PASS", "o") == (checked.code, checked.model.verify_result, checked.model.out_id)


def test_the_sdk_of_sms_authentication_sends_and_checks_asynchronously(account):
    """Its asynchronous client writes the query in another way and signs the same."""

    async def both():
        client = authentication(account)
        sent = (await client.send_sms_verify_code_async(a_code())).body
        return (await client.check_sms_verify_code_async(a_check(sent.model.verify_code))).body

    assert "PASS" == asyncio.run(both()).model.verify_result


@SCHEMES
def test_the_sdk_of_sms_authentication_meets_refusals(account, scheme):
    """Of the product as values, of the gateway as exceptions."""
    client = authentication(account, **scheme)
    codes = [client.send_sms_verify_code(a_code()).body.code for _ in range(2)]
    with pytest.raises(ClientException) as caught:
        authentication(account, secret="wrong", **scheme).send_sms_verify_code(a_code())

    assert ["OK", "biz.FREQUENCY"] == codes
    assert ("SignatureDoesNotMatch", 400) == (caught.value.code, caught.value.status_code)


def older(account, *, host="", secret="", key="", authority=None, made=None):
    """The older SDK's client, and a maker of its requests."""
    known = account.credentials("aliyun")
    client = AcsClient(
        key or known["access_key_id"],
        secret or known["access_key_secret"],
        "cn-hangzhou",
        verify=authority,
    )
    if made is not None:
        made.append(client)

    def ask(action, method="POST", **params):
        module = import_module(f"aliyunsdkdysmsapi.request.v20170525.{action}Request")
        made = getattr(module, f"{action}Request")()
        made.set_method(method)
        made.set_endpoint(host or address(account))
        made.set_protocol_type("https" if host else "http")
        for name, value in params.items():
            made.add_query_param(name, value)
        return json.loads(client.do_action_with_exception(made))

    return ask


SEND = {
    "PhoneNumbers": NUMBER,
    "SignName": "阿里云短信测试",
    "TemplateCode": "SMS_154950909",
    "TemplateParam": '{"code":"864209"}',
}


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_the_older_sdk_sends_and_reads_back(account, method):
    """Everything in the query of either method, an empty value signed along."""
    ask = older(account)
    sent = ask("SendSms", method, **SEND)
    account.clock.advance(5)
    date = today(account).send_date
    details = ask("QuerySendDetails", PhoneNumber=NUMBER, SendDate=date, PageSize=10, CurrentPage=1)
    (row,) = details["SmsSendDetailDTOs"]["SmsSendDetailDTO"]

    assert "OK" == sent["Code"]
    assert "864209" == account.wait_for_code("+8613900000000")
    assert (1, 3, "DELIVERED") == (details["TotalCount"], row["SendStatus"], row["ErrCode"])


@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [
        ({"key": "LTAI5tNobody"}, 404, "InvalidAccessKeyId.NotFound"),
        ({"secret": "wrong"}, 400, "InvalidAccessKeySecret"),
    ],
)
def test_the_older_sdk_raises_what_the_gateway_refuses(account, wrong, status, code):
    """It finds its own string to sign in the refusal, and so knows that the secret is wrong."""
    with pytest.raises(ServerException) as caught:
        older(account, **wrong)("SendSms", **SEND)

    assert (code, status) == (caught.value.get_error_code(), caught.value.get_http_status())


def test_the_older_sdk_raises_for_what_is_missing(account):
    """HTTP 400 and the parameter's name."""
    account.allow_violations()
    left = {name: value for name, value in SEND.items() if name != "PhoneNumbers"}
    with pytest.raises(ServerException) as caught:
        older(account)("SendSms", **left)

    assert "MissingPhoneNumbers" == caught.value.get_error_code()
    assert "PhoneNumbers is mandatory for this action." == caught.value.get_error_msg()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"PhoneNumbers": "4512345678"}, "isv.MOBILE_NUMBER_ILLEGAL"),
        ({"TemplateParam": '{"code":"12 34"}'}, "isv.INVALID_PARAMETERS"),
        ({"TemplateCode": "SMS_OVERSEAS1"}, "isv.DOMESTIC_NUMBER_NOT_SUPPORTED"),
    ],
)
def test_the_older_sdk_returns_a_refusal_of_the_product(account, changes, code):
    """It looks at the HTTP status alone."""
    sent = {**SEND, "PhoneNumbers": "13800138000", **changes}

    assert code == older(account)("SendSms", **sent)["Code"]


@pytest.fixture
def hung_up():
    """Closes what the SDKs keep open: a TLS server waits for its clients when it stops."""
    clients = []
    yield clients
    for client in clients:
        client.session.close()
    for session in DaraCore._sessions.values():
        session.close()
    DaraCore._sessions.clear()


# The older SDK brings an old urllib3 of its own.
@pytest.mark.filterwarnings("ignore:ssl.:DeprecationWarning")
def test_both_sdks_send_over_tls_to_the_vendors_own_names(sms, vendor_dns, hung_up):
    """With nothing changed but where the names lead to and who is trusted."""
    authority = str(tls.ca_path(vendor_dns.options.tls_dir))
    hosts = ("dysmsapi.aliyuncs.com", "dysmsapi.ap-southeast-1.aliyuncs.com")
    sms.limits("off")
    codes = []
    for host in hosts:
        client = newer(sms, endpoint=host, ca=authority)
        codes.append(client.send_sms(request(sms)).body.code)
        ask = older(sms, host=host, authority=authority, made=hung_up)
        codes.append(ask("SendSms", **SEND)["Code"])

    assert ["OK"] * 4 == codes
    assert 4 == len(sms.messages("+8613900000000"))
