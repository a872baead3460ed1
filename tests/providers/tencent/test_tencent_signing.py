"""Tencent's signatures, held to the vendor's own figures and to what its SDK computed."""

import json
import time
from pathlib import Path

import pytest

from simulators.kernel.call import Call
from simulators.providers.tencent import signing

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "tencent.json").read_text())
TC3 = [v for v in VECTORS if v["algorithm"] == "TC3-HMAC-SHA256"]
V1 = [v for v in VECTORS if v["algorithm"] != "TC3-HMAC-SHA256"]


def name(vector):
    return vector["id"]


def call_of(vector):
    """The request a version 3 vector signs."""
    action = "DescribeInstances" if "cvm" in vector["host"] else "SendSms"
    return Call(
        method=vector["method"],
        path="/",
        query=vector.get("query_string", ""),
        headers={
            "host": vector["host"],
            "content-type": vector["content_type"],
            "x-tc-action": action,
        },
        body=vector.get("body", "").encode(),
    )


@pytest.mark.parametrize("vector", TC3, ids=name)
def test_version_3_signs_as_the_vendor_does(vector):
    """The signature, and the key of the day on the way to it."""
    parts = signing.authorization(vector["authorization"])
    key = signing.day_key(vector["secret_key"], parts.date, parts.service)
    found = signing.tc3(
        call_of(vector), parts, vector["timestamp"], vector["host"], vector["secret_key"]
    )

    assert vector["k_signing"] == key.hex()
    assert vector["signature"] == found
    assert vector["signature"] == parts.signature


@pytest.mark.parametrize("vector", V1, ids=name)
def test_version_1_signs_as_the_vendor_does(vector):
    """HmacSHA1 and HmacSHA256, by GET and by POST; without a method it is HmacSHA1."""
    params = {key: str(value) for key, value in vector["params"].items()}

    found = signing.v1(vector["method"], vector["host"], params, vector["secret_key"])

    assert vector["signature"] == found


@pytest.mark.parametrize(
    ("timestamp", "expected"),
    [
        (1_767_225_599, "2025-12-31"),
        (1_767_225_600, "2026-01-01"),
        (1_767_311_999, "2026-01-01"),
        (1_709_164_800, "2024-02-29"),
        (0, "1970-01-01"),
    ],
)
def test_the_day_of_a_signature_turns_at_midnight_utc(timestamp, expected, monkeypatch):
    """To the second, wherever the machine is: not with Beijing's day, nor the local one."""
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    try:
        assert expected == signing.day(timestamp)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_payload_may_be_declared_unsigned():
    """Then the literal word is hashed in place of the body."""
    call = call_of(TC3[0])
    call.headers["x-tc-content-sha256"] = "UNSIGNED-PAYLOAD"
    parts = signing.authorization(TC3[0]["authorization"])
    before = signing.tc3(call, parts, TC3[0]["timestamp"], call.host, "key")
    call.body = b"another"

    assert before == signing.tc3(call, parts, TC3[0]["timestamp"], call.host, "key")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic abc",
        "TC3-HMAC-SHA256",
        "TC3-HMAC-SHA256 Credential=AKID/2026-11-21/sms/tc3_request",
        "TC3-HMAC-SHA256 Credential=AKID/sms, SignedHeaders=host, Signature=" + 64 * "0",
        "TC3-HMAC-SHA256 Credential=A/b/c/tc3_request, SignedHeaders=host, Signature=xyz",
    ],
)
def test_a_header_of_another_shape_has_no_parts(header):
    """It is answered AuthFailure.InvalidAuthorization."""
    assert signing.authorization(header) is None
