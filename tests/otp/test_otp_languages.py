"""Errors in the language of whoever asks, named as Logto names it; English otherwise."""

import json

import pytest

from simulators.otp import languages
from simulators.otp.errors import ERRORS

FRENCH = "Le code saisi n'est pas le bon."
ENGLISH = "Invalid verification code."


@pytest.mark.parametrize(
    ("header", "query", "told"),
    [
        ("fr", "", FRENCH),
        ("fr-CA,fr;q=0.9", "", FRENCH),
        ("it;q=0.3, fr;q=0.8, xx", "", FRENCH),
        ("zh-cn", "", "输入的验证码不对。"),
        ("zh-Hans", "", ENGLISH),
        ("zh", "", ENGLISH),
        ("fr-CA", "", ENGLISH),
        ("en-GB,en;q=0.9,fr;q=0.8", "", ENGLISH),
        ("de", "?locale=fr", FRENCH),
        ("fr", "?locale=xx", FRENCH),
        ("", "", ENGLISH),
        (";;q=x,,*", "", ENGLISH),
        ("uk-UA", "", ENGLISH),
    ],
)
def test_an_error_is_told_in_the_language_that_was_asked_for(otp, header, query, told):
    """By the query, then by the header's order; the code stays what it is."""
    otp.request()
    path = f"/api/verification-codes/verify{query}"
    document = {"phone": "15005550009", "verificationCode": "no"}
    refused = otp.post(path, document, headers={"accept-language": header})

    assert ("verification_code.code_mismatch", told) == (refused.code, refused.json["message"])


def test_what_is_told_later_is_told_in_that_language_too(otp):
    """After a provider has answered."""
    from simulators.otp.connector import Incoming

    otp.carrier.answer = Incoming(200, b"refused")
    headers = {"accept-language": "es"}
    refused = otp.post("/api/verification-codes", {"phone": "15005550009"}, headers=headers)

    assert "connector.rate_limit_exceeded" == refused.code
    assert languages.phrase("es", refused.code) == refused.json["message"] != ""


def test_what_has_no_text_in_a_language_is_english(otp):
    """As Logto's own texts have it where one is missing."""
    refused = otp.get("/api/connectors/none", headers={"accept-language": "fr"})

    assert (404, "The resource does not exist.") == (refused.status, refused.json["message"])


def test_every_phrase_is_one_of_an_error():
    """With the words that are filled in, in languages that Logto's errors have too."""
    known = languages._phrases()
    spoken = set(known) - {"$comment"}

    assert len(spoken) > 10
    assert spoken < set(languages.BUILT_IN) - {"en", "cs", "uk-UA"}
    assert all(set(known[one]) <= set(ERRORS) for one in spoken)
    assert 1 == len({frozenset(known[one]) for one in spoken})
    assert json.dumps(known).count("{{") == sum(
        text.count("{{") for one in spoken for text in known[one].values()
    )
