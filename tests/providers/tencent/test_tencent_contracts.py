"""Tencent's contracts: what they say of recorded requests."""

import pytest

from simulators.kernel.call import Call
from simulators.kernel.contracts import contract
from simulators.providers.tencent import wire

CLIENTS = (
    "logto-tencent-sms",
    "tencent-python",
    "tencent-python-tc3-get",
    "tencent-python-hmacsha1-get",
    "tencent-python-hmacsha256-post",
)

# Recorded requests that ask for what Tencent does not do, and the rule each breaks.
WRONG = {
    "payload-context": "body.TemplateParamSet.3",  # an object turned into text
    "payload-link": "body.TemplateParamSet.0",  # a link
    "to-dk-noplus": "body.PhoneNumberSet.0",  # abroad without a plus
    "to-ru-noplus": "body.PhoneNumberSet.0",  # the same
}


@pytest.mark.parametrize("client", CLIENTS)
def test_recorded_requests_keep_the_contract(client, captures):
    """But those that are wrong, which break the rule that is noted."""
    for capture in captures(client):
        (request,) = capture["requests"]
        path, _, query = request["target"].partition("?")
        call = Call(
            method=request["method"],
            path=path,
            query=query,
            headers={name.lower(): value for name, value in request["headers"]},
            body=request["body"].encode(),
        )
        found = [b.pointer for b in contract("tencent", "send-sms").validate(wire.read(call))]
        expected = WRONG.get(capture["case"])

        assert expected is None or expected in found, capture["case"]
        assert bool(expected) == bool(found), (capture["case"], found)
