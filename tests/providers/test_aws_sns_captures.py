"""Recorded requests of both SDKs, replayed byte for byte over TLS under the vendor's host name."""

import pytest

from simulators.providers.aws_sns import signing

AT = 1_795_248_470.0  # when all of them were signed
CLIENTS = ("aws-sns-boto3", "aws-sns-javascript")


@pytest.fixture
def then(default, replay):
    """Replays a request with an empty world and the clock where it was."""

    def send(request, at=AT):
        def prepare():
            default.world.reset()
            default.world.clock.freeze(at)

        default.simulators.call(prepare)
        return replay(request)

    return send


@pytest.mark.parametrize("client", CLIENTS)
def test_every_recorded_request_is_taken(client, default, then, captures):
    """Its signature is right, over the very headers that the client has signed."""
    for capture in captures(client):
        for request in capture["requests"]:
            answer = then(request)

            assert 200 == answer.status, (capture["case"], answer.body)
            if b"<PublishResult>" in answer.body:
                assert ["123456"] == [message.code for message in default.messages()]
            (entry,) = default.requests("aws_sns")
            assert [] == entry["breaches"], capture["case"]


@pytest.mark.parametrize("client", CLIENTS)
def test_a_changed_request_is_not(client, then, captures):
    """Neither its body, nor a header that is signed, nor its time."""
    (request,) = captures(client)[0]["requests"]
    changes = [
        {"body": request["body"].replace("123456", "654321")},
        {"host": "sns.eu-west-1.amazonaws.com"},
    ]
    for name, value in request["headers"]:
        if name.lower() in ("content-type", "x-amz-user-agent"):
            others = [pair for pair in request["headers"] if pair[0] != name]
            changes.append({"headers": [*others, [name, f"{value}; x"]]})
    for change in changes:
        headers = change.get("headers", request["headers"])
        host = change.get("host", request["host"])
        headers = [[n, host if n.lower() == "host" else v] for n, v in headers]
        answer = then({**request, **change, "headers": headers})

        assert (403, True) == (answer.status, b"SignatureDoesNotMatch" in answer.body), change
    for at in (AT + 901, AT - 901):
        assert 403 == then(request, at).status
    for at in (AT + 899, AT - 899):
        assert 200 == then(request, at).status


def test_our_own_signature_is_the_sdks(captures):
    """What `sign` makes of boto3's request is what boto3 made."""
    from simulators.catalog import PROVIDERS
    from simulators.kernel.call import Call

    (request,) = captures("aws-sns-boto3")[0]["requests"]
    given = {name.lower(): value for name, value in request["headers"]}
    headers = {name: given[name] for name in ("host", "content-type")}
    call = Call("POST", "/", "", headers, request["body"].encode(), raw_path="/")

    made = signing.sign(call, PROVIDERS["aws_sns"].published, AT, "")

    assert given["authorization"] == made.headers["authorization"]
