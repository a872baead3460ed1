"""Tencent's official client, pointed at the simulators."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.credential import Credential
from tencentcloud.common.profile.client_profile import ClientProfile

from simulators.app import Options, Simulators, in_thread
from simulators.kernel.contracts import contract
from simulators.testing.sms import Sms


@pytest.fixture(scope="session")
def tencent_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulators]:
    """Simulators with a port of Tencent's own: its SDKs take an address, but no path."""
    options: dict[str, Any] = {"port": 0, "tls_port": None, "provider_ports": {"tencent": 0}}
    with in_thread(Options(**options)) as simulators:
        yield simulators


@pytest.fixture
def tencent(tencent_server: Simulators) -> Iterator[Sms]:
    """A fresh account of that server. Every answer it got is held against its schema."""
    world = tencent_server.call(tencent_server.accounts.create)
    sms = Sms(tencent_server, world)
    yield sms
    for entry in sms.requests("tencent"):
        if not entry["answer"].endswith("}"):  # the journal keeps the beginning of a long one
            continue
        answer = json.loads(entry["answer"])
        operation = "error" if "Error" in answer["Response"] else entry["operation"]
        schema = contract("tencent", operation, "response.schema")
        assert schema is not None, operation
        assert [] == schema.validate(answer), entry["target"]
    tencent_server.call(lambda: tencent_server.accounts.drop(world.id))


def tencent_profile(endpoint: str, **settings: Any) -> ClientProfile:
    """How the SDK calls; `settings` are attributes of its client profile or its HTTP profile."""
    profile = ClientProfile()
    for name, value in {"scheme": "http", "endpoint": endpoint, **settings}.items():
        setattr(profile if hasattr(profile, name) else profile.httpProfile, name, value)
    return profile


@pytest.fixture
def tencent_client(tencent: Sms) -> Iterator[Callable[..., CommonClient]]:
    """Makes the SDK's general client for the account. `credentials` replace some of its own, and
    `region`, `version` and `endpoint` what is usual; the rest goes to `tencent_profile`."""
    made: list[CommonClient] = []

    def make(
        *,
        region: str = "ap-guangzhou",
        version: str = "2021-01-11",
        endpoint: str = "",
        credentials: dict[str, str] | None = None,
        **settings: Any,
    ) -> CommonClient:
        known = {**tencent.credentials("tencent"), **(credentials or {})}
        address = endpoint or f"127.0.0.1:{tencent.simulators.ports['tencent']}"
        credential = Credential(known["secret_id"], known["secret_key"])
        profile = tencent_profile(address, **settings)
        made.append(CommonClient("sms", version, credential, region, profile))
        return made[-1]

    yield make
    for client in made:
        client.request.conn._session.close()


@pytest.fixture
def tencent_call(
    tencent: Sms, tencent_client: Callable[..., CommonClient]
) -> Callable[..., dict[str, Any]]:
    """Calls an operation with what is given, and gives the content of `Response`. The account's
    application is added; the SDK raises its exception for an `Error`."""
    client = tencent_client()
    app = {"SmsSdkAppId": tencent.credentials("tencent")["app_id"]}

    def call(operation: str, **parameters: Any) -> dict[str, Any]:
        response: dict[str, Any] = client.call_json(operation, {**app, **parameters})["Response"]
        return response

    return call


@pytest.fixture
def tencent_send(
    tencent: Sms, tencent_call: Callable[..., dict[str, Any]]
) -> Callable[..., list[dict[str, Any]]]:
    """SendSms to numbers with one value for the default template; gives the rows."""

    def send(*numbers: str, **parameters: Any) -> list[dict[str, Any]]:
        usual = {
            "PhoneNumberSet": list(numbers),
            "TemplateId": "449739",
            "SignName": "腾讯云",
            "TemplateParamSet": ["123456"],
        }
        given = {name: v for name, v in {**usual, **parameters}.items() if v is not None}
        rows: list[dict[str, Any]] = tencent_call("SendSms", **given)["SendStatusSet"]
        return rows

    return send
