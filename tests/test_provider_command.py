"""`sms-simulators provider`: what `new` writes gets everything for nothing, and `check` sees each
mistake that a newcomer makes."""

import json
import os
import re
import subprocess
import sys
from itertools import count
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from simulators import data as folders
from simulators import scaffold
from simulators.catalog import PROVIDERS, BadProvider, collect, load
from simulators.check.provider import check
from simulators.cli import commands

ROOT = Path(__file__).parent.parent
NUMBERS = count(1)


@pytest.fixture
def written(tmp_path, monkeypatch):
    """A provider fresh from the scaffold, of a name that no other test has: its folder, and a way
    to have it checked."""
    monkeypatch.setattr(folders, "_BROUGHT", dict(folders._BROUGHT))
    monkeypatch.syspath_prepend(tmp_path)
    name = f"acme{next(NUMBERS)}"
    scaffold.write(name, "Acme Cloud", tmp_path)
    package = tmp_path / f"sms_{name}"

    def found():
        try:
            provider = load(f"sms_{name}:PROVIDER")
            return list(check(provider, collect([*PROVIDERS.values(), provider])))
        except BadProvider as bad:
            return [str(bad)]

    return package, found


def test_what_is_written_has_nothing_wrong_with_it(written):
    """Before a line of it is changed."""
    package, found = written

    assert [] == found()
    assert "acme.example" not in (package / "__init__.py").read_text()


def changed(file, old, new):
    """A change of a file of the provider: what stood there, and what stands there now."""

    def change(package):
        path = package / file
        text = path.read_text()
        assert re.search(old, text, re.S), (file, old)
        path.write_text(re.sub(old, new, text, count=1, flags=re.S))

    return change


def gone(file):
    return lambda package: (package / file).unlink()


def row(key, **fields):
    """The row of errors.json with other fields."""

    def change(package):
        path = package / "contracts" / "errors.json"
        rows = [
            {**one, **(fields if one["key"] == key else {})} for one in json.loads(path.read_text())
        ]
        path.write_text(json.dumps(rows))

    return change


CODE = "__init__.py"
SAMPLE = "contracts/sample.json"
PROBES = "contracts/probes.json"
SCHEMA = "contracts/send-sms.schema.json"
MISTAKES = {
    "no judges": (changed(CODE, r"judges=\(.*?\),", "judges=(),"), "there are no judges"),
    "per_recipient forgotten": (
        changed(CODE, ", per_recipient=True", ""),
        "opted_out has the place 'recipient', and no endpoint answers for each recipient",
    ),
    "a constant message id": (
        changed(CODE, r"return exchange\.world\.chance\.uuid\(\)", 'return "1"'),
        "two messages have one id, 1: ",
    ),
    "a secret not masked": (changed(CODE, "secret=True,", ""), "no credential is secret"),
    "one of two secrets not masked": (
        changed(CODE, r"identifies=True,(.*?)secret=True,", r"identifies=True, secret=True,\1"),
        "the credential 'api_key' proves an account",
    ),
    "a secret in a field of its own": (
        changed(SAMPLE, '"send": {', '"send": {"headers": {"x-key": "{api_key}"}, '),
        "the secret 'api_key' shows in the journal; expected its field in `at`",
    ),
    "an inbound lifecycle of one step": (
        changed(CODE, r'\(Step\(0, "queued"\), Step\(0, "received"\)\)', '(Step(0, "received"),)'),
        "the lifecycle 'inbound' has one step; expected two at least",
    ),
    "a row in the wrong place: later": (
        row("malformed", place="receipt"),
        "malformed has the place 'receipt' and the status ''; expected the word",
    ),
    "a row in the wrong place: at once": (
        row("unreachable", place="answer"),
        "unreachable has the place 'answer' and the status 'undelivered'",
    ),
    "a row in the wrong place: for all": (
        row("opted_out", place="answer"),
        "opted_out, provoked, has the place 'answer', and the answer is none of",
    ),
    "a row in the wrong place: for one": (
        row("malformed", place="recipient"),
        "malformed, provoked, is answered 200; errors.json has 400",
    ),
    "a status of one for many": (
        row("suspended", http_status=403),
        "suspended, when `suspended` asks for it, is answered 200 and has 403",
    ),
    "a refusal of one number that is said of all": (
        row("no_credit", place="answer"),
        "no_credit is what one number is refused by, and has the place 'answer'",
    ),
    "no row for one where it says there is": (
        row("throttled", recipient="malformed"),
        "throttled names malformed for one `recipient`, which has another place",
    ),
    "limits with a wrong key": (
        changed(CODE, r'key=\("number",\)', 'key=("numbr",)'),
        "counts by 'numbr', which no draft has; did you mean 'number'?",
    ),
    "a region never refused: not judged": (
        changed(CODE, r"judges\.region, ", ""),
        "region_not_allowed is never refused; expected judges.region",
    ),
    "a region never refused: not known": (
        changed(CODE, r"draft\.region = number\.e164, number\.region", "_ = number.e164, 0"),
        "region_not_allowed is never refused; expected judges.region, and `parse` sets",
    ),
    "a receipt without its contract": (
        gone("contracts/receipt.schema.json"),
        r"receipt.schema.json: what the provider sends",
    ),
    "a receipt that is in no record": (
        changed(SAMPLE, '"receipts": "receipt", ', ""),
        "the provider sends receipts without a contract; expected in sample.json",
    ),
    "a receipt unlike its contract": (
        changed(CODE, '"status": report.step.status', '"state": report.step.status'),
        "what is sent (sent) breaks receipt.schema.json: body.status: missing",
    ),
    "a host taken twice": (
        changed(CODE, r"hosts=\(.*?\)", 'hosts=("api.twilio.com",)'),
        "the host api.twilio.com is twilio's",
    ),
    "no record": (gone(SAMPLE), "has no sample; expected"),
    "a text that nobody reads": (
        changed(CODE, "text=text", 'text="Hello"'),
        "the code 135790 is not found",
    ),
    "an error that nobody caught": (
        changed(CODE, "body = exchange.document", "body = exchange.documents"),
        "AttributeError: 'Exchange' object has no attribute 'documents', in `parse`",
    ),
    "a body that could not be read": (
        changed(
            CODE,
            r"pair = proof\.basic|pair = credentials\.basic",
            'len(exchange.document["body"]); \\g<0>',
        ),
        "a body that is too large: TypeError",
    ),
    "code that does not load": (
        changed(CODE, "^", "import nothing_of_that_name\n"),
        "ModuleNotFoundError",
    ),
    "a rule without an example": (
        changed(
            "contracts/send-sms.schema.json", '"minLength": 1', '"minLength": 1, "maxLength": 9000'
        ),
        "no example breaks the rule #/properties/body/properties/text/maxLength",
    ),
    "a probe that is said to be free and is sent": (
        changed(PROBES, r'"to": \["1"\]\}\}\}', '"to": ["+14155550123"]}}}'),
        "to-one-digit: it is said to be free (malformed field), and is accepted",
    ),
    "an id that nobody says is bound to differ": (
        changed(PROBES, '"/messages/\\*/id"', '"/messages/*/number"'),
        'good-send: two answers differ at /messages/0/id; expected in "varies"',
    ),
    "a probe of no kind": (
        changed(PROBES, '"kind": "malformed field"', '"kind": "free"'),
        'to-one-digit: expected "kind" to be one of missing field, malformed field',
    ),
    "an answer unlike its contract": (
        changed(CODE, '"status": "queued"', '"status": "queued", "price": 1'),
        "the answer breaks send-sms.response.schema.json",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told(mistake, written, answers):
    """In a sentence that says what was expected."""
    (package, found), (change, said) = written, MISTAKES[mistake]
    change(package)

    sentences = found()
    answers.clear()  # what breaks its contract here does so on purpose

    assert [one for one in sentences if said in one], sentences
    assert [] == [one for one in sentences if "Traceback" in one]


@pytest.mark.slow
@pytest.mark.parametrize("name", PROVIDERS)
def test_nothing_is_wrong_with_those_there_are(name):
    """What is asked of a new one holds for ours."""
    assert [] == list(check(PROVIDERS[name], PROVIDERS))


@pytest.mark.slow
def test_the_two_commands(tmp_path):
    """From nothing to a provider that is checked, in a folder of one's own."""
    name = f"acme{next(NUMBERS)}"
    into = tmp_path / "mine"

    def run(*arguments):
        command = [sys.executable, "-m", "simulators.cli", "provider", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)

    made = run("new", name, "--into", str(into))
    good = run("check", name, "--from", str(into))
    changed(CODE, r"judges=\(.*?\),", "")(into / f"sms_{name}")
    bad = run("check", name, "--from", str(into))
    again = run("new", name, "--into", str(into))

    assert f'{name} = "sms_{name}:PROVIDER"' in (into / "pyproject.toml").read_text()
    assert made.stdout.endswith(f"Next: sms-simulators provider check {name} --from {into}\n")
    assert (0, f"{name}: nothing is wrong with it\n") == (good.returncode, good.stdout)
    assert (1, 1) == (bad.returncode, bad.stdout.count("\n- ") + bad.stdout.startswith("- "))
    assert (2, True) == (again.returncode, "is there already" in again.stderr)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["new", "9lives"], "'9lives' is no name; expected a letter"),
        (["new", "acme", "--title", 'A"'], "is no title; expected up to 60 characters on one line"),
        (["new", "twilio"], "is there already; expected a name that is free"),
        (["check", "twillio"], "no provider 'twillio'; there are: aliyun"),
    ],
)
def test_wrong_usage_is_one_line(arguments, said):
    """On stderr, with exit code 2."""
    done = CliRunner().invoke(commands, ["provider", *arguments])

    assert 2 == done.exit_code
    assert said in done.stderr


def test_no_provider_of_ones_own_has_the_name_of_one_of_ours(tmp_path):
    """Its entry point would be a second provider of that name."""
    with pytest.raises(scaffold.CannotWrite, match="twilio is there already; expected a name"):
        scaffold.write("twilio", "Twilio", tmp_path)

    assert [] == list(tmp_path.iterdir())


def test_a_provider_in_a_checkout_is_written_where_the_others_are(tmp_path, monkeypatch):
    """Its contracts beside theirs, and no path in its code."""
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "contracts").mkdir()
    monkeypatch.setattr(scaffold, "data", lambda name: tmp_path / name)

    files = scaffold.write("acme", "Acme", None)
    source = files[0].read_text()

    assert tmp_path / "simulators" / "providers" / "acme" / "__init__.py" == files[0]
    assert tmp_path / "contracts" / "acme" / "sample.json" in files
    assert 'catalogue.load("acme"),' in source
    assert 'title="Acme",' in source
    assert "Path" not in source


# What is asked of every provider: a file of the suite, and of how many of its tests at least.
SUITE = {
    "tests/test_conformance.py": 9,
    "tests/test_magic.py": 20,
    "tests/test_settings_everywhere.py": 4,
    "tests/test_every_error.py": 27,
    "tests/test_masking.py": 3,
    "tests/test_refusals.py": 15,
    "tests/test_contract_server.py": 27,
    "tests/test_bench.py": 1,
    "tests/test_samples.py": 2,
    "tests/test_fuzz.py": 3,
    "tests/contracts": 8,
    "tests/drift": 6,
    "tests/conformance/test_report.py": 1,
    "tests/control/test_numbers.py": 1,
    "tests/loadtests/test_scenarios.py": 1,
}


@pytest.mark.slow
def test_a_provider_that_is_installed_gets_every_test_for_nothing(tmp_path):
    """What a distribution of its own brings is held to all that ours are: the catalogue has it by
    its entry point, and no file of ours is changed."""
    scaffold.write("acme", "Acme SMS", tmp_path)
    installed = tmp_path / "sms_simulators_acme-0.1.0.dist-info"
    installed.mkdir()
    about = "Metadata-Version: 2.1\nName: sms-simulators-acme\nVersion: 0.1.0\n"
    (installed / "METADATA").write_text(about)
    entry = "[sms_simulators.providers]\nacme = sms_acme:PROVIDER\n"
    (installed / "entry_points.txt").write_text(entry)
    report = tmp_path / "junit.xml"
    options = ["-q", "-p", "no:cacheprovider", "-k", "acme", f"--junitxml={report}"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *SUITE],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    cases = ElementTree.parse(report).findall(".//testcase")  # noqa: S314 - written just now
    passed = [case.get("classname", "").replace(".", "/") for case in cases if not len(case)]

    assert 0 == done.returncode, done.stdout[-3000:]
    for place, least in SUITE.items():
        ran = [name for name in passed if name.startswith(place.removesuffix(".py"))]
        assert least <= len(ran), f"{place}: {len(ran)}"
