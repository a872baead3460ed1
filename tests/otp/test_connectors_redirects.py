"""Where an answer says to go elsewhere, or ends too soon: what got and fetch make of it, in the
service. https://github.com/sindresorhus/got/blob/main/documentation/2-options.md#followredirect
https://fetch.spec.whatwg.org/#http-redirect-fetch"""

import asyncio
from types import SimpleNamespace

import pytest

from simulators.otp import sending
from simulators.otp.app import _later
from simulators.otp.connector import (
    ConnectorError,
    Crash,
    Cut,
    Incoming,
    Message,
    Moment,
    Outgoing,
    Silence,
)
from simulators.otp.connectors import got, http_sms, twilio, vonage
from simulators.samples import sample

MESSAGE = Message(to="15005550009", usage="SignIn", payload={"code": "123456"})
SENT = Outgoing(
    method="POST",
    url="https://api.example/one/send?a=1",
    headers=(
        ("user-agent", "x"),
        ("authorization", "Basic x"),
        ("content-type", "application/json"),
        ("accept", "*/*"),
    ),
    body=b"{}",
)


def moved(status, location):
    return Incoming(status, b"", location=location)


@pytest.mark.parametrize(
    ("follow", "as_get", "kept"),
    [(got.follow, (303,), True), (vonage.follow, (301, 302, 303), False)],
)
def test_a_redirect_becomes_a_get_unless_it_must_not(follow, as_get, kept):
    """fetch also drops what was said of the body; got posts it again, unless it is told to see."""
    for status in as_get:
        next_ = follow(SENT, moved(status, "two"))
        names = [name for name, _ in next_.headers]

        assert ("GET", b"", "https://api.example/one/two") == (next_.method, next_.body, next_.url)
        assert kept is ("content-type" in names)
        assert "authorization" in names
    again = (300, 301, 302, 304, 307, 308) if follow is got.follow else (307, 308)
    for status in again:
        next_ = follow(SENT, moved(status, "/three"))
        assert ("POST", b"{}", SENT.headers) == (next_.method, next_.body, next_.headers)
        assert "https://api.example/three" == next_.url


@pytest.mark.parametrize("follow", [got.follow, vonage.follow])
@pytest.mark.parametrize(
    ("location", "kept"),
    [
        ("https://api.example/x", True),
        ("http://api.example/x", True),
        ("https://api.example:444/x", False),
        ("//other.example/x", False),
    ],
)
def test_what_proves_who_one_is_goes_to_nobody_else(follow, location, kept):
    """Another host, or another port of it."""
    names = [name for name, _ in follow(SENT, moved(307, location)).headers]

    assert kept is ("authorization" in names)


@pytest.mark.parametrize("follow", [got.follow, vonage.follow])
def test_an_answer_that_names_no_place_is_one(follow):
    """As is one that says something else."""
    assert follow(SENT, moved(302, "")) is None
    assert follow(SENT, moved(200, "https://api.example/x")) is None
    assert vonage.follow(SENT, moved(304, "https://api.example/x")) is None


class Carrier:
    """Gives one answer after the other, and keeps what was sent."""

    def __init__(self, *answers):
        self.answers, self.sent = list(answers), []

    async def send(self, outgoing):
        self.sent.append(outgoing)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def hand_off(page, config, *answers, faithful=True):
    """What was sent, once the message is handed off by a connector."""
    carrier = Carrier(*answers)
    service = SimpleNamespace(
        carrier=carrier,
        connectors={page.CONNECTOR.id: page.CONNECTOR},
        policy=SimpleNamespace(faithful=faithful),
        now=lambda: 0.0,
        uuid=lambda: "u",
    )
    asyncio.run(sending.hand_off(service, page.CONNECTOR.id, config, MESSAGE))
    return carrier.sent


CONFIGS = {
    "twilio": sample("twilio").config({}),
    "vonage": sample("vonage").config({}),
    "http_sms": {"endpoint": "https://hook.example/sms"},
}
PAGES = {"twilio": twilio, "vonage": vonage, "http_sms": http_sms}
PLACE = "https://elsewhere.example/x"


def configured(name):
    config = dict(CONFIGS[name])
    fields = ("accountSID", "authToken", "fromMessagingServiceSID", "apiKey", "apiSecret")
    return dict.fromkeys((*fields, "brandName"), "x") | config


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("faithful", [True, False])
def test_a_connector_goes_where_it_is_sent(name, faithful):
    """What is said there is the answer."""
    taken = {"vonage": b'{"messages":[{"status":"0"}]}'}.get(name, b'{"sid":"SM1"}')
    answers = moved(307, PLACE), Incoming(200, taken)
    sent = hand_off(PAGES[name], configured(name), *answers, faithful=faithful)

    assert PLACE == sent[1].url
    assert sent[0].body == sent[1].body


@pytest.mark.parametrize(
    ("name", "most", "raised", "told"),
    [
        ("twilio", 10, Crash, "Redirected 10 times. Aborting."),
        ("http_sms", 10, ConnectorError, "Redirected 10 times. Aborting."),
        ("vonage", 20, ConnectorError, f"maximum redirect reached at: {PLACE}"),
    ],
)
def test_nobody_is_sent_about_for_ever(name, most, raised, told):
    """Told as a connection that failed."""
    with pytest.raises(raised, match=told.replace(".", r"\.")):
        hand_off(PAGES[name], configured(name), *[moved(302, PLACE)] * (most + 1))


def test_a_place_that_is_none_is_a_connection_that_failed():
    """Not a fault of the service."""
    with pytest.raises(ConnectorError) as failed:
        hand_off(http_sms, CONFIGS["http_sms"], moved(302, "http://[x"))

    assert "Invalid URL" == failed.value.data


@pytest.mark.parametrize(
    ("name", "raised"), [("twilio", Crash), ("http_sms", ConnectorError), ("vonage", Silence)]
)
def test_an_answer_that_ends_too_soon_leaves_vonage_waiting(name, raised):
    """Logto never answers then; a careful service says what it was, and of any connector."""
    cut = Cut("The server aborted pending request")

    with pytest.raises(raised):
        hand_off(PAGES[name], configured(name), cut)
    with pytest.raises(ConnectorError, match="aborted"):
        hand_off(PAGES[name], configured(name), cut, faithful=False)
    with pytest.raises((Crash, ConnectorError)):
        hand_off(PAGES[name], configured(name), OSError("socket hang up"))


def test_who_waits_for_an_answer_that_never_comes_may_go():
    """And nothing is left of it."""

    async def never():
        raise Silence

    async def run():
        waiting = asyncio.ensure_future(_later(never(), "en", ())())
        for _ in range(20):
            await asyncio.sleep(0)
        waits = not waiting.done()
        waiting.cancel()
        await asyncio.wait((waiting,))
        return waits, waiting.cancelled(), asyncio.all_tasks() - {asyncio.current_task()}

    assert (True, True, set()) == asyncio.run(run())


def test_the_time_of_a_request_is_that_of_its_moment():
    """What is followed is what was made once: nothing is signed anew on the way."""
    made = twilio.CONNECTOR.request(configured("twilio"), MESSAGE, Moment(0.0, "n"))

    assert got.follow(made, moved(308, PLACE)).body == made.body
