"""Reading the code out of a message, as a person would."""

import re
import unicodedata
from re import _parser  # the expressions as parsed: nothing else says what one can repeat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.kernel import codes
from simulators.kernel.codes import extract

CODES = [
    # Logto's default texts and the templates of the seven providers' customers
    (
        "Your Logto SignIn verification code is 123456."
        " The code will remain active for 10 minutes.",
        "123456",
    ),
    ("Your verification code is 000123", "000123"),
    (
        "【阿里云短信测试】您正在使用阿里云短信测试服务，体验验证码是：654321，如非本人操作，请忽略！",
        "654321",
    ),
    ("【腾讯云】您的验证码是1234，请于5分钟内填写。如非本人操作，请忽略本短信。", "1234"),
    ("【腾讯云】123456为您的登录验证码，请于5分钟内填写", "123456"),
    ("您的驗證碼為 8842，10 分鐘內有效", "8842"),
    ("您的动态密码：９８７６５４，请勿泄露", "987654"),
    ("Ваш код подтверждения: 4821", "4821"),
    ("КОД: 48215", "48215"),
    ("Никому не сообщайте пароль 77310", "77310"),
    ("Su código de verificación es 334455", "334455"),
    ("O seu código é 556677.", "556677"),
    ("Votre code de vérification est 1029", "1029"),
    ("Ihr Bestätigungscode lautet 904417", "904417"),
    ("Din kode er 5512", "5512"),
    ("Twój kod: 661209", "661209"),
    ("Váš ověřovací kód je 4410", "4410"),
    ("Il tuo codice è 120934", "120934"),
    ("認証コード：718204", "718204"),
    ("[Acme] 인증번호 [402911]를 입력하세요", "402911"),
    ("رمز التحقق الخاص بك هو ٤٨٢١٥٩", "482159"),
    ("आपका ओटीपी 553201 है", "553201"),
    ("รหัส OTP ของคุณคือ220914", "220914"),
    ("Mã xác nhận của bạn là 661122", "661122"),
    # shapes
    ("G-482913 is your Google verification code.", "482913"),
    ("Your code is: 123-456", "123456"),
    ("Your Telegram code 123 456", "123456"),
    ("code:1234", "1234"),
    ("OTP=99887766", "99887766"),
    ("Code (4455).", "4455"),
    ("<#> Your code is 123456\nFA+9qCX9VSu", "123456"),
    ("Your code is 765432\n\n@example.com #765432", "765432"),
    ("Your verification code:\n123456", "123456"),
    ("4821", "4821"),
    # more numbers than one
    ("Order 4471: your code is 998877", "998877"),
    ("Your code for order #4471 is 998877", "998877"),
    ("123456 is your Acme code. Reply STOP to 88290 to unsubscribe.", "123456"),
    ("Use 445566 as your PIN. It expires at 12:3045, on 2026-11-21.", "445566"),
    ("Payment of $5000 to 8005551234. Code 3141.", "3141"),
    ("1200 points wait for you! Your code is 7788", "7788"),
    ("Card ending in 4242: one-time password 660011 for EUR 1,299.00", "660011"),
    ("尾号1234的卡，验证码665544，金额5000元", "665544"),
    ("Call 8000 if this was not you. Verification code 246810", "246810"),
    ("On 21 Nov 2026 you asked for code 1357", "1357"),
    ("Valid for 1440 minutes: 8642", "8642"),
    ("Since 2019 we care. 55512", "55512"),
    ("Your code is 2019", "2019"),
]
NO_CODES = [
    "",
    "Welcome to Acme!",
    "Meet us on 21.11.2026 at 18:30",
    "Meet us on 2026-11-21",
    "Meet us on November 21st, 2026",
    "活动时间2026年11月21日",
    "See https://example.com/verify/123456?code=998877",
    "See example.com/123456",
    "Write to 123456@example.com",
    "Call +1 555 123 4567 or (555) 123-4567",
    "Call 800-555-1234",
    "如有疑问请致电95188",
    "Ваш баланс 5000 руб",
    "You paid $1234.56 and 1234,50 EUR; 1000% sure",
    "Your order no. 123456 is on its way",
    "Valid for 3600 seconds",
    "Happy new year 2027",
    "123456789012",
    "abc123456def",
    "Your code is 123",
]


@pytest.mark.parametrize(("text", "code"), CODES)
def test_finds_the_code(text, code):
    """The number nearest to the word for code, in any script, digits only."""
    assert code == extract(text)


@pytest.mark.parametrize("text", NO_CODES)
def test_finds_no_code_where_there_is_none(text):
    """Dates, times, amounts, links, addresses, phone and order numbers are no codes."""
    assert extract(text) is None


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text())
def test_reads_any_text(text):
    """Whatever the text: None, or 4 to 8 ASCII digits."""
    found = extract(text)

    assert found is None or (found.isascii() and found.isdigit() and 4 <= len(found) <= 8)


@pytest.mark.parametrize("piece", ["code ", "1234 ", "a.b", "1-", "x@", "+1 ", "(12) ", "12 3"])
def test_takes_no_longer_for_hostile_texts(piece):
    """A text made to be slow is read to `MAX_TEXT` and no further."""
    assert extract(piece * 100_000) in (None, "1234")


LONG = 100_000
# What each expression begins with, over and over, and then what makes it fail; and what grows when
# it is written plainly, or is slow to be put in order.
HOSTILE = [
    "order" + " " * LONG,
    ("order" + " " * 500) * (LONG // 505),
    "order no. " * (LONG // 10),
    "заказ" * (LONG // 5),
    "1" * LONG,
    "1," * (LONG // 2),
    "1.1" * (LONG // 3),
    "1 " * (LONG // 2),
    "1234 " * (LONG // 5),
    "1234" + " " * LONG,
    "1234年 1" * (LONG // 7),
    "12:34" * (LONG // 5),
    "12 jan" * (LONG // 6),
    "jan" * (LONG // 3),
    "jan 1 " * (LONG // 6),
    "$" * LONG,
    "$ " * (LONG // 2),
    "+1 (" * (LONG // 4),
    "+1" + " " * LONG,
    "(12) " * (LONG // 5),
    "123-" * (LONG // 4),
    "123 456 " * (LONG // 8),
    "call" + "." * LONG,
    "call 1 " * (LONG // 7),
    "stop to " * (LONG // 8),
    "x" * LONG,
    "*1234" * (LONG // 5),
    "ending in " * (LONG // 10),
    "a.b" * (LONG // 3),
    "a-" * (LONG // 2),
    "a.1234/" * (LONG // 7),
    "https://" * (LONG // 8),
    "www.1234" * (LONG // 8),
    "x@" * (LONG // 2),
    "@1234" * (LONG // 5),
    "code " * (LONG // 5),
    "code 1234 " * (LONG // 10),
    "1234 code. " * (LONG // 11),
    "2019 " * (LONG // 5),
    "𝟏𝟐𝟑𝟒 " * (LONG // 5),
    "\ufdfa" * LONG,
    "code " + "\u0315\u0300\u0323\u05b0" * (LONG // 4) + " 1234",
    "\u1ebf\u0323" * (LONG // 2),
]


class Counted:
    """An expression that counts how much text it was given to look at."""

    def __init__(self, expression, looks):
        self._expression = expression
        self._looks = looks

    def _look(self, text, *span):
        start, end = (
            (*span, len(text))[:2] if len(span) == 2 else (span[0] if span else 0, len(text))
        )
        self._looks.append(max(min(end, len(text)) - start, 0))

    def match(self, text, *span):
        self._look(text, *span)
        return self._expression.match(text, *span)

    def search(self, text, *span):
        self._look(text, *span)
        return self._expression.search(text, *span)

    def fullmatch(self, text, *span):
        self._look(text, *span)
        return self._expression.fullmatch(text, *span)

    def finditer(self, text, *span):
        self._look(text, *span)
        return self._expression.finditer(text, *span)

    def sub(self, new, text):
        self._look(text)
        return self._expression.sub(new, text)


def looked_at(monkeypatch, text):
    """How many characters all expressions together are given for a text, and the most at once by
    those that are not gone through from its beginning to its end."""
    looks = []
    with monkeypatch.context() as patch:
        for name, value in vars(codes).items():
            if isinstance(value, re.Pattern):
                patch.setattr(codes, name, Counted(value, looks))
        codes.found(text)
    return sum(looks), max((n for n in looks if n < len(text) // 4), default=0)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:12]))
def test_the_work_grows_as_the_text_does(monkeypatch, text):
    """Twice the text is twice the work, at lengths that no cap cuts; about a number, no more than
    the window on either side of it is looked at."""
    half, _ = looked_at(monkeypatch, text[: len(text) // 2])
    whole, most = looked_at(monkeypatch, text)

    assert whole <= 2.2 * half + 1000
    assert most <= 2 * codes._WINDOW


def unbounded(parsed):
    """Each repetition without a bound that can be given back: what makes an expression slower than
    its text is long."""
    for kind, value in parsed:
        name = str(kind)
        if name in ("MAX_REPEAT", "MIN_REPEAT"):
            low, high, repeated = value
            if high > 32:
                yield name, low, high
            yield from unbounded(repeated)
        elif name == "POSSESSIVE_REPEAT":
            yield from unbounded(value[2])
        elif name == "SUBPATTERN":
            yield from unbounded(value[3])
        elif name == "BRANCH":
            for branch in value[1]:
                yield from unbounded(branch)
        elif name in ("ASSERT", "ASSERT_NOT"):
            yield from unbounded(value[1])
        elif name == "ATOMIC_GROUP":
            yield from unbounded(value)


@pytest.mark.parametrize(
    "name", [name for name, value in vars(codes).items() if isinstance(value, re.Pattern)]
)
def test_no_expression_can_give_back_without_end(name):
    """Every repetition is bounded, or keeps what it took."""
    assert [] == list(unbounded(_parser.parse(getattr(codes, name).pattern)))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("(0755) 12345678", None),
        ("You paid 5000 usd. 123456 is your code", "123456"),
        ("您的验证码654321，请联系a@b.cn", "654321"),
        ("On Nov 21 123456 is your code", "123456"),
        ("My order 4471 and code 4471", "4471"),
        ("co\u0301digo " * 40 + "998877", "998877"),
    ],
)
def test_a_number_is_judged_by_what_is_beside_it(text, code):
    """What masks one number leaves its neighbours alone."""
    assert code == extract(text)


def test_wide_characters_become_what_normalizing_makes_of_them():
    """Whoever makes it of them."""
    for wide, narrow in codes._NARROW.items():
        assert unicodedata.normalize("NFKC", chr(wide)) == chr(narrow)
