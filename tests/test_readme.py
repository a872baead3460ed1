"""The README is run: its commands print what it says they print, its tables list what there is."""

import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from simulators.app import Options, in_thread
from simulators.catalog import PROVIDERS
from simulators.cli import commands
from simulators.cli.serve import serve
from simulators.server import tls

README = (Path(__file__).parent.parent / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$(?:\n```(json|text)\n(.*?)^```$)?", README, re.M | re.S)
SHELL = [(code, answer) for kind, code, _, answer in BLOCKS if kind == "sh" and "make" not in code]
PYTHON = [(code, answer) for kind, code, _, answer in BLOCKS if kind == "python"]
NODE = [(code, answer) for kind, code, _, answer in BLOCKS if kind == "js"]
SCRIPTS = [(code, answer) for code, answer in PYTHON if "def test_" not in code]
TESTS = [code for code, _ in PYTHON if "def test_" in code]


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    """Runs a command as a reader would, who has the command installed and a server running."""
    home = tmp_path_factory.mktemp("home")
    command = home / "sms-simulators-command" / "sms-simulators"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m simulators.cli "$@"\n')
    command.chmod(0o755)
    own_ports = {"aliyun": 0}  # those that the README gives a provider of its own
    options = Options(
        port=0, tls_port=0, tls_dir=home / "sms-simulators", provider_ports=own_ports, otp_port=0
    )
    with in_thread(options) as simulators:
        ports = {"8026": "http", "8443": "https", "9005": "aliyun", "3001": "otp"}
        environment = {
            **os.environ,
            "PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}",
            "XDG_DATA_HOME": str(home),
            "HOME": str(home),
            "REQUESTS_CA_BUNDLE": str(home / "sms-simulators" / tls.CA_FILE),
            "SMS_SIMULATORS_URL": simulators.url,
        }

        def run(*arguments, code):
            for shown, name in ports.items():
                code = code.replace(f":{shown}", f":{simulators.ports[name]}")
            done = subprocess.run(
                [*arguments, code], env=environment, capture_output=True, text=True, timeout=60
            )
            assert "" == done.stderr
            return done.stdout

        yield run


def agree(shown, real, where="answer"):
    """What the README shows is in the answer; `...` stands for anything."""
    if isinstance(shown, dict):
        for name, value in shown.items():
            assert name in real, f"{where} has no {name}: {real}"
            agree(value, real[name], f"{where}.{name}")
    elif isinstance(shown, list):
        assert len(shown) == len(real), where
        for number, value in enumerate(shown):
            agree(value, real[number], f"{where}[{number}]")
    elif isinstance(shown, str):
        pattern = shown.replace("[", "[[]").replace("...", "*")
        assert fnmatch.fnmatchcase(str(real), pattern), f"{where}: {real!r}, README: {shown!r}"
    else:
        assert shown == real, where


def check(printed, answer):
    try:
        shown = json.loads(answer)
    except ValueError:
        assert answer.strip() == printed.strip()
    else:
        agree(shown, json.loads(printed))


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
@pytest.mark.skipif(sys.platform == "darwin", reason="the CA's folder is moved by XDG_DATA_HOME")
def test_every_command_prints_what_it_says(reader):
    """All `sh` blocks in their order, each with the answer below it."""
    assert len(SHELL) >= 8
    for code, answer in SHELL:
        assert answer, f"no answer below:\n{code}"
        check(reader("bash", "-euc", code=code), answer)


@pytest.mark.parametrize(("code", "answer"), SCRIPTS)
def test_every_python_script_prints_what_it_says(reader, code, answer):
    """With the official SDK, where there is one."""
    for name in re.findall(r"^(?:from|import) (\w+)", code, re.M):
        pytest.importorskip(name)

    check(reader(sys.executable, "-c", code=code), answer)


@pytest.mark.skipif(not shutil.which("node"), reason="needs Node.js")
@pytest.mark.parametrize(("code", "answer"), NODE)
def test_every_node_script_prints_what_it_says(reader, code, answer):
    """Those whose packages are where `NODE_PATH` says."""
    names = re.findall(r"require\('(.*?)'\)", code)
    resolve = f"{json.dumps(names)}.forEach((name) => require.resolve(name))"
    if subprocess.run(["node", "-e", resolve], capture_output=True, timeout=60).returncode:
        pytest.skip(f"needs {', '.join(names)} on NODE_PATH")

    check(reader("node", "-e", code=code), answer)


def test_every_logto_configuration_has_the_published_credentials():
    """Each those of one provider, and it is JSON."""
    settings = [
        json.loads(c) for kind, c, _, _ in BLOCKS if kind == "json" and '"accounts"' not in c
    ]
    published = [set(p.published.values()) for p in PROVIDERS.values()]
    of = [[known for known in published if known & set(map(str, c.values()))] for c in settings]

    assert all(len(owners) == 1 for owners in of)
    assert len(settings) == len({id(owners[0]) for owners in of}) >= 7


def test_every_pytest_example_passes(tmp_path):
    """In a project that has nothing but the examples."""
    pytest.importorskip("twilio")
    for number, code in enumerate(TESTS):
        (tmp_path / f"test_example_{number}.py").write_text(code)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)

    assert 0 == done.returncode, done.stdout
    passed = int(re.search(r"^(\d+) passed", done.stdout, re.M)[1])
    assert len(TESTS) <= passed, done.stdout  # one of them runs for many refusals


QUESTIONS = [
    re.fullmatch(r"\| (.+\?.*) \| `(.+)` \| `(.+)` \|", row).groups()
    for row in README.split("| how do I ... |")[1].split("\n\n")[0].splitlines()[2:]
]


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
@pytest.mark.parametrize(
    ("line", "command"), [q[1:] for q in QUESTIONS], ids=[q[0] for q in QUESTIONS]
)
def test_every_answer_does_the_same_in_pytest_and_in_a_shell(line, command, sms, sms_server):
    """One line each, and the account is then in the same state."""
    other = sms_server.call(sms_server.accounts.create)
    there = re.sub(
        r"http://127.0.0.1:8026(/\w+/\w+)", rf"'{sms_server.url}\1?account={other.id}'", command
    )

    exec(line, {"sms": sms})  # noqa: S102 - a line of our own README
    done = subprocess.run(["bash", "-euc", there], capture_output=True, text=True, timeout=60)

    assert "error" not in json.loads(done.stdout), done.stdout
    for name in ("limits", "regions", "optouts", "balance", "suspended"):
        assert sms.world.load(name) == other.load(name)
    ours, theirs = (world.load("rules", []) for world in (sms.world, other))
    assert [rule["effect"] for rule in ours] == [rule["effect"] for rule in theirs]
    assert [rule["match"] for rule in ours] == [rule["match"] for rule in theirs]
    assert abs(sms.world.clock.now() - other.clock.now()) < 60
    sms_server.call(lambda: sms_server.accounts.drop(other.id))


def table(head):
    """The first column of the table that begins with this head."""
    rows = README.split(head)[1].split("\n\n")[0].splitlines()[2:]
    return [row.split(" | ")[0] for row in rows]


def test_every_command_and_option_is_listed():
    """And no other."""
    named = [re.match(r"\| `(\w+)", row)[1] for row in table("| command |")]
    listed = {name for row in table("| `serve` takes |") for name in re.findall(r"--[\w-]+", row)}

    assert sorted(commands.list_commands(None)) == sorted(named)
    assert {name for p in serve.params for name in p.opts} == listed


def test_every_route_of_the_control_api_is_listed(sms_server):
    """And no other. Whoever adds one adds it to the README's table."""
    from urllib.request import urlopen

    with urlopen(f"{sms_server.url}/_sim/openapi.json") as answer:  # noqa: S310 - our own server
        paths = json.load(answer)["paths"]
    section = README.split("## Control API")[1].split("\n## ")[0]
    routes = re.findall(r"`([A-Z ]+) (/[^`]+)`", section)
    listed = {path: set(methods.split()) for methods, path in routes}

    assert {path: {m.upper() for m in methods} for path, methods in paths.items()} == listed


def test_the_container_example_starts_serve_with_options_there_are():
    """The composition is YAML, and click takes its command."""
    (text,) = (code for kind, code, _, _ in BLOCKS if kind == "yaml")
    command = yaml.safe_load(text)["services"]["sms"]["command"]
    arguments = command.split("sms-simulators serve ")[1].rstrip('"').split()
    context = serve.make_context("serve", arguments)

    assert ("0.0.0.0", 443, ("sms",)) == tuple(
        context.params[name] for name in ("host", "tls_port", "names")
    )


def test_the_accounts_example_is_an_accounts_file(tmp_path):
    """As it is printed."""
    from simulators import catalog
    from simulators.server.accounts_file import read

    (text,) = (code for kind, code, _, _ in BLOCKS if kind == "json" and '"accounts"' in code)
    (tmp_path / "accounts.json").write_text(text)

    assert ["checkout", "sign-in"] == [
        account["id"] for account in read(tmp_path / "accounts.json", catalog.PROVIDERS.values())
    ]


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#][^)]*)\)", README))))
def test_every_link_into_the_repository_leads_somewhere(target):
    """Relative ones; the others are the web's business."""
    assert target.startswith("http") or (Path(__file__).parent.parent / target).exists()


@pytest.mark.parametrize("anchor", sorted(set(re.findall(r"\]\(#([^)]*)\)", README))))
def test_every_place_that_the_page_points_to_is_on_it(anchor):
    """By the anchor that a heading gets: lower-case, without punctuation, hyphens for spaces."""
    headings = re.findall(r"^##+ (.*)$", README, re.M)
    anchors = [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]

    assert anchor in anchors
