"""`--strict-warnings`: one switch, and wherever it is turned a warning counts as a violation."""

import inspect
import json
import sys
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from simulators.catalog import PROVIDERS
from simulators.cli import commands
from simulators.samples import sample, target, wire

pytest_plugins = ["pytester"]

WARNING = "has `{{code}}` left in it; expected what it stands for"


def call(provider, known, code):
    """A good send but for its code."""
    record = sample(provider)
    to = record.written(record.number(1))
    host = PROVIDERS[provider].hosts[0]
    return record.call(known, to, code, now=1_795_248_470, nonce="n" * 32, host=host)


@pytest.fixture
def recorded(tmp_path):
    """A file of two requests: one that is good, and one that deserves a warning."""
    known = PROVIDERS["twilio"].published
    lines = [
        json.dumps(
            {
                "method": made.method,
                "url": f"https://api.twilio.com{target(made)}",
                "headers": made.headers,
                "body": made.body.decode(),
            }
        )
        for made in (call("twilio", known, "482913"), call("twilio", known, "{{code}}"))
    ]
    path = tmp_path / "sent.jsonl"
    path.write_text("\n".join(lines))
    return path


def check(*arguments):
    done = CliRunner().invoke(commands, ["check", *map(str, arguments)])
    return done.exit_code, done.stdout


@pytest.mark.parametrize("strict", [False, True])
def test_check_fails_for_a_warning_only_if_it_is_asked_to(strict, recorded):
    """In its exit code, its last line, its JSON, its JUnit XML, and as an annotation."""
    options = [recorded, *(["--strict-warnings"] if strict else [])]
    code, text = check(*options)
    document = json.loads(check(*options, "--format", "json")[1])
    junit = ElementTree.fromstring(check(*options, "--format", "junit")[1])  # noqa: S314 - our own
    annotated = check(*options, "--format", "github")[1]

    assert int(strict) == code
    assert f"\n  warning: body.Body {WARNING}\n" in text
    assert ("broke it: 1, warnings: 1" if strict else "contract: 2, warnings: 1") in text
    assert int(strict) == document["broken"]
    assert [False, strict] == [verdict["fails"] for verdict in document["verdicts"]]
    assert str(int(strict)) == junit.find("testsuite").get("failures")
    assert int(strict) == len(junit.findall(".//failure"))
    assert annotated.startswith("::error" if strict else "::warning")


def test_a_server_s_journal_is_judged_by_the_same_switch(default, sms_server, send_raw):
    """And the control API lists what it counts, a refused signature as well."""
    sms_server.call(sms_server.accounts.strangers.reset)  # whose violations count, too
    aliyun = {**default.credentials("aliyun"), "access_key_secret": "another"}
    for made in (
        call("twilio", default.credentials("twilio"), "{{code}}"),
        call("twilio", default.credentials("twilio"), "482913"),
        default.simulators.call(lambda: signed_now(default, aliyun)),
    ):
        made.headers["host"] = made.headers["host"].split(":")[0]
        send_raw(wire(made).replace(b"content-length", b"connection: close\r\ncontent-length"))
    url = ("--url", sms_server.url)

    assert 0 == check(*url)[0]
    code, text = check(*url, "--strict-warnings")
    assert (1, True) == (code, "kept their contract: 1, broke it: 2, warnings: 2" in text)
    assert [("twilio", True), ("aliyun", False)] == [
        (entry["provider"], bool(entry["warnings"])) for entry in default.warnings()
    ]


def signed_now(default, known):
    record = sample("aliyun")
    now = default.world.clock.now()
    to = record.written(record.number(1))
    host = PROVIDERS["aliyun"].hosts[0]
    return record.call(known, to, "482913", now=now, nonce="m" * 32, host=host)


@pytest.fixture
def project(pytester, sms_server):
    """Runs tests in a project that has nothing but the installed plugin."""

    def run(source, *arguments, ini=""):
        pytester.makepyfile(HEAD + inspect.cleandoc(source))
        pytester.makeini(f"[pytest]\n{ini}")
        return pytester.runpytest_inprocess("-p", "no:cacheprovider", *arguments)

    return run


HEAD = """
import pytest
from urllib.request import Request, urlopen

def send(server, url):
    known = server.credentials("http_sms")
    headers = {"Content-Type": "application/json", "Authorization": known["authorization"]}
    body = b'{"to": "+14155552671", "type": "SignIn", "payload": {"code": "{{code}}"}}'
    urlopen(Request(url("http_sms") + "/sms", body, headers)).close()

"""
BOTH = """
def test_sends(sms):
    send(sms, sms.base_url)

def test_sends_without_them(contract_server):
    contract_server.expect("http_sms.send_webhook")
    send(contract_server, contract_server.url)

@pytest.mark.sms_allow_violations
def test_means_it(sms):
    send(sms, sms.base_url)
"""


@pytest.mark.parametrize(
    ("option", "ini", "wrong"),
    [("", "", 0), ("--sms-strict-warnings", "", 2), ("", "sms_strict_warnings = true", 2)],
)
def test_both_fixtures_of_pytest_have_it(option, ini, wrong, project):
    """By an option for a run, or for good; a test that means it is let through."""
    result = project(BOTH, *filter(None, [option]), ini=ini)

    result.assert_outcomes(passed=3, errors=wrong)
    shown = "\n".join(result.outlines).partition("short test summary info")[
        0
    ]  # CI repeats it whole
    assert wrong == shown.count(f"warning: body.payload.code {WARNING}")


@pytest.mark.parametrize("strict", [False, True])
def test_conformance_tells_it_of_the_good_message(strict, sms, sms_server, pytestconfig):
    """As a warning, or as what fails the run."""
    sms.allow_violations()
    app = pytestconfig.rootpath / "tests/conformance/apps/connector.py"
    options = ["--url", sms_server.url, "--account", sms.world.id, "--provider", "twilio"]
    options += ["--trigger", f"{sys.executable} -S {app} unfilled {{to}}"]
    options += ["--only", "bad_recipient"]
    options += ["--format", "json", *(["--strict-warnings"] if strict else [])]
    done = CliRunner().invoke(commands, ["conformance", *options])
    assert "" == done.stderr
    good = json.loads(done.stdout)["good"]

    assert int(strict) == done.exit_code
    assert ("wrong request" if strict else "sent") == good["verdict"]
    assert [f"body.Body {WARNING}"] == good["wrong"]
    assert ("" if strict else good["wrong"][0]) == good["warning"]
