"""The journal: what came in and what went out, readable, with secrets masked."""

import base64
from urllib.parse import quote, quote_plus

import pytest

from simulators import catalog
from simulators.kernel import journal
from simulators.kernel.accounts import Accounts
from simulators.kernel.call import Call, Reply
from simulators.kernel.contracts import Violation
from simulators.kernel.masking import Mask, Secrets, fields
from simulators.kernel.provider import Exchange
from simulators.kernel.steps import at_once
from simulators.store.memory import MemoryStore

SECRET = "fedcba9876543210fedcba9876543210"


@pytest.fixture
def exchange():
    provider = catalog.find("twilio")
    world = Accounts(MemoryStore(), [provider]).world("default")
    basic = base64.b64encode(f"AC1:{SECRET}".encode()).decode()
    headers = {"host": "api.twilio.com", "authorization": f"Basic {basic}"}
    call = Call("POST", "/x", query="token=" + SECRET, headers=headers, body=b"To=%2B1&k=" + b"v")
    return Exchange(call, provider, None, {}, world, 1000.0)


def read(exchange, reply=None, hidden=()):
    packed = journal.entry(exchange, reply or Reply(201, b"{}"))
    mask = Mask(Secrets(hidden), fields(exchange.provider.credentials))
    return at_once(journal.shown(journal.read(7, packed), mask))


def test_tells_the_whole_request_and_answer(exchange):
    """One mapping with what a person asks for."""
    exchange.violations = [Violation("body.To", "`+1`", "E.164", "https://e.com")]
    exchange.fired = "rule"
    found = read(exchange)

    assert (7, 1000.0, "twilio", "POST") == tuple(
        found[name] for name in ("sequence", "at", "provider", "method")
    )
    assert (201, "{}", "To=%2B1&k=v", "rule") == tuple(
        found[name] for name in ("status", "answer", "body", "rule")
    )
    assert "body.To: `+1`; expected E.164 (https://e.com)" == found["breaches"][0]["message"]
    assert "api.twilio.com" == found["headers"]["host"]


def test_masks_passwords_always_and_secrets_when_told(exchange):
    """The user name stays: it says whose request it was."""
    assert "Basic AC1:***" == read(exchange)["headers"]["authorization"]

    shown = read(exchange, Reply(200, SECRET.encode()), hidden=(SECRET,))

    assert "/x?token=***" == shown["target"]
    assert "***" == shown["answer"]
    assert SECRET not in str(shown)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Bearer abc", "Bearer ***"),
        ("Basic !!!", "Basic ***"),
        ("Basic é", "Basic ***"),
        ("Basic ", "Basic ***"),
        ("abc", "***"),
        ("", "***"),
    ],
)
def test_masks_whatever_is_in_the_authorization(exchange, header, expected):
    """A scheme is shown, what follows is not."""
    exchange.call.headers["authorization"] = header

    assert expected == read(exchange)["headers"]["authorization"]


def test_masks_a_token_sent_as_the_user(exchange):
    """Some providers take it there, with no password."""
    basic = base64.b64encode(f"{SECRET}:".encode()).decode()
    exchange.call.headers["authorization"] = f"Basic {basic}"

    assert "Basic ***:***" == read(exchange, hidden=(SECRET,))["headers"]["authorization"]


@pytest.mark.parametrize("secret", ['quo"te', "back\\slash", "ümlaut", "a+b/c="])
def test_masks_secrets_that_json_would_escape(exchange, secret):
    """A secret is found in the text as it was, not as the entry spells it."""
    exchange.call.body = secret.encode()

    assert "***" == read(exchange, hidden=(secret,))["body"]

    exchange.call.query = f"key={quote_plus(secret)}&x={quote(secret, safe='')}"

    assert "/x?key=***&x=***" == read(exchange, hidden=(secret,))["target"]


@pytest.mark.parametrize(
    ("body", "shown"),
    [(b"\xff\0", "\\xff\0"), (b"x" * 20_000, "x" * 16_384 + "... (20000 bytes)"), (b"", "")],
)
def test_shows_any_body_and_not_all_of_a_long_one(exchange, body, shown):
    """Bytes that are no text are spelled out."""
    exchange.call.body = body

    assert shown == read(exchange)["body"]
