"""A service in process: its app called as the server's loop calls it, its provider a stand-in."""

import asyncio
import json
import random
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from types import SimpleNamespace
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from simulators.kernel.call import Call
from simulators.otp.app import App
from simulators.otp.connector import Connector, ConnectorError, Crash, Incoming, Outgoing
from simulators.otp.policy import Policy
from simulators.otp.service import Service

PHONE = "15005550009"
CALLBACK = "https://app.example/callback"
VERIFIER = "a-verifier-of-at-least-forty-three-characters-as-asked"
CONFIG = {"endpoint": "http://sms.example/send"}


def _request(config, message, moment):
    """What the stand-in connector sends: all it was given."""
    told = {"to": message.to, "usage": message.usage, "payload": dict(message.payload)}
    body = json.dumps({**told, "ip": message.ip, "nonce": moment.nonce}).encode()
    return Outgoing(method="POST", url=config["endpoint"], body=body)


def _careful(answer):
    if answer.status >= 300:
        raise ConnectorError("general", answer.body.decode())
    if b"refused" in answer.body:
        raise ConnectorError("rate_limit_exceeded", {"errorDescription": "refused"})


def _faithful(answer):
    if answer.status >= 300:
        raise ConnectorError("general", answer.body.decode())


def _check(factory, config):
    if not isinstance(config.get("endpoint"), str):
        issue = {
            "code": "invalid_type",
            "expected": "string",
            "received": "undefined",
            "path": ["endpoint"],
            "message": "Required",
        }
        raise ConnectorError("invalid_config", {"issues": [issue], "name": "ZodError"})


def _describe(made):
    """What is told of a connector, as far as tests look at it."""
    told = {"id": made.id, "target": made.target, "name": {"en": made.name}, "type": "Sms"}
    return told | {"isDemo": False, "logo": "", "readme": "", "formItems": []}


def connector(name):
    """A connector that is a stand-in for Logto's."""
    return Connector(
        id=name,
        name=name.title(),
        target=name,
        request=_request,
        faithful=_faithful,
        careful=_careful,
        unreachable=lambda reason: Crash(reason),
    )


@dataclass
class Carrier:
    """The way to the provider: keeps what is sent, and answers what the test wants."""

    sent: list = field(default_factory=list)
    answer: object = field(default_factory=lambda: Incoming(200, b"{}"))

    async def send(self, outgoing):
        self.sent.append(SimpleNamespace(url=outgoing.url, **json.loads(outgoing.body)))
        await asyncio.sleep(0)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@dataclass
class Answer:
    """What came back."""

    status: int
    body: bytes
    headers: list

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        return self.json["code"]

    def header(self, name):
        return next((value for key, value in self.headers if key.lower() == name), None)


class Otp:
    """The service as a client sees it; keeps cookies as a browser does."""

    def __init__(self, **policy):
        self.now = 1_800_000_000.0
        self.carrier = Carrier()
        self.service = Service(
            connectors={name: connector(name) for name in ("first-sms", "second-sms")},
            describe=_describe,
            check=_check,
            carrier=self.carrier,
            now=lambda: self.now,
            chance=random.Random(7),
            policy=Policy(**policy),
        )
        self.cookies = {}
        self.app = App(self.service)

    def ask(self, method, target, document=None, headers=None, raw=None, form=None):
        """One request and its answer."""
        given = {"host": "otp.example"} | (headers or {})
        body = raw or b""
        if document is not None:
            given.setdefault("content-type", "application/json")
            body = json.dumps(document).encode()
        if form is not None:
            given.setdefault("content-type", "application/x-www-form-urlencoded")
            body = urlencode(form).encode()
        if self.cookies:
            given["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        parts = urlsplit(target)
        call = Call(method, parts.path, parts.query, given, body, client="192.0.2.7")
        reply = self.app.answer(call)
        if reply.later is not None:
            reply = asyncio.run(reply.later())
        answer = Answer(reply.status, reply.body, reply.headers)
        self._keep(answer)
        return answer

    def _keep(self, answer):
        for name, value in answer.headers:
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]

    def get(self, target, **more):
        return self.ask("GET", target, **more)

    def post(self, target, document=None, **more):
        return self.ask("POST", target, document, **more)

    def put(self, target, document=None, **more):
        return self.ask("PUT", target, document, **more)

    def patch(self, target, document=None, **more):
        return self.ask("PATCH", target, document, **more)

    def delete(self, target, **more):
        return self.ask("DELETE", target, **more)

    def connect(self, factory="first-sms", config=CONFIG):
        """Creates a connector and returns it."""
        return self.post("/api/connectors", {"connectorId": factory, "config": config}).json

    def request(self, phone=PHONE):
        """Requests a code by the Management API."""
        return self.post("/api/verification-codes", {"phone": phone})

    def verify(self, code, phone=PHONE):
        """Verifies one."""
        document = {"phone": phone, "verificationCode": code}
        return self.post("/api/verification-codes/verify", document)

    def allow_phones(self, **more):
        """Sign-up and sign-in by a code by SMS."""
        method = {"identifier": "phone", "password": True, "verificationCode": True}
        settings = {
            "signInMode": "SignInAndRegister",
            "signUp": {"identifiers": ["phone"], "password": False, "verify": True},
            "signIn": {"methods": [method | {"isPasswordPrimary": False}]},
            "forgotPasswordMethods": ["PhoneVerificationCode"],
        }
        done = self.patch("/api/sign-in-exp", settings | more)
        assert done.status == 200, done.body

    def authorize(self, **more):
        """Goes to the sign-in page as a browser does that an application sent there."""
        app = {
            "name": "app",
            "type": "SPA",
            "oidcClientMetadata": {"redirectUris": [CALLBACK], "postLogoutRedirectUris": []},
        }
        self.client_id = self.post("/api/applications", app).json["id"]
        challenge = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
        query = {
            "client_id": self.client_id,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "openid profile phone",
            "state": "st",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "prompt": "login",
        }
        return self.get(f"/oidc/auth?{urlencode(query | more)}")

    def begin(self, event, **more):
        """Begins an interaction."""
        self.authorize(**more)
        return self.put("/api/experience", {"interactionEvent": event})

    def send(self, event, phone=PHONE, **more):
        """Has a code sent in an interaction."""
        document = {"identifier": {"type": "phone", "value": phone}, "interactionEvent": event}
        return self.post("/api/experience/verification/verification-code", document, **more)

    def prove(self, record, phone=PHONE, code=None):
        """Gives the newest code back."""
        document = {
            "identifier": {"type": "phone", "value": phone},
            "verificationId": record,
            "code": self.sent_code() if code is None else code,
        }
        return self.post("/api/experience/verification/verification-code/verify", document)

    def identify(self, record):
        """Says which proof tells who it is."""
        return self.post("/api/experience/identification", {"verificationId": record})

    def submit(self):
        """Ends an interaction."""
        return self.post("/api/experience/submit")

    def proven(self, event, phone=PHONE):
        """A record whose code was sent and verified."""
        record = self.send(event, phone).json["verificationId"]
        assert self.prove(record, phone).status == 200
        return record

    def sign_up(self, phone=PHONE):
        """Signs somebody up, to the end."""
        self.begin("Register")
        assert self.identify(self.proven("Register", phone)).status == 201
        return self.submit()

    def tokens(self, submitted):
        """The way back to the application, and the tokens there."""
        target = submitted.json["redirectTo"].removeprefix("http://otp.example")
        self.get(target)
        consent = self.get(f"/consent?app_id={self.client_id}")
        back = self.get(consent.header("location").removeprefix("http://otp.example"))
        self.back = fields(back.header("location"))
        form = {
            "grant_type": "authorization_code",
            "client_id": self.client_id,
            "redirect_uri": CALLBACK,
            "code": self.back["code"],
            "code_verifier": VERIFIER,
        }
        return self.post("/oidc/token", form=form)

    def sent_code(self):
        """The code of the newest message."""
        return self.carrier.sent[-1].payload["code"]


@pytest.fixture
def make():
    """Makes services; `Policy`'s fields as keywords."""
    return Otp


@pytest.fixture
def otp():
    """A service with a connector."""
    made = Otp()
    made.connect()
    return made


def fields(url):
    """The query of a URL as a dict."""
    return dict(parse_qsl(urlsplit(url).query))
