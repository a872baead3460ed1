"""What is remembered of texts: the short ones, so that a bound on entries is one on bytes."""

import ast
from pathlib import Path

import pytest

import simulators
from simulators.kernel.remembered import LONGEST, remembered

PACKAGE = Path(simulators.__file__).parent
# What else is remembered where requests are answered, and why no request makes it large.
OTHERWISE = {
    "control/openapi.py": "the API is ours",
    "kernel/contracts.py": "contracts and their patterns are files",
    "kernel/headers.py": "the headers of answers are ours",
    "kernel/lint.py": "operations are ours",
    "kernel/masking.py": "tables of credentials are ours",
    "kernel/remembered.py": "it is what remembers the others",
    "kernel/tables.py": "an account's own limits",
    "kernel/templates.py": "contents of templates, which the account's own calls made",
    "kernel/validation.py": "a path of which so much is looked at",
    "otp/app.py": "paths are ours",
    "otp/factories.py": "connectors are ours",
    "otp/languages.py": "phrases are a file",
    "otp/state.py": "numbers of a bounded length",
    "providers/aliyun/wire.py": "eight bodies of a MiB at most",
    "providers/aws_sns/wire.py": "eight bodies of a MiB at most",
    "providers/tencent/signing.py": "days",
    "providers/twilio/account.py": "the account's own number",
    "providers/twilio/wire.py": "seconds",
    "providers/vonage/application.py": "the keys of accounts, of a bounded length",
    "server/http1.py": "the headers of every answer are ours",
    "server/routes.py": "endpoints are ours",
    "store/valkey/scripts.py": "scripts are files",
    "store/valkey/store.py": "accounts that there are, of a bounded length",
}
ANSWERING = ("control", "inbox", "kernel", "otp", "providers", "server", "store")


@pytest.mark.parametrize(("length", "asked"), [(LONGEST, 1), (LONGEST + 1, 3)])
def test_short_texts_are_asked_about_once_and_long_ones_each_time(length, asked):
    """Together, wherever the long one stands."""
    calls = []

    @remembered(10)
    def joined(first, second):
        calls.append(first)
        return first + second

    text = "x" * length
    assert [text] * 3 == [joined(text[:3], text[3:]) for _ in range(3)]
    assert asked == len(calls)


def test_nothing_else_remembers_texts_that_a_client_sends():
    """A cache of the standard library holds as many bytes as somebody likes to send."""
    found = set()
    for package in ANSWERING:
        for path in (PACKAGE / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                named = node.names if isinstance(node, ast.Import | ast.ImportFrom) else ()
                named = {alias.name for alias in named}
                if getattr(node, "module", "") == "functools" and named & {"cache", "lru_cache"}:
                    found.add(path.relative_to(PACKAGE).as_posix())
                assert isinstance(node, ast.ImportFrom) or "functools" not in named, path

    assert OTHERWISE.keys() == found
