"""Bytes to documents, held against the standard library where it has an opinion."""

import contextlib
import json
import sys
from urllib.parse import parse_qsl, unquote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simulators.kernel import reading
from simulators.kernel.call import Call

FORM = {"content-type": "application/x-www-form-urlencoded; charset=UTF-8"}
JSON = {"content-type": "application/json"}


def listed(fields):
    return {name: value if isinstance(value, list) else [value] for name, value in fields.items()}


def standard(text):
    found = {}
    for name, value in parse_qsl(text, keep_blank_values=True, errors="replace"):
        found.setdefault(name, []).append(value)
    return found


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.text("ab=&+%2Bé0\u4e2d ;", max_size=40))
@example("SignatureType=&a=1")
@example("a=%FF%fe&b=%E4%BD")
@example("a=1&a=2&a=3")
@example("a&=b&&c=d=e")
@example("%=%2&a=%zz")
def test_fields_are_those_of_the_standard_library(text):
    """Blank values kept, repeated names listed, bad UTF-8 replaced, plus is a space."""
    assert standard(text) == listed(reading.fields(text))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.binary(max_size=60))
def test_a_form_of_any_bytes_is_read(body):
    """Raw bytes above ASCII read as if they were percent-encoded."""
    escaped = "".join(chr(b) if b < 128 else f"%{b:02X}" for b in body)

    assert standard(escaped) == listed(reading.form(Call("POST", "/", headers=FORM, body=body)))


def test_raw_utf8_in_a_form_is_text():
    """Some clients do not encode at all."""
    assert {"to": "é中"} == reading.form(Call("POST", "/", headers=FORM, body="to=é中".encode()))


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/json"])
def test_a_body_not_declared_as_a_form_has_no_fields(content_type):
    """The content type decides."""
    call = Call("POST", "/", headers={"content-type": content_type}, body=b"a=1")

    assert reading.form(call) == {}


def test_more_fields_than_anybody_sends_are_refused():
    """A thousand is read, one more is `Unreadable`."""
    assert len(reading.fields("&".join(f"f{n}=" for n in range(1000)))) == 1000
    with pytest.raises(reading.Unreadable, match="more than 1000 fields"):
        reading.fields("&".join(f"f{n}=" for n in range(1001)))


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"",
        b"[1,]",
        b"\xff",
        b'"\\ud800"',
        b"NaN",
        b"[" * 100_000,
        b'{"a":' * 5000,
        b"[" * 102 + b"]" * 102,
    ],
)
def test_what_is_not_json_is_unreadable(body):
    """Cut short, no UTF-8, a lone surrogate, nested beyond reason: told, not raised through."""
    with pytest.raises(reading.Unreadable, match="not JSON"):
        reading.json(Call("POST", "/", headers=JSON, body=body))


@pytest.mark.parametrize("inner", [b"", b"1", b'"]]"', b"{}"])
def test_json_may_be_a_hundred_levels_deep_and_no_deeper(inner):
    """Arrays and objects alike; brackets within strings are none."""
    deep = 100 - inner.count(b"{")
    right, wrong = (b"[" * n + inner + b"]" * n for n in (deep, deep + 1))

    assert json.loads(right) == reading.json(Call("POST", "/", headers=JSON, body=right))
    with pytest.raises(reading.Unreadable, match="not JSON of at most 100 levels"):
        reading.json(Call("POST", "/", headers=JSON, body=wrong))


@pytest.mark.parametrize(
    "unit", [b"[" * 90 + b"]" * 90, b"[]", b'{"a":[]}', b'["[[["]', b"[" * 101 + b"]" * 101]
)
def test_how_deep_json_goes_takes_no_step_for_each_bracket(unit):
    """Before anybody is asked who he is: no more lines of ours for a lot than for a little."""
    lines = []

    def counting(frame, event, _argument):
        if frame.f_code.co_filename != reading.__file__:  # the collector's hooks, at its own times
            return None
        lines.append(event)
        return counting

    costs = []
    for size in (2000, 1 << 18):
        call = Call(
            "POST", "/", headers=JSON, body=b"[" + b",".join([unit] * (size // len(unit))) + b"]"
        )
        lines.clear()
        before = sys.gettrace()
        sys.settrace(counting)
        try:
            with contextlib.suppress(reading.Unreadable):
                reading.json(call)
        finally:
            sys.settrace(before)
        costs.append(len(lines))

    assert costs[0] == costs[1]
    assert costs[0] > 0


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        (JSON, b'{"a": 1}', {"a": 1}),
        ({"content-type": "Application/JSON; charset=utf-8"}, b"[1]", [1]),
        (FORM, b"a=1", {"a": "1"}),
        (JSON, b"", None),
        (JSON, b"[" * 90 + b"1" + b"]" * 90, json.loads("[" * 90 + "1" + "]" * 90)),
        (JSON, b"[" + b"[]," * 200 + b"1]", [*[[]] * 200, 1]),
        ({"content-type": "text/xml"}, b"<a/>", None),
        ({}, b"a=1", None),
    ],
)
def test_reads_a_body_by_its_content_type(headers, body, expected):
    """JSON or a form; None for nothing and for what is neither."""
    assert expected == reading.body(Call("POST", "/", headers=headers, body=body))


def test_first_and_many_take_single_and_repeated_fields_alike():
    """A field given once is as good as a list of one."""
    fields = reading.fields("a=1&b=2&b=3&c=")

    assert ("1", "2", "", "x") == tuple(reading.first(fields, n, "x") for n in "abcd")
    assert (["1"], ["2", "3"], [""], []) == tuple(reading.many(fields, n) for n in "abcd")


_PIECES = st.sampled_from(
    ["%", "%4", "%41", "%E9", "%98%BF", "%e9%98", "a", "é", "G", "%F0%9F%98%80", "%ED%A0%80"]
)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.lists(_PIECES, max_size=8).map("".join))
def test_escapes_are_decoded_as_the_standard_library_decodes_them(text):
    """Also escapes that are cut short, and bytes that are no UTF-8."""
    assert {"a": unquote(text)} == reading.fields(f"a={text}")


def test_percent_encoded_pieces_are_so_many_and_no_more():
    """One piece may be as long as it likes; each one costs a step."""
    assert {"a": "b" * 50_000} == reading.fields("a=" + "%62" * 50_000)
    assert {"a": "b." * 9000} == reading.fields("a=" + "%62." * 9000)
    with pytest.raises(reading.Unreadable, match="20000 percent-encoded pieces"):
        reading.fields("a=" + "%62." * 10_000 + "&b=" + "%62." * 10_000)


def test_raw_utf8_in_a_form_is_read_as_if_it_were_encoded():
    """And bytes that are none as U+FFFD."""
    headers = {"content-type": "application/x-www-form-urlencoded"}
    body = "a=验证 %E9%AA%8C".encode() + b"&b=\xff%ff"

    read = reading.form(Call("POST", "/", "", headers, body))

    assert {"a": "验证 验", "b": "\ufffd\ufffd"} == read


def test_whole_numbers_are_read_within_their_bounds_and_no_others():
    """One with more zeros before it than anybody writes is none, as is one that Python would not
    read."""
    read = {text: reading.whole(text, 1, 100) for text in ("1", "007", "100", "0", "101", "")}

    assert {"1": 1, "007": 7, "100": 100, "0": None, "101": None, "": None} == read
    for text in ("-1", "+1", "1.0", " 1", "²", "١", "0" * 9 + "1", "000000001" + "1" * 5000):
        assert reading.whole(text, 1, 10**9) is None, text[:20]
