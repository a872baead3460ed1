"""The wheel: exactly the package and the data folders, nothing else."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from this checkout."""
    pytest.importorskip("build")
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    subprocess.run([*command, str(ROOT)], check=True, capture_output=True, timeout=120)
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


def files(folder):
    """What the checkout has, without caches and what an editor hides."""
    return {
        str(path.relative_to(ROOT))
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }


def test_the_wheel_has_the_package_and_the_data_and_no_more(wheel):
    """Data folders are inside the package; tests, benchmarks' results and caches are not there."""
    inside = {name for name in wheel.namelist() if ".dist-info/" not in name}
    data = {f"simulators/_data/{name}" for name in files("contracts") | files("loadtests")}

    assert files("simulators") | data == inside
    assert "simulators/_data/contracts/twilio/errors.json" in inside
    assert "simulators/py.typed" in inside


def test_the_metadata_names_the_command_and_the_plugin(wheel):
    """What makes `sms-simulators` and the fixtures available after `pip install`."""
    (entry_points,) = (n for n in wheel.namelist() if n.endswith("entry_points.txt"))
    (metadata,) = (n for n in wheel.namelist() if n.endswith("METADATA"))
    declared = wheel.read(entry_points).decode()
    described = wheel.read(metadata).decode()

    assert "sms-simulators = simulators.cli:main" in declared
    assert "[pytest11]\nsms-simulators = simulators.testing.plugin" in declared
    assert "Name: sms-simulators\n" in described
    assert "Requires-Python: >=3.11\n" in described
    assert "# sms-simulators" in described
