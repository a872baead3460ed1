"""ARCHITECTURE.md tells of files there are, and of every package."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "ARCHITECTURE.md").read_text()


def test_every_file_it_names_is_there():
    """By its link, which also has the name it is shown by."""
    links = re.findall(r"\[`?([^`\]]+)`?\]\(([^)#]+)\)", PAGE)

    assert links
    for shown, target in links:
        assert (ROOT / target).exists(), target
        assert shown.rstrip("/").split("/")[-1] in target, shown


def test_every_package_has_a_line():
    """And the modules that stand beside them, but the smallest."""
    packages = {path.parent.name for path in (ROOT / "simulators").glob("*/__init__.py")}

    assert packages - {"cli", "bench"} == {
        name for name in packages if f"simulators/{name}/" in PAGE
    } - {"cli", "bench"}


def test_the_steps_of_the_path_are_those_of_the_pipeline():
    """In their order; the picture does not go its own way."""
    from simulators.kernel import pipeline

    steps = re.findall(r"^    (\w+)  ", pipeline.__doc__ or "", re.MULTILINE)

    assert steps
    assert ", ".join(steps) in PAGE
