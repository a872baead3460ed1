"""No surface shows a secret: planted in every place of a request and in every spelling.

Derived from the catalogue: a provider's table of credentials says what is secret and where it goes.
"""

import asyncio
import base64
import json
import logging
import re
import sys
from urllib.parse import quote, quote_plus, unquote

import pytest
from werkzeug.test import EnvironBuilder

from simulators.catalog import PROVIDERS
from simulators.check import journalled, report
from simulators.check.recorded import Recorded, read
from simulators.check.verdict import judge
from simulators.control import journal as journal_routes
from simulators.kernel import arrivals, journal, masking, steps, views
from simulators.kernel.accounts import Accounts
from simulators.kernel.call import Call
from simulators.kernel.credentials import secrets
from simulators.kernel.journal import REQUESTS
from simulators.kernel.masking import MASK, Mask, Secrets
from simulators.kernel.pipeline import Pipeline, Settings
from simulators.server import routes
from simulators.server.apps import App
from simulators.store.memory import MemoryStore
from simulators.testing.sms import told

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
UNKNOWN = "Unknown-Value-of-a-Client-93"
SECRETS = [(p, row) for p in PROVIDERS.values() for row in p.credentials if row.secret]
TURNS = 3


def wholly(text, spell):
    return "".join(spell(ord(character)) for character in text)


SPELLINGS = {
    "raw": lambda s: s,
    "its first letter percent-encoded": lambda s: f"%{ord(s[0]):02X}{s[1:]}",
    "percent-encoded wholly": lambda s: wholly(s, lambda c: f"%{c:02x}"),
    "percent-encoded wholly, upper case": lambda s: wholly(s, lambda c: f"%{c:02X}"),
    "percent-encoded twice": lambda s: quote(wholly(s, lambda c: f"%{c:02x}"), safe=""),
    "percent-encoded thrice": lambda s: quote(quote(f"%{ord(s[0]):02x}{s[1:]}"), safe=""),
    "a form's": lambda s: quote(s, safe="").replace("%20", "+"),
    "its first letter as \\u": lambda s: f"\\u{ord(s[0]):04x}{s[1:]}",
    "wholly as \\u": lambda s: wholly(s, lambda c: f"\\u{c:04X}"),
    "as \\u in JSON in JSON": lambda s: f"\\\\u{ord(s[0]):04x}{s[1:]}",
    "\\u of a percent-escape": lambda s: f"\\u0025{ord(s[0]):02x}{s[1:]}",
    "as XML": lambda s: wholly(s, lambda c: f"&#{c};"),
    "base64 of user and password": lambda s: base64.b64encode(f"us:{s}".encode()).decode(),
    "base64 of a user": lambda s: base64.b64encode(f"{s}:".encode()).decode(),
    "base64 for URLs": lambda s: base64.urlsafe_b64encode(f"~~?{s}".encode()).decode(),
}


def basic(password, user="someone"):
    return base64.b64encode(f"{user}:{password}".encode()).decode()


SCHEMES = ("Bearer ", "bearer\t", "BEARER  ", "Token ", "OAuth ", "", "Nobody's ", "\t")


def requests(provider, spelled, secret, schemes=SCHEMES):
    """One request with it in each place, by a name for the place."""
    send = next(e for e in provider.endpoints if e.sends and e.method == "POST")
    path = re.sub("<[^>]*>", "x", send.path)
    host = {"host": provider.hosts[0]}

    def call(path=path, query="", body=b"", method="POST", **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        body = body.encode() if isinstance(body, str) else body
        return Call(method, unquote(path), query, {**host, **named}, body, "https", path)

    yield "an unknown path", call(f"/nothing/{quote(spelled, safe='%')}")
    yield "a path's end", call(f"{path.rstrip('/')}/{quote(spelled, safe='%')}", method="DELETE")
    yield "the query", call(query=f"a=1&text={spelled}")
    yield "the query, as a name", call(query=f"{spelled}=1")
    yield "a form", call(body=f"a=1&to={spelled}&b=2", content_type=FORM)
    yield "JSON", call(body=f'{{"a": ["x", {{"to": "{spelled}"}}]}}', content_type=JSON)
    yield "JSON, as a name", call(body=f'{{"{spelled}": 1}}', content_type=JSON)
    yield "a body of no type", call(body=f"<a>{spelled}</a>")
    yield "a body cut short", call(body=" " * (16384 - len(spelled) + 3) + spelled + "x" * 99)
    yield "a cookie", call(cookie=f"sid={spelled}; b=2")
    yield "any header", call(x_any=spelled, user_agent=f"acme/1 ({spelled})")
    for scheme in schemes:
        yield f"authorization, {scheme!r}", call(authorization=scheme + spelled)
        yield f"any header, {scheme!r}", call(x_any=scheme + spelled)
    for scheme in ("Basic ", "bAsIc\t", "BASIC \t ", "Basic\x0b") if spelled == secret else ():
        yield f"Basic, {scheme!r}", call(authorization=scheme + basic(secret))
        yield f"Basic user, {scheme!r}", call(authorization=scheme + basic("", secret))


class Inside:
    """The simulators without sockets: what one request leaves on each surface."""

    def __init__(self):
        self.accounts = Accounts(MemoryStore(), PROVIDERS.values())
        self.pipeline = Pipeline(self.accounts, Settings(limits="off"))

    def send(self, provider, call):
        candidates, params = routes.match(provider, call)
        self.pipeline.respond(provider, candidates, call, params)

    def shown(self, masked=0):
        """What the control API and the fixtures show of it; so many entries have a mask."""
        hidden = 0
        for world in (self.accounts.strangers, self.accounts.world("default")):
            for violating in (False, True):
                entries = views.entries(self.accounts, world, violating=violating)
                hidden += not violating and sum(MASK in str(entry) for entry in entries)
                yield from strings(entries)
                yield told(entries)
                yield from map(str, (journalled._verdict(entry) for entry in entries))
            wanted = arrivals.Wanted()
            yield arrivals.instead(self.accounts, world, wanted)[1]
            world.reset()
        assert hidden >= masked


def strings(value):
    """Every text in a document."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from (name, *strings(item))
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)
    elif isinstance(value, str):
        yield value


def checked(calls):
    """What `check` prints of them, in every format."""
    sent = [Recorded("f", 1, where, call.host, call) for where, call in calls.items()]
    verdicts = [judge(one, {}) for one in sent]
    return "\n".join(shape(verdicts) for shape in report.FORMATS.values())


@pytest.mark.parametrize(
    ("turn", "provider", "row"),
    [(n % TURNS, *of) for n, of in enumerate(SECRETS)],
    ids=lambda x: getattr(x, "name", "secret"),
)
def test_no_place_and_no_spelling_shows_a_secret(turn, provider, row):
    """In the journal, violations, failing tests, answers of `wait`, reports of `check`. As it is, a
    secret stands in every place; in each spelling in every third, with the next secret in the next
    ones: three in a row have been in every place in every spelling."""
    inside = Inside()
    secret = row.default
    told_of = secret.rpartition(" ")[2]
    for how, spell in SPELLINGS.items():
        spelled = spell(secret)
        # Whatever stands after a scheme is hidden: spelled in one way after all, in all after one.
        places = [*requests(provider, spelled, secret, SCHEMES if how == "raw" else ("Bearer ",))]
        calls = dict(places if how == "raw" else places[turn::TURNS])
        for call in calls.values():
            inside.send(provider, call)
        shown = "\n".join([*inside.shown(len(calls)), checked(calls)])

        for text in {told_of, spelled, spell(told_of), basic(secret), basic("", secret)}:
            at = shown.find(text)
            assert at < 0, f"{how}: {shown[max(0, at - 300) : at + 100]}"


def field_requests(provider, place):
    """A request that has something unknown where the table says that a secret goes."""
    part, _, name = place.partition(".")
    upper = name.upper() if part == "header" else name
    if part == "query":
        yield Call("POST", "/", f"a=1&{name}={UNKNOWN}")
        yield Call("POST", "/", f"a=1&{name.upper()}={quote(UNKNOWN)}&b=2")
    elif part == "body":
        yield Call("POST", "/", "", {"content-type": FORM}, f"a=1&{name}={UNKNOWN}".encode())
        for value in (f'"{UNKNOWN}"', f'["{UNKNOWN}"]', f'{{"a": [{{"b": "{UNKNOWN}"}}]}}'):
            body = f'{{"a": {{"{name}": {value}, "z": 1}}}}'
            yield Call("POST", "/", "", {"content-type": JSON}, body.encode())
            escaped = body.replace(name[0], f"\\u{ord(name[0]):04x}", 1)
            yield Call("POST", "/", "", {"content-type": JSON}, escaped.encode())
    elif part == "header":
        yield Call("POST", "/", "", {upper.lower(): UNKNOWN})
    elif part == "authorization":
        yield Call("POST", "/", "", {"authorization": f"{name}\t{UNKNOWN}"})
    elif place == "basic.user":
        yield Call("POST", "/", "", {"authorization": f"Basic {basic('', UNKNOWN)}"})
    elif place == "basic.password":
        yield Call("POST", "/", "", {"authorization": f"basic\t{basic(UNKNOWN)}"})
    elif part == "path":
        yield Call("DELETE", f"/hooks/{UNKNOWN}", raw_path=f"/hooks/{UNKNOWN}")
        yield Call("POST", f"/sms/{UNKNOWN}", raw_path=f"/sms/{UNKNOWN}")
        yield Call("POST", "/hooks/secret", raw_path=f"/%68ooks/{UNKNOWN}")
        yield Call("POST", f"/hooks/{UNKNOWN}", raw_path=f"/hooks/{UNKNOWN}")
    else:
        assert part == "callback"  # that is for the application to see


@pytest.mark.parametrize(("provider", "row"), SECRETS, ids=lambda x: x.name)
def test_a_field_that_is_secret_by_the_table_is_masked_whatever_is_in_it(provider, row):
    """What a client has of its own is in no account here."""
    inside = Inside()
    for place in (*row.at, *row.signs):
        for call in field_requests(provider, place):
            call.headers.setdefault("host", provider.hosts[0])
            call.raw_path = call.raw_path or call.path
            inside.send(provider, call)
            shown = "\n".join([*inside.shown(1), checked({place: call})])

            assert UNKNOWN not in shown, place
            assert basic(UNKNOWN) not in shown, place


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=list(PROVIDERS))
def test_the_contract_server_shows_none(provider):
    """Neither of requests that nobody expected nor of those that break their contract."""
    pytest.importorskip("pytest_httpserver", reason="the fixture is an extra")
    from simulators.testing.contract_server.server import ContractServer, Listener

    server = ContractServer(Listener("127.0.0.1", 0))
    known = list(secrets(provider.credentials, provider.published))
    for secret in known:
        for _where, call in requests(provider, secret, secret):
            headers = list(call.headers.items())
            built = EnvironBuilder(
                method=call.method,
                path=call.path,
                query_string=call.query,
                headers=headers,
                data=call.body,
            )
            answered = server._unexpected(built.get_request())
            with pytest.raises(AssertionError) as failure:
                server.check()

            for told_of in (secret, secret.rpartition(" ")[2]):
                assert told_of not in answered
                assert told_of not in str(failure.value)


def test_the_log_shows_none(caplog, monkeypatch):
    """Where a provider's page fails on a request whose path is a secret."""
    inside = Inside()
    provider = PROVIDERS["http_sms"]
    path = provider.published["path"]
    app = App(provider, inside.pipeline, inside.accounts.strangers)
    app.view_functions = dict.fromkeys(app.view_functions, lambda **_params: 1 / 0)
    call = Call("POST", path, raw_path=path)
    monkeypatch.setattr(inside.pipeline, "respond", lambda *_args: 1 / 0)
    with caplog.at_level(logging.ERROR):
        app.test_client().post(path, environ_overrides={"simulators.call": call})
        assert app.answer(call).status == 500

    assert 2 == len(caplog.records)
    assert 2 == caplog.text.count(MASK)
    assert path not in caplog.text


def test_an_error_of_the_control_api_shows_none():
    """A credential that is another account's is not told to whoever asks for it."""
    accounts = Accounts(MemoryStore(), PROVIDERS.values())
    token = PROVIDERS["gatewayapi"].published["token"]
    with pytest.raises(ValueError, match=r"belongs to account 'default'") as failure:
        accounts.create("x", {"gatewayapi": {"token": token}})

    assert token not in str(failure.value)


def test_receipts_show_none():
    """What a callback carried, and what it was answered."""
    accounts = Accounts(MemoryStore(), PROVIDERS.values())
    secret = PROVIDERS["twilio"].published["auth_token"]
    attempt = {
        "url": f"http://127.0.0.1/{secret}",
        "headers": {"x": secret},
        "body": quote(secret),
        "answer": f"no {secret}",
        "lacks": "",
        "status": 500,
    }
    shown = views.unsecret(accounts.mask(), attempt)

    assert {**attempt, "url": "http://127.0.0.1/***", "headers": {"x": MASK}} | {
        "body": MASK,
        "answer": "no ***",
    } == shown


def test_an_account_that_is_gone_hides_nothing_but_what_others_have():
    """Its own secrets are nobody's; those that another account has stay hidden."""
    accounts = Accounts(MemoryStore(), PROVIDERS.values())
    own, shared = "Own-Secret-123456", "Shared-Secret-123456"
    accounts.create("a", {"smsaero": {"api_key": own}, "twilio": {"auth_token": shared}})
    accounts.create("b", {"twilio": {"auth_token": shared}})
    assert f"{MASK} {MASK}" == accounts.mask().text(f"{own} {shared}")

    accounts.add("b", {"twilio": {"auth_token": shared}})  # made anew with the same
    accounts.drop("a")

    assert f"{own} {MASK}" == accounts.mask().text(f"{own} {shared}")


def test_the_accounts_of_a_store_are_known_when_it_is_opened():
    """A store may have been there before."""
    store = MemoryStore()
    made = Accounts(store, PROVIDERS.values()).create("a").credentials("vonage")["api_secret"]

    assert MASK == Accounts(store, PROVIDERS.values()).mask().text(made)


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize(
    "secret", ["a+b/c d==", 'quo"te\\d', "ümläut-geheim", "x", "p@ss", "Bearer long-enough-token"]
)
def test_any_text_may_be_a_secret(secret, many):
    """With few accounts and with many, which are searched for in another way."""
    others = [f"other-secret-{n:06}" for n in range(5000 if many else 0)]
    mask = Mask(Secrets([*others, secret]))

    for spell in (str, quote, quote_plus, lambda s: json.dumps(s)[1:-1]):
        told_of = f"<{spell(secret)}> and more to read than there are secrets" * 3

        assert told_of.replace(spell(secret), MASK).count(MASK) == mask.text(told_of).count(MASK)
        assert secret not in mask.text(f"<{spell(secret)}>")


def test_a_text_escaped_beyond_reason_is_not_shown():
    """What would take forever to undo may hide anything."""
    text = "A"
    for _ in range(20):
        text = wholly(text, lambda c: f"%{c:02x}") if len(text) < 9 else text.replace("%", "%25")

    assert MASK == Mask(Secrets(["A-Secret-1234"])).text(text)


@pytest.mark.parametrize(
    "unit",
    ["x", "%41", "%25", "\\u0041", "token=a&", '{"token":', '"token":[', "aaaaaa...`", "&#65;"],
)
def test_the_cost_is_linear_in_the_text(unit, looked_at, own_calls):
    """Counted in characters that are looked at, not in seconds."""
    closed = own_calls(masking, "_closed", lambda end, _text, start: end - start)
    mask = Inside().accounts.mask("gatewayapi")
    costs = []
    for times in (100, 1000):
        looked_at.clear()
        closed.clear()
        mask.text(unit * times)
        costs.append(sum(looked_at) + sum(closed))

    assert costs[1] <= 11 * costs[0]
    assert costs[1] <= 10 * 1000 * len(unit)


@pytest.fixture
def looked_at(own_calls):
    """The characters that masks of the test look at, one number for each text and layer."""
    return own_calls(Mask, "_plain", lambda _spans, _mask, text: len(text))


@pytest.fixture
def in_turns(looked_at):
    """Makes something by turns: it, and what was looked at before each turn of the others."""

    def made(document):
        turns = []

        async def others(_seconds):
            turns.append(sum(looked_at))
            looked_at.clear()

        return asyncio.run(steps.by_turns(document, others)), turns

    return made


# What takes long to mask, or looks as if it did.
LONG = {
    "escaped as often as is undone": "%2525252541",
    "backslashes": "\\",
    "cut all over": "aaaaaaQUJDREVG...`",
    "names of secrets": '"token":[',
    "base64": "QUJDREVGR0g ",
}


@pytest.mark.parametrize("unit", LONG.values(), ids=list(LONG))
def test_a_page_of_the_journal_lets_others_have_their_turn(unit, in_turns):
    """However many entries are on it and whatever is in them: between two turns no more is looked
    at than one long text takes."""
    inside = Inside()
    text = (unit * 8192)[:8192] + "x" * 60_000
    headers = {"host": "x", "x-long": text[:50_000], **{f"x-{n}": f"value {n}" for n in range(90)}}
    inside.send(
        PROVIDERS["gatewayapi"],
        Call("POST", "/x" + text, text, headers, text.encode(), "http", "/"),
    )
    world = inside.accounts.strangers
    (one,) = world.store.records(world.id, REQUESTS, after=0, limit=1)

    page, turns = in_turns(journal_routes._document(inside.accounts, "requests", [one] * 5))

    assert views.entries(inside.accounts, world) * 5 == json.loads(page)["requests"]
    assert len(turns) >= 15
    assert max(turns) <= 5 * (journal.SHOWN + steps.TURN)


def test_a_page_of_small_entries_is_no_exception(in_turns):
    """A thousand of them take as long as one that is a thousand times as large."""
    inside = Inside()
    world = inside.accounts.strangers
    for n in range(200):
        inside.send(PROVIDERS["vonage"], Call("GET", f"/x/{n}", f"text=hello+{n}" * 30))
    found = world.store.records(world.id, REQUESTS, after=0, limit=1000)

    _page, turns = in_turns(journal_routes._document(inside.accounts, "requests", found))

    assert len(turns) > 50
    assert max(turns) < 4 * steps.TURN


def test_what_is_short_is_looked_at_once_until_an_account_comes_or_goes(looked_at):
    """Most of a journal are the same few headers; a new secret may be in any of them."""
    accounts = Accounts(MemoryStore(), PROVIDERS.values())
    seen = [accounts.mask("twilio").header("user-agent", "acme/1-Own-Secret-1") for _ in range(9)]
    assert (["acme/1-Own-Secret-1"] * 9, 1) == (seen, len(looked_at))

    accounts.create("a", {"twilio": {"auth_token": "Own-Secret-1"}})
    assert accounts.mask("twilio").text("acme/1-Own-Secret-1") == f"acme/1-{MASK}"

    accounts.drop("a")
    assert accounts.mask("twilio").text("acme/1-Own-Secret-1") == "acme/1-Own-Secret-1"


def test_what_came_instead_is_told_without_a_look_at_bodies(looked_at):
    """A wait that ends in vain is answered on the loop: it masks no more than it says."""
    inside = Inside()
    for _ in range(20):
        body = b"\\" * 16_000
        inside.send(PROVIDERS["twilio"], Call("POST", "/nowhere", headers={"x": "y"}, body=body))
    looked_at.clear()

    told = arrivals.instead(inside.accounts, inside.accounts.strangers, arrivals.Wanted())[1]

    assert "twilio /nowhere with " in told
    assert sum(looked_at) < 200


@pytest.mark.parametrize("unit", ["x", "\\", "%41a", *LONG.values()])
def test_a_text_takes_no_step_of_ours_for_each_of_its_characters(unit, monkeypatch):
    """Lines of the module that run, whatever the machine does: those that walk through a text are
    left to C, so a long one takes a fraction of a line for each character."""
    lines = 0

    def counting(frame, event, _argument):
        nonlocal lines
        if frame.f_code.co_filename != masking.__file__:
            return None
        lines += event == "line"
        return counting

    mask = Inside().accounts.mask("gatewayapi")
    text = (unit * 16_384)[:16_384]
    before = sys.gettrace()
    sys.settrace(counting)
    try:
        mask.text(text)
    finally:
        sys.settrace(before)

    assert 0 < lines < 1.5 * len(text)


@pytest.mark.parametrize("shape", report.FORMATS)
def test_no_report_shows_a_proof(shape, tmp_path):
    """In any format, of a secret that is too long, a wrong header, a path that is one."""
    lines = [
        {
            "method": "POST",
            "url": f"https://rest.nexmo.com/sms/json?api_secret={UNKNOWN}",
            "headers": {"content-type": "application/x-www-form-urlencoded"},
            "body": f"api_key=abcd1234&api_secret={UNKNOWN}&sig={UNKNOWN}&to=1",
        },
        {
            "method": "POST",
            "url": "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages.json",
            "headers": {"authorization": f"Bearer {UNKNOWN}"},
        },
        {
            "method": "POST",
            "url": f"https://sms-webhook.example.com/hooks/{UNKNOWN}",
            "headers": {"content-type": "application/json"},
            "body": {"payload": {}},
        },
    ]
    file = tmp_path / "sent.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))

    verdicts = [judge(request, {}) for request in read(file)]

    assert all(verdict.violations for verdict in verdicts)
    assert UNKNOWN not in report.FORMATS[shape](verdicts)


def test_a_journal_is_read_page_by_page(sms, text, monkeypatch):
    """To its beginning, in order."""
    for last in range(5):
        text("twilio", f"+1500555001{last}")
    monkeypatch.setattr(journalled, "MOST", 2)

    verdicts = journalled.read(sms.simulators.url, sms.world.id, "")

    assert [f"request {n}" for n in range(1, 6)] == [verdict.place for verdict in verdicts]
