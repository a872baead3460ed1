"""The inbox in a real browser: what people do with it, and what a hostile text cannot."""

import os
import re
import socket
from contextlib import closing
from http.client import HTTPConnection
from types import SimpleNamespace

import pytest

from simulators.app import Options, in_thread
from simulators.inbox.pages import VIEWS
from simulators.kernel import optouts
from simulators.samples import sample, target
from simulators.server.courier import Delivery

pytestmark = pytest.mark.slow

HOSTILE = (
    "<script>document.title = 'ran'</script>",
    "<img src=x onerror=\"document.title = 'ran'\">",
    "'><svg/onload=document.title='ran'>",
    "javascript:document.title='ran' https://example.com/unfurl?code=1",
    "{{ 7 * 7 }} ${7*7} {% raw %}",
    "before \u202e reversed \u202c after \u2066 isolated",
    "a\u200db 👩\u200d🚀 \ufeff",
    "nul \x00 bell \x07 escape \x1b[31m",
    "x" * 10_000,
    "קוד האימות שלך הוא 123456",
    "рауpal соdе 654321",
    "</bdi></p></main><h1 id=main>mine</h1>",
)


def said(page):
    return page.locator("#said")


def expecting():
    """Playwright's own waiting assertions: they look again until it is so."""
    from playwright.sync_api import expect

    expect.set_options(timeout=30_000)
    return expect


def axe():
    """Deque's judge of accessibility."""
    from axe_playwright_python.sync_playwright import Axe

    return Axe()


def test_a_send_appears_without_a_reload(inbox, text):
    """The newest on top, its code large, and a screen reader is told."""
    expect, page = expecting(), inbox()
    expect(page.locator("#live-said")).to_have_text("live")
    page.evaluate("window.same = true")

    text("twilio", "+15005550009", "482913")

    expect(page.locator("#code")).to_have_text("482913")
    expect(page.locator("[data-row]")).to_have_count(1)
    expect(said(page)).to_have_text("code 482913 for +15 005 550 009")
    text("vonage", "447700900000", "771204")
    expect(page.locator("#code")).to_have_text("771204")
    expect(page.locator("[data-row] .number").first).to_have_text("+447700900000")
    assert page.evaluate("window.same")


def test_the_code_is_copied_by_a_click_and_by_a_key(inbox, text):
    """The clipboard has it, and nothing else of the text."""
    expect = expecting()
    text("twilio", "+15005550009", "482913")
    page = inbox(permissions=["clipboard-read", "clipboard-write"])

    for copy in (lambda: page.click("#copy-code"), lambda: page.keyboard.press("c")):
        page.evaluate("navigator.clipboard.writeText('')")
        copy()
        expect(said(page)).to_have_text("copied 482913")
        assert "482913" == page.evaluate("navigator.clipboard.readText()")
        page.evaluate("document.getElementById('said').textContent = ''")


def test_a_refusal_is_explained(inbox, text):
    """In the provider's words, the contract field by field, and the vendor's page."""
    expect, page = expecting(), inbox("requests")
    text("twilio", "12")

    expect(page.locator(".alert-danger")).to_contain_text("21211")
    expect(page.locator(".detail td").first).to_have_text("body.To")
    link = page.locator(".detail td a")
    expect(link).to_have_attribute("href", re.compile("^https://www.twilio.com/"))
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    page.click("text=What went wrong")
    expect(page.locator("[data-row]")).to_have_count(1)


def test_requests_of_nobody_are_pointed_out(inbox, sms, raw_twilio):
    """Whoever has the credentials wrong finds his request from his own account."""
    expect, page = expecting(), inbox("requests")
    raw_twilio(sms.simulators.ports["http"], "AC0", "wrong")

    page.click("text=look at them")
    expect(page.locator("#account")).to_have_value("strangers")
    expect(page.locator(".alert-danger").first).to_contain_text("20003")


def test_a_rule_made_by_clicks_makes_the_next_send_fail(inbox, text, sms):
    """And it is seen failing, and having had its effect; taken away, all is as before."""
    expect, page = expecting(), inbox("behaviour")
    page.select_option("form[data-auto] [name=provider]", "vonage")
    page.wait_for_url("**provider=vonage**")
    chosen = page.locator("[name=error] option", has_text="throttled · ").first
    page.select_option("[name=error]", chosen.get_attribute("value"))
    page.fill("#times", "1")
    page.click("text=Make the rule")
    expect(page.locator("#rules tbody tr")).to_have_count(1)

    answer = text("vonage", "447700900000")

    assert b"Throughput Rate Exceeded" in answer.body
    expect(page.locator("#rules tbody td").nth(3)).to_have_text("1, over")
    inbox("requests", page=page)
    expect(page.locator(".detail")).to_contain_text("Because of rule-1")
    inbox("behaviour", page=page)
    page.click("[aria-label='Remove rule-1']")
    expect(page.locator("#rules .empty")).to_be_visible()
    assert b'"status":"0"' in text("vonage", "447700900000").body.replace(b" ", b"")


def test_a_broken_connection_a_delay_and_magic_numbers(inbox, sms):
    """What is chosen by clicks is the rule that the API has."""
    expect, page = expecting(), inbox("behaviour")
    page.check("#does-socket")
    page.select_option("[name=socket]", "reset")
    page.fill("#to", "*0001")
    page.fill("#delay", "1.5")
    page.click("text=Make the rule")
    expect(page.locator("#rules tbody tr")).to_have_count(1)

    (rule,) = sms.rules()
    assert {"to": "*0001"} == rule["match"]
    assert {"socket": "reset", "delay_ms": 1500} == rule["effect"]
    page.click("text=Switch on")
    expect(page.locator("text=Switch off")).to_be_visible()
    assert "magic-hang" in [rule["name"] for rule in sms.rules()]
    page.click("text=Switch off")
    expect(page.locator("text=Switch on")).to_be_visible()
    assert 1 == len(sms.rules())


def test_what_cannot_be_is_told_and_what_was_written_stays(inbox, sms):
    """With what was expected, as the API says it."""
    expect, page = expecting(), inbox("behaviour", allow=("400",))
    page.fill("#times", "often")
    page.click("text=Make the rule")

    expect(page.get_by_role("alert")).to_contain_text("a whole number")
    expect(page.locator("#times")).to_have_value("often")
    assert [] == sms.rules()


def test_the_clock_is_frozen_moved_and_run(inbox, sms):
    """By buttons that every view has."""
    expect, page = expecting(), inbox("limits")
    page.click("text=Freeze")
    expect(page.locator("#clock .badge")).to_have_text("stands still")
    before = sms.clock.now()

    page.click("text=+10 min")
    expect(page.locator("time.clock")).to_contain_text(
        f"{before.replace(minute=(before.minute + 10) % 60):%M:%S}"
    )
    assert 600 == round((sms.clock.now() - before).total_seconds())
    sms.clock.freeze("2027-03-04T05:06:07Z")
    expect(page.locator("time.clock")).to_have_text("2027-03-04 05:06:07 UTC")
    page.click("text=Run")
    expect(page.locator("text=Freeze")).to_be_visible()
    assert not sms.simulators.call(lambda: sms.world.clock.frozen)


def test_a_reply_as_the_phone(inbox, text, sms):
    """It appears in the list, and has opted the number out, as the keyword says."""
    expect, page = expecting(), inbox()
    text("twilio", "+15005550009")
    expect(page.locator("#reply")).to_be_visible()
    page.fill("#reply", "STOP")
    page.press("#reply", "Enter")

    expect(page.locator("[data-row]")).to_have_count(2)
    expect(page.locator(".bubble.theirs")).to_have_text("STOP")
    assert ["+15005550009"] == sms.simulators.call(lambda: optouts.listed(sms.world))


def test_who_writes_a_reply_is_not_interrupted(inbox, text):
    """The message that is answered stays, whatever comes; the list goes on."""
    expect, page = expecting(), inbox()
    text("twilio", "+15005550009", "111111")
    expect(page.locator("#code")).to_have_text("111111")
    page.fill("#reply", "half a")
    text("twilio", "+15005550010", "222222")

    expect(page.locator("[data-row]")).to_have_count(2)
    expect(page.locator("#code")).to_have_text("111111")
    expect(page.locator("#reply")).to_have_value("half a")
    expect(page.locator(".reply [name=from]")).to_have_value("+15005550009")


def test_a_receipt_is_followed(inbox, text, sms, monkeypatch):
    """Planned, tried, not taken, when again, taken: a line through time."""
    expect, answers = expecting(), [Delivery(500, b"no", "", True, 0.01)]

    def send(_callback, _timeout, done):
        done(answers.pop() if answers else Delivery(200, b"", "", True, 0.01))

    monkeypatch.setattr(sms.simulators.courier, "send", send)
    sms.clock.freeze()
    sms.webhooks("vonage", receipts="http://127.0.0.1:9/receipts")
    text("vonage", "447700900000")
    page = inbox("receipts")
    expect(page.locator(".stop.planned")).to_have_count(1)

    sms.clock.advance(30)

    expect(page.locator(".stop.failed")).to_contain_text("HTTP 500")
    expect(page.locator(".stop.retry")).to_contain_text("tried again at")
    sms.clock.advance(3600)
    expect(page.locator(".stop.taken")).not_to_have_count(0)
    expect(page.locator(".stop.retry")).to_have_count(0)


def test_a_window_is_a_bar(inbox, text):
    """With what is left, and full when it is."""
    expect, page = expecting(), inbox("limits")
    sent = text("aliyun", "13012345678")
    assert 200 == sent.status

    expect(page.locator("progress").first).to_be_visible()
    expect(page.locator("progress.full").first).to_be_visible()
    expect(page.locator(".bars")).to_contain_text("0 left")


def test_two_accounts_do_not_mix(inbox, visit, text, sms):
    """What one is sent the other does not show, and the switch leads from one to the other."""
    expect = expecting()
    other = sms.simulators.call(sms.simulators.accounts.create)
    theirs = visit(f"{sms.simulators.url}/?account={other.id}")
    ours = inbox()
    text("twilio", "+15005550009", "482913")

    expect(ours.locator("[data-row]")).to_have_count(1)
    expect(theirs.locator("[data-row]")).to_have_count(0)
    theirs.select_option("#account", sms.world.id)
    expect(theirs.locator("#code")).to_have_text("482913")
    text("twilio", "+15005550010", "771204")
    expect(theirs.locator("#code")).to_have_text("771204")
    sms.simulators.call(lambda: sms.simulators.accounts.drop(other.id))


def test_the_page_comes_back_after_the_server_restarts(visit, one_send, tmp_path):
    """By itself, and shows what the new server has."""
    expect = expecting()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = Options(port=port, tls_port=None, tls_dir=tmp_path)
    with in_thread(options) as first:
        send(first, one_send, "111111")
        page = visit(first.url, allow=("Failed to load resource", "ERR_"))
        expect(page.locator("#code")).to_have_text("111111")
        expect(page.locator("#live-said")).to_have_text("live")
    expect(page.locator("#live-said")).to_have_text("not connected")
    with in_thread(options) as second:
        expect(page.locator("#live-said")).to_have_text("live")
        expect(page.locator("[data-row]")).to_have_count(0)
        send(second, one_send, "222222")
        expect(page.locator("#code")).to_have_text("222222")


def send(simulators, one_send, code):
    """One message of the default account."""
    world = simulators.accounts.world("default")
    whose = SimpleNamespace(credentials=world.credentials)
    method, path, headers, body = one_send(whose, "twilio", "+15005550009", code)
    with closing(HTTPConnection("127.0.0.1", simulators.ports["http"], timeout=10)) as connection:
        connection.request(method, path, body.encode(), headers)
        assert 201 == connection.getresponse().status


def test_hostile_texts_are_text(inbox, sms, keep):
    """As a message, its sender and a reply, in every view: nothing runs, nothing is fetched, and
    each reads as it was sent."""
    for hostile in HOSTILE:
        keep(hostile)
    asked: list[str] = []
    page = inbox()
    page.on("request", lambda request: asked.append(request.url))
    for at, hostile in enumerate(HOSTILE, 1):
        page.goto(f"{sms.simulators.url}/?account={sms.world.id}&id=SM{2 * at}")
        shown = re.sub(r"[\x00-\x1f]", lambda control: chr(0x2400 + ord(control[0])), hostile)
        assert shown == page.locator(".bubble bdi").text_content()
        assert "ran" != page.title()
        assert page.locator("h1#main").count() == 0
    for view in VIEWS:
        inbox(view, page=page)
        assert "ran" != page.title()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), view
    assert [] == [url for url in asked if not url.startswith(sms.simulators.url)]


def test_off_loopback_one_signs_in(visit, tmp_path):
    """With the token; the cookie is out of the reach of scripts and of other sites."""
    expect = expecting()
    token = "fake-control-token"
    options = Options(host="0.0.0.0", port=0, tls_port=None, tls_dir=tmp_path, token=token)
    with in_thread(options) as simulators:
        url = f"http://127.0.0.1:{simulators.ports['http']}"
        page = visit(url, allow=("401",))
        found = axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
        assert [] == [one["id"] for one in found if one["impact"] in ("serious", "critical")]
        page.fill("#token", "another")
        page.click("text=Sign in")
        expect(page.get_by_role("alert")).to_contain_text("not the token")
        page.fill("#token", token)
        page.click("button")
        expect(page.locator("#live-said")).to_have_text("live")
        (cookie,) = page.context.cookies()
        assert (True, "Strict") == (cookie["httpOnly"], cookie["sameSite"])
        assert token not in cookie["value"]
        assert "" == page.evaluate("document.cookie")
        page.click("text=+10 s")
        expect(page.locator("time.clock")).to_be_visible()
        page.click("text=Sign out")
        expect(page.locator("#token")).to_be_visible()
        page.close()  # while there is a server: a page asks for what happens again and again


def test_another_origins_page_reads_and_changes_nothing(visit, sms, tmp_path):
    """Neither by fetch, nor by a form, nor in a frame."""
    server = sms.simulators.url
    with in_thread(Options(port=0, tls_port=None, tls_dir=tmp_path)) as elsewhere:
        page = visit(f"http://localhost:{elsewhere.ports['http']}/inbox/icon.svg", allow=("",))
        got = page.evaluate(
            """async (url) => {
                const asked = [['GET', {}], ['POST', {body: new URLSearchParams({act: 'reset'})}],
                    ['GET', {mode: 'no-cors'}],
                    ['POST', {mode: 'no-cors', body: new URLSearchParams({act: 'reset'})}]];
                return Promise.all(asked.map(([method, more]) =>
                    fetch(url, {method, ...more}).then((a) => a.text(), () => 'nothing')));
            }""",
            f"{server}/?account={sms.world.id}",
        )

    assert {"nothing", ""} >= set(got)
    assert 0 == sms.simulators.call(lambda: sms.world.resets)


def test_axe_finds_nothing(inbox, text, sms):
    """Serious or critical, on any view with something in it; the colours in the dark as well."""
    judge = axe()
    text("twilio", "+15005550009")
    text("twilio", "12")
    text("aliyun", "13012345678")
    sms.webhooks("vonage", receipts="http://127.0.0.1:9/")
    text("vonage", "447700900000")
    sms.script({"name": "mine", "effect": {"delay_ms": 1}})
    page = inbox(color_scheme="light")
    told = {"resultTypes": ["violations"]}
    colours = {**told, "runOnly": {"type": "rule", "values": ["color-contrast"]}}
    for view in VIEWS:
        inbox(view, page=page)
        for scheme, options in (("light", told), ("dark", colours)):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            found = judge.run(page, options=options).response["violations"]
            bad = [one for one in found if one["impact"] in ("serious", "critical")]
            assert [] == [(view, scheme, one["id"], one["nodes"][0]["html"]) for one in bad]
        page.emulate_media(color_scheme="light")


def test_a_telephone_shows_all_of_it(inbox, text, keep):
    """At 360 pixels nothing is beyond the edge, and what is pressed is large enough to be hit."""
    keep("x" * 400)
    text("twilio", "12")
    text("aliyun", "13012345678")
    page = inbox(viewport={"width": 360, "height": 740}, has_touch=True)
    for view in VIEWS:
        inbox(view, page=page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, view
        sizes = page.evaluate(
            "[...document.querySelectorAll('button:not([hidden]), .nav-link, .row-link')]"
            ".filter((b) => b.checkVisibility()).map((b) => b.getBoundingClientRect().height)"
        )
        assert min(sizes) >= 24, view


def test_it_is_read_without_javascript(inbox, text, sms):
    """List, detail, search, views; and the forms work as forms do."""
    expect = expecting()
    text("twilio", "+15005550009", "111111")
    text("twilio", "+15005550010", "222222")
    page = inbox(java_script_enabled=False)

    expect(page.locator("#code")).to_have_text("222222")
    page.click("[data-row] >> nth=1")
    expect(page.locator("#code")).to_have_text("111111")
    page.fill("#search", "+1 500 555 0010")
    page.click("[role=search] button")
    expect(page.locator("[data-row]")).to_have_count(1)
    page.click("text=its request")
    expect(page.locator(".detail")).to_contain_text("HTTP 201")
    expect(page.locator("[data-copy]").first).to_be_hidden()
    page.click("text=Freeze")
    expect(page.locator("text=stands still")).to_be_visible()


def test_keys_lead_through_the_list(inbox, text):
    """j and k, / to the search, ? to the keys; not while somebody writes."""
    expect = expecting()
    for code in ("111111", "222222", "333333"):
        text("twilio", "+15005550009", code)
    page = inbox()
    for key, code in (("j", "222222"), ("j", "111111"), ("j", "111111"), ("k", "222222")):
        page.keyboard.press(key)
        expect(page.locator("#code")).to_have_text(code)
    page.keyboard.press("/")
    page.keyboard.type("jk?")
    expect(page.locator("#search")).to_have_value("jk?")
    expect(page.locator("#code")).to_have_text("222222")
    page.locator("#search").blur()
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.go_back()
    expect(page.locator("#code")).to_have_text("111111")


def test_the_first_visit_says_how_to_begin(inbox, sms):
    """Address and credentials of every provider, ready to copy."""
    expect = expecting()
    page = inbox(permissions=["clipboard-read", "clipboard-write"])
    for name in sms.simulators.providers:
        expect(page.get_by_text(sms.url(name), exact=True)).to_be_visible()
        for value in sms.credentials(name).values():
            first, several, _ = value.partition("\n")
            shown = f"{first} …" if several else value
            expect(page.locator("code").get_by_text(shown, exact=True).first).to_be_visible()
    page.click("[data-copy] >> nth=0")
    expect(said(page)).to_contain_text("copied http://")


def picture(page, name, tmp_path):
    """A screenshot; `make pictures` puts it where the pages have it."""
    folder = os.environ.get("SMS_SIMULATORS_PICTURES", tmp_path)
    return len(page.screenshot(path=f"{folder}/{name}.png"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pictures_of_the_pages(visit, default, tmp_path, scheme):
    """What the README and the page of the inbox show, as it looks now."""
    default.allow_violations()
    default.simulators.call(default.simulators.accounts.strangers.reset)  # what other tests left
    default.clock.freeze("2026-11-21T12:03:07Z")
    default.webhooks("vonage", receipts="http://127.0.0.1:9/receipts")
    samples = (
        ("twilio", "+15005550009", "482913"),
        ("aliyun", "13012345678", "771204"),
        ("aliyun", "13012345678", "771205"),
        ("vonage", "447700900000", "305518"),
        ("twilio", "12", "000000"),
        ("twilio", "+15005550010", "482914"),
    )
    for at, (provider, to, code) in enumerate(samples):
        default.clock.freeze(f"2026-11-21T12:03:{7 + 2 * at:02}Z")
        request(default, provider, to, code)
    default.script(
        {"name": "busy", "match": {"provider": "twilio", "times": 3}, "effect": {"error": 20429}}
    )
    page = visit(default.simulators.url, color_scheme=scheme)
    page.wait_for_selector("#code")
    sizes = [picture(page, f"inbox-{scheme}", tmp_path)]
    if scheme == "light":
        for name, view in (
            ("requests", "view=requests&only=bad"),
            ("behaviour", "view=behaviour&provider=twilio"),
            ("receipts", "view=receipts"),
            ("limits", "view=limits"),
        ):
            page.goto(f"{default.simulators.url}/?{view}")
            page.wait_for_load_state()
            sizes.append(picture(page, f"inbox-{name}", tmp_path))

    assert min(sizes) > 10_000


def request(account, provider, to, code):
    """One send, at the account's own time."""
    now = account.clock.now().timestamp()
    call = sample(provider).call(account.credentials(provider), to, code, now=now, nonce=f"{now}")
    port = account.simulators.ports["http"]
    with closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request(call.method, f"/{provider}{target(call)}", call.body, call.headers)
        connection.getresponse().read()
