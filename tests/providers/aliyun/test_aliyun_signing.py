"""Both signature schemes against vectors that Aliyun's pages print or its SDKs computed."""

import json
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simulators.kernel.call import Call
from simulators.providers.aliyun import signing, wire

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "aliyun.json").read_text())
RPC = [vector for vector in VECTORS if "canonical_request" not in vector]
ACS3 = [vector for vector in VECTORS if "canonical_request" in vector]


def by_id(vector):
    return vector["id"]


def claimed(call):
    return signing.claim(call, wire.read(call))


def rpc(vector, *, form):
    sent = urlencode({**vector["params"], "Signature": vector["signature"]})
    if not form:
        return Call(vector["method"], "/", query=sent)
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return Call(vector["method"], "/", headers=headers, body=sent.encode())


def acs3(vector, **changes):
    headers = {**vector["headers"], "authorization": vector["authorization"], **changes}
    query = urlencode(vector["query"])
    return Call("POST", "/", query=query, headers=headers, body=vector["body"].encode())


@pytest.mark.parametrize("form", [False, True], ids=["query", "form"])
@pytest.mark.parametrize("vector", RPC, ids=by_id)
def test_the_older_scheme_signs_as_the_vector_says(vector, form):
    """Parameters in the query or in a form make the same string and the same signature."""
    claim = claimed(rpc(vector, form=form))

    assert vector["string_to_sign"] == claim.string_to_sign
    assert vector["signature"] == claim.expected(vector["access_key_secret"])
    assert vector["signature"] == claim.signature


@pytest.mark.parametrize("vector", ACS3, ids=by_id)
def test_the_newer_scheme_signs_as_the_vector_says(vector):
    """The canonical request, its hash and the signature are those of the vector."""
    claim = claimed(acs3(vector))

    assert vector["canonical_request"] == claim.canonical
    assert vector["string_to_sign"] == claim.string_to_sign
    assert vector["signature"] == claim.expected(vector["access_key_secret"])
    assert vector["signature"] == claim.signature


def test_the_vectors_cover_both_schemes():
    """Seven of the older scheme, three of the newer."""
    assert (7, 3) == (len(RPC), len(ACS3))


@pytest.mark.parametrize("vector", ACS3, ids=by_id)
def test_the_newer_scheme_signs_the_body_that_came(vector):
    """A body that is not the one that was hashed gives another signature."""
    call = acs3(vector)
    call.body += b"&OutId=2"

    assert vector["signature"] != claimed(call).expected(vector["access_key_secret"])


_WORDS = st.text(max_size=6)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.dictionaries(_WORDS, _WORDS | st.lists(_WORDS, min_size=2, max_size=3), max_size=4))
@example({"a": "=&%3D", "a=": "&", "a1": ["b", "", "中\x00"], "Signature": "x"})
def test_the_canonical_query_is_its_pairs_each_encoded_alone(params):
    """In the order of the names and then of the values as they were before that."""
    listed = {name: [v] if isinstance(v, str) else sorted(v) for name, v in params.items()}
    pairs = [(name, v) for name in sorted(listed) if name != "Signature" for v in listed[name]]

    alone = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)

    assert alone == signing.canonical_query(params, "Signature")


def test_an_empty_value_is_signed():
    """SignatureType= of the older Python SDK is part of the string."""
    assert "A=&B=1" == signing.canonical_query({"B": "1", "A": "", "Signature": "x"}, "Signature")


@pytest.mark.parametrize(
    ("text", "encoded"),
    [(" ", "%20"), ("*", "%2A"), ("+", "%2B"), ("~", "~"), ("/", "%2F"), ("'()!", "%27%28%29%21")],
)
def test_percent_encoding_is_that_of_rfc_3986(text, encoded):
    """Only letters, digits, hyphen, underscore, dot and tilde stay."""
    assert encoded == signing.encoded(text)
