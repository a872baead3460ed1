"""WhatsApp Cloud: recorded requests, templates, free words, webhooks and how they are verified."""

import hashlib
import hmac
import json
from base64 import b64decode
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from simulators.kernel import templates, views
from simulators.kernel.accounts import DEFAULT, Accounts
from simulators.kernel.call import Call
from simulators.kernel.contracts import contract
from simulators.kernel.pipeline import Pipeline, Settings
from simulators.kernel.questions import Answered, nobody
from simulators.kernel.world import World
from simulators.providers.whatsapp import messages, webhooks
from simulators.server import routes
from simulators.store.memory import MemoryStore

TO, E164 = "14155550123", "+14155550123"
# Of what a real client sent, what is refused, and how.
REFUSED = {
    "language-missing": (400, 100),
    "phone-number-id-with-space": (400, 100),
}


def filled(name="logto_sign_in", language="en_US", code="482913", **more):
    """The template of a message."""
    parameters = [{"type": "text", "text": code}]
    button = {"type": "button", "sub_type": "url", "index": "0", "parameters": parameters}
    body = {"type": "body", "parameters": parameters}
    return {"name": name, "language": {"code": language}, "components": [body, button], **more}


@pytest.fixture
def graph(sms):
    """Asks the Graph API by the account of the test; status and JSON."""
    known = sms.credentials("whatsapp")
    nodes = {name: known[name] for name in ("phone_number_id", "waba_id", "app_id")}

    def ask(method, path, version="v23.0", token=known["access_token"], **options):
        sms.allow_violations()
        url = f"{sms.base_url('whatsapp')}/{version}/{path.format(**nodes)}"
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = requests.request(method, url, headers=headers, timeout=10, **options)
        assert "application/json; charset=UTF-8" == answer.headers["Content-Type"]
        return answer.status_code, answer.json()

    return ask


@pytest.fixture
def send(graph):
    """Sends a message, by a template unless it says otherwise; status and JSON."""

    def ask(**changes):
        body = {"messaging_product": "whatsapp", "to": TO}
        if "text" not in changes:
            body |= {"type": "template", "template": filled()}
        body |= changes
        given = {name: value for name, value in body.items() if value is not None}
        return graph("POST", "{phone_number_id}/messages", json=given)

    return ask


@contextmanager
def application(answer=lambda query: query["hub.challenge"][0], status=200):
    """An application: keeps what is posted to it, and answers who verifies its URL."""
    seen = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            query = parse_qs(urlsplit(self.path).query)
            seen.append(query)
            self._say(status, answer(query).encode())

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.append((dict(self.headers), body))
            self._say(200, b"")

        def _say(self, code, body):
            self.send_response(code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_said):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/whatsapp", seen
    finally:
        server.shutdown()
        server.server_close()


def code_of(told):
    return told["error"]["code"], told["error"].get("error_data", {}).get("details", "")


def test_answers_what_a_real_client_sends(default, replay, captures):
    """The message is kept under the number that was meant, with the code that was."""
    refused = {}
    for capture in captures("logto-whatsapp-sms"):
        default.simulators.call(default.world.reset)
        answer = replay(capture["requests"][0])
        told = answer.json()

        if answer.status != 200:
            refused[capture["case"]] = answer.status, told["error"]["code"]
            continue
        assert [] == contract("whatsapp", "send-message", "response.schema").validate(told)
        (message,) = default.messages()
        assert f"+{capture['message']['to'].removeprefix('+')}" == message.to
        assert capture["message"]["to"] == told["contacts"][0]["input"]
        assert f"{capture['message']['payload']['code']} is your verification code." == message.text
        assert "v19.0" == answer.headers["facebook-api-version"]
    assert REFUSED == refused


def test_a_message_has_the_id_that_whatsapp_makes(send, sms):
    """The number and eighteen hexadecimal digits, in Base64."""
    _, told = send()

    raw = b64decode(told["messages"][0]["id"].removeprefix("wamid."))

    assert b"\x1c\x18\x0b14155550123\x15\x02\x00\x11\x18\x12" == raw[:20]
    assert (39, 0) == (len(raw), raw[-1])
    assert sms.messages()[0].id == told["messages"][0]["id"]


@pytest.mark.parametrize(
    ("changes", "status", "code", "details"),
    [
        ({"messaging_product": None}, 400, 100, ""),
        ({"messaging_product": "sms"}, 400, 100, ""),
        ({"to": None}, 400, 100, ""),
        ({"to": "nobody"}, 400, 131009, "The phone number is malformed"),
        ({"to": "15550783881"}, 400, 131021, "Sender and recipient phone number is the same."),
        ({"type": "fax"}, 400, 131051, "Unsupported message type."),
        ({"template": filled(language="fr")}, 404, 132001, "(logto_sign_in) does not exist in fr"),
        ({"template": filled(name="x")}, 404, 132001, "template name (x) does not exist in en_US"),
        ({"template": filled(language="")}, 400, 100, ""),
        (
            {"template": filled(components=[])},
            400,
            132000,
            "body: number of localizable_params (0)",
        ),
        (
            {"template": filled(components=filled()["components"][:1])},
            400,
            131008,
            "buttons: Button at index 0 of type Url requires a parameter",
        ),
        ({"template": filled(code="1" * 16)}, 400, 131009, "exceeds the maximum length"),
        ({"template": filled(code="1\n2")}, 400, 132008, "new-line"),
        ({"template": None}, 400, 100, ""),
        ({"text": {"body": "x" * 4097}}, 400, 100, ""),
        ({"text": {}}, 400, 100, ""),
    ],
)
def test_a_refusal_says_its_code_and_details(changes, status, code, details, send, sms):
    """And nothing is sent."""
    got, told = send(**changes)

    assert (status, code) == (got, told["error"]["code"])
    assert details in code_of(told)[1]
    assert [] == contract("whatsapp", "error", "response.schema").validate(told)
    assert [] == sms.messages()


@pytest.mark.parametrize(
    ("token", "status", "code", "said"),
    [
        ("", 401, 104, "invalid_request"),
        ("EAAnobody", 401, 190, "invalid_token"),
        ("670843887433847|wrong", 401, 190, "invalid_token"),
        ("app:670843887433847", 401, 190, "invalid_token"),
    ],
)
def test_a_token_that_is_none_is_told_in_a_header_too(token, status, code, said, sms, default):
    """As Graph's own SDKs read it."""
    default.allow_violations()
    url = f"{sms.base_url('whatsapp')}/v23.0/106540352242922/messages"
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = requests.post(url, json={}, headers=headers, timeout=10)

    assert (status, code) == (answer.status_code, answer.json()["error"]["code"])
    challenge = answer.headers["WWW-Authenticate"]
    assert challenge.startswith(f'OAuth "Facebook Platform" "{said}"')


def test_a_token_may_be_a_parameter_and_the_body_a_form(graph, sms):
    """Objects stand in it as JSON; and the version may be left out."""
    token = sms.credentials("whatsapp")["access_token"]
    form = {"messaging_product": "whatsapp", "to": TO, "type": "template"}
    form |= {"template": json.dumps(filled()), "access_token": token}
    node = sms.credentials("whatsapp")["phone_number_id"]

    assert 200 == graph("POST", "{phone_number_id}/messages", token="", data=form)[0]
    answer = requests.post(f"{sms.base_url('whatsapp')}/{node}/messages", data=form, timeout=10)
    assert 200 == answer.status_code
    assert ["482913", "482913"] == [message.code for message in sms.messages()]


def test_what_is_not_there_or_another_s_is_told_alike(graph):
    """By its id; and so is a path that there is not."""
    status, told = graph("POST", "1234567890/messages", json={"messaging_product": "whatsapp"})
    assert (400, 100, 33) == (status, told["error"]["code"], told["error"]["error_subcode"])
    assert told["error"]["message"].startswith("Unsupported post request. Object with ID '12345678")
    assert "GraphMethodException" == told["error"]["type"]
    for version, path in (("23", "{phone_number_id}"), ("v23.0", "{phone_number_id}/fax")):
        assert 2500 == graph("GET", path, version=version)[1]["error"]["code"]


def test_a_test_number_sends_to_those_on_its_list(send, sms):
    """131030 for others."""
    sms.settings("whatsapp", {"whatsapp": {"recipients": ["+14155550199"]}})

    assert (131030, 200) == (send()[1]["error"]["code"], send(to="14155550199")[0])


@pytest.mark.parametrize(
    "part",
    [
        {"type": "HEADER", "text": 5},
        {"type": "BUTTONS", "buttons": 5},
        {"type": "BUTTONS", "buttons": [5]},
        {"type": "BUTTONS", "buttons": [{"type": "URL", "url": 5}]},
    ],
)
def test_a_template_that_no_message_could_be_made_of_is_refused(graph, part):
    """When it is made, and not once it is approved and sent."""
    asked = {"name": "odd", "language": "en", "category": "UTILITY"}
    parts = [{"type": "BODY", "text": "hello"}, part]
    status, told = graph("POST", "{waba_id}/message_templates", json={**asked, "components": parts})

    assert (400, (100, "components")) == (status, code_of(told))


def test_no_request_names_languages_without_end(graph):
    """Each would be a template to make and to tell of."""
    asked = {"name": "many", "category": "AUTHENTICATION", "languages": ["en"] * 101}
    parts = [{"type": "BUTTONS", "buttons": [{"type": "OTP"}]}]
    path = "{waba_id}/upsert_message_templates"
    status, told = graph("POST", path, json={**asked, "components": parts})

    assert (400, (100, "languages")) == (status, code_of(told))


def test_a_version_and_a_pin_are_of_ascii_digits(graph):
    """Other digits are as good to read, and go into no header and no setting."""
    assert 400 == graph("GET", "{phone_number_id}", version="v٢٣.٠")[0]
    asked = {"messaging_product": "whatsapp", "pin": "١٢٣٤٥٦"}
    assert 400 == graph("POST", "{phone_number_id}/register", json=asked)[0]


def test_a_number_is_registered_with_its_pin(graph, send):
    """The first time it is set, later asked for."""
    asked = {"messaging_product": "whatsapp", "pin": "123456"}

    def register(**changes):
        told = graph("POST", "{phone_number_id}/register", json={**asked, **changes})[1]
        return told["error"]["code"] if "error" in told else told["success"]

    assert True is register()
    assert {"success": True} == graph("POST", "{phone_number_id}/deregister")[1]
    assert 133010 == send()[1]["error"]["code"]
    assert [131009, 133005] == [register(pin="12"), register(pin="654321")]
    assert (True, 200) == (register(), send()[0])


def became(sms, message=None):
    """What became of a message long after, and by which row."""
    message = message or sms.messages()[0]
    lifecycles = sms.simulators.providers["whatsapp"].lifecycles
    step, _since = message.status(message.at + 1e6, lifecycles)
    return step.status, step.error


def test_free_words_go_to_who_has_written_within_a_day(send, sms):
    """To others they fail: the answer is 200 all the same."""
    sms.clock.freeze()

    def said():
        status, told = send(text={"body": "Hello"})
        assert (200, ["id"]) == (status, list(told["messages"][0]))
        return became(sms)

    assert ("failed", "131047/failed") == said()
    sms.reply("whatsapp", E164, "Hi")
    assert ("delivered", "") == said()
    sms.clock.advance(86_401)
    assert ("failed", "131047/failed") == said()


def test_a_person_can_be_named_by_the_id_that_webhooks_tell(send, sms):
    """Which newer clients answer to."""
    assert 200 == send(to=None, recipient=messages.user_id(TO))[0]
    assert [E164] == [message.to for message in sms.messages()]
    assert 131009 == send(to=None, recipient="US.17")[1]["error"]["code"]


@pytest.mark.parametrize(
    ("kind", "content", "text"),
    [
        ("interactive", {"type": "button", "body": {"text": "Well?"}}, "Well?"),
        ("image", {"link": "https://example.com/a.png", "caption": "A cat"}, "A cat"),
        ("location", {"latitude": 1, "longitude": 2, "name": "Here"}, "Here"),
        ("contacts", [{"name": {}}], "[contacts]"),
        ("reaction", {"message_id": "wamid.A", "emoji": "+"}, "+"),
    ],
)
def test_other_kinds_are_taken_with_what_words_they_have(kind, content, text, send, sms):
    """As far as a person would read it."""
    assert 200 == send(type=kind, template=None, **{kind: content})[0]
    assert text == sms.messages()[0].text


def test_an_account_s_trouble_shows_later(send, sms):
    """Who has no WhatsApp, and who cannot pay: the answer is 200."""
    sms.optouts(E164)
    assert 200 == send()[0]
    assert ("failed", "131026/failed") == became(sms)
    sms.optouts()
    sms.balance(0)
    assert 200 == send()[0]
    assert ("failed", "131042/failed") == became(sms)


def test_45_go_to_one_person_at_once_and_then_one_in_six_seconds(send, sms):
    """131056; to somebody else there is room."""
    sms.clock.freeze()
    answers = [send()[0] for _ in range(46)]

    assert [200] * 45 + [400] == answers
    told = send()[1]
    assert 131056 == told["error"]["code"]
    assert 200 == send(to="14155550199")[0]
    sms.clock.advance(6.1)
    assert [200, 400] == [send()[0], send()[0]]


def test_a_message_is_marked_as_read(graph):
    """Whose id it is nobody asks."""
    asked = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.A"}

    assert (200, {"success": True}) == graph("POST", "{phone_number_id}/messages", json=asked)
    asked["message_id"] = "1"
    assert 131009 == graph("POST", "{phone_number_id}/messages", json=asked)[1]["error"]["code"]


AUTHENTICATION = [
    {"type": "BODY", "add_security_recommendation": True},
    {"type": "FOOTER", "code_expiration_minutes": 10},
    {"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE", "text": "Copy"}]},
]


def test_a_template_is_applied_for_reviewed_used_and_deleted(graph, send, sms):
    """For a code Meta has the words."""
    asked = {"name": "mine", "language": "en_US", "category": "AUTHENTICATION"}
    asked |= {"components": AUTHENTICATION}
    path = "{waba_id}/message_templates"

    _, made = graph("POST", path, json=asked)
    assert ("PENDING", "AUTHENTICATION") == (made["status"], made["category"])
    assert 2388024 == graph("POST", path, json=asked)[1]["error"]["error_subcode"]
    assert 132001 == send(template=filled("mine"))[1]["error"]["code"]

    def approve(known):
        known["mine:en_US"] = replace(known["mine:en_US"], status="approved")

    provider = sms.simulators.providers["whatsapp"]
    sms.simulators.call(lambda: templates.update_templates(sms.world, provider, approve))
    assert 200 == send(template=filled("mine"))[0]
    assert (
        "482913 is your verification code. For your security, do not share this code.\n"
        "This code expires in 10 minutes."
    ) == sms.messages()[0].text
    (found,) = graph("GET", path, params={"name": "mine"})[1]["data"]
    assert (made["id"], "APPROVED") == (found["id"], found["status"])
    assert found == graph("GET", made["id"])[1]
    assert {"success": True} == graph("DELETE", path, params={"name": "mine"})[1]
    assert 2593002 == graph("DELETE", path, params={"name": "mine"})[1]["error"]["error_subcode"]


def test_a_template_of_one_s_own_has_words_of_one_s_own(graph, send, sms):
    """With a header, named variables, and a page at a time."""
    asked = {
        "name": "order",
        "language": "en",
        "category": "UTILITY",
        "components": [
            {"type": "header", "format": "TEXT", "text": "Hello {{who}}"},
            {"type": "body", "text": "{{what}} is on its way, {{what}}!"},
        ],
    }
    graph("POST", "{waba_id}/message_templates", json=asked)
    provider = sms.simulators.providers["whatsapp"]

    def approve(known):
        known["order:en"] = replace(known["order:en"], status="approved")

    sms.simulators.call(lambda: templates.update_templates(sms.world, provider, approve))

    def named(kind, **values):
        given = [{"type": "text", "parameter_name": k, "text": v} for k, v in values.items()]
        return {"type": kind, "parameters": given}

    parts = [named("header", who="Ann"), named("body", what="It")]
    template = {"name": "order", "language": {"code": "en"}, "components": parts}
    assert 200 == send(template=template)[0]
    assert "Hello Ann\nIt is on its way, It!" == sms.messages()[0].text

    path, seen, after = "{waba_id}/message_templates", [], None
    while True:
        page = graph("GET", path, params={"limit": 7, "fields": "name", "after": after})[1]
        if not page["data"]:
            break
        seen += page["data"]
        after = page["paging"]["cursors"]["after"]
    assert 19 == len({one["id"] for one in seen}) == len(seen)
    assert {"id", "name"} == set(seen[0])


def test_a_code_in_several_languages_needs_no_review(graph, send):
    """One request makes them or changes them."""
    asked = {"name": "other", "languages": ["es_ES", "de"], "category": "AUTHENTICATION"}
    asked |= {"components": AUTHENTICATION}

    _, told = graph("POST", "{waba_id}/upsert_message_templates", json=asked)

    assert ["es_ES", "de"] == [one["language"] for one in told["data"]]
    assert 200 == send(template=filled("other", "de"))[0]
    assert {"success": True} == graph(
        "POST", told["data"][0]["id"], json={"components": []} | {"components": AUTHENTICATION}
    )[1]
    assert 132001 == send(template=filled("other", "es_ES"))[1]["error"]["code"]


def subscribed(graph, sms, url):
    """Asks for webhooks as an app does, by a token of its own."""
    known = sms.credentials("whatsapp")
    asked = {"client_id": known["app_id"], "client_secret": known["app_secret"]}
    asked |= {"grant_type": "client_credentials"}
    _, told = graph("GET", "oauth/access_token", token="", params=asked)
    given = {"object": "whatsapp_business_account", "callback_url": url, "verify_token": "mine"}
    given |= {"fields": "messages,calls", "access_token": told["access_token"]}
    return graph("POST", "{app_id}/subscriptions", token="", params=given)


def test_a_url_is_asked_for_before_it_is_used_and_what_comes_is_signed(graph, send, sms):
    """The handshake; then sent, delivered and what a person writes, each with its signature."""
    known = sms.credentials("whatsapp")
    with application() as (url, seen):
        assert (200, {"success": True}) == subscribed(graph, sms, url)
        (asked,) = seen
        assert ({"hub.mode", "hub.challenge", "hub.verify_token"}, ["mine"]) == (
            set(asked),
            asked["hub.verify_token"],
        )
        path, app = "{app_id}/subscriptions", f"{known['app_id']}|{known['app_secret']}"
        assert 15 == graph("GET", path)[1]["error"]["code"]
        data = graph("GET", path, token=app)[1]["data"]
        assert [url] == [one["callback_url"] for one in data]

        send(biz_opaque_callback_data="order 1")
        sms.clock.advance(10)
        sms.reply("whatsapp", E164, "Ja, schön")
        sms.simulators.settle(5)
        events = [json.loads(body) for _headers, body in seen[1:]]

    secret = sms.credentials("whatsapp")["app_secret"].encode()
    for headers, body in seen[1:]:
        mac = hmac.new(secret, body, hashlib.sha256).hexdigest()
        assert f"sha256={mac}" == headers["X-Hub-Signature-256"]
        assert body.isascii()
    values = [event["entry"][0]["changes"][0]["value"] for event in events]
    statuses = [value["statuses"][0] for value in values if "statuses" in value]
    ((text),) = [value["messages"][0] for value in values if "messages" in value]
    assert ["sent", "delivered"] == [status["status"] for status in statuses]
    assert {"order 1"} == {status["biz_opaque_callback_data"] for status in statuses}
    assert {"authentication"} == {status["pricing"]["category"] for status in statuses}
    assert ["conversation" in status for status in statuses] == [True, True]
    assert ("Ja, schön", TO) == (text["text"]["body"], text["from"])


def test_what_failed_is_told_with_its_error(graph, send, sms):
    """A title without its number, and the page about it."""
    with application() as (url, seen):
        sms.webhooks("whatsapp", receipts=url)
        sms.optouts(E164)
        send()
        sms.clock.advance(10)
        sms.simulators.settle(5)

    ((_headers, body),) = seen
    (status,) = json.loads(body)["entry"][0]["changes"][0]["value"]["statuses"]
    (error,) = status["errors"]
    assert ("failed", 131026, "Message undeliverable") == (
        status["status"],
        error["code"],
        error["title"],
    )
    assert error["href"].endswith("/error-codes")


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        (lambda query: query["hub.challenge"][0], 403, "HTTP Status Code = 403; HTTP Message = F"),
        (lambda _query: "ok", 200, "Response does not match challenge, expected value="),
        (lambda query: f'"{query["hub.challenge"][0]}"', 200, "Response does not match challenge"),
    ],
)
def test_a_url_that_answers_otherwise_is_not_used(answer, status, said, graph, send, sms):
    """2200, and nothing is posted."""
    with application(answer, status) as (url, seen):
        got, told = subscribed(graph, sms, url)
        send()
        sms.clock.advance(10)
        sms.simulators.settle(5)

    assert (400, 2200) == (got, told["error"]["code"])
    assert said in told["error"]["message"]
    assert 1 == len(seen)
    assert "2200" == sms.requests("whatsapp")[-2]["error"]


def test_a_url_where_nobody_is_or_that_is_another_machine_s_is_not_used(graph, sms):
    """With the reason."""
    for url, why in (
        ("http://127.0.0.1:9/x", "no connection to 127.0.0.1:9"),
        ("https://198.51.100.7/x", "198.51.100.7 is not this machine"),
        ("ftp://127.0.0.1/x", "the URL is none"),
    ):
        got, told = subscribed(graph, sms, url)
        assert (400, 2200) == (got, told["error"]["code"])
        assert why in told["error"]["message"]


def test_a_number_and_an_account_may_have_a_url_of_their_own(graph, send, sms):
    """The number's comes first; without any nothing is posted."""
    with application() as (url, seen):
        subscribed(graph, sms, f"{url}/app")
        body = {"override_callback_uri": f"{url}/account", "verify_token": "a"}
        assert 200 == graph("POST", "{waba_id}/subscribed_apps", json=body)[0]
        own = {"override_callback_uri": f"{url}/number", "verify_token": "n"}
        change = {"webhook_configuration": own}
        assert 200 == graph("POST", "{phone_number_id}", json=change)[0]
        kinds = ("phone_number", "whatsapp_business_account", "application")
        shown = graph("GET", "{phone_number_id}")[1]["webhook_configuration"]
        assert dict(zip(kinds, (f"{url}/number", f"{url}/account", f"{url}/app"), strict=True)) == (
            shown
        )
        assert ["mine", "a", "n"] == [one["hub.verify_token"][0] for one in seen]
        send()
        assert f"{url}/number" == sms.messages()[0].callback
        graph(
            "POST",
            "{phone_number_id}",
            json={"webhook_configuration": {**own, "override_callback_uri": ""}},
        )
        send()
        assert f"{url}/account" == sms.messages()[0].callback
        assert 1 == len(graph("GET", "{waba_id}/subscribed_apps")[1]["data"])
        graph("POST", "{waba_id}/subscribed_apps")
        send()
        assert f"{url}/app" == sms.messages()[0].callback
        graph("DELETE", "{waba_id}/subscribed_apps")
        send()
        assert "" == sms.messages()[0].callback
        assert [] == graph("GET", "{waba_id}/subscribed_apps")[1]["data"]
        graph("POST", "{waba_id}/subscribed_apps")
        app = "{app_id}|{app_secret}".format(**sms.credentials("whatsapp"))
        graph("DELETE", "{app_id}/subscriptions", token=app)
        send()
        assert "" == sms.messages()[0].callback


def test_objects_are_read_by_their_ids(graph):
    """As far as they are asked for."""
    assert "GREEN" == graph("GET", "{phone_number_id}")[1]["quality_rating"]
    fields = {"fields": "display_phone_number"}
    shown = graph("GET", "{phone_number_id}", params=fields)[1]
    assert {"id", "display_phone_number"} == set(shown)
    assert [shown] == graph("GET", "{waba_id}/phone_numbers", params=fields)[1]["data"]
    assert "sms-simulators" == graph("GET", "{waba_id}")[1]["name"]
    assert "sms-simulators" == graph("GET", "{app_id}")[1]["name"]


def test_what_the_application_says_is_waited_for_without_a_server(sms):
    """By whoever has a pipeline alone: with an application, and with none."""
    provider = sms.simulators.providers["whatsapp"]
    known = provider.published
    query = {"object": "whatsapp_business_account", "callback_url": "https://app.example/x"}
    query |= {"access_token": f"{known['app_id']}|{known['app_secret']}", "verify_token": "mine"}
    call = Call("POST", f"/v23.0/{known['app_id']}/subscriptions", urlencode(query))

    async def application(callback, _timeout):
        challenge = parse_qs(urlsplit(callback.url).query)["hub.challenge"][0]
        return Answered(200, challenge.encode())

    told = []
    for ask in (application, nobody):
        accounts = Accounts(MemoryStore(), [provider])
        pipeline = Pipeline(accounts, Settings(), ask)
        reply = pipeline.at_once(provider, *matched(provider, call))
        (entry,) = views.entries(accounts, accounts.world(DEFAULT))
        told.append((reply.status, entry["error"], b"no application" in reply.body))

    assert [(200, "", False), (400, "2200", True)] == told


def test_an_account_that_is_dropped_meanwhile_is_told_nothing_of(sms):
    """Whatever the application says then: the next account of that id begins with nothing."""
    provider = sms.simulators.providers["whatsapp"]
    accounts = Accounts(MemoryStore(), [provider])
    known = accounts.create("short").credentials("whatsapp")
    query = {"override_callback_uri": "http://127.0.0.1/x", "access_token": known["access_token"]}
    call = Call("POST", f"/v23.0/{known['waba_id']}/subscribed_apps", urlencode(query))

    async def application(callback, _timeout):
        accounts.drop("short")
        challenge = parse_qs(urlsplit(callback.url).query)["hub.challenge"][0]
        return Answered(200, challenge.encode())

    pipeline = Pipeline(accounts, Settings(), application)
    reply = pipeline.at_once(provider, *matched(provider, call))
    again = accounts.create("short")

    assert (401, 190) == (reply.status, json.loads(reply.body)["error"]["code"])
    assert (None, []) == (again.load("whatsapp/webhook"), list(views.entries(accounts, again)))
    assert 1 == len(list(views.entries(accounts, accounts.strangers)))


def matched(provider, call):
    candidates, params = routes.match(provider, call)
    return candidates, call, params


def test_a_signature_is_that_of_the_published_example(sms):
    """The secret `secret`, the body `test`."""
    account = replace(sms.world.account, credentials={"whatsapp": {"app_secret": "secret"}})
    world = World(account, MemoryStore())

    (_sha1, (name, value)) = webhooks.signed(world, b"test")

    assert "X-Hub-Signature-256" == name
    assert "sha256=0329a06b62cd16b33eb6792be8c60b158d89a2ee3a876fce9a881ebb488c0914" == value
