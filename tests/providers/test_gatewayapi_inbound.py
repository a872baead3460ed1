"""GatewayAPI's messages from phones: posted as JSON and as a JWT of the same payload."""

import jwt
import pytest

from simulators.kernel import optouts
from simulators.kernel.contracts import contract

PHONE = "+4512345678"


def test_a_reply_is_posted_and_signed(sms, httpserver):
    """PyJWT reads the body out of the token. What answers a name comes to the account's number."""
    httpserver.expect_request("/mo", method="POST").respond_with_data("")
    sms.webhooks("gatewayapi", inbound=httpserver.url_for("/mo"))
    sms.clock.freeze(1_795_248_470)
    kept = sms.reply("gatewayapi", PHONE, "STOP – please")
    sms.clock.advance(0)

    ((request, _answer),) = httpserver.log
    headers = {name.lower(): value for name, value in request.headers.items()}
    document = {"method": request.method, "headers": headers, "body": request.get_json()}
    secret = sms.credentials("gatewayapi")["webhook_secret"]
    token = request.headers["X-Gwapi-Signature"]

    assert [] == contract("gatewayapi", "inbound").validate(document)
    assert {
        "id": 1_000_000 + kept.sequence,
        "msisdn": 4512345678,
        "receiver": int(sms.credentials("gatewayapi")["number"]),
        "message": "STOP – please",
        "senttime": 1_795_248_470,
        "webhook_label": "inbound",
        "country_code": "DK",
        "country_prefix": 45,
    } == request.get_json()
    assert request.get_json() == jwt.decode(token, secret, algorithms=["HS256"])
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(token, secret[::-1], algorithms=["HS256"])


@pytest.mark.sms_allow_violations
def test_a_reply_that_nobody_takes_is_tried_six_times_more(sms, httpserver):
    """With the documented pauses: 1, 2 and 6 minutes, 24 minutes, 2 and 12 hours."""
    httpserver.expect_request("/mo").respond_with_data("", status=500)
    sms.clock.freeze()
    sms.reply("gatewayapi", PHONE, "hello", url=httpserver.url_for("/mo"))
    for pause in (0, 60, 120, 360, 1440, 7200, 43_200, 86_400):
        sms.clock.advance(pause)

    states = [entry["state"] for entry in sms.receipts()]

    assert [*["retrying"] * 6, "given up"] == states


def test_stop_is_the_application_s_business(sms):
    """No keyword that GatewayAPI acts on is documented."""
    sms.reply("gatewayapi", PHONE, "STOP")

    assert [] == optouts.listed(sms.world)
