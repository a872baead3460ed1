"""The inbox by HTTP: who is let in, what a form may be, and how much is done at a time."""

import re
from html import unescape
from types import SimpleNamespace
from urllib.parse import urlencode

import pytest

from simulators.app import Options, in_thread
from simulators.catalog import PROVIDERS
from simulators.inbox import acts, pages
from simulators.inbox.pages import VIEWS, Asked
from simulators.kernel.message import Message
from simulators.kernel.steps import at_once

PAGE = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}
FORM = {**PAGE, "Content-Type": "application/x-www-form-urlencoded"}
NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


@pytest.fixture
def page(sms, http):
    """Asks for the page of the test's own account."""

    def ask(method="GET", form=None, headers=None, **query):
        query = {"account": sms.world.id, **query}
        body = None if form is None else urlencode(form).encode()
        target = f"/?{urlencode(query)}"
        return http(sms.simulators, method, target, body, headers or (FORM if form else PAGE))

    return ask


@pytest.mark.parametrize("accept", ["application/json", "*/*", None])
def test_programs_get_an_index(sms, http, accept):
    """Where to go on, for who does not ask for a page; there is no 404 at the address itself."""
    answer = http(sms.simulators, "GET", "/", None, {"Accept": accept} if accept else {})

    assert (200, "application/json") == (answer.status, answer.headers["content-type"])
    assert answer.json()["openapi"] == "/_sim/openapi.json"
    assert set(sms.simulators.providers) == set(answer.json()["providers"])


@pytest.mark.parametrize("view", VIEWS)
def test_a_page_has_no_script_and_no_style_of_its_own(page, text, sms, view):
    """Nothing inline, nothing from elsewhere, and the browser is told to run nothing else."""
    sms.allow_violations()
    text("twilio", "+15005550009")
    text("twilio", "12")

    answer = page(view=view)
    html = answer.body.decode()

    assert (200, "text/html; charset=utf-8") == (answer.status, answer.headers["content-type"])
    ours = r'<script(?! (type="module" )?src="/inbox/)'
    assert not re.search(ours + r"|<style|\sstyle=|\son\w+=", html)
    loaded = re.findall(r"<(?:script|link|img)[^>]*(?:src|href)=\"([^\"]*)\"", html)
    assert loaded
    assert all(url.startswith(("/inbox/", "/bootstrap/")) for url in loaded)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


def test_what_the_page_loads_is_there(page, sms, http):
    """Bootstrap's from its package, ours from this one."""
    html = page().body.decode()
    for url in re.findall(r"<(?:script|link)[^>]*(?:src|href)=\"([^\"]*)\"", html):
        answer = http(sms.simulators, "GET", url, None, {})
        assert 200 == answer.status, url
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert "nosniff" == answer.headers["x-content-type-options"]
    for missing in ("/inbox/none.js", "/inbox/../pages.py", "/inbox/%2e%2e/pages.py"):
        assert 404 == http(sms.simulators, "GET", missing, None, {}).status


def test_no_vendor_has_it(replay):
    """Under a vendor's name the root is the vendor's."""
    raw = b"GET / HTTP/1.1\r\nHost: api.twilio.com\r\nAccept: text/html\r\n\r\n"
    answer = replay(raw, "api.twilio.com")

    assert 404 == answer.status
    assert b"20404" in answer.body


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}, 403),
        ("GET", {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"}, 403),
        ("GET", {"Sec-Fetch-Site": "cross-site", **NAVIGATION}, 200),
        ("GET", {**NAVIGATION, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "iframe"}, 403),
        ("GET", {"Origin": "http://evil.example"}, 403),
        ("POST", {"Sec-Fetch-Site": "cross-site", **NAVIGATION}, 403),
        ("POST", {"Origin": "http://evil.example"}, 403),
        ("POST", {"Origin": "null"}, 403),
        ("POST", {"Content-Type": "text/plain"}, 415),
        ("POST", {"Content-Type": "application/json"}, 415),
        ("POST", {"Host": "evil.example"}, 421),
    ],
)
def test_another_site_is_kept_out(page, sms, method, headers, status):
    """But a link to the page is followed. Nothing is changed."""
    form = {"act": "suspended", "suspended": "on"} if method == "POST" else None
    base = FORM if form else PAGE

    assert status == page(method, form, {**base, **headers}).status
    assert sms.world.load("suspended") is None


@pytest.mark.parametrize("form", [{"act": "nonsense"}, {"x": "y"}, {"act": "clock", "clock": "x"}])
def test_a_form_that_is_none_is_refused(page, form):
    """On the page, with what was expected."""
    answer = page("POST", form)

    assert 400 == answer.status
    assert b'role="alert"' in answer.body


BAD = ("", "x", "-1", "nan", "1e400", "9" * 400, "\x00", "\ud800".encode("utf-16", "surrogatepass"))


@pytest.mark.parametrize("act", acts._ACTS)
def test_no_form_is_a_fault(page, sms, act):
    """Whatever stands in its fields: done, or refused with a sentence."""
    fields = (
        "clock",
        "provider",
        "from",
        "text",
        "does",
        "error",
        "socket",
        "delay",
        "to",
        "times",
    )
    fields += (
        "times",
        "after",
        "name",
        "magic",
        "mode",
        "factor",
        "balance",
        "suspended",
        "receipts",
    )
    for bad in BAD:
        for does in ("error", "delay", "socket", "html"):
            form = {**dict.fromkeys(fields, bad), "act": act, "does": does}
            for provider in ("twilio", bad):
                answer = page("POST", {**form, "provider": provider})
                assert answer.status in (303, 400), (form, answer.body[:500])


@pytest.mark.parametrize("view", [*VIEWS, "nonsense"])
def test_no_query_is_a_fault(page, view, keep):
    """Whatever is asked for: a page, or a sentence on it."""
    keep("hello")
    for bad in (*BAD, "<b>", "0", "1", "twilio"):
        for name in ("search", "provider", "before", "seq", "id", "only", "account"):
            answer = page(view=view, **{name: bad})
            assert answer.status in (200, 400, 404), (view, name, bad)
            assert b"a fault of ours" not in answer.body


def test_a_number_and_a_text_are_found(page, sms, keep, text):
    """A number in any usual writing, by the index; a part of one, a word and an id by looking."""
    text("twilio", "+15005550010", "111111")
    keep("Something Else")
    sms.reply("twilio", "+15005550010", "a reply")

    def found(search):
        return page(search=search).body.decode().count("data-row")

    assert 4 == found("")
    assert 2 == found("+1 (500) 555-0010")  # the message and the reply to it
    assert 1 == found("5550009")
    assert 2 == found("something")
    assert 1 == found("SM1")
    assert 0 == found("nothing of the kind")


def test_secrets_are_not_shown(page, sms, text):
    """In requests, as everywhere."""
    sms.allow_violations()
    text("vonage", "447700900000")
    secret = sms.credentials("vonage")["api_secret"]

    html = page(view="requests").body.decode()

    assert "***" in html
    assert secret not in html


def test_a_key_of_many_lines_is_told_by_its_first_and_copied_whole(page):
    """It is as long as a page otherwise."""
    html = unescape(page(view="connect").body.decode())
    key = PROVIDERS["vonage"].published["private_key"]

    assert "<code>-----BEGIN PRIVATE KEY----- …</code>" in html
    assert f'data-copy="{key}"' in html
    assert html.count(key) == html.count("<code>-----BEGIN PRIVATE KEY----- …</code>")


def test_a_page_without_end_is_looked_through_in_turns(sms, sms_server, monkeypatch):
    """With any number of messages: what is done between two turns is bounded, and so is a page.
    One that asks for nothing looks at no more than it shows."""
    world, looked = sms.world, []

    def filled():
        for at in range(3 * pages.SEARCHED // 2):
            made = Message(
                f"M{at}", "twilio", "create-message", f"+1500{at:07}", "+1", "x", 1, 1e9, "number"
            )
            world.store.admit(world.id, [((), made)], 1e9)

    sms_server.call(filled)
    unpack = Message.unpack
    monkeypatch.setattr(Message, "unpack", lambda packed: looked.append(1) or unpack(packed))

    def most(query):
        turns, work = [], pages.messages(Asked(sms_server, world, query, {}, []))

        def through():
            looked.clear()
            for _turn in work:
                turns.append(len(looked))
                looked.clear()
            turns.append(len(looked))

        sms_server.call(through)
        return max(turns), sum(turns)

    assert most({})[1] <= 2 * pages.ROWS + 10
    assert most({"search": "+15000000042"})[1] <= 2 * pages.ROWS + 10
    at_a_time, in_all = most({"search": "none has this"})
    assert at_a_time <= 2 * 200 + 2 * pages.ROWS
    assert pages.SEARCHED <= in_all <= pages.SEARCHED + 1000


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A server on every address, with a token."""
    folder = tmp_path_factory.mktemp("tls")
    options = Options(host="0.0.0.0", port=0, tls_port=None, tls_dir=folder, token="s3cret")
    with in_thread(options) as simulators:
        yield simulators


def test_off_loopback_the_token_is_asked_for(guarded, http):
    """A browser by a form, a program in JSON; the cookie it gives opens the API as well, but only
    at the port that gave it and for no other site."""
    login = http(guarded, "GET", "/", None, PAGE)
    wrong = http(guarded, "POST", "/", b"act=sign-in&token=x", FORM)
    program = http(guarded, "GET", "/", None, {})
    right = http(guarded, "POST", "/", b"act=sign-in&token=s3cret", FORM)
    cookie = right.headers["set-cookie"].partition(";")[0]
    api = "/_sim/messages"

    assert (401, 401, 401, 303) == (login.status, wrong.status, program.status, right.status)
    assert b'name="token"' in login.body
    assert b"message" not in login.body.lower()
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(right.headers["set-cookie"].split("; "))
    assert "s3cret" not in cookie
    assert 200 == http(guarded, "GET", "/", None, {**PAGE, "Cookie": cookie}).status
    assert 200 == http(guarded, "GET", api, None, {"Cookie": cookie}).status
    other = re.sub(r"_\d+=", "_1=", cookie)
    assert 401 == http(guarded, "GET", api, None, {"Cookie": other}).status
    assert 401 == http(guarded, "GET", api, None, {"Cookie": cookie[:-1]}).status
    site = {"Cookie": cookie, "Sec-Fetch-Site": "same-site"}
    assert 403 == http(guarded, "GET", api, None, site).status
    assert 401 == http(guarded, "POST", "/", b"act=reset", FORM).status


def test_off_loopback_without_a_token_it_is_closed(tmp_path, http):
    """As the API is."""
    with in_thread(Options(host="0.0.0.0", port=0, tls_port=None, tls_dir=tmp_path)) as simulators:
        assert 403 == http(simulators, "GET", "/", None, PAGE).status
        assert 401 == http(simulators, "POST", "/", b"act=sign-in&token=", FORM).status


def test_every_view_is_made_in_turns(sms, sms_server):
    """A generator each, so that nobody waits for all of it."""
    for view, shown in VIEWS.items():
        asked = Asked(sms_server, sms.world, {"view": view}, {}, [])
        assert sms_server.call(lambda shown=shown, asked=asked: at_once(shown(asked))) is not None


@pytest.mark.parametrize("provider", ["aliyun", "tencent"])
def test_a_wrong_signature_is_explained(page, sms, http, one_send, provider):
    """Ours beside theirs, and the mistake where it is known; the key is not shown."""
    own = sms.credentials(provider)
    secret = next(name for name in ("access_key_secret", "secret_key") if name in own)
    wrong = SimpleNamespace(credentials=lambda _provider: {**own, secret: "another"})
    method, path, headers, body = one_send(wrong, provider, "13012345678")
    http(sms.simulators, method, path, body.encode(), headers)

    html = page(view="requests").body.decode()

    assert "Ours" in html
    assert "Theirs" in html
    assert "string" in html or "HMAC" in html
    assert own[secret] not in html


def test_a_receipt_that_nobody_takes_says_so(sms, text):
    """In words, where and why: not by the name of a library's exception."""
    sms.allow_violations()
    sms.webhooks("vonage", receipts="http://127.0.0.1:9/receipts")
    text("vonage", "447700900000")
    sms.clock.advance(60)

    lacks = {attempt["lacks"] for attempt in sms.receipts()}

    assert {"no connection to 127.0.0.1:9: Connection refused"} == lacks
