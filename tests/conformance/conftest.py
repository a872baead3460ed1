"""`conformance` on an account of its own of the session's server."""

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from simulators.cli import commands

APPS = Path(__file__).parent / "apps"


@pytest.fixture
def apps():
    """The folder of applications to try it on."""
    return APPS


@pytest.fixture
def conformance(sms, sms_server):
    """Runs the command in this process: exit code, stdout, stderr."""
    sms.allow_violations()

    def run(*arguments, provider="twilio"):
        where = ("--url", sms_server.url, "--account", sms.world.id, "--provider", provider)
        done = CliRunner().invoke(commands, ["conformance", *where, *map(str, arguments)])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
        return done.exit_code, done.stdout, done.stderr

    return run


@pytest.fixture
def connector(conformance):
    """Runs it on a connector with one mistake: the exit code, and each class's part of the
    report."""

    def run(mistake, *options, more=""):
        line = f"{sys.executable} -S {APPS / 'connector.py'} {mistake} {{to}} {more}"
        code, printed, errors = conformance("--trigger", line, "--format", "json", *options)
        assert "" == errors
        return code, {found["class"]: found for found in json.loads(printed)["classes"]}

    return run
