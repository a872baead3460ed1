"""The recipes for CI are run: their own lines, in their order, on the example project."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parent.parent / "examples" / "ci"
REPORTS = {"tests.xml", "contracts.xml", "refusals.xml"}


def shell():
    """The script itself."""
    return (FOLDER / "run.sh").read_text(), {}


def github():
    """Every `run` in its order; each fails the job on its own, and the next ones run all the
    same."""
    job = yaml.safe_load((FOLDER / "github-actions.yml").read_text())["jobs"]["sms"]
    steps = [step["run"] for step in job["steps"] if "run" in step]
    return "\n".join(
        ["failed=0", *(f"{{ {s}\n}} || failed=1" for s in steps), "exit $failed"]
    ), job["env"]


def gitlab():
    """The job's script: GitLab hands its lines to one shell that ends at the first failure."""
    job = yaml.safe_load((FOLDER / "gitlab-ci.yml").read_text())["sms"]
    return "\n".join(["set -e", *job["script"]]), job["variables"]


@pytest.fixture
def machine(tmp_path, few_plugins):
    """Runs a recipe where the project is checked out and everything installed: the exit code and
    the reports. `pip` notes what it is asked for and installs nothing."""
    project = tmp_path / "project"
    shutil.copytree(FOLDER / "project", project)
    commands = tmp_path / "bin"
    commands.mkdir()
    python = f'exec "{sys.executable}"'
    for name, what in {
        "pip": f'echo "$@" >> "{tmp_path}/pip"',
        "python": f'{python} "$@"',
        "pytest": f'{python} -m pytest -p no:cacheprovider "$@"',
        "sms-simulators": f'{python} -m simulators.cli "$@"',
    }.items():
        (commands / name).write_text(f"#!/bin/sh\n{what}\n")
        (commands / name).chmod(0o755)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])

    def run(script, environment):
        text = script.replace(" serve ", f" serve --port {port} ").replace(":8026", f":{port}")
        known = {name: value.replace(":8026", f":{port}") for name, value in environment.items()}
        process = subprocess.Popen(
            ["bash", "-c", text],
            cwd=project,
            env={
                **os.environ,
                **known,
                "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}",
                "SMS_SIMULATORS_URL": f"http://127.0.0.1:{port}",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            printed, _ = process.communicate(timeout=50)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
        assert (tmp_path / "pip").read_text() == "install -r requirements.txt\n"
        reports = {path.name: path.read_text() for path in (project / "reports").glob("*.xml")}
        return process.returncode, reports, printed

    return run


def suite(text):
    (found,) = ElementTree.fromstring(text)  # noqa: S314 - our own
    return found


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
@pytest.mark.parametrize("recipe", [shell, github, gitlab], ids=lambda recipe: recipe.__name__)
def test_a_recipe_leaves_its_three_reports(machine, recipe):
    """The example project passes all three checks."""
    script, environment = recipe()
    if recipe is not shell:  # which meets every refusal
        script = script.replace("--provider", "--only html_200 --only reset --provider")
    code, reports, printed = machine(script, environment)
    suites = {name: suite(text) for name, text in reports.items()}

    assert 0 == code, printed
    assert REPORTS == set(suites)
    assert {"0"} == {found.get("failures") for found in suites.values()}
    assert "1" == suites["tests.xml"].get("tests")
    assert "1" == suites["contracts.xml"].get("tests")
    refusals = 2 if recipe is not shell else 16
    assert 1 + refusals == int(suites["refusals.xml"].get("tests"))  # and one that is accepted


def test_the_page_shows_the_script_as_it_is():
    """From its first step to its exit code."""
    script = (FOLDER / "run.sh").read_text()
    page = (FOLDER.parent.parent / "docs" / "ci.md").read_text()

    assert f"```\n{script[script.index('mkdir -p reports') :]}```\n" in page


def test_the_recipes_take_the_same_steps():
    """What one does, all do; the environment is the same in each."""
    (_, hub), (_, lab) = github(), gitlab()
    shown = [line for line in (FOLDER / "run.sh").read_text().splitlines() if "export" in line]
    exported = dict(line.removeprefix("export ").split("=", 1) for line in shown)

    assert exported == hub == lab
    for recipe in (github, gitlab):
        script = " ".join(recipe()[0].replace("\\\n", " ").split())
        for step in ("pip install", "serve --no-tls", "--retry-connrefused", "pytest", "check"):
            assert step in script
        assert "--trigger 'python send.py {to}' --format junit > reports/refusals.xml" in script
