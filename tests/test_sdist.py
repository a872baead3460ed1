"""The source distribution: all that its own tests, pages and targets need."""

import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LEFT_OUT = {".gitignore"}  # of no use without the history


@pytest.fixture(scope="module")
def inside(tmp_path_factory):
    """The names of the files in the source distribution, built from this checkout."""
    pytest.importorskip("build")
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", str(folder)]
    subprocess.run([*command, str(ROOT)], check=True, capture_output=True, timeout=600)
    (path,) = folder.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


def tracked():
    """What the history has; a checkout of the distribution itself has none."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, timeout=600
    )
    if listed.returncode:
        pytest.skip("not in a checkout")
    return {name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()}


@pytest.mark.slow
def test_it_has_whatever_the_checkout_has(inside):
    """Tests and pages read files of every folder: what is kept is also handed on."""
    assert set() == tracked() - inside - LEFT_OUT


def test_it_has_nothing_that_was_made(inside):
    """Caches and environments stay where they are."""
    made = re.compile(r"(^|/)(\.venv|__pycache__|\.\w+_cache|build|dist|node_modules)/")

    assert [] == sorted(name for name in inside if made.search(name))
