"""The fixture `contract_server`, with real clients, and in throw-away projects."""

import inspect
import json
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest
from alibabacloud_dysmsapi20170525.client import Client as AliyunClient
from alibabacloud_dysmsapi20170525.models import SendSmsRequest
from alibabacloud_tea_openapi.models import Config
from tencentcloud.common.credential import Credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.sms.v20210111 import models, sms_client
from werkzeug.test import EnvironBuilder

from simulators.catalog import PROVIDERS
from simulators.kernel.catalogue import Place
from simulators.kernel.contracts import contract
from simulators.kernel.validation import choose
from simulators.samples import sample
from simulators.server import routes
from simulators.testing.contract_server import exchange
from simulators.testing.contract_server.exchange import BadExpectation

pytest_plugins = ["pytester"]

NUMBER = "+14155552671"


def sends(name):
    """The operation that a provider's sample is a request to, as the fixture's attribute."""
    call = sample(name).call(PROVIDERS[name].published, "1", "1", now=0, nonce="")
    known = PROVIDERS[name]
    return choose(known, routes.match(known, call)[0], call).operation.replace("-", "_")


def home(name):
    """A number that the provider sends to, as its clients write it."""
    return sample(name).written(sample(name).number(1))


def posted(server, method, path, headers, body):
    """Status and body of the answer."""
    with closing(HTTPConnection(server.host, timeout=10)) as connection:
        connection.request(method, path, body.encode(), headers)
        response = connection.getresponse()
        return response.status, response.read()


class PUBLISHED:
    @staticmethod
    def credentials(provider):
        return PROVIDERS[provider].published


@pytest.fixture
def send(contract_server, one_send):
    """Sends one code as a client of the provider does."""

    def sent(provider, to="", account=contract_server):
        return posted(contract_server, *one_send(account, provider, to or home(provider)))

    return sent


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_send_is_answered_as_the_provider_takes_one(provider, contract_server, send):
    """The body keeps the operation's response contract; nothing is to be set up."""
    operation = sends(provider)
    made = contract_server.expect(f"{provider}.{operation}")

    status, body = send(provider)

    success = contract(provider, operation.replace("_", "-"), "response.schema")
    assert status < 300
    assert [] == success.validate(PROVIDERS[provider].read_answer(body))
    method = sample(provider).send["method"]
    assert [method] == [request["method"] for request in made.requests]
    contract_server.check()


def test_what_asks_the_application_back_says_that_there_is_none_to_ask():
    """An answer that waits for it comes all the same."""
    known = PROVIDERS["whatsapp"].published
    query = {"object": "whatsapp_business_account", "callback_url": "https://app.example/x"}
    query |= {"fields": "messages", "verify_token": "mine"}
    query |= {"access_token": f"{known['app_id']}|{known['app_secret']}"}
    path = f"/whatsapp/v23.0/{known['app_id']}/subscriptions"
    request = EnvironBuilder(path, method="POST", query_string=query).get_request()

    answered = exchange.Answers().to(exchange.read(request, ()))

    assert (400, "2200") == (answered.reply.status, answered.failure.row.key)
    assert "no application can be asked here" in answered.failure.text


ROWS = [
    (provider, row)
    for provider in PROVIDERS.values()
    for row in provider.catalogue
    if row.place is not Place.RECEIPT
]


def by_key(value):
    return getattr(value, "name", None) or value.key


@pytest.mark.parametrize(("provider", "row"), ROWS, ids=by_key)
def test_any_row_of_the_catalogue_is_answered_by_its_key(provider, row, contract_server, send):
    """In the provider's own shape, with its own HTTP status."""
    contract_server.expect(f"{provider.name}.{sends(provider.name)}").respond_with_error(row.key)

    status, body = send(provider.name)

    assert row.http_status == status
    assert str(row.code).encode() in body or str(row.code) == str(status)
    contract_server.check()


def test_a_row_is_found_by_code_and_by_problem(contract_server, send):
    """A number is a code as it is a text; a problem is spelled by the provider."""
    made = contract_server.expect("twilio.create_message")
    codes = []
    for key in (20429, "bad_recipient", "20003/username"):
        made.respond_with_error(key)
        codes.append(json.loads(send("twilio")[1])["code"])

    assert [20429, 21211, 20003] == codes


def test_tencents_own_sdk_signs_and_is_answered(contract_server):
    """It takes a host and a port alone: they are the one expected provider's."""
    contract_server.expect("tencent.send_sms")
    known = contract_server.credentials("tencent")
    http = HttpProfile(endpoint=contract_server.host, protocol="http")
    credential = Credential(known["secret_id"], known["secret_key"])
    client = sms_client.SmsClient(credential, known["region"], ClientProfile(httpProfile=http))
    request = models.SendSmsRequest()
    request.SmsSdkAppId, request.SignName = known["app_id"], known["sign_name"]
    request.TemplateId, request.TemplateParamSet = known["template_id"], ["135790"]
    request.PhoneNumberSet = [home("tencent")]

    answer = client.SendSms(request)

    assert ["Ok"] == [row.Code for row in answer.SendStatusSet]
    client.request.conn._session.close()


@pytest.mark.parametrize("algorithm", ["v2", "ACS3-HMAC-SHA256"])
def test_aliyuns_own_sdk_signs_and_is_answered(algorithm, contract_server):
    """In the older scheme and in the newer one, with a template of the application's own."""
    contract_server.expect_oneshot("aliyun.send_sms")
    contract_server.approve("aliyun", "SMS_1", "Code ${code}", signature="Acme")
    contract_server.use_credentials("aliyun", access_key_secret="TheApplicationsOwn")
    config = Config(
        access_key_id=contract_server.credentials("aliyun")["access_key_id"],
        access_key_secret="TheApplicationsOwn",
        endpoint=contract_server.host,
        protocol="http",
        signature_algorithm=algorithm,
    )
    request = SendSmsRequest(
        phone_numbers=home("aliyun"),
        sign_name="Acme",
        template_code="SMS_1",
        template_param='{"code":"135790"}',
    )

    answer = AliyunClient(config).send_sms(request)

    assert "OK" == answer.body.code


def test_what_was_sent_can_be_read_back(contract_server, send, one_send):
    """The account is a real one: an operation that reads finds what an earlier one made."""
    contract_server.expect_ordered("twilio.create_message")
    contract_server.expect_ordered("twilio.fetch_message")
    made = json.loads(send("twilio")[1])

    _method, _path, headers, _body = one_send(contract_server, "twilio", NUMBER)
    with closing(HTTPConnection(contract_server.host, timeout=10)) as connection:
        connection.request("GET", f"/twilio{made['uri']}", headers=headers)
        fetched = json.loads(connection.getresponse().read())

    assert made["sid"] == fetched["sid"]


def test_a_raw_answer_is_held_to_the_response_contract(contract_server, send):
    """What the provider does not say is a mistake of the test's, unless it is meant."""
    made = contract_server.expect("vonage.send_sms")

    with pytest.raises(BadExpectation, match=r"Vonage SMS does not answer send-sms so(.|\n)*got"):
        made.respond_with(200, {"messages": [{"status": 0}]})
    with pytest.raises(BadExpectation, match="expected  JSON"):
        made.respond_with(200, "<html>", {"Content-Type": "text/html"})
    made.respond_with(200, "<html>", {"Content-Type": "text/html"}, unchecked=True)

    assert (200, b"<html>") == send("vonage")
    made.respond_with(401, {"type": "about:blank"}, unchecked=True)
    assert (401, b'{"type":"about:blank"}') == send("vonage")
    made.respond()
    assert b'"status":"0"' in send("vonage")[1]


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        ("twilio.create_mesage", r"no operation 'twilio\.create_mesage'; near: twilio\.create_m"),
        ("twillio.create_message", r"near: twilio\.create_message"),
        ("twilio", r"near: twilio\."),
        ("tencent.unknown_action", "no operation"),
    ],
)
def test_an_unknown_operation_names_near_ones(operation, said, contract_server):
    """A slip of the pen is seen at once."""
    with pytest.raises(BadExpectation, match=said):
        contract_server.expect(operation)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("2121", "twilio has no error '2121'; near: 21211"),
        ("30003", "it comes later, in a receipt"),
    ],
)
def test_an_unknown_error_names_near_ones(key, said, contract_server):
    """And a row that is no answer says where it comes."""
    with pytest.raises(BadExpectation, match=said):
        contract_server.expect("twilio.create_message").respond_with_error(key)
    with pytest.raises(AssertionError, match="did not come"):
        contract_server.check()


def test_an_unknown_provider_is_told(contract_server):
    """With the one that was meant."""
    with pytest.raises(BadExpectation, match="did you mean 'twilio'"):
        contract_server.url("twillio")


def test_check_tells_everything_once(contract_server, send):
    """A violation with field, expected, got and page; a request too many; one that did not come."""
    contract_server.expect_oneshot("twilio.create_message")
    contract_server.expect("vonage.get_balance")
    send("twilio", "+1555")
    send("twilio")

    with pytest.raises(AssertionError) as told:
        contract_server.check()

    path = "/2010-04-01/Accounts/AC0123456789abcdef0123456789abcdef/Messages.json"
    assert f"twilio.create_message: POST {path}: breaks its contract" in str(told.value)
    assert "  body.To\n    expected  E.164: " in str(told.value)
    assert "\n    got       `+1555`\n    see       https://www.twilio.com/" in str(told.value)
    assert f"twilio.create_message: POST {path}: nobody expected it" in str(told.value)
    assert "vonage.get_balance (at least once): did not come" in str(told.value)
    contract_server.check()


def test_what_the_provider_refuses_by_itself_is_told(contract_server, send):
    """A wrong secret or an unknown template breaks no contract of the request's form."""
    contract_server.expect("twilio.create_message")
    contract_server.use_credentials("twilio", auth_token="another")

    status, _body = send("twilio", account=PUBLISHED)

    assert 401 == status
    with pytest.raises(AssertionError, match=r"got       20003 \(HTTP 401\): Authenticate"):
        contract_server.check()


def test_the_page_shows_what_is_told(contract_server, send):
    """To the letter."""
    contract_server.expect("twilio.create_message")
    contract_server.expect("vonage.get_balance")
    send("twilio", "5551234")

    with pytest.raises(AssertionError) as told:
        contract_server.check()

    page = Path(__file__).parent.parent / "docs" / "pytest.md"
    assert f"```text\n{told.value}\n```" in page.read_text()


@pytest.fixture
def project(pytester, sms_server):
    """Runs tests in a project that has nothing but the installed plugin. What such a run imports is
    taken out of this process again: the session's server is started first, and keeps its own."""

    def run(source, *arguments):
        head = "from urllib.request import Request, urlopen\nfrom urllib.error import HTTPError\n"
        pytester.makepyfile("import pytest\n" + head + inspect.cleandoc(source))
        return pytester.runpytest_inprocess("-p", "no:cacheprovider", *arguments)

    return run


WRONG = """
def send(server, path="/http_sms/sms", body=b'{"to": "+14155552671", "payload": {}}'):
    known = server.credentials("http_sms")
    headers = {"Content-Type": "application/json", "Authorization": known["authorization"]}
    try:
        urlopen(Request(server.url("http_sms") + "/sms", body, headers)).close()
    except HTTPError as error:
        error.close()
"""


def test_a_violation_fails_the_test_at_its_end(project):
    """With the diff, and no traceback."""
    result = project(
        WRONG
        + """
def test_sends(contract_server):
    contract_server.expect("http_sms.send_webhook")
    send(contract_server)
"""
    )

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "http_sms.send_webhook: POST /sms: breaks its contract",
            "  body.type",
            "    expected  *",
            "    got       missing",
        ]
    )


def test_a_request_that_nobody_expected_and_one_that_did_not_come_fail_it_too(project):
    """Each says what was expected."""
    result = project(
        WRONG
        + """
def test_sends(contract_server):
    send(contract_server)

def test_sends_nothing(contract_server):
    contract_server.expect("http_sms.send_webhook")
"""
    )

    result.assert_outcomes(passed=2, errors=2)
    result.stdout.fnmatch_lines(
        [
            "http_sms.send_webhook: POST /sms: nobody expected it",
            "  expected  nothing",
            "http_sms.send_webhook (at least once): did not come",
        ]
    )


def test_a_violation_that_is_meant_is_allowed(project):
    """By the marker, and from inside the test."""
    result = project(
        WRONG
        + """
@pytest.mark.sms_allow_violations
def test_marked(contract_server):
    contract_server.expect("http_sms.send_webhook")
    send(contract_server)

def test_says_so(contract_server):
    contract_server.expect("http_sms.send_webhook")
    contract_server.allow_violations()
    send(contract_server)
"""
    )

    result.assert_outcomes(passed=2)


def test_without_pytest_httpserver_it_is_an_error_that_says_what_to_install(project):
    """A skip would be green in a CI that forgot the extra. The plugin itself does not need it."""
    result = project(
        """
        import sys

        @pytest.fixture(scope="session", autouse=True)
        def without():
            gone = pytest.MonkeyPatch()
            gone.setitem(sys.modules, "pytest_httpserver", None)
            yield
            gone.undo()

        def test_sends(contract_server):
            pass

        def test_sends_again(contract_server):
            pass

        def test_asks_for_nothing():
            pass
        """,
    )

    result.assert_outcomes(passed=1, errors=2)
    said = [
        "contract_server needs pytest-httpserver: install sms-simulators with its extra 'pytest'"
    ] * 2
    result.stdout.fnmatch_lines(said)
