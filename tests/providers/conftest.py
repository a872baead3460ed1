"""Fixtures that the providers' tests share."""

import gc
import json
import warnings
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
import requests
from twilio.rest import Client

from simulators.app import Simulators
from simulators.kernel import journal
from simulators.kernel.contracts import contract
from simulators.kernel.journal import REQUESTS
from simulators.testing.sms import Sms

TOKEN = "FakeTokenFakeTokenFakeTokenFakeToken-0123456789_abcdefghij"


@pytest.fixture
def ask(default: Sms, vendor_dns: Simulators) -> Iterator[Callable[..., requests.Response]]:
    """Asks GatewayAPI under its own name over TLS, with the published token unless `auth` is
    given."""
    with requests.Session() as session:

        def send(method: str, path: str, **options: Any) -> requests.Response:
            options.setdefault("auth", (TOKEN, ""))
            return session.request(method, f"https://gatewayapi.com{path}", timeout=10, **options)

        yield send


@pytest.fixture
def twilio(sms: Sms) -> Iterator[Client]:
    """The official SDK, signed in to the test's account and pointed at the simulator. Every
    answer it got, and that `ask_twilio` got, is held against its response schema."""
    yield twilio_client(sms)
    for _sequence, packed in sms.simulators.call(
        lambda: sms.world.store.records(sms.world.id, REQUESTS)
    ):
        entry = journal.read(0, packed)
        if entry["answer"].startswith("{") and len(entry["answer"]) < journal.SHOWN:
            operation = entry["operation"] if entry["status"] < 400 else "error"
            schema = contract("twilio", operation, "response.schema")
            assert schema is not None, operation
            assert [] == schema.validate(json.loads(entry["answer"])), entry["target"]


def twilio_client(sms: Sms, user: str = "", password: str = "", account: str = "") -> Client:
    """A client of twilio-python whose base URLs alone are changed."""
    known = sms.credentials("twilio")
    own = account or known["account_sid"]
    client = Client(user or own, password or known["auth_token"], own)
    client.api.base_url = client.messaging.base_url = sms.base_url("twilio")
    return client


@pytest.fixture
def ask_twilio(sms: Sms) -> Callable[..., requests.Response]:
    """Asks Twilio's 2010-04-01 API below the account, or another path that begins with a slash."""
    known = sms.credentials("twilio")

    def send(method: str, path: str, data: Any = None, **more: Any) -> requests.Response:
        below = f"/2010-04-01/Accounts/{known['account_sid']}/{path}"
        url = sms.base_url("twilio") + (path if path.startswith("/") else below)
        more.setdefault("auth", (known["account_sid"], known["auth_token"]))
        return requests.request(method, url, data=data, timeout=10, **more)

    return send


@pytest.fixture
def aero(default: Sms, vendor_dns: Simulators) -> Iterator[Callable[..., requests.Response]]:
    """Posts JSON fields to a selector of SMS Aero under its own name over TLS, with the published
    credentials in the URL."""
    known = default.credentials("smsaero")
    user = f"{quote(known['email'], safe='')}:{known['api_key']}"
    with requests.Session() as session:

        def send(selector: str, fields: Any = None, **options: Any) -> requests.Response:
            options.setdefault("json", {} if fields is None else fields)
            method = options.pop("method", "POST")
            url = f"https://{user}@{options.pop('host', 'gate.smsaero.ru')}/v2/{selector}"
            return session.request(method, url, timeout=10, **options)

        yield send


@pytest.fixture(autouse=True)
def left_open(request):
    """What a vendor's SDK leaves open is closed behind its own test: some leave connections to the
    garbage collector, which may come to them in the midst of another test, and fail that."""
    yield
    if request.path.stem.endswith("_sdk"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()
