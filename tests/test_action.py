"""The GitHub action: its steps are run as a runner runs them, with files of our own for what they
export, and the page lists its inputs and outputs."""

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import urlopen
from xml.etree import ElementTree

import pytest
import yaml

from simulators.catalog import PROVIDERS

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
STEPS = ACTION["runs"]["steps"]
RECIPE = yaml.safe_load((ROOT / "examples/ci/github-action.yml").read_text())["jobs"]["sms"]
PROJECT = ROOT / "examples/ci/project"
PAGE = (ROOT / "docs/ci.md").read_text()
PATIENCE = 600  # seconds; bounds what hangs, and asks nothing of the machine


@dataclass
class Runner:
    """As much of GitHub's runner as the action needs: what it does not know, it refuses."""

    folder: Path
    environment: dict[str, str]
    outputs: dict[str, str] = field(default_factory=dict)
    printed: str = ""

    @property
    def project(self):
        return self.folder / "project"

    def run(self, script, **more):
        """One step by bash, as `shell: bash` has it; what it exports is there for the next."""
        files = {name: self.folder / name for name in ("GITHUB_ENV", "GITHUB_OUTPUT")}
        paths = self.folder / "GITHUB_PATH"
        for file in (*files.values(), paths):
            file.write_text("")
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=self.project,
            env={
                **self.environment,
                **more,
                **{name: str(file) for name, file in files.items()},
                "GITHUB_PATH": str(paths),
                "RUNNER_TEMP": str(self.folder / "temp"),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
        )
        self.printed += done.stdout
        self.environment |= exported(files["GITHUB_ENV"])
        for added in paths.read_text().splitlines():
            self.environment["PATH"] = f"{added}{os.pathsep}{self.environment['PATH']}"
        return done.returncode, exported(files["GITHUB_OUTPUT"])

    def action(self, **given):
        """The action with these inputs: the exit code of the step that failed, or 0."""
        defaults = {name: facts["default"] for name, facts in ACTION["inputs"].items()}
        assert given.keys() <= defaults.keys()
        values = {f"inputs.{name}": value for name, value in (defaults | given).items()}
        values["github.action_path"] = str(ROOT)
        for step in STEPS:
            assert "bash" == step["shell"]
            if not wanted(step, values):
                continue
            env = {name: filled(text, values) for name, text in step.get("env", {}).items()}
            code, outputs = self.run(step["run"], **env)
            if code:
                return code
            values |= {f"steps.{step.get('id')}.outputs.{n}": v for n, v in outputs.items()}
        self.outputs = {
            name: filled(facts["value"], values, missing="")
            for name, facts in ACTION["outputs"].items()
        }
        return 0


def exported(file):
    """The lines NAME=VALUE of such a file; NAME<<END is followed by lines, up to END."""
    found, lines = {}, iter(file.read_text().splitlines())
    for line in lines:
        name, several, end = line.partition("<<")
        if several and "=" not in name:
            found[name] = "\n".join(iter(lines.__next__, end))
        else:
            name, _, value = line.partition("=")
            found[name] = value
    return found


def filled(text, values, **missing):
    """With the values in the places of `${{ name }}`; only outputs may be without one."""

    def value(match):
        return missing["missing"] if missing and match[1] not in values else values[match[1]]

    return re.sub(r"\$\{\{ ([\w.-]+) \}\}", value, text)


def wanted(step, values):
    """Whether a step's `if` holds: none, or an input that equals a text."""
    if "if" not in step:
        return True
    name, text = re.fullmatch(r"([\w.]+) == '(\w+)'", step["if"]).groups()
    return values[name] == text


@pytest.fixture
def runner(tmp_path):
    """A project that is checked out. `python3` notes what it is to install, and makes commands of
    this checkout's; whatever was started and is still there at the end is ended."""
    shutil.copytree(PROJECT, tmp_path / "project")
    commands = tmp_path / "bin"
    commands.mkdir()
    python = shlex.quote(sys.executable)
    notes = f'"-m pip "*) echo "$@" >> {tmp_path}/pip'
    shims = {
        "python": f'case "$*" in {notes} ;; *) exec {python} "$@" ;; esac',
        "sms-simulators": f'exec {python} -m simulators.cli "$@"',
    }
    made = "\n".join(
        f'printf %s {shlex.quote(f"#!/bin/sh{chr(10)}{text}{chr(10)}")} > "$3/bin/{name}"\n'
        f'chmod +x "$3/bin/{name}"'
        for name, text in shims.items()
    )
    (commands / "python3").write_text(f'#!/bin/sh\nset -e\nmkdir -p "$3/bin"\n{made}\n')
    (commands / "python").write_text(f'#!/bin/sh\nexec {python} "$@"\n')
    for command in commands.iterdir():
        command.chmod(0o755)
    known = {"PATH": f"{commands}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path)}
    made_runner = Runner(tmp_path, known)
    yield made_runner
    if "SMS_SIMULATORS_PID" in made_runner.environment:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(made_runner.environment["SMS_SIMULATORS_PID"]), signal.SIGKILL)


def answers(url):
    try:
        with urlopen(f"{url}/_sim/health", timeout=PATIENCE) as answer:  # noqa: S310 - our own
            return 200 == answer.status
    except OSError:
        return False


FREE = "--port 0 --no-tls"


def test_start_exports_addresses_ca_and_credentials(runner):
    """For the steps that follow and as outputs, of every provider; and it installs its own
    checkout."""
    assert 0 == runner.action(options="--port 0 --tls-port 0"), runner.printed

    assert f"-m pip install --quiet --disable-pip-version-check {ROOT}\n" == (
        (runner.folder / "pip").read_text()
    )
    env, outputs = runner.environment, runner.outputs
    assert answers(outputs["url"])
    assert outputs["url"] == env["SMS_SIMULATORS_URL"]
    assert outputs["ca"] == env["SMS_SIMULATORS_CA"]
    assert Path(outputs["ca"]).read_text().startswith("-----BEGIN CERTIFICATE-----")
    assert outputs["secure-url"].startswith("https://127.0.0.1:")
    assert "" == outputs["token"]
    published = {name: dict(provider.published) for name, provider in PROVIDERS.items()}
    assert published == json.loads(outputs["credentials"])
    for name, credentials in published.items():
        assert f"{outputs['url']}/{name}" == env[f"{name.upper()}_URL"]
        for key, value in credentials.items():
            assert value == env[f"{name.upper()}_{key.upper()}"]


def test_the_command_is_there_for_the_steps_that_follow(runner):
    """And with it nothing that would hide the project's own python."""
    runner.action(options=FREE)
    before = shutil.which("python", path=runner.environment["PATH"])

    assert (0, {}) == runner.run("sms-simulators rules list --url $SMS_SIMULATORS_URL")
    assert str(runner.folder / "bin/python") == before


def test_a_version_a_folder_or_a_wheel_is_installed_instead(runner):
    """Whatever pip takes, as one word."""
    runner.action(options=FREE, source="./my dist/sms.whl")

    assert (runner.folder / "pip").read_text().endswith(" ./my dist/sms.whl\n")


def test_without_tls_there_is_no_ca(runner):
    """Nor a name for it."""
    runner.action(options=FREE)

    assert ("", "") == (runner.outputs["ca"], runner.outputs["secure-url"])
    assert "SMS_SIMULATORS_CA" not in runner.environment


def test_a_token_is_exported_and_masked(runner):
    """So that `check` and `wait` know it and the log does not."""
    runner.action(options=f"{FREE} --token of-the-test")

    assert "of-the-test" == runner.outputs["token"] == runner.environment["SMS_SIMULATORS_TOKEN"]
    assert "::add-mask::of-the-test\n" in runner.printed


def test_finish_checks_reports_and_stops(runner):
    """One request that keeps its contract."""
    runner.action(options=FREE)
    assert 0 == runner.run("python send.py +14155550100")[0], runner.printed

    assert 0 == runner.action(mode="finish"), runner.printed

    (suite,) = ElementTree.fromstring(  # noqa: S314 - our own
        (runner.project / "reports/contracts.xml").read_text()
    )
    assert ("1", "0") == (suite.get("tests"), suite.get("failures"))
    assert "requests: 1, kept their contract: 1\n" in runner.printed
    log = (runner.project / "reports/simulators.log").read_text()
    assert "\nready\n" in log
    assert log.endswith("accepted   Your code is 482913\n")
    assert not answers(runner.environment["SMS_SIMULATORS_URL"])


def test_finish_fails_for_a_broken_contract_and_says_where(runner):
    """By an annotation and by the report; and it stops them all the same."""
    runner.action(options=FREE)
    runner.run("python send.py 5551234 || true")

    assert 1 == runner.action(mode="finish")

    (suite,) = ElementTree.fromstring(  # noqa: S314 - our own
        (runner.project / "reports/contracts.xml").read_text()
    )
    assert ("1", "1") == (suite.get("tests"), suite.get("failures"))
    assert re.search(r"^::error .*body\.To", runner.printed, re.M)
    assert not answers(runner.environment["SMS_SIMULATORS_URL"])


def test_finish_fails_when_nothing_was_sent(runner):
    """A job that tested nothing is not green, and leaves no report that could be taken for one."""
    runner.action(options=FREE)

    assert 2 == runner.action(mode="finish")

    assert "has had no request" in runner.printed
    assert not (runner.project / "reports/contracts.xml").exists()
    assert not answers(runner.environment["SMS_SIMULATORS_URL"])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"options": "--prot 0"}, "No such option '--prot'"),
        ({"mode": "stop"}, "mode: expected start or finish, got 'stop'"),
        ({"mode": "finish"}, "a step with mode: start has to come first"),
    ],
    ids=["an option", "a mode", "no start"],
)
def test_what_is_wrong_fails_the_step_and_is_said(runner, given, said):
    """And so is what `serve` said itself."""
    assert 0 != runner.action(**given)

    assert said in runner.printed
    assert "::error::" in runner.printed


def test_a_pattern_in_an_option_is_not_one_of_files(runner):
    """Nor is an input ever part of a script."""
    (runner.project / "--no-such-option").touch()

    assert 0 == runner.action(options=f"{FREE} --callbacks-to *", account="$(exit 7)")
    assert not any("${{" in step["run"] for step in STEPS)


def test_the_recipe_runs(runner):
    """Each step in its order on the example project, up to the folder that it uploads."""
    for step in RECIPE["steps"]:
        uses = step.get("uses", "")
        if "run" in step:
            assert 0 == runner.run(step["run"])[0], runner.printed
        elif "sms-simulators" in uses:
            given = dict(step.get("with", {}))
            if "options" in given:
                given["options"] += " --port 0"  # a test binds no port of its own choice
            assert 0 == runner.action(**given), runner.printed
        else:
            assert re.fullmatch(r"actions/[\w-]+@v\d+", uses)
    upload = RECIPE["steps"][-1]

    assert "482913\n" in runner.printed
    assert {"contracts.xml", "simulators.log"} == {
        path.name for path in (runner.project / upload["with"]["path"]).iterdir()
    }
    assert ["${{ always() }}"] * 2 == [step["if"] for step in RECIPE["steps"] if "if" in step]


def listed(head):
    """The rows of a table of the page, by the name in their first column."""
    rows = PAGE.split(head)[1].split("\n\n")[0].splitlines()[2:]
    return dict(re.fullmatch(r"\| `([\w-]+)` \| (.*) \|", row).groups() for row in rows)


def test_the_page_lists_inputs_and_outputs():
    """In the words of the action."""
    inputs = {
        name: f"{facts['description']}" + (f" | `{facts['default']}`" if facts["default"] else " |")
        for name, facts in ACTION["inputs"].items()
    }

    assert inputs == listed("| input |")
    assert {n: facts["description"] for n, facts in ACTION["outputs"].items()} == listed(
        "| output |"
    )


def test_the_page_names_what_is_exported(runner):
    """And no other."""
    runner.action(options="--port 0 --tls-port 0 --token of-the-test")
    section = PAGE.split("## The GitHub action")[1].split("\n## ")[0]
    named = set(re.findall(r"`(SMS_SIMULATORS_\w+)`", section))

    assert named == {n for n in runner.environment if n.startswith("SMS_SIMULATORS_")}
    assert set(re.findall(r"`(TWILIO_\w+)`", section)) <= runner.environment.keys()


def test_the_page_shows_the_recipe_s_steps_as_they_are():
    """To the letter."""
    text = (ROOT / "examples/ci/github-action.yml").read_text()
    steps = text[text.index("      - name: Start the simulators") :]

    assert f"```yaml\n{steps}```\n" in PAGE
