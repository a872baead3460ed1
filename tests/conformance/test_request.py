"""A trigger that is a request: the application runs already, and is judged by what it answers."""

import json
import socket
import time
from urllib.parse import parse_qsl

import pytest
import requests
from werkzeug import Response


class Application:
    """A sign-in that sends by Twilio; it lives at `/send` of `pytest-httpserver`."""

    def __init__(self, sms, httpserver):
        self.sms = sms
        self.known = sms.credentials("twilio")
        self.messages = f"{sms.base_url('twilio')}/2010-04-01/Accounts/{self.known['account_sid']}"
        self.server = httpserver
        self.callback = {}
        self.failed = Response('{"sent": false}', 502, content_type="application/json")
        self.phones = []
        httpserver.expect_request("/send").respond_with_handler(self.send)

    def ask(self, method, path, **more):
        auth = (self.known["account_sid"], self.known["auth_token"])
        return requests.request(method, self.messages + path, auth=auth, timeout=0.4, **more)

    def send(self, request):
        self.phones.append(request.get_json()["phone"])
        form = {"To": self.phones[-1], "From": self.known["number"], "Body": "Your code is 482913"}
        try:
            answer = self.ask("POST", "/Messages.json", data={**form, **self.callback})
            sid = answer.json()["sid"]
        except (requests.RequestException, KeyError):
            return self.failed
        return self.sent(sid)

    def sent(self, _sid):
        return Response('{"sent": true}', 200, content_type="application/json")


@pytest.fixture
def application(sms, httpserver):
    return Application(sms, httpserver)


@pytest.fixture
def run(conformance, httpserver):
    def call(*options, path="/send"):
        ask = ("--trigger-http", f"POST {httpserver.url_for(path)}", "--data", '{"phone": "{to}"}')
        code, printed, errors = conformance(*ask, "--format", "json", *options)
        return code, printed and {c["class"]: c for c in json.loads(printed)["classes"]}, errors

    return call


def test_an_answer_of_400_or_more_is_a_failure_noticed(run, application):
    """And a success is the one good message and the one that fails later."""
    code, classes, _ = run()
    tried = {kind: found["verdict"] for kind, found in classes.items() if found["requests"]}

    assert 0 == code
    assert "not followed" == tried.pop("late_failure")
    assert {"noticed"} == set(tried.values())
    assert 'HTTP 502: {"sent": false}' == classes["reset"]["said"]
    assert len(application.phones) == len(set(application.phones)) == len(tried) + 2


def test_what_is_sent_again_behind_one_s_back_is_counted_for_its_trigger(run, application):
    """However late: here once the application is asked for its next message, by a second worker of
    the same queue. Messages are sent in the order of `--only`."""
    worker = []

    def late(request):
        for earlier in worker:
            application.send(earlier)
        worker[:] = [request]
        return application.send(request)

    application.server.clear()
    application.server.expect_request("/send").respond_with_handler(late)
    code, classes, _ = run("--only", "late_failure", "--only", "bad_recipient", "--only", "reset")
    told = {kind: (one["verdict"], one["requests"]) for kind, one in classes.items()}

    assert 1 == code
    assert {
        "late_failure": ("sent twice", 2),
        "bad_recipient": ("noticed", 2),
        "reset": ("noticed", 1),
    } == told


def test_an_answer_of_500_is_a_crash_unless_the_user_says_how_a_success_looks(run, application):
    """By a pointer into JSON here."""
    application.failed = Response('{"sent": false}', 500, content_type="application/json")
    code, classes, _ = run("--only", "bad_recipient")
    told, noticed, _ = run("--only", "bad_recipient", "--success-when", "/sent")

    assert (1, "crashed") == (code, classes["bad_recipient"]["verdict"])
    assert (0, "noticed") == (told, noticed["bad_recipient"]["verdict"])


@pytest.mark.parametrize("success", ["/sent=true", '"sent": true'])
def test_success_by_a_value_or_an_expression(run, application, success):
    """An answer of 200 that says it failed is a failure noticed."""
    application.failed = Response('{"sent": false}', 200, content_type="application/json")
    blind, classes, _ = run("--only", "no_credit")
    told, noticed, _ = run("--only", "no_credit", "--success-when", success)

    assert (1, "false success") == (blind, classes["no_credit"]["verdict"])
    assert (0, "noticed") == (told, noticed["no_credit"]["verdict"])


@pytest.mark.parametrize(
    ("answered", "verdict"), [(200, "noticed"), (500, "not followed")], ids=["took", "refused"]
)
def test_who_takes_the_receipt_follows_the_message(run, application, answered, verdict):
    """Taken is what the provider takes for taken; nothing waits for the receipt to be due."""
    application.callback = {"StatusCallback": application.server.url_for("/status")}
    application.server.expect_request("/status").respond_with_data("", status=answered)
    code, classes, _ = run("--only", "late_failure")
    bodies = [request.get_data(as_text=True) for request, _ in application.server.log]
    told = [dict(parse_qsl(body)).get("MessageStatus") for body in bodies]

    assert (0, verdict) == (code, classes["late_failure"]["verdict"])
    assert "undelivered" in told or answered == 500


def test_who_asks_until_the_message_has_failed_follows_it(run, application):
    """The failure comes while the application is still asking: its answer may say it failed."""

    def sent(sid):
        for _ in range(30):
            status = application.ask("GET", f"/Messages/{sid}.json").json()["status"]
            if status == "undelivered":
                return Response(json.dumps({"status": status}), 502)
            time.sleep(0.01)
        return Response(json.dumps({"status": status}), 200)

    application.sent = sent
    code, classes, _ = run("--only", "late_failure")

    assert (0, "noticed") == (code, classes["late_failure"]["verdict"])
    assert 'HTTP 502: {"status": "undelivered"}' == classes["late_failure"]["said"]


def test_the_account_has_its_rules_limits_and_time_again_afterwards(run, application, sms):
    """What it was set to before does not change a verdict either."""
    sms.script({"name": "mine", "match": {"provider": "twilio"}, "effect": {"error": "21610"}})
    sms.limits(0.5)
    before = sms.clock.now()
    code, classes, _ = run("--only", "late_failure", "--only", "empty_200")

    assert 0 == code
    assert {"noticed", "not followed"} == {found["verdict"] for found in classes.values()}
    assert [("mine", {"error": "21610"})] == [(r["name"], r["effect"]) for r in sms.rules()]
    assert 0.5 == sms.world.load("limits")
    assert 0 <= (sms.clock.now() - before).total_seconds() < 60


def test_one_number_for_all_is_the_user_s_choice(run, application):
    """Without a `#` in it; with some, they are what changes."""
    run("--only", "reset", "--to", "+14155550100")
    run("--only", "reset", "--to", "+1415555020#")

    assert ["+14155550100"] * 2 == application.phones[:2]
    assert {"+1415555020"} == {phone[:-1] for phone in application.phones[2:]}
    assert 2 == len(set(application.phones[2:]))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda _: Response("", 204), "made no request to http://127.0.0.1"),
        (lambda _: Response("", 403), "the application said: HTTP 403"),
    ],
    ids=["silent", "refusing"],
)
def test_an_application_that_sends_nothing_is_exit_code_2(run, httpserver, answer, said):
    """Nothing was tested; the line says what the application said."""
    httpserver.expect_request("/idle").respond_with_handler(answer)
    code, printed, errors = run("--timeout", "0.3", path="/idle")

    assert (2, "") == (code, printed)
    assert errors.startswith("sms-simulators: nothing was tested: the trigger made no request to ")
    assert said in errors
    assert 1 == errors.count("\n")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ({"auth_token": "wrong"}, "twilio refused a good message: 401 20003"),
        ({"account_sid": "AC" + "9" * 32}, "whose credentials are no account's"),
        ({"number": "12"}, "twilio refused a good message: 400 21212"),
    ],
    ids=["token", "account", "sender"],
)
def test_a_good_message_that_is_refused_says_why(run, application, spoil, said):
    """The provider's own error, or that no account has such credentials."""
    application.known = {**application.known, **spoil}
    if "account_sid" in spoil:
        application.messages = application.messages[: -len(spoil["account_sid"])]
        application.messages += spoil["account_sid"]
    code, _, errors = run()

    assert 2 == code
    assert said in errors


def test_a_message_to_someone_else_says_so(run, application):
    """As from a trigger without `{to}`."""
    code, _, errors = run("--data", '{"phone": "+14155550199"}')

    assert 2 == code
    assert "a good message went to +14155550199 and not to +1" in errors


def test_a_good_message_that_is_reported_as_failed_asks_how_a_success_looks(run, application):
    """The criterion is wrong, not the application."""
    code, _, errors = run("--success-when", "delivered")

    assert 2 == code
    assert "--success-when says what a success looks like" in errors


def test_an_application_that_breaks_off_has_crashed(run, application):
    """It was there for the good message."""

    def broken_off(request):
        answer = application.send(request)
        if answer is application.failed:
            request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        return answer

    application.server.clear()
    application.server.expect_request("/send").respond_with_handler(broken_off)
    code, classes, _ = run("--only", "bad_recipient")

    assert (1, "crashed") == (code, classes["bad_recipient"]["verdict"])
    assert "broke the connection" in classes["bad_recipient"]["said"]
