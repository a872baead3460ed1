"""Counting segments: the vectors of 3GPP TS 23.038 and 23.040."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.kernel import segments


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("中" * 70, 1),
        ("中" * 71, 2),
        ("中" * 134, 2),
        ("中" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("a" * 152 + "€" + "a" * 151, 2),  # the euro's two septets move to the second part whole
        ("a" * 152 + "€" + "a" * 152, 3),
        ("中" * 66 + "😀" + "中" * 65, 2),
        ("中" * 66 + "😀" + "中" * 66, 3),
        ("é" * 160, 1),
        ("`" * 70, 1),
        ("`" * 71, 2),  # a grave accent alone is not in GSM-7
    ],
)
def test_counts_what_the_standard_counts(text, expected):
    """160/153 septets, 70/67 UTF-16 units, and nothing split over two parts."""
    assert expected == segments.count(text)


@pytest.mark.parametrize(("unicode", "expected"), [(None, 1), (True, 2), (False, 1)])
def test_takes_the_alphabet_it_is_told(unicode, expected):
    """Clients may force UCS-2 on a text that GSM-7 could spell."""
    assert expected == segments.count("a" * 71, unicode=unicode)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Hello", True), ("Ünïcode", False), ("{[~€]}\f", True), ("中", False), ("ç", False)],
)
def test_tells_gsm7_from_the_rest(text, expected):
    """Basic table and extension table; ç is not in it, Ç is."""
    assert expected is segments.is_gsm7(text)


def naive(costs, single, part):
    if sum(costs) <= single:
        return 1
    parts = [0]
    for cost in costs:
        if parts[-1] + cost > part:
            parts.append(0)
        parts[-1] += cost
    return len(parts)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text(st.sampled_from("a1€é中😀{"), max_size=400))
def test_agrees_with_a_naive_count(text):
    """The shortcuts for short texts change no result."""
    if any(char in "中😀" for char in text):
        expected = naive([len(c.encode("utf-16-le")) // 2 for c in text], 70, 67)
    else:
        expected = naive([2 if c in "€{" else 1 for c in text], 160, 153)

    assert expected == segments.count(text)


def test_every_character_is_of_the_alphabet_or_not():
    """Whichever way that is found out."""
    alphabet = segments.GSM7 | segments.GSM7_EXTENSION
    for char in map(chr, range(0x2100)):
        assert (char in alphabet) is segments.is_gsm7(char)
