"""`sms-simulators drift`: what it takes, what it says before it asks anybody, how it ends."""

import json
import re

import pytest
from click.testing import CliRunner

from simulators import data as folders
from simulators.catalog import PROVIDERS
from simulators.cli import commands
from simulators.cli.drift import drift
from simulators.data import contracts
from simulators.probes import BadProbes, probes


def run(*arguments):
    return CliRunner().invoke(commands, ["drift", *map(str, arguments)])


@pytest.fixture
def file(tmp_path, mine):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({"yunpian": dict(mine("yunpian")), "other": {}}))
    return path


def test_the_whole_way(vendor, file, tmp_path, sms_server):
    """Against a server that runs, whose account of this run is gone afterwards."""
    before = sms_server.call(sms_server.accounts.store.accounts)
    to = tmp_path / "recorded.jsonl"
    asked = ("--live", f"{vendor.url}/yunpian", "--credentials", file, "--pause", 0)
    only = ("--only", "no-text", "--only", "good-send")

    done = run("--provider", "yunpian", *asked, *only, "--url", sms_server.url, "--record", to)

    assert 0 == done.exit_code, done.output
    assert "same: 1, differs: 0, not tried: 1" in done.output
    assert ["no-text"] == [json.loads(line)["case"] for line in to.read_text().splitlines()]
    assert before == sms_server.call(sms_server.accounts.store.accounts)

    vendor.plan = lambda _came, answered: answered.with_json(lambda d: d.update(code=99))
    differing = run("--provider", "yunpian", *asked, *only, "--format", "json")

    assert 1 == differing.exit_code
    assert "code" == json.loads(differing.output)["probes"][0]["differences"][0]["kind"]


def test_what_would_be_asked_is_listed_and_nobody_is_asked(vendor):
    """And why it is free."""
    done = run("--provider", "twilio", "--list")

    assert 0 == done.exit_code
    for probe in probes(PROVIDERS["twilio"]).probes:
        assert f"{probe.name}: {probe.asks}\n" in done.output
    assert "may cost one message to the number of --to: only with --spend" in done.output
    assert [] == vendor.came


LIVE = ("--provider", "yunpian", "--live", "http://127.0.0.1:1/yunpian")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "--provider: expected the name of one"),
        (("--provider", "twillio"), "no provider 'twillio'"),
        (("--provider", "twilio"), "--live: expected the vendor's address, as https://api.twilio"),
        (("--provider", "twilio", "--live", "api.twilio.com"), "--live: expected a URL such as"),
        (("--provider", "twilio", "--live", "http://api.twilio.com"), "expected https://api.twili"),
        (("--provider", "twilio", "--live", "https://AC1:hunter22@x.com"), "credentials are read"),
        ((*LIVE, "--proxy", "ftp://x"), "--proxy: expected a URL"),
        ((*LIVE, "--proxy", "http://me:hunter22@127.0.0.1:1"), "cannot be asked: nobody answers"),
        ((*LIVE, "--proxy", "http://me:hunter22@127.0.0.1:x"), "--proxy: expected a URL"),
        (
            ("--provider", "http_sms", "--live", "http://127.0.0.1:1/hooks/hunter22"),
            "http://127.0.0.1:1 cannot be asked",
        ),
        ((*LIVE, "--only", "no-texts"), "no probe 'no-texts'; did you mean 'no-text'?"),
        ((*LIVE, "--to", "+4479"), "--to is for --spend"),
        ((*LIVE, "--spend", "--to", "12"), "--to: expected a number with plus"),
        ((*LIVE, "--record", "no/such/folder.jsonl"), "no/such is no folder"),
        ((*LIVE, "--record", "pyproject.toml"), "is there already; expected the name of a new"),
        (LIVE, "http://127.0.0.1:1 cannot be asked: nobody answers"),
        ((*LIVE, "--only", "good-send"), "nothing was compared: may cost one message"),
        ((*LIVE, "--url", "http://127.0.0.1:1"), "is `sms-simulators serve` running there?"),
        (("--replay", "pyproject.toml", "--live", "x"), "--live is for asking a vendor"),
    ],
)
def test_wrong_usage_is_told_in_a_line(arguments, said, request, monkeypatch):
    """Exit code 2; neither user information nor the path of an address is repeated."""
    monkeypatch.chdir(request.config.rootpath)

    done = run(*arguments)

    assert (2, True) == (done.exit_code, said in done.output), done.output
    assert "hunter22" not in done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected an object with some of apikey"),
        ("[1]", "expected an object with some of apikey"),
        ("apikey: *hunter22", "expected JSON or YAML"),
        ("apikey: !hunter22 x", "expected JSON or YAML"),
        ("{'apikey': 'hunter22", "expected JSON or YAML"),
        ("hunter22: x", "a name in it is no credential of yunpian; there are: apikey"),
        ("apikeys: hunter22", "did you mean 'apikey'?"),
        ("apikey: 12345678", "apikey: expected a text, in quotes"),
        ('apikey: "hunter\\n22"', "apikey: expected a text"),
        ("apikey: ''", "apikey: expected a text"),
    ],
)
def test_a_credentials_file_that_is_wrong_is_told_without_what_is_in_it(text, said, tmp_path):
    """A secret may stand anywhere in it."""
    (tmp_path / "mine.yaml").write_text(text)

    done = run(*LIVE, "--credentials", tmp_path / "mine.yaml")

    assert (2, True) == (done.exit_code, said in done.output), done.output
    assert not re.search("hunter|12345678", done.output)


def test_yaml_and_json_are_read_alike(vendor, mine, tmp_path):
    """Of the provider alone, or under its name."""
    apikey = mine("yunpian")["apikey"]
    (tmp_path / "mine.yaml").write_text(f'apikey: "{apikey}"\n')

    done = run(
        *("--provider", "yunpian", "--live", f"{vendor.url}/yunpian", "--pause", 0),
        *("--credentials", tmp_path / "mine.yaml", "--only", "to-letters"),
    )

    assert 0 == done.exit_code, done.output


def test_the_help_names_every_option_and_its_exit_codes():
    """And the page on the command line too."""
    text = run("--help").output
    page = (folders.data("contracts").parent / "docs" / "command-line.md").read_text()
    (row,) = (line for line in page.splitlines() if line.startswith("| `drift "))

    options = {name for option in drift.params for name in option.opts}
    assert options == set(re.findall(r"--[a-z]+", row))
    assert all(name in text for name in options)
    assert "Exit codes: 0 none differ, 1 some do, 2" in text


PROBE = {"name": "a", "asks": "What?", "kind": "query", "change": {"form": {"mobile": "1"}}}


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ([], "expected an object with probes, left_out"),
        ({"probe": []}, "the file has 'probe'; did you mean 'probes'?"),
        ({"probes": [{}]}, 'expected of each probe a "name"'),
        ({"probes": [PROBE, PROBE]}, "two probes have the name a"),
        ({"probes": [{**PROBE, "asks": "This."}]}, 'a: expected "asks", a question'),
        ({"probes": [{**PROBE, "spend": "all"}]}, 'expected "kind", why it is free, or "spend"'),
        ({"probes": [{**PROBE, "kind": "free"}]}, 'expected "kind" to be one of missing field'),
        ({"probes": [{**PROBE, "request": {}}]}, 'expected "request", or "change"'),
        ({"probes": [{**PROBE, "chance": 1}]}, "a: it has 'chance'; did you mean 'change'?"),
        ({"probes": [{**PROBE, "change": {"path": None}}]}, "expected a method and a path"),
        ({"probes": [{**PROBE, "change": {"forms": {}}}]}, "its request has 'forms'; did you mean"),
        ({"probes": [{**PROBE, "wrong": ["key"]}]}, "wrong: key is no credential of yunpian"),
        ({"probes": [{**PROBE, "change": {"path": "/{key}"}}]}, "{key} is no credential of yunp"),
        ({"probes": [{**PROBE, "change": {}}]}, '{to} is in a probe of the kind "query"'),
        (
            {"probes": [{**PROBE, "kind": "wrong credentials"}]},
            'its credentials are right (apikey), and its kind is "wrong credentials"',
        ),
        ({"left_out": {"nothing": "why"}}, "left_out: nothing is none of those that follow"),
        ({"code": ["code"]}, 'code: expected a pointer such as /error/code, or "", got code'),
        ({"headers": {"X-A": "why"}}, "headers: expected X-A in lower case"),
        ({"varies": [{"at": "sid"}]}, 'varies: expected of each {"at": "/a/pointer"'),
        ({"varies": [{"at": "/sid"}]}, 'varies /sid: expected "why" it is bound to differ'),
        ({"varies": [{"at": "/a", "why": "b", "like": "("}]}, "like is no regular expression"),
        ({"varies": [{"at": "/a", "why": "b", "of": ["c"]}]}, "of: there is no probe 'c'"),
        ({"varies": [{"at": "/a", "why": "b", "as": "c"}]}, "varies /a has 'as'"),
    ],
)
def test_a_file_of_probes_that_is_wrong_is_told(document, said, tmp_path, monkeypatch):
    """By the file, in a sentence that says what to write."""
    for name in ("sample.json", "errors.json"):
        (tmp_path / name).write_bytes((contracts("yunpian") / name).read_bytes())
    (tmp_path / "probes.json").write_text(json.dumps(document))
    monkeypatch.setattr(folders, "_BROUGHT", {"yunpian": tmp_path})

    with pytest.raises(BadProbes) as told:
        probes(PROVIDERS["yunpian"])

    assert said in str(told.value)
    assert str(tmp_path / "probes.json") in str(told.value)
    done = run("--provider", "yunpian", "--list")
    assert (2, True) == (done.exit_code, said in done.output)
