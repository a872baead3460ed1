"""The report in its shapes, and every way to ask wrongly."""

import json
import random
import re
import sys
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from simulators.catalog import PROVIDERS
from simulators.cli import commands
from simulators.conformance import report
from simulators.conformance.stand import fresh
from simulators.conformance.trigger import filled, in_json, in_url, of_number
from simulators.conformance.verdict import Report, Verdict

SAID = "exit code 0: sent None & <nothing>\x00"
REPORT = Report(
    provider="twilio",
    trigger="python send.py {to}",
    good=Verdict(
        kind="none",
        sentence="A good message is accepted",
        verdict="sent",
        answered="a good message",
        requests=1,
        accepted=1,
        said="exit code 0: sent SM1",
    ),
    verdicts=(
        Verdict(kind="region", sentence="No", verdict="noticed", answered="400 21408", requests=1),
        Verdict(
            kind="empty_200",
            sentence="HTTP 200 without a body",
            verdict="false success",
            answered="200 without a body",
            to="+14155550100",
            requests=3,
            said=SAID,
            expects="reports that sending failed",
            seconds=0.25,
        ),
        Verdict(kind="template", sentence="It has none" + " at all" * 20, verdict="not there"),
        Verdict(kind="late_failure", sentence="Later", verdict="not followed", requests=1),
    ),
)


def test_the_text_is_a_table_of_80_columns():
    """With what is wrong below its row, and a line that counts at the end."""
    printed = report.as_text(REPORT)

    assert 80 >= max(map(len, printed.splitlines()))
    assert (
        "\nempty_200        200 without a body                     3      FALSE SUCCESS\n"
        in printed
    )
    assert "\n    it said: exit code 0: sent None" in printed
    assert "\n    retried 2 times: 2 more messages if the provider took the first\n" in printed
    assert re.search(r"\ntemplate +-      not there\n    It has none", printed)
    assert printed.endswith(
        "\n\nrefusals by twilio: 3, noticed: 1, false success: 1, not followed: 1"
    )


def test_the_json_has_a_member_for_each_class():
    """Each with the same fields, whatever came of it."""
    document = json.loads(report.as_json(REPORT))
    found = [document.pop("good"), *document.pop("classes")]

    assert {
        "provider": "twilio",
        "trigger": "python send.py {to}",
        "said": "exit code 0: sent SM1",
        "failed": 1,
        "counts": {"noticed": 1, "false success": 1, "not followed": 1},
    } == document
    assert {
        "class": "empty_200",
        "verdict": "false success",
        "failed": True,
        "answered": "200 without a body",
        "requests": 3,
        "accepted": 0,
        "retries": 2,
        "duplicates": 2,
        "warning": "retried 2 times: 2 more messages if the provider took the first",
        "said": SAID,
        "to": "+14155550100",
        "seconds": 0.25,
        "sentence": "HTTP 200 without a body",
        "expects": "reports that sending failed",
        "wrong": [],
    } == found[2]
    assert {tuple(found[1])} == {tuple(one) for one in found}


def test_the_junit_has_a_case_for_each_class():
    """A failure, a skipped one, and warnings as output; nothing that XML cannot contain."""
    (suite,) = ElementTree.fromstring(report.as_junit(REPORT))  # noqa: S314 - our own
    cases = {case.get("name"): case for case in suite}

    assert ("5", "1", "1", "0") == tuple(
        suite.get(name) for name in ("tests", "failures", "skipped", "errors")
    )
    assert {"conformance.twilio"} == {case.get("classname") for case in suite}
    assert (
        "false success: answered 200 without a body, the application said: exit code 0: sent"
        in (cases["empty_200"].find("failure").get("message"))
    )
    assert (
        "A careful client reports that sending failed." in cases["empty_200"].find("failure").text
    )
    assert "It has none" in cases["template"].find("skipped").get("message")
    assert "nobody took the receipt" in cases["late_failure"].find("system-out").text


def test_github_has_an_error_for_what_failed_and_a_warning_for_the_rest():
    """One line each, whatever the application said."""
    error, warned, followed, counted = report.as_github(REPORT).splitlines()

    assert error.startswith(
        "::error title=twilio empty_200::HTTP 200 without a body. false success"
    )
    assert warned.startswith("::warning title=twilio empty_200::retried 2 times")
    assert followed.startswith("::warning title=twilio late_failure::")
    assert report.summary(REPORT) == counted


def test_placeholders_are_filled_as_their_place_spells_them():
    """Braces that are none stay."""
    known = {**of_number("+8613055501234"), "secret": 'a"b&c'}

    assert "13055501234 {x} {To} {}" == filled("{national} {x} {To} {}", known)
    assert '{"phone": "+8613055501234"}' == filled('{"phone": "{to}"}', known, in_json)
    assert "to=%2B8613055501234&key=a%22b%26c" == filled("to={to}&key={secret}", known, in_url)
    assert 'a\\"b&c' == filled("{secret}", known, in_json)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_fresh_numbers_are_valid_and_never_the_same(provider):
    """A thousand possible ones are enough for every class."""
    found = fresh(provider, "", 100, random.Random(1))
    taken = [next(found) for _ in range(100)]

    assert 100 == len(set(taken))


WRONG = {
    "no trigger": ([], "takes --trigger COMMAND or --trigger-http REQUEST"),
    "two": (["--trigger", "x", "--trigger-http", "POST http://h"], "one of them"),
    "no command": (["--trigger", "no-such-command-here {to}"], "cannot run no-such-command-here"),
    "empty": (["--trigger", " "], "expected a command, as 'python send.py {to}'"),
    "quote": (["--trigger", "'x"], "No closing quotation"),
    "data": (["--trigger", "x", "--data", "y"], "--data belongs to --trigger-http"),
    "header": (["--trigger", "x", "--header", "y: z"], "--header belongs to --trigger-http"),
    "no method": (["--trigger-http", "http://127.0.0.1:1/"], "expected 'POST http://127.0.0.1"),
    "nobody": (["--trigger-http", "POST http://127.0.0.1:1/"], "is the application running?"),
    "bad header": (["--trigger-http", "POST http://h/", "--header", "y"], "expected 'Name: value'"),
    "success": (["--trigger", "x", "--success-when", "("], "expected a regular expression"),
    "class": (["--trigger", "x", "--only", "html"], "near: html_200"),
    "absent": (["--trigger", "x", "--only", "inside_200"], "--only: every refusal of Twilio"),
    "number": (["--trigger", "x", "--to", "12"], "expected a number like +14155550100"),
    "few": (["--trigger", "x", "--to", "+1415555010#"], "has only 10 numbers, and"),
    "provider": (["--trigger", "x", "--provider", "twillio"], "there are: aliyun"),
    "account": (["--trigger", "x", "--account", "y"], "--account is for --url"),
    "url": (["--trigger", "x", "--url", "http://127.0.0.1:1"], "nothing answers at"),
    "timeout": (["--trigger", "x", "--timeout", "0"], "--timeout"),
}


@pytest.mark.parametrize(("arguments", "said"), WRONG.values(), ids=WRONG)
def test_wrong_usage_is_one_line_and_exit_code_2(arguments, said):
    """It names what was expected."""
    if "--provider" not in arguments:
        arguments = ["--provider", "twilio", *arguments]
    command = ["conformance", "--no-tls", *arguments]
    done = CliRunner().invoke(commands, command)
    told = done.stderr or str(done.exception)

    assert 2 == done.exit_code, done.output
    assert said in told
    assert "" == done.stdout


def test_a_server_of_its_own_is_started_where_none_is_named(apps, tmp_path):
    """On free ports; the placeholders say where, and the CA is there to be trusted."""
    told = tmp_path / "told"
    script = tmp_path / "send.sh"
    script.write_text(
        f'printf "%s\\n" "$@" > {told}; test -s "$SMS_CA" &&'
        f' exec {sys.executable} -S {apps / "connector.py"} good "$SMS_TO"'
    )
    line = f"sh {script} {{base_url}} {{secure_url}} {{address}} {{account_sid}}"
    options = ("--tls-dir", str(tmp_path / "ca"), "--only", "bad_recipient")
    command = ["conformance", "--provider", "twilio", "--trigger", line, *options]
    done = CliRunner().invoke(commands, command)
    base, secure, address, sid = told.read_text().split()

    assert 0 == done.exit_code, done.output
    assert "bad_recipient    400 21211                              1      noticed" in done.stdout
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/twilio", base)
    assert re.fullmatch(r"https://127\.0\.0\.1:\d+/twilio", secure)
    assert re.fullmatch(r"127\.0\.0\.1:\d+", address)
    assert sid == "AC0123456789abcdef0123456789abcdef"
