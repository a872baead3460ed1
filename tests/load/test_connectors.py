"""What is sent straight to a provider for which Logto has no connector."""

import importlib
import time
from pathlib import Path

import pytest

from simulators.app import Options, Simulators
from simulators.catalog import PROVIDERS
from simulators.kernel import rules
from simulators.kernel.provider import Problem
from simulators.otp.connector import Incoming
from simulators.samples import sample

FOLDER = Path(__file__).parents[2] / "loadtests"
PLAIN = [name for name in PROVIDERS if not sample(name).connector]


@pytest.fixture
def connectors(monkeypatch):
    """The module beside the scenarios."""
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module("connectors")


@pytest.mark.parametrize("name", PLAIN)
def test_throttled_is_told_from_refused_and_taken(connectors, name):
    """By the provider's own answer, whatever it says that by."""
    known, record = PROVIDERS[name], sample(name)
    connector, _config = connectors.client(name, known.published)

    def told(*effects):
        made = [rules.read({"effect": {"error": key}}, PROVIDERS, f"rule {key}") for key in effects]
        simulators = Simulators(Options(port=0, tls_port=None, rules=made))
        to = record.written(record.number(1))
        call = record.call(known.published, to, "123456", now=time.time(), nonce="1")
        call.path = f"/{name}{call.path}"
        call.headers.setdefault("host", "localhost")
        reply = simulators.gateway.answer(call, 0)
        refusal = connectors._read(connector, Incoming(reply.status, reply.body))
        return refusal and refusal.code

    throttled = {limit.error for limit in known.limits}
    assert throttled
    assert told() is None
    assert {connectors.LIMITED} == {told(key) for key in throttled}
    assert "general" == told(known.problems[Problem.BAD_RECIPIENT])
