"""Proofs that several providers share."""

import base64

import pytest

from simulators.kernel import credentials
from simulators.kernel.call import Call


def encoded(text):
    return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (f"Basic {encoded('user:pass')}", ("user", "pass")),
        (f"basic {encoded('user:pass')}", ("user", "pass")),
        (f"BASIC  {encoded('user:pass')} ", ("user", "pass")),
        (f"Basic {encoded('user:pa:ss')}", ("user", "pa:ss")),
        (f"Basic {encoded(':')}", ("", "")),
        (f"Basic {encoded('token:')}", ("token", "")),
        (f"Basic {encoded('é:ü')}", ("é", "ü")),
        (f"Basic {encoded(bytes([255, 58, 97]))}", ("\ufffd", "a")),
        (f"Basic {encoded('no colon')}", None),
        (f"Bearer {encoded('user:pass')}", None),
        ("Basic", None),
        ("Basic ", None),
        ("Basic not*base64", None),
        ("Basic \xe9", None),
        ("", None),
    ],
)
def test_reads_basic_authorization(header, expected):
    """User and password as sent; None for whatever is not that."""
    assert expected == credentials.basic(Call("GET", "/", headers={"authorization": header}))


def test_no_header_is_no_proof():
    """None, not an error."""
    assert credentials.basic(Call("GET", "/")) is None


@pytest.mark.parametrize(
    ("expected", "given", "same"),
    [
        ("a", "a", True),
        ("a", "b", False),
        ("a", "", False),
        ("é", "é", True),
        ("a", "\ud800", False),
    ],
)
def test_compares_any_two_texts(expected, given, same):
    """Also what could not be encoded."""
    assert same is credentials.same(expected, given)
