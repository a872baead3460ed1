"""Header values: words in any script arrive, and nothing can break an answer."""

from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.kernel.headers import legal, named, spelled, wrong

WORDS = ["一分钟一条", "a b", " edges ", "50%", "%E7", "é", "\u3000", "😀", "   ", "slow"]


@pytest.mark.parametrize("words", WORDS)
def test_words_come_back_as_they_were(words):
    """`unquote` undoes it, and what is plain is not touched."""
    header = spelled(words)

    assert header.isascii()
    assert header == header.strip()
    assert words == unquote(header)
    assert "slow down, please" == spelled("slow down, please")


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_words_can_be_spelled(words):
    """Whatever the words: printable ASCII, from which they can be read."""
    assert words == unquote(spelled(words))
    assert [("X", spelled(words))] == legal([("X", spelled(words))])


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text(), st.text())
def test_no_header_can_break_an_answer(name, value):
    """What may not go out is encoded, a name that is none is left out."""
    for sent, content in legal([(name, value)]):
        assert sent == name
        assert content.isascii()
        assert content.isprintable()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-A", "a\r\nb"),
        ("X-A", "é"),
        ("X-A", 1),
        ("X A", "a"),
        ("", "a"),
        ("X:", "a"),
        ("X\n", "a"),
    ],
)
def test_a_header_that_cannot_be_is_told_when_it_is_written(name, value):
    """A rule that answers so is refused with what was expected."""
    assert wrong(name, value)
    assert "" == wrong("X-Request-Id", "a b")


def test_a_header_that_is_signed_twice_is_so_once():
    """In the order of a signature's own list."""
    assert ("host", "x-date", "a") == named("host;x-date;host;a;a")
