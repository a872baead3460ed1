"""The Makefile's environment: what `make` would do, without doing it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(("there", "installed"), [((), "."), ((".made-for-work",), ".[dev]")])
def test_an_environment_made_anew_has_what_was_in_it_for_work(tmp_path, there, installed):
    """Its requirements have changed since, and a target that needs no tools is asked for."""
    for name in ("Makefile", "pyproject.toml"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    (tmp_path / ".venv").mkdir()
    for name in ("pyvenv.cfg", ".made", *there):
        (tmp_path / ".venv" / name).touch()
        os.utime(tmp_path / ".venv" / name, (1, 1))
    would = subprocess.run(
        ["make", "--dry-run", "fidelity"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    (install,) = [line for line in would.splitlines() if "install --editable" in line]
    (touched,) = [line for line in would.splitlines() if line.startswith("touch ")]
    assert f"'{installed}'" == install.split()[-1]
    assert [f".venv/{name}" for name in (".made", *there)] == touched.split()[1:]
