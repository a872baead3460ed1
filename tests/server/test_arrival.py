"""A site: one WSGI app on a listener of its own, and answers that are waited for."""

import asyncio

import pytest
from flask import Flask, Response, request

from simulators.kernel.call import Reply
from simulators.server.arrival import Site, arrived, full_environ
from simulators.server.loop import run


def stranger(host):
    return None if host == "localhost" else Reply(421, b"not here")


def called(wsgi, target="/", headers=(), body=b""):
    """Status and body of one request to a site, as its listener would hand it over."""
    sent = []

    async def receive():
        if not sent_request:
            sent_request.append(True)
            return {"type": "http.request", "body": body, "more_body": False}
        await asyncio.Event().wait()
        return None

    async def send(message):
        sent.append(message)

    sent_request = []
    path, _, query = target.partition("?")
    scope = {
        "type": "http",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name, value) for name, value in headers],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
    }
    site = Site(lambda call, port: run(wsgi, full_environ(call, port)), stranger)
    asyncio.run(site(scope, receive, send))
    return sent[0]["status"], sent[1]["body"]


def app():
    site = Flask("site", static_folder=None)

    @site.post("/cookies")
    def cookies():
        return dict(request.cookies)

    @site.post("/later")
    def later():
        async def made():
            await asyncio.sleep(0)
            return Response(b"made later", status=201)

        request.environ["simulators.later"] = made
        return ""

    return site


def test_a_site_answers_under_its_own_hosts():
    """And refuses a stranger before the app is asked."""
    known = called(app(), "/cookies", [(b"host", b"localhost")])
    strange = called(app(), "/cookies", [(b"host", b"evil.example")])

    assert (200, b"{}\n") == known
    assert (421, b"not here") == strange


def test_cookies_in_several_headers_are_all_there():
    """They are joined as cookies are, not by a comma."""
    lines = [(b"host", b"localhost"), (b"cookie", b"a=1"), (b"cookie", b"b=2")]
    status, body = called(app(), "/cookies", lines)

    assert (200, b'{"a":"1","b":"2"}\n') == (status, body)


@pytest.mark.parametrize(
    ("raw", "headers"),
    [
        ([], {}),
        ([(b"X-A", b"1"), (b"b", b"")], {"x-a": "1", "b": ""}),
        ([(b"a", b"1"), (b"B", b"2"), (b"A", b"\xe9")], {"a": "1, \xe9", "b": "2"}),
        ([(b"a", b"1\n2"), (b"b", b"3\n"), (b"c", b"4")], {"a": "1\n2", "b": "3\n", "c": "4"}),
    ],
    ids=["none", "capitals", "repeated", "of many lines"],
)
def test_each_header_has_its_own_value(raw, headers):
    """Whatever stands in it, and however often it comes."""
    assert headers == arrived("GET", "/", "", raw).headers


def test_a_view_may_leave_the_response_it_waits_for():
    """Under `simulators.later` in its environ; the response is what the client gets."""
    assert (201, b"made later") == called(app(), "/later", [(b"host", b"localhost")])


def test_a_body_that_is_too_large_is_refused_before_the_app():
    """With 413."""
    status, body = called(app(), "/cookies", [(b"host", b"localhost")], b"x" * ((1 << 20) + 1))

    assert 413 == status
    assert b"at most 1 MiB" in body
    assert b"the body is too large" in body
