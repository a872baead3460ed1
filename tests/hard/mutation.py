"""Changes the kernel and the stores in thousands of small ways (mutmut), and tells which of them no
test notices. Works on a copy: the checkout stays as it is."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
MUTATED = ("simulators/kernel/*", "simulators/store/*")
# The tests that ask these parts, and no process of their own: each mutant runs those of them that
# reach it.
ASKING = ["tests/kernel", "tests/store", "tests/control"]
ASKING += ["tests/test_settings_everywhere.py", "tests/test_magic.py", "tests/test_masking.py"]
PLUGIN = Path(__file__).with_name("asked.py")
CONFIG = """
[tool.mutmut]
source_paths = ["simulators"]
only_mutate = {only}
also_copy = {beside}
pytest_add_cli_args = ["-p", "no:randomly", "-p", "no:cacheprovider", "-p", "asked"]
pytest_add_cli_args_test_selection = {asking}
process_isolation = "forkserver"
"""


def run(seconds, only="", asking="", root=ROOT):
    """The figures after so many seconds at most: what was tried by then. That a mutant survives is
    a test that is lacking and no fault of the code; `wrong` says only that nothing was tried."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        _copied(root, copy, [only] if only else [*MUTATED], [asking] if asking else ASKING)
        said = _mutated(copy, seconds)
        return _told(copy, said)


def _copied(root, copy, only, asking):
    beside = []
    for path in sorted(root.iterdir()):
        if path.name.startswith(".") or path.name in ("build", "dist", "mutants"):
            continue
        if path.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "node_modules")
            shutil.copytree(path, copy / path.name, ignore=ignored)
        else:
            copy.mkdir(exist_ok=True)
            shutil.copy(path, copy)
        if path.name not in ("simulators", "tests", "pyproject.toml"):
            beside.append(path.name)
    (copy / "mutants").mkdir()
    shutil.copy(PLUGIN, copy / "mutants")
    config = CONFIG.format(
        only=json.dumps(only), beside=json.dumps(beside), asking=json.dumps(asking)
    )
    with (copy / "pyproject.toml").open("a") as project:
        project.write(config)


def _mutated(copy, seconds):
    """What mutmut printed; an interrupt when the time is over has it tell what it has."""
    command = [sys.executable, "-c", "from mutmut.__main__ import cli; cli()", "run"]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = str(copy / "mutants")  # the plugin
    with subprocess.Popen(
        command,
        cwd=copy,
        env={**environment, "PYTHONPYCACHEPREFIX": str(copy / "bytecode")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # ignored in a background
    ) as process:
        try:
            return process.communicate(timeout=seconds)[0]
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
        try:
            return process.communicate(timeout=60)[0]
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return process.communicate()[0]


def _told(copy, said):
    """From the results that are beside each mutated file."""
    codes = {}
    for path in (copy / "mutants").rglob("*.meta"):
        codes.update(json.loads(path.read_text())["exit_code_by_key"])
    tried = {name: code for name, code in codes.items() if code not in (None, 2, 34)}
    survivors = sorted(_plain(name) for name, code in tried.items() if code == 0)
    unasked = sum(code in (5, 33) for code in tried.values())
    printed = re.sub(r"[\u2800-\u28ff] .*", "", said).strip()
    killed = len(tried) - len(survivors) - unasked
    noted = copy / "mutants" / "failed-without-a-mutant.jsonl"
    lines = map(json.loads, noted.read_text().splitlines() if noted.exists() else ())
    return {
        "tests left out": [f"{test}: {said}" for test, said in lines],
        "mutants": len(codes),
        "tried": len(tried),
        "killed": killed,
        "no test reaches": unasked,
        "survivors": survivors,
        "wrong": [] if killed else [f"no mutant was killed: {printed[-4000:]}"],
    }


def _plain(name):
    """A mutant's name as the module, class and function that it is in, and its number."""
    return name.replace(".xǁ", ".").replace("ǁ", ".").replace(".x_", ".")
