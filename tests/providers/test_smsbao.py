"""SMSBao: recorded requests, what proves an account, numbers, the balance and the day's limit."""

import hashlib
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

TEXT = "【示例】您的验证码是 482913"
HOME, ABROAD = "13012345678", "+447911123456"
# Of what a real client sent, what is refused: a number abroad at the path for China.
REFUSED = {"plus-number": "51"}


@pytest.fixture
def ask(sms):
    """Asks for a path by the account of the test, unless other fields are given; the body."""

    def send(path="sms", form=False, **fields):
        sms.allow_violations()
        known = sms.credentials("smsbao")
        given = {"u": known["username"], "p": known["api_key"], **fields}
        told = urlencode({name: value for name, value in given.items() if value is not None})
        url = f"{sms.base_url('smsbao')}/{path}"
        call = Request(url, told.encode()) if form else Request(f"{url}?{told}")  # noqa: S310 - local
        with urlopen(call, timeout=10) as answer:  # noqa: S310 - local
            assert "text/html;charset=UTF-8" == answer.headers["Content-Type"]
            return answer.read().decode()

    return send


def test_answers_what_a_real_client_sends(default, replay, captures):
    """A bare 0 and not a byte more; the message is kept under the number that was meant."""
    refused = {}
    for capture in captures("logto-smsbao-sms"):
        default.simulators.call(default.world.reset)
        answer = replay(capture["requests"][0])

        assert 200 == answer.status
        if answer.body != b"0":
            refused[capture["case"]] = answer.body.decode()
            continue
        (message,) = default.messages()
        assert f"+86{capture['message']['to'].removeprefix('86')}" == message.to
        assert capture["message"]["payload"].get("code", "{{code}}") in message.text
    assert REFUSED == refused


def test_a_number_with_its_country_code_is_taken_unless_the_account_is_strict(ask, sms):
    """Nobody knows which of both the vendor does; Logto writes numbers so."""
    for strict, expected in (({}, "0"), ({"numbers": "strict"}, "51")):
        sms.settings("smsbao", {"smsbao": strict})

        assert "0" == ask(m=HOME, c=TEXT)
        for written in (f"86{HOME}", f"+86{HOME}"):
            assert expected == ask(m=written, c=TEXT)
        sms.simulators.call(lambda: sms.world.save("limits", "off"))


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"u": None}, "-1"),
        ({"p": ""}, "-1"),
        ({"m": None}, "-1"),
        ({"c": None}, "-1"),
        ({"u": "nobody"}, "40"),
        ({"u": "nobody", "m": None}, "-1"),
        ({"p": "0" * 32}, "30"),
        ({"m": "12"}, "51"),
        ({"m": "23012345678"}, "51"),
        ({"m": ABROAD}, "51"),
        ({"m": f"{HOME},12"}, "51"),
        ({"m": ",".join([HOME] * 100)}, "51"),
    ],
)
def test_a_refusal_is_a_code_alone(fields, code, ask, sms):
    """Under HTTP 200, and nothing is sent."""
    assert code == ask(**{"m": HOME, "c": TEXT, **fields})
    assert [] == sms.messages()


def test_the_md5_of_the_password_is_as_good_as_the_key(ask, sms):
    """In either case of its letters; the password itself is not."""
    password = sms.credentials("smsbao")["password"]
    hashed = hashlib.md5(password.encode(), usedforsecurity=False).hexdigest()

    told = [ask(m=HOME, c=TEXT, p=proof) for proof in (hashed, hashed.upper(), password)]

    assert ["0", "0", "30"] == told


def test_a_list_reaches_all_of_it(ask, sms):
    """Within China, and abroad with a plus each."""
    assert "0" == ask(m=f"{HOME},13012345679", c=TEXT, g="1001")
    assert "0" == ask("wsms", m=f"{ABROAD},+14155550123", c=TEXT)
    assert ["+14155550123", ABROAD, "+8613012345679", f"+86{HOME}"] == [
        message.to for message in sms.messages()
    ]


def test_abroad_a_number_has_a_plus(ask):
    """One that was not encoded arrives as a blank."""
    assert ["51", "51"] == [ask("wsms", m=m, c=TEXT) for m in (" 447911123456", "447911123456")]


def test_a_code_is_told_by_telephone(ask, sms):
    """To one number within China."""
    assert "0" == ask("voice", m=HOME, c="482913")
    assert ("482913", "voice") == (sms.messages()[0].code, sms.messages()[0].lifecycle)
    assert ["51", "51"] == [ask("voice", m=m, c="1234") for m in (f"{HOME},{HOME}", ABROAD)]


def test_a_form_is_read_as_a_query_is(ask, sms):
    """Old clients post."""
    assert "0" == ask(form=True, m=HOME, c=TEXT)
    assert "30" == ask(form=True, m=HOME, c=TEXT, p="x")
    assert [f"+86{HOME}"] == [message.to for message in sms.messages()]


def test_the_balance_is_counted_in_messages_of_64_characters(ask, sms):
    """What was sent, and what is left of what the account was given."""
    assert "0\n0,1000" == ask("query")
    sms.simulators.call(lambda: sms.world.save("balance", 4.0))
    ask(m=HOME, c=TEXT)
    ask(m=HOME, c=TEXT.ljust(65, "。"))

    assert "0\n3,1" == ask("query")
    assert "30" == ask("query", p="x")
    assert ["0", "41"] == [ask(m=HOME, c=TEXT) for _ in range(2)]


def test_a_number_gets_four_messages_a_day(ask, sms):
    """A day begins at midnight in China."""
    sms.clock.freeze("2026-11-21T15:00:00Z")
    sent = [ask(m=HOME, c=TEXT) for _ in range(5)]
    sms.clock.advance(3601)

    assert ["0", "0", "0", "0", "60"] == sent
    assert "0" == ask(m=HOME, c=TEXT)


def test_words_and_addresses_that_an_account_lists(ask, sms):
    """50 for a text with such a word, 43 from any other address."""
    sms.settings("smsbao", {"smsbao": {"words": ["发票"]}})
    assert ["0", "50"] == [ask(m=HOME, c=f"{TEXT}{more}") for more in ("", "发票")]

    for ips, code in ((["203.0.113.7"], "43"), (["203.0.113.7", "127.0.0.1"], "0")):
        sms.settings("smsbao", {"smsbao": {"ips": ips}})
        assert code == ask(m=HOME, c=TEXT)
