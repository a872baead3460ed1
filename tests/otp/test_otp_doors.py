"""The two doors of the service: what comes by WSGI and by the server's own is answered alike."""

import asyncio
from dataclasses import replace
from urllib.parse import urlencode

import pytest

from simulators.kernel.call import Call
from simulators.otp.app import ROUTES, App
from simulators.otp.service import Signer
from simulators.server.arrival import full_environ
from simulators.server.loop import run

HOST = {"host": "otp.example"}
JSON = HOST | {"content-type": "application/json"}
FORM = HOST | {"content-type": "application/x-www-form-urlencoded"}
SIGNER = Signer()
PATHS = sorted({route.path for route in ROUTES})
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def by_wsgi(otp, call):
    reply = run(otp.app, full_environ(call, 3001))
    return asyncio.run(reply.later()) if reply.later else reply


def by_the_server(otp, call):
    made = otp.app.answer(call)
    return asyncio.run(made.later()) if made.later else made


def both(make, *calls):
    """What is answered to some calls by each door, by two services that are alike."""
    told = []
    for door in (by_wsgi, by_the_server):
        otp = make()
        otp.app = App(replace(otp.service, signer=SIGNER))
        otp.connect()
        answers = [door(otp, call) for call in calls]
        told.append([(one.status, sorted(without_length(one)), one.body) for one in answers])
    return told


def without_length(answer):
    """WSGI counts the bytes of a body, the server does so itself."""
    return [(name, value) for name, value in answer.headers if name != "Content-Length"]


@pytest.mark.parametrize("method", METHODS)
def test_every_path_is_answered_alike(make, method):
    """With a document and without, with one that is none, and from a page of another site."""
    calls = [
        Call(
            method,
            path.replace("<id>", "x"),
            "page=1&page=2&a=%C3%A9&locale=fr",
            dict(headers),
            body,
        )
        for path in PATHS
        for headers, body in (
            (JSON, b'{"a": 1}'),
            (JSON, b"{"),
            (HOST | {"origin": "http://app.example", "accept-language": "de"}, b""),
        )
    ]
    wsgi, own = both(make, *calls)

    if method == "HEAD":  # of which WSGI leaves the body out, and the server when it sends it
        wsgi, own = ([(status, headers) for status, headers, _ in one] for one in (wsgi, own))
    assert wsgi == own


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nowhere"),
        ("POST", "/api/users/"),
        ("TRACE", "/api/users"),
        ("TRACE", "/api/users/x"),
        ("GET", "/api/users/a%2Fb"),
        ("GET", "/api/users/é"),
    ],
)
def test_what_nobody_serves_is_refused_alike(make, method, path):
    """Also a path that is nearly one, and a method of nobody's."""
    wsgi, own = both(make, Call(method, path, "", HOST))

    assert wsgi == own


def test_a_send_is_answered_alike(make):
    """It waits for the provider; cookies, forms and a code are read by both."""
    code = b'{"phone": "15005550009"}'
    wrong = b'{"phone": "15005550009", "verificationCode": "000000"}'
    form = urlencode({"grant_type": "authorization_code", "code": "x"}).encode()
    wsgi, own = both(
        make,
        Call("POST", "/api/verification-codes", "", JSON, code, client="192.0.2.7"),
        Call("POST", "/api/verification-codes/verify", "", JSON, wrong),
        Call("POST", "/oidc/token", "", FORM, form),
        Call("GET", "/api/interaction", "", HOST | {"cookie": "_interaction=a; b=c"}),
    )

    assert [204, 400] == [status for status, _, _ in own[:2]]
    assert wsgi == own


def test_preflights_are_answered_alike(make):
    """The names of a page's headers come back."""
    headers = HOST | {
        "origin": "http://app.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization",
    }
    wsgi, own = both(make, *(Call("OPTIONS", path, "", headers) for path in PATHS))

    assert wsgi == own
    assert ("Access-Control-Allow-Headers", "authorization") in own[PATHS.index("/oidc/token")][1]
