"""Whatever is sent, Tencent's pipeline answers it in Tencent's language, with HTTP 200."""

import json
import time
from urllib.parse import urlencode

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulators.kernel import reading
from simulators.kernel.accounts import Accounts
from simulators.kernel.call import Call
from simulators.kernel.contracts import contract
from simulators.kernel.pipeline import Pipeline, Settings
from simulators.providers.tencent import PROVIDER, signing
from simulators.providers.tencent.wire import OPERATIONS
from simulators.store.memory import MemoryStore

KNOWN = PROVIDER.published
NAMES = sorted({name for operation in OPERATIONS.values() for name in operation})
LIKELY = ("+8613012345678", "449739", "腾讯云", "1400006666", "2026112100", "")
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
    | st.sampled_from(LIKELY),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(("PhoneNumber", "TemplateId", "a")), inner, max_size=3)
    ),
    max_leaves=6,
)
FLAT = st.text("PhoneNumberSet.0123456789é_²", min_size=1, max_size=24) | st.sampled_from(
    ("PhoneNumberSet.0", "PhoneNumberSet", "PhoneNumberSet.0.0.0.0.0.0", "TemplateParamSet.99999")
)
HEADERS = ("host", "content-type", "x-tc-action", "x-tc-version", "x-tc-timestamp", "authorization")
often = settings(
    max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


def answered(call):
    """The answer, held against the schema it must keep; its code, "" if it has none."""
    pipeline = Pipeline(Accounts(MemoryStore(), [PROVIDER]), Settings())
    reply = pipeline.respond(PROVIDER, PROVIDER.endpoints, call, {})
    answer = json.loads(reply.body)

    assert (200, [("Content-Type", "application/json")]) == (reply.status, reply.headers)
    if "Error" not in answer["Response"]:
        return ""
    assert [] == contract("tencent", "error", "response.schema").validate(answer)
    return answer["Response"]["Error"]["Code"]


@often
@given(st.sampled_from(sorted(OPERATIONS)), st.dictionaries(st.sampled_from(NAMES), VALUES))
def test_any_parameters_of_a_signed_json_request_are_answered(action, parameters):
    """None is taken for a wrong signature, none breaks."""
    now = int(time.time())
    call = Call(
        method="POST",
        path="/",
        headers={
            "host": "sms.tencentcloudapi.com",
            "content-type": "application/json",
            "x-tc-action": action,
            "x-tc-version": "2021-01-11",
            "x-tc-timestamp": str(now),
            "x-tc-region": "ap-guangzhou",
        },
        body=json.dumps(parameters).encode(),
    )
    date = time.strftime("%Y-%m-%d", time.gmtime(now))
    signed = ("content-type", "host")
    parts = signing.Authorization(KNOWN["secret_id"], date, "sms", signed, "")
    signature = signing.tc3(call, parts, now, call.host, KNOWN["secret_key"])
    call.headers["authorization"] = (
        f"TC3-HMAC-SHA256 Credential={KNOWN['secret_id']}/{date}/sms/tc3_request,"
        f" SignedHeaders=content-type;host, Signature={signature}"
    )

    assert not answered(call).startswith("AuthFailure")


@often
@given(
    st.sampled_from(sorted(OPERATIONS)),
    st.dictionaries(FLAT, st.text(st.characters(exclude_categories=("Cs",)), max_size=6)),
)
def test_any_parameters_of_a_signed_query_are_answered(action, parameters):
    """Dotted names of any depth and kind."""
    common = {
        "Action": action,
        "Version": "2021-01-11",
        "Region": "ap-guangzhou",
        "Timestamp": str(int(time.time())),
        "Nonce": "5",
        "SecretId": KNOWN["secret_id"],
    }
    query = urlencode({**parameters, **common})
    signature = signing.v1("GET", "x", reading.fields(query), KNOWN["secret_key"])
    query += "&" + urlencode({"Signature": signature})

    found = answered(Call(method="GET", path="/", query=query, headers={"host": "x"}))

    assert not found.startswith("AuthFailure")


@often
@given(
    st.sampled_from(("GET", "POST", "PUT", "HEAD")),
    st.text("&=%+.0a1:ActionSendSms", max_size=60)
    | st.just(f"Action=SendSms&SecretId={KNOWN['secret_id']}"),
    st.binary(max_size=60),
    st.dictionaries(
        st.sampled_from(HEADERS),
        st.sampled_from(("SendSms", "application/json", "2021-01-11"))
        | st.text(st.characters(max_codepoint=255), max_size=12),
    ),
)
def test_any_bytes_are_answered(method, query, body, headers):
    """Nobody signed them, so nothing of it is carried out."""
    assert "" != answered(Call(method=method, path="/", query=query, headers=headers, body=body))
