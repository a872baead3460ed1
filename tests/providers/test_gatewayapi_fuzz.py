"""Whatever a client sends GatewayAPI, it gets one of its answers."""

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulators.kernel.contracts import contract

ODD = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=8),
        st.sampled_from(
            [2**63, -(2**70), 1e300, "4512345678", "+45", "%", "QUJD", "UCS2", "ø" * 12]
        ),
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
FIELDS = (
    *("message", "sender", "class", "sendtime", "tags", "userref", "priority", "validity_period"),
    *("encoding", "destaddr", "payload", "udh", "callback_url", "label", "max_parts"),
    *("extra_details", "recipients"),
)
RECIPIENT = st.dictionaries(st.sampled_from(["msisdn", "tagvalues", "charge"]), ODD)
MESSAGE = st.builds(
    lambda fields, recipients: {
        "message": "code 123456",
        "recipients": [{"msisdn": 4512345678}, *recipients],
        **fields,
    },
    st.dictionaries(st.sampled_from(FIELDS), ODD, max_size=3),
    st.lists(RECIPIENT, max_size=2),
)
BODY = st.one_of(MESSAGE, st.lists(MESSAGE, max_size=2), ODD)
RELAXED = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def check(answer):
    """An accepted send or a refusal, both in the documented shape; 5xx only as documented."""
    assert answer.status_code in (200, 400, 401, 403, 404, 405, 422), answer.text
    name = "send-sms" if answer.status_code == 200 else "error"
    assert [] == contract("gatewayapi", name, "response.schema").validate(answer.json())


@RELAXED
@given(body=BODY)
def test_any_json_is_answered(body, ask, default):
    """Wrong types, sizes and depths anywhere in a message."""
    raw = json.dumps(body)

    check(ask("POST", "/rest/mtsms", data=raw, headers={"Content-Type": "application/json"}))


@RELAXED
@given(
    fields=st.dictionaries(
        st.one_of(st.sampled_from([*FIELDS, "recipients.0.msisdn", "tags.0"]), st.text(max_size=9)),
        st.text(max_size=12),
        max_size=5,
    ),
    method=st.sampled_from(["GET", "POST"]),
)
def test_any_form_and_query_are_answered(fields, method, ask, default):
    """Names and values of any kind."""
    part = {"GET": "params", "POST": "data"}[method]

    check(ask(method, "/rest/mtsms", **{part: fields}))


@RELAXED
@given(header=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60))
def test_any_oauth_header_is_answered(header, ask, default):
    """Broken parameters are refused, not tripped over."""
    answer = ask(
        "GET",
        "/rest/me",
        auth=lambda request: request,
        headers={"Authorization": f"OAuth {header}"},
    )

    assert answer.status_code in (400, 401)
    assert [] == contract("gatewayapi", "error", "response.schema").validate(answer.json())
