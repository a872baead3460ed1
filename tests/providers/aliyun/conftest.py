"""A client of Aliyun that signs by the older scheme, written for the tests."""

import base64
import hashlib
import hmac
import itertools
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPConnection
from urllib.parse import quote, urlencode

import pytest

from simulators.kernel import operations

NOON = 1_795_233_600.0  # 2026-11-21 12:00:00 in Beijing, when the accounts' clocks stand still


@dataclass
class Aliyun:
    """Calls Aliyun's API by the older signature scheme for one account: that of the SMS product, or
    of another of its products."""

    sms: object
    product: str = "aliyun"
    nonces: object = field(default_factory=itertools.count)
    answer: object = None

    def __call__(self, action, *, method="POST", secret="", leave_out=(), **params):
        """The answer's JSON, with its HTTP status under `status`."""
        sent = self.common(action) | params
        sent = {name: value for name, value in sent.items() if name not in leave_out}
        if "Signature" not in leave_out:
            sent.setdefault("Signature", self.signature(method, sent, secret))
        raw = self.raw(method, urlencode(sent))
        return {"status": self.answer.status, **json.loads(raw)}

    def raw(self, method, sent, path=""):
        path = path or f"/{self.product}/"
        connection = HTTPConnection("127.0.0.1", self.sms.simulators.ports["http"], timeout=10)
        form = {"Content-Type": "application/x-www-form-urlencoded"} if method == "POST" else {}
        target, body = (path, sent) if method == "POST" else (f"{path}?{sent}", None)
        connection.request(method, target, body, form)
        self.answer = connection.getresponse()
        try:
            return self.answer.read()
        finally:
            connection.close()

    def common(self, action):
        now = self.sms.world.clock.now()
        return {
            "Action": action,
            "Version": "2017-05-25",
            "Format": "JSON",
            "AccessKeyId": self.sms.credentials("aliyun")["access_key_id"],
            "SignatureMethod": "HMAC-SHA1",
            "SignatureVersion": "1.0",
            "SignatureNonce": f"{self.product}-{next(self.nonces)}",
            "Timestamp": datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }

    def signature(self, method, sent, secret=""):
        pairs = "&".join(f"{quote(k, '~')}={quote(sent[k], '~')}" for k in sorted(sent))
        key = (secret or self.sms.credentials("aliyun")["access_key_secret"]) + "&"
        text = f"{method}&%2F&{quote(pairs, '~')}"
        digest = hmac.new(key.encode(), text.encode(), hashlib.sha1).digest()
        return base64.b64encode(digest).decode()

    def send(self, to="13900000000", code="123456", **params):
        """SendSms with the account's test template, whatever `params` does not say otherwise."""
        usual = {
            "PhoneNumbers": to,
            "SignName": "阿里云短信测试",
            "TemplateCode": "SMS_154950909",
            "TemplateParam": json.dumps({"code": code}),
        }
        return self("SendSms", **{**usual, **params})

    def settle(self, name, value):
        """Saves a settings document of the account."""
        self.sms.simulators.call(lambda: operations.settle(self.sms.world, name, value))

    def advance(self, seconds):
        """Moves the account's clock."""
        self.sms.simulators.call(lambda: self.sms.world.clock.advance(seconds))

    @property
    def provider(self):
        return self.sms.simulators.providers[self.product]


@pytest.fixture
def aliyun(sms):
    """A client of a fresh account whose clock stands at noon in Beijing. What it is made to send
    is often wrong, so violations of contract do not fail the test."""
    return at_noon(sms, "aliyun")


@pytest.fixture
def mas(sms):
    """The same for SMS authentication, which has the same keys."""
    return at_noon(sms, "aliyun_mas")


def at_noon(sms, product):
    sms.allow_violations()
    sms.simulators.call(lambda: sms.world.clock.freeze(NOON))
    return Aliyun(sms, product)
