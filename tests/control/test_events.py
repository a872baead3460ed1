"""The stream of events as it comes over a connection."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import closing

import pytest

from simulators.app import Options, in_thread
from simulators.control import client, events
from simulators.kernel.call import Reply
from simulators.server.loop import deliver


def told(raw):
    """The events of a whole stream, by name."""
    found = list(client._told(raw.splitlines(keepends=True)))
    return [one for one in found if one.name], found[0].id


@pytest.fixture
def after(control):
    """What came after an event, by a stream that ends with what there is; without what other tests
    left to the strangers."""

    def ask(cursor="start", **headers):
        answer = control("GET", "/_sim/events", after=cursor, timeout=0, headers=headers)
        assert (200, "text/event-stream; charset=utf-8") == (
            answer.status,
            answer.headers["content-type"],
        )
        found, first = told(answer.raw)
        return [one for one in found if one.data["account"] != "strangers"], first

    return ask


def live(sms_server, account):
    """An open stream of an account's events, one after another."""
    url = sms_server.url
    stream = client.events(url, {"account": account}, silence=30)
    assert next(stream).name == ""  # it watches from here on
    return stream


def test_what_happens_comes_as_it_happens(sms_server, account, send, control):
    """Each with its name, its data and an id to go on from."""
    with closing(live(sms_server, account)) as stream:
        send(text="Your code is 482913")
        message, request = next(stream), next(stream)
        control("POST", "/_sim/clock", {"freeze": True})
        clock = next(stream)

    assert ("message", "482913") == (message.name, message.data["code"])
    assert ("request", [message.data["id"]]) == (request.name, request.data["messages"])
    assert ("clock", True) == (clock.name, clock.data["frozen"])


def test_who_comes_back_goes_on_where_it_was(after, send):
    """By the parameter and by the browser's header alike."""
    send(text="one")
    (first, _request), _ = after()
    send(text="two")

    by_parameter, _ = after(first.id)
    by_header, _ = after("", **{"Last-Event-ID": first.id})

    assert ["request", "message", "request"] == [event.name for event in by_parameter]
    assert by_parameter == by_header


def test_without_an_id_only_what_comes_is_told(control, send):
    """The first line is the id to come back with."""
    send()

    found, first = told(control("GET", "/_sim/events", timeout=0).raw)

    assert [] == found
    assert first


@pytest.mark.parametrize("cursor", ["nonsense", "s-1", "s1-0-0-0-0-0-0-0"])
def test_an_id_that_is_none_is_refused(control, refused, cursor):
    """It says what one is. The last is one of a single account, and there are two in a stream."""
    assert "not the id of an event" in refused(control("GET", "/_sim/events", after=cursor), 400)
    header = {"Last-Event-ID": cursor}
    assert "not the id" in refused(control("GET", "/_sim/events", headers=header), 400)


def test_accounts_do_not_mix(sms_server, after, send):
    """What another one sends is not told."""
    other = sms_server.call(sms_server.accounts.create)
    sms_server.call(lambda: sms_server.accounts.drop(other.id))
    send()

    found, _ = after()

    assert {"message", "request"} == {event.name for event in found}
    assert 1 == len({event.data["account"] for event in found})


def test_requests_of_nobody_are_told_to_everybody(sms_server, account, raw):
    """Whoever has the credentials wrong watches the account that he wants to be."""
    with closing(live(sms_server, account)) as stream:
        basic = {"Authorization": "Basic QUMwOndyb25n"}
        path = "/twilio/2010-04-01/Accounts/AC0/Messages.json"
        raw(sms_server.ports["http"], "POST", path, b"", basic)
        found = next(one for one in stream if one.data["account"] == "strangers")

    assert ("request", 401) == (found.name, found.data["status"])
    assert "invalid username" in found.data["refused"][0]["message"]


def test_an_account_that_is_dropped_ends_its_stream(sms_server):
    """There is nothing more to come."""
    world = sms_server.call(sms_server.accounts.create)
    stream = live(sms_server, world.id)

    sms_server.call(lambda: sms_server.accounts.drop(world.id))

    assert [] == list(stream)


def test_streams_are_bounded(sms_server, account, control, refused, monkeypatch):
    """One too many is refused."""
    with closing(live(sms_server, account)):
        monkeypatch.setattr(events, "MOST_STREAMS", 1)

        assert "too many open streams" in refused(control("GET", "/_sim/events"), 429)


def test_head_has_no_stream(control):
    """And ends at once."""
    answer = control("HEAD", "/_sim/events")

    assert (200, b"") == (answer.status, answer.raw)


def test_a_stopped_server_ends_its_streams(tmp_path):
    """Nobody who watches holds it up, and no reader that has gone away without a word."""
    with in_thread(Options(port=0, tls_port=None, tls_dir=tmp_path)) as simulators:
        stream = live(simulators, "default")
        gone = socket.create_connection(("127.0.0.1", simulators.ports["http"]), timeout=10)
        gone.sendall(b"GET /_sim/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        gone.recv(1)

    assert [] == list(stream)
    gone.close()


def test_the_store_tells_nothing_while_nobody_watches(tmp_path, raw):
    """Whoever sends pays nothing for those who might."""
    with in_thread(Options(port=0, tls_port=None, tls_dir=tmp_path)) as simulators:
        stream = live(simulators, "default")
        assert 1 == len(simulators.call(lambda: simulators.store._on_news))
        stream.close()
        while simulators.call(lambda: simulators.watch.watchers):
            raw(simulators.ports["http"], "GET", "/_sim/health")

        assert () == simulators.call(lambda: simulators.store._on_news)


def test_a_slow_reader_has_nothing_piled_up_for_it():
    """No piece is made before the one before it is taken."""
    made, taken = [], asyncio.Event()

    async def pieces() -> AsyncIterator[bytes]:
        for number in range(1000):
            made.append(number)
            yield b"x"

    async def send(message):
        if message["type"] == "http.response.body":
            await taken.wait()

    async def receive():
        if len(made) == 1:
            return {"type": "http.disconnect"}
        return await asyncio.Event().wait()

    async def served():
        work = asyncio.ensure_future(deliver(Reply(200, stream=pieces), receive, send))
        await asyncio.wait_for(work, 30)

    asyncio.run(served())

    assert [0] == made


def test_behind_another_wsgi_server_it_streams_as_well():
    """As long as the request lasts."""
    import simulators

    app = simulators.flask_app("twilio")
    got = app.test_client().get("/_sim/events?after=start&timeout=0")

    assert "text/event-stream; charset=utf-8" == got.headers["Content-Type"]
    assert got.text.startswith("retry: 1000\nid: ")
    assert "data" not in json.dumps(got.text)
