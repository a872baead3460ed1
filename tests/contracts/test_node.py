"""The contracts mean the same in another language: Node's Ajv agrees with every example."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from simulators.check.examples import read
from simulators.data import data

pytestmark = pytest.mark.slow

EXAMPLE = Path(__file__).parents[2] / "examples" / "node"


@pytest.fixture(scope="module")
def ajv(node, npm, tmp_path_factory):
    """Runs the example on a folder, its dependencies installed."""
    folder = tmp_path_factory.mktemp("node") / "example"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("node_modules", "sign-in"))
    npm(folder)

    def run(contracts):
        command = [node, "check.mjs", str(contracts)]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600)

    return run


def test_ajv_agrees_with_every_example(ajv):
    """In strict mode; it compiles the answers' schemas too."""
    files = data("contracts").glob("*/*.schema.json")
    counted = len([path for path in files if path.parent.name != "connectors"])

    done = ajv(data("contracts"))

    assert "" == done.stderr
    assert f"{counted} schemas, " in done.stdout
    assert done.stdout.endswith(", 0 wrong\n")
    assert 0 == done.returncode


def test_a_wrong_example_is_told_and_fails(ajv, tmp_path):
    """One that is kept and should not be, and one that breaks elsewhere."""
    shutil.copytree(data("contracts") / "http_sms", tmp_path / "http_sms")
    file = tmp_path / "http_sms" / "send-webhook.examples.json"
    examples = json.loads(file.read_text())
    broken = read(file.read_text(), file.name)[1][0]
    wrong = {"at": "body", "why": "nothing", "of": 1, "patch": []}
    kept = [broken.document, examples["keeps"][0]]
    file.write_text(json.dumps({"keeps": kept, "breaks": [wrong]}))

    done = ajv(tmp_path)

    assert 1 == done.returncode
    assert f"http_sms/send-webhook: keeps[0] breaks at {broken.at}" in done.stderr
    assert 'http_sms/send-webhook: "nothing" breaks at , not at body' in done.stderr
