"""Vonage's request signatures, against vectors and against what vonage-python 4 signed."""

import json
from pathlib import Path

import pytest

from simulators.providers.vonage import access

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "vonage.json").read_text())
DOCUMENTED, NODE = VECTORS["documented"], VECTORS["node"]


def signed(vector, method):
    return {**vector["parameters"], "sig": vector["signatures"][method]}


def test_the_string_is_every_parameter_but_the_signature_by_name():
    """`&` and `=` inside a value are signed as `_`; nothing is URL-encoded."""
    parameters = signed(DOCUMENTED, "md5hash")

    assert DOCUMENTED["string"] == access.string_to_sign(parameters)


@pytest.mark.parametrize("method", access.METHODS)
def test_each_method_has_the_digest_of_its_vector(method):
    """MD5 with the secret behind the string, and four keyed hashes."""
    digest = access.digest(method, DOCUMENTED["secret"], DOCUMENTED["string"])

    assert DOCUMENTED["signatures"][method] == digest


@pytest.mark.parametrize("account", [*access.METHODS, "any"])
@pytest.mark.parametrize("method", access.METHODS)
def test_an_account_takes_the_one_method_it_has_chosen(method, account):
    """The request does not name its method; `any` is for accounts that have not chosen."""
    taken = access.verified(signed(DOCUMENTED, method), DOCUMENTED["secret"], account)

    assert (account in (method, "any")) == taken


def test_the_case_of_the_hexadecimal_does_not_matter():
    """The documents show it upper-case, the SDKs send it lower-case."""
    parameters = signed(DOCUMENTED, "sha256hmac")
    parameters["sig"] = parameters["sig"].upper()

    assert access.verified(parameters, DOCUMENTED["secret"], "sha256hmac")


@pytest.mark.parametrize("method", NODE["signatures"])
def test_lenience_takes_what_vonage_auth_of_node_signs(method):
    """It signs the form-encoded string without the leading separator; strictly that is wrong."""
    parameters = signed(NODE, method)

    assert access.verified(parameters, NODE["secret"], method, lenient=True)
    assert not access.verified(parameters, NODE["secret"], method)
