"""GatewayAPI's two signatures against published vectors and independent libraries."""

import json
from pathlib import Path

import pytest
from oauthlib.oauth1 import SIGNATURE_TYPE_BODY, SIGNATURE_TYPE_QUERY, Client

from simulators.kernel.call import Call
from simulators.providers.gatewayapi import access, receipts

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/gatewayapi.json").read_text())
FORM = "application/x-www-form-urlencoded"


def test_the_base_string_and_signature_of_the_vendors_example():
    """The parameters of the documented header give the known base string and signature."""
    vector = VECTORS["oauth"]
    call = Call("POST", "/rest/mtsms", headers={"host": "gatewayapi.com"}, scheme="https")

    base = access.base_string(call, vector["parameters"])

    assert vector["base_string"] == base
    assert vector["signature"] == access.signature(base, vector["secret"])


@pytest.mark.parametrize(
    ("url", "body", "kind"),
    [
        ("https://gatewayapi.com/rest/mtsms", "", None),
        ("https://GatewayAPI.com:443/rest/mtsms", "", None),
        ("http://127.0.0.1:8026/gatewayapi/rest/mtsms", "", None),
        ("https://gatewayapi.com/rest/mtsms?a=1&a=0&b=&%C3%A6=~*%20+", "", None),
        ("https://gatewayapi.com/rest/mtsms", "message=a+b%26c%3D&recipients.0.msisdn=45&x=", None),
        ("https://gatewayapi.com/rest/mtsms?z=9", "", SIGNATURE_TYPE_QUERY),
        ("https://gatewayapi.com/rest/mtsms", "message=%E9%AA%8C", SIGNATURE_TYPE_BODY),
    ],
)
def test_agrees_with_oauthlib(url, body, kind):
    """What another implementation signs over header, query and form is verified here."""
    options = {"signature_type": kind} if kind else {}
    client = Client("KEY", client_secret="S&CR%T", nonce="n", timestamp="1450124113", **options)
    sent = {"Content-Type": FORM} if body else {}

    signed_url, headers, signed_body = client.sign(url, "POST", body or None, sent)

    rest, _, query = signed_url.partition("?")
    scheme, _, after = rest.partition("://")
    host, _, path = after.partition("/")
    names = {name.lower(): value for name, value in headers.items()}
    call = Call("POST", "/" + path, query, names | {"host": host}, scheme=scheme)
    call.body = (signed_body or "").encode()
    in_header = access.header(names.get("authorization", "")) or {}
    pairs = {**in_header, **dict(access._pairs(query)), **dict(access._pairs(signed_body or ""))}
    base = access.base_string(call, in_header)
    assert pairs["oauth_signature"] == access.signature(base, "S&CR%T")


def test_the_vendors_sample_token_is_made_byte_for_byte():
    """The same payload and secret give the token printed in the documentation."""
    vector = VECTORS["jwt"]

    assert vector["token"] == receipts.jwt(vector["payload"], vector["secret"])


@pytest.mark.parametrize(
    "header",
    ["", "Basic eDo=", "Token x", "OAuthx a=b", "OAuth", "OAuth ,,=,", 'OAuth a="b'],
)
def test_reads_any_authorization_header(header):
    """A header of another scheme is none of OAuth's, a broken one has fewer parameters."""
    found = access.header(header)

    assert found is None or isinstance(found, dict)
