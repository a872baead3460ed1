"""A provider as a Flask app of a user's own: `test_client()`, other WSGI servers, mounts. What is
asked there is answered as by the simulators' own server, to the byte."""

import http.client
import json
import subprocess
import sys
import threading
from base64 import b64encode
from contextlib import closing, contextmanager
from dataclasses import replace
from http.client import HTTPConnection
from io import BytesIO
from urllib.parse import urlencode
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.validate import validator

import pytest
from flask import Flask, g, jsonify, request
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import make_server as make_werkzeug
from werkzeug.test import Client

from simulators import flask_app
from simulators.app import Options
from simulators.catalog import PROVIDERS
from simulators.server import arrival
from simulators.server.wsgi import HANG_SECONDS
from simulators.store.log import Unusable

TWILIO = PROVIDERS["twilio"].published
SEND = f"/2010-04-01/Accounts/{TWILIO['account_sid']}/Messages.json"
BASIC = (TWILIO["account_sid"], TWILIO["auth_token"])
FORM = {"To": "+15005550009", "From": TWILIO["number"], "Body": "Your code is 482913"}
JSON = {"Content-Type": "application/json"}
SIGNED = {
    "Authorization": f"Basic {b64encode(':'.join(BASIC).encode()).decode()}",
    "Content-Type": "application/x-www-form-urlencoded",
}
OF_THE_SERVER = {"date", "server", "connection"}


def send(client, path=SEND, **more):
    return client.post(path, data=FORM, auth=BASIC, **more)


@pytest.fixture
def app():
    """Twilio's, whose delays are noted instead of waited for."""
    waited = []
    made = flask_app("twilio", sleep=waited.append)
    made.waited = waited
    yield made
    made.extensions["sms"].simulators.close()


@contextmanager
def served(server):
    """A server in a thread of its own; its port."""
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def werkzeug(app):
    """The port of the app behind Werkzeug's server."""
    with served(make_werkzeug("127.0.0.1", 0, app, threaded=True)) as port:
        yield port


def replayed(client, sent, scheme="https"):
    """A recorded request, through a client of Werkzeug's."""
    path, _, query = sent["target"].partition("?")
    return client.open(
        path,
        method=sent["method"],
        query_string=query,
        base_url=f"{scheme}://{sent['host']}",
        headers=[(k, v) for k, v in sent["headers"] if k.lower() not in ("host", "connection")],
        data=(sent.get("body") or "").encode(),
    )


def seen(status, headers, body):
    shown = {k.lower(): v for k, v in headers.items() if k.lower() not in OF_THE_SERVER}
    return status, shown, body


@pytest.mark.parametrize("effect", [{}, {"error": "throttled"}, {"answer": {"status": 503}}])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_provider_answers_a_test_client_as_it_does_its_own_server(
    provider, effect, recorded, accepted, default
):
    """A request of a real client, and one that a rule refuses or answers: status, headers and body
    are the same, and so is what is kept."""
    rules = [{"name": "r", "match": {}, "effect": effect}] if effect else []
    theirs = recorded(provider, rules=rules)
    app = flask_app(provider, sleep=lambda _seconds: None)
    sms = app.extensions["sms"]
    sms.clock.freeze(default.clock.now())
    sms.script(*rules)

    ours = replayed(app.test_client(), accepted(provider))

    assert seen(theirs.status, theirs.headers, theirs.body) == seen(
        ours.status_code, ours.headers, ours.data
    )
    kept = [(m.to, m.text, m.at) for m in sms.messages()]
    assert kept == [(m.to, m.text, m.at) for m in default.messages()]
    assert bool(kept) is not bool(effect)
    sms.simulators.close()


@pytest.mark.parametrize("provider", PROVIDERS)
def test_no_path_of_a_provider_is_one_of_the_control_api(provider):
    """Both are served by one app."""
    paths = {endpoint.path for endpoint in PROVIDERS[provider].endpoints}

    assert [] == [path for path in paths if path == "/metrics" or path.startswith("/_sim")]


def test_the_official_sdk_through_werkzeug_s_server(app, werkzeug):
    """Send, read back, list, and be refused."""
    rest = pytest.importorskip("twilio.rest")
    from twilio.base.exceptions import TwilioRestException

    client = rest.Client(*BASIC)
    client.api.base_url = f"http://127.0.0.1:{werkzeug}"
    sms = app.extensions["sms"]

    message = client.messages.create(to=FORM["To"], from_=FORM["From"], body=FORM["Body"])

    assert "482913" == sms.wait_for_code(FORM["To"])
    assert "queued" == message.status
    sms.clock.advance(60)
    assert "delivered" == client.messages(message.sid).fetch().status
    assert [message.sid] == [one.sid for one in client.messages.list()]
    with pytest.raises(TwilioRestException) as refused:
        client.messages.create(to="12", from_=FORM["From"], body="hello")
    assert 21211 == refused.value.code
    assert client.messages(message.sid).delete()


def test_it_keeps_to_wsgi():
    """Under the standard library's validator, on its server: GET, POST, HEAD, 204 and a drip."""

    class Quiet(WSGIRequestHandler):
        def log_message(self, *_said):
            pass

    app = flask_app("twilio", sleep=lambda _seconds: None)
    sms = app.extensions["sms"]
    server = make_server("127.0.0.1", 0, validator(app), handler_class=Quiet)
    with served(server) as port:

        def ask(method, path, body=None, headers=None):
            with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
                connection.request(method, path, body, headers or {})
                answer = connection.getresponse()
                return answer.status, answer.read(), answer.getheader("content-length")

        for rules in ([], [{"match": {}, "effect": {"socket": "drip"}}]):
            sms.script(*rules)
            status, body, length = ask("POST", SEND, "To=%2B15005550009&Body=hello&From=x", SIGNED)
            assert (str(len(body)), 400) == (length, status)
        sms.script()
        status, body, length = ask("GET", "/_sim/health")
        assert (200, {"status": "ok"}) == (status, json.loads(body))
        status, body, head = ask("HEAD", "/_sim/health")
        assert (200, b"", length) == (status, body, head)
        message = send(app.test_client()).json["sid"]
        sms.clock.advance(60)
        path = SEND.replace(".json", f"/{message}.json")
        assert (204, b"") == ask("DELETE", path, None, SIGNED)[:2]
    sms.simulators.close()


def test_it_is_mounted_in_an_application_of_the_user_s_own(app):
    """Beneath a prefix, with the control API beneath it too; the application is as it was."""
    mine = Flask("mine")
    mine.add_url_rule("/", "index", lambda: "mine")
    both = {"/twilio": app, "/vonage": flask_app("vonage", beside=app)}
    client = Client(DispatcherMiddleware(mine, both))
    local = {"REMOTE_ADDR": "127.0.0.1"}  # this client, unlike Flask's, comes from nowhere

    sid = send(client, f"/twilio{SEND}").json["sid"]

    assert b"mine" == client.get("/").data
    for prefix in both:
        messages = client.get(f"{prefix}/_sim/messages", environ_base=local).json["messages"]
        assert [sid] == [message["id"] for message in messages]
    page = client.get(f"/twilio{SEND}?PageSize=1", auth=BASIC).json
    assert page["first_page_uri"].startswith(SEND)
    assert 404 == client.get("/vonage/nowhere").status_code


def test_signatures_over_the_url_hold_beneath_a_mount(recorded, default):
    """GatewayAPI's OAuth 1.0a signs scheme, host and the path as it was sent."""
    oauthlib = pytest.importorskip("oauthlib.oauth1")
    app = flask_app("gatewayapi")
    known = app.extensions["sms"].credentials("gatewayapi")
    signer = oauthlib.Client(known["oauth_key"], known["oauth_secret"])
    body = json.dumps({"message": "Your code is 482913", "recipients": [{"msisdn": 4512345678}]})
    url, headers, _body = signer.sign("http://localhost/a%20b/rest/mtsms", "POST", None, JSON)
    client = Client(DispatcherMiddleware(Flask("mine"), {"/a b": app}))

    answer = client.post(url.partition("localhost")[2], data=body, headers=headers)

    assert 200 == answer.status_code, answer.data
    app.extensions["sms"].simulators.close()


def test_two_apps_share_their_state_only_where_that_is_asked(app):
    """`beside`; each of the others is alone."""
    alone, other = flask_app("twilio"), flask_app("twilio", beside=app)

    send(app.test_client())

    assert app.extensions["sms"] is other.extensions["sms"]
    assert 1 == len(other.test_client().get("/_sim/messages").json["messages"])
    assert [] == alone.test_client().get("/_sim/messages").json["messages"]
    alone.extensions["sms"].simulators.close()


def test_the_account_is_at_hand(app):
    """Codes, clock, rules, limits, as in the fixture `sms`, and over the control API."""
    sms, client = app.extensions["sms"], app.test_client()
    sms.clock.freeze("2026-01-02T03:04:05Z")
    sms.script({"match": {"to": "+1500555*"}, "effect": {"error": "21610"}})

    refused = send(client)
    client.delete("/_sim/rules")
    sent = send(client)

    assert (400, 21610) == (refused.status_code, refused.json["code"])
    assert "Fri, 02 Jan 2026 03:04:05 +0000" == sent.json["date_created"]
    assert "482913" == client.get("/_sim/wait?to=%2B15005550009").json["code"]
    assert 408 == client.get("/_sim/wait?to=%2B15005550001&timeout=0.01").status_code
    with pytest.raises(LookupError, match="twilio is not served via 'prefix'"):
        sms.base_url("twilio")
    client.post("/_sim/reset")
    assert [] == sms.messages()


def test_receipts_arrive_without_a_server_of_ours(app):
    """A thread of the simulators carries them, begun with the first request; to move the clock
    waits for what became due."""
    came = []
    mine = Flask("mine")

    @mine.post("/receipt")
    def receipt():
        came.append(request.form["MessageStatus"])
        return ""

    with served(make_werkzeug("127.0.0.1", 0, mine)) as port:
        url = f"http://127.0.0.1:{port}/receipt"
        app.test_client().post(SEND, data={**FORM, "StatusCallback": url}, auth=BASIC)
        app.test_client().post("/_sim/clock", json={"advance": 60})

        assert ["sent", "delivered"] == came
        assert {"delivered"} == {one["state"] for one in app.extensions["sms"].receipts()}


def test_making_one_starts_nothing(calls_in):
    """A server that forks its workers afterwards has the thread in each of them."""
    made = []
    assert 0 == calls_in(lambda: made.append(flask_app("twilio")))["start_new_thread"]
    (app,) = made
    simulators = app.extensions["sms"].simulators

    assert simulators._thread is None
    send(app.test_client())
    thread = simulators._thread
    assert thread.is_alive()
    simulators.close()
    assert not thread.is_alive()


def test_the_thread_ends_with_the_last_app():
    """Whoever makes an app a test need not close it."""
    import gc

    app = flask_app("twilio")
    send(app.test_client())
    thread = app.extensions["sms"].simulators._thread
    del app
    gc.collect()

    assert not thread.is_alive()


def test_one_with_a_file_comes_back(tmp_path):
    """Once the one before has ended, as no two have one file. It waits for no disk: that takes a
    loop of our own."""
    options = Options(data=tmp_path / "data")
    sids = []
    for _ in range(2):
        app = flask_app("twilio", options)
        sids.append(send(app.test_client()).json["sid"])
        kept = [message.id for message in app.extensions["sms"].messages()]
        assert {*sids} == {*kept}
        with pytest.raises(Unusable, match="is in use"):
            flask_app("twilio", options)
        app.extensions["sms"].simulators.close()

    with pytest.raises(ValueError, match="data_sync: expected False"):
        flask_app("twilio", replace(options, data_sync=True))


def test_a_delay_waits_in_the_server_s_thread(app):
    """And holds as many requests as are permitted at once for as long as it lasts."""
    app.extensions["sms"].script({"match": {}, "effect": {"delay_ms": 1500}})

    assert 201 == send(app.test_client()).status_code
    assert [1.5] == app.waited
    assert 0 == app.extensions["sms"].world.under_way("twilio", 0.0)


BROKEN = {"close": [], "reset": [], "hang": [HANG_SECONDS]}


@pytest.mark.parametrize("trouble", BROKEN)
def test_a_broken_connection_is_no_answer(app, trouble, werkzeug):
    """A test client raises what a client would; Werkzeug's server closes the connection."""
    app.extensions["sms"].script({"match": {}, "effect": {"socket": trouble}})

    with pytest.raises(ConnectionResetError, match=f"broke the connection: {trouble}"):
        send(app.test_client())
    with closing(HTTPConnection("127.0.0.1", werkzeug, timeout=30)) as connection:
        connection.request("POST", SEND, urlencode(FORM), SIGNED)
        with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
            connection.getresponse()
    assert BROKEN[trouble] * 2 == app.waited
    assert 0 == app.extensions["sms"].world.under_way("twilio", 0.0)


def test_a_truncated_answer_ends_in_its_middle(app, werkzeug):
    """After a head that announces all of it."""
    app.extensions["sms"].script({"match": {}, "effect": {"socket": "truncate"}})

    with closing(HTTPConnection("127.0.0.1", werkzeug, timeout=30)) as connection:
        connection.request("POST", SEND, urlencode(FORM), SIGNED)
        answer = connection.getresponse()
        with pytest.raises(http.client.IncompleteRead) as cut:
            answer.read()
    assert int(answer.getheader("content-length")) == len(cut.value.partial) + cut.value.expected
    assert cut.value.partial


def test_bodies_are_bounded_and_whole(app, werkzeug):
    """Too large, too many headers, chunked, cut off: as the own server has it."""
    client = app.test_client()
    large = client.post(SEND, data=b"x" * (arrival.MAX_BODY + 1), auth=BASIC)
    many = client.get(SEND, headers={f"X-{n}": "1" for n in range(arrival.MAX_HEADERS + 1)})
    cut = client.post(
        SEND, auth=BASIC, environ_overrides={"wsgi.input": BytesIO(b"To"), "CONTENT_LENGTH": "99"}
    )
    with closing(HTTPConnection("127.0.0.1", werkzeug, timeout=30)) as connection:
        connection.request("POST", "/_sim/clock", iter([b'{"advance"', b": 60}"]), JSON)
        chunked = connection.getresponse().status

    assert [20001, 431, 400, 200] == [
        large.json["code"],
        many.status_code,
        cut.status_code,
        chunked,
    ]
    assert "a body that ended after 2 bytes" == cut.json["got"]
    assert "the request ended too soon" == cut.json["error"]


def test_a_stranger_does_not_reach_the_control_api(app):
    """Of what the server is bound to nothing is known: who asks has to be this machine, under its
    own name and through no proxy, or has the token."""
    client = app.test_client()
    away = {"REMOTE_ADDR": "192.0.2.7"}
    for asked, status in (
        ({"environ_overrides": away}, 403),
        ({"headers": {"X-Forwarded-For": "192.0.2.7"}}, 403),
        ({"base_url": "http://rebound.example"}, 421),
        ({"headers": {"Origin": "http://evil.example"}}, 403),
        ({}, 200),
    ):
        assert status == client.get("/_sim/messages", **asked).status_code, asked
        assert status == client.get("/metrics", **asked).status_code, asked
    assert 201 == send(client, environ_overrides=away).status_code

    guarded = flask_app("twilio", Options(token="t")).test_client()
    bearer = {"headers": {"Authorization": "Bearer t"}, "environ_overrides": away}
    assert 401 == guarded.get("/_sim/messages").status_code
    assert 200 == guarded.get("/_sim/messages", **bearer).status_code


def test_it_takes_what_flask_apps_take(app):
    """Hooks, errors and views of the user's own, and the contexts of Flask."""
    sms = app.extensions["sms"]

    @app.before_request
    def begin():
        g.began = "yes"

    @app.after_request
    def end(response):
        response.headers["X-Began"] = g.began
        return response

    @app.get("/mine")
    def mine():
        return jsonify(messages=len(sms.messages()))

    client = app.test_client()
    sent = send(client)

    assert ("yes", 201) == (sent.headers["X-Began"], sent.status_code)
    assert "queued" == sent.json["status"]
    assert {"messages": 1} == client.get("/mine").json
    with app.test_request_context("/mine"):
        assert "/mine" == request.path
    with client:
        assert 200 == client.get(SEND, auth=BASIC).status_code
    paths = {endpoint.path for endpoint in PROVIDERS["twilio"].endpoints}
    assert paths < {rule.rule for rule in app.url_map.iter_rules()}


def test_a_view_of_one_s_own_that_would_wait_for_itself_says_so(app):
    """One request is answered at a time."""
    sms = app.extensions["sms"]

    @app.get("/mine")
    def mine():
        with pytest.raises(RuntimeError, match="one request at a time"):
            sms.clock.advance(60)
        return "told"

    assert b"told" == app.test_client().get("/mine").data


def test_what_cannot_be_made_is_told(app):
    """In one line each."""
    with pytest.raises(LookupError, match="no provider 'twilo'; there are: aliyun"):
        flask_app("twilo")
    with pytest.raises(ValueError, match="expected an app that flask_app made"):
        flask_app("twilio", beside=Flask("mine"))
    with pytest.raises(ValueError, match="expected one of both"):
        flask_app("twilio", Options(), beside=app)


def test_to_import_simulators_loads_nothing_of_it():
    """Who reads a version, or a catalogue, waits for no Flask."""
    code = "import sys, simulators; simulators.flask_app; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert {"flask", "werkzeug", "asyncio"} & set(done.stdout.split()) == set()
