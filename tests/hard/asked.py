"""A plugin of the tests that ask mutants. A test that fails where nothing is changed, as it counts
steps or was unlucky, neither ends the run nor kills anything: it is noted, and not asked again. The
quickest are asked first. mutmut itself stops at the first such test and does not say which."""

import json
import os
from pathlib import Path

import pytest

FAILED = Path(__file__).with_name("failed-without-a-mutant.jsonl")
UNCHANGED = ("stats", "")  # mutmut's names for the runs in which every test should pass
TIMES = Path(__file__).with_name("mutmut-stats.json")


def unchanged():
    """Whether this is such a run."""
    return os.environ.get("MUTANT_UNDER_TEST") in UNCHANGED


def failed():
    """The tests that failed so far, with the first line of what they said."""
    lines = FAILED.read_text().splitlines() if FAILED.exists() else []
    return dict(map(json.loads, lines))


def pytest_configure(config):
    """Sees them all."""
    if unchanged():
        config.option.maxfail = 0


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    """Of those that are left, the quickest first."""
    left_out = failed()
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid in left_out])
    items[:] = [item for item in items if item.nodeid not in left_out]
    if not unchanged() and TIMES.exists():
        took = json.loads(TIMES.read_text())["duration_by_test"]
        items.sort(key=lambda item: took.get(item.nodeid, 0.0))


def pytest_runtest_logreport(report):
    """Notes one that failed."""
    if report.failed and unchanged():
        crash = getattr(report.longrepr, "reprcrash", None)
        said = (crash.message if crash else report.longreprtext).strip().partition("\n")[0]
        with FAILED.open("a") as file:
            file.write(json.dumps([report.nodeid, said]) + "\n")


def pytest_sessionfinish(session):
    """It was no failure of the run."""
    if unchanged() and session.exitstatus == pytest.ExitCode.TESTS_FAILED:
        session.exitstatus = pytest.ExitCode.OK
