"""The command on a whole application: the OTP service, with Logto's connectors as they are and
with careful ones."""

import functools
import json
import re
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner

from simulators.app import Options, in_thread
from simulators.catalog import PROVIDERS
from simulators.cli import commands
from simulators.otp import pool
from simulators.otp.policy import Policy
from simulators.samples import sample
from simulators.testing.refusals import cases

PAGES = Path(__file__).parent.parent.parent / "docs" / "providers"
FACTORIES = {
    name: sample(name).connector["factory"] for name in PROVIDERS if sample(name).connector
}

NO_BODY = {"empty_200", "html_200", "malformed_json"}
# What Logto's connector for a provider overlooks, and what it does not get over.
OVERLOOKED = {
    "twilio": NO_BODY,
    "vonage": {"empty_200", "html_200"},
    "gatewayapi": NO_BODY,
    "smsaero": NO_BODY | {"inside_200"},
    "yunpian": NO_BODY,
    "whatsapp": NO_BODY,
}
NO_ANSWER = {"timeout", "reset"}
CRASHED = {
    "twilio": NO_ANSWER,
    "gatewayapi": NO_ANSWER,
    "smsaero": NO_ANSWER,
    "aliyun": NO_ANSWER,
    "aliyun_mas": NO_ANSWER,
    "tencent": NO_ANSWER | NO_BODY,
    "whatsapp": NO_ANSWER,
}


def cases_of(provider):
    """The classes that this provider has."""
    return [case.kind for case in cases(PROVIDERS[provider])]


def configuration(provider, url):
    """The one on the provider's page, which has the published credentials."""
    page = (PAGES / f"{provider}.md").read_text()
    (block,) = re.findall(r"^```json\n(\{\n(?:(?!```).)*\})\n```$", page, re.M | re.S)
    return json.loads(block.replace("http://127.0.0.1:8026", url))


@pytest.fixture(scope="module")
def service(request, tmp_path_factory):
    """The simulators with the OTP service, which waits half a second for a provider."""
    policy = Policy(faithful=request.param, sends_per_recipient=1000)
    folder = tmp_path_factory.mktemp("ca")
    options = Options(port=0, tls_port=None, tls_dir=folder, otp_port=0, otp_policy=policy)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(pool, "Pool", functools.partial(pool.Pool, timeout=0.5))
        with in_thread(options) as simulators:
            yield simulators, request.param


@pytest.fixture
def run(service):
    """Runs the command on the service with a provider's connector: exit code and verdicts."""
    simulators, _ = service

    def call(provider):
        connectors = f"{simulators.otp_url}/api/connectors"
        made = {
            "connectorId": FACTORIES[provider],
            "config": configuration(provider, simulators.url),
        }
        for old in requests.get(connectors, timeout=5).json():
            requests.delete(f"{connectors}/{old['id']}", timeout=5)
        requests.post(connectors, json=made, timeout=5).raise_for_status()
        trigger = f"POST {simulators.otp_url}/api/verification-codes"
        where = ("--provider", provider, "--url", simulators.url, "--format", "json")
        ask = ("--trigger-http", trigger, "--data", '{"phone": "{digits}"}')
        done = CliRunner().invoke(commands, ["conformance", *where, *ask])
        classes = json.loads(done.stdout)["classes"] if done.exit_code < 2 else done.stderr
        return done.exit_code, {found["class"]: found["verdict"] for found in classes}

    return call


def having(verdict, classes):
    return {kind for kind, found in classes.items() if found == verdict}


@pytest.mark.slow
@pytest.mark.parametrize("service", [True], indirect=True, ids=["faithful"])
@pytest.mark.parametrize("provider", FACTORIES)
def test_what_logto_s_connectors_overlook_comes_out_by_itself(service, run, provider):
    """Four read no 2xx body at all, Vonage's none that is not JSON; without an answer, or one
    that Tencent's cannot read, Logto answers 500. HTTP SMS has no 2xx answer that is wrong."""
    code, classes = run(provider)
    overlooked, crashed = OVERLOOKED.get(provider, set()), CRASHED.get(provider, set())

    assert overlooked == having("false success", classes)
    assert crashed == having("crashed", classes)
    assert bool(overlooked | crashed) == code
    assert not having("hung", classes) | having("not tried", classes)


@pytest.mark.slow
@pytest.mark.parametrize("service", [False], indirect=True, ids=["careful"])
@pytest.mark.parametrize("provider", FACTORIES)
def test_the_careful_connectors_notice_everything(service, run, provider):
    """With each provider, down to a connection that is reset; nobody follows a message that was
    taken."""
    code, classes = run(provider)
    present = set(cases_of(provider))

    assert 0 == code
    assert present - {"late_failure"} == having("noticed", classes)
    assert present & {"late_failure"} == having("not followed", classes)
