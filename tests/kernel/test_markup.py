"""XML: what may stand in a text, and what an answer is to a contract."""

import pytest

from simulators.kernel import markup


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"<a/>", {"a": ""}),
        (b"<a>x &lt; y</a>", {"a": "x < y"}),
        (b"<a><b>1</b><c/></a>", {"a": {"b": "1", "c": ""}}),
        (b"<a><b>1</b><b>2</b><b>3</b></a>", {"a": {"b": ["1", "2", "3"]}}),
        (b'<a xmlns="http://example.com/"><b x="1">1</b></a>', {"a": {"b": "1"}}),
    ],
)
def test_an_answer_is_the_object_of_its_elements(body, value):
    """Namespaces and attributes are left out; what comes more than once is a list."""
    assert value == markup.document(body)


@pytest.mark.parametrize("body", [b"", b"<a>", b"{}", b"<a/><b/>", b"\xff\xfe"])
def test_what_is_no_xml_is_said_to_be_none(body):
    """In a `ValueError`, as for JSON that is none."""
    with pytest.raises(ValueError, match="not XML: "):
        markup.document(body)


def test_a_text_is_escaped_and_has_what_a_document_may_have():
    """Characters that XML has no way to write are replaced."""
    assert "a &lt; b &amp; \ufffd" == markup.escaped("a < b & \x00")
    assert "?" == markup.plain("\ud800", "?")
