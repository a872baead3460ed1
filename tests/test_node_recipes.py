"""The recipes for Node.js are run: node:test, vitest and Playwright, with simulators of their own
and with those that an address names."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "examples/node/sign-in"
PAGE = (ROOT / "docs/node.md").read_text()
PATIENCE = 600  # seconds; bounds what hangs, and asks nothing of the machine
BY_BROWSER = "in a browser"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
RECIPES = {
    "node:test": ["node", "--test", "node.test.mjs"],
    "vitest": ["npx", "vitest", "run"],
    "playwright": ["npx", "playwright", "test", "--grep-invert", BY_BROWSER],
}
SPECS = {
    "node:test": "node.test.mjs",
    "vitest": "vitest/sign-in.test.mjs",
    "playwright": "playwright/sign-in.spec.mjs",
}
ONE_OF_TWO = {
    "node:test": r"^(#|ℹ) pass 1\n(#|ℹ) fail 1$",
    "vitest": r"Tests\s+1 failed \| 1 passed \(2\)",
    "playwright": r"^\s+1 failed\n(.*\n)*\s+1 passed",
}
PASSED = {
    "node:test": r"^(#|ℹ) pass 1$",
    "vitest": r"Tests\s+1 passed \(1\)",
    "playwright": r"^\s+1 passed",
}

pytestmark = pytest.mark.slow
each = pytest.mark.parametrize("recipe", RECIPES)


@pytest.fixture(scope="module")
def installed(npm, tmp_path_factory):
    """The folder of the recipes, with what their package.json asks for."""
    folder = tmp_path_factory.mktemp("recipes") / "sign-in"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("node_modules"))
    npm(folder)
    return folder


@pytest.fixture
def project(installed, tmp_path):
    """A copy to change, on the packages that are installed once."""
    folder = tmp_path / "sign-in"
    shutil.copytree(installed, folder, ignore=shutil.ignore_patterns("node_modules"))
    (folder / "node_modules").symlink_to(installed / "node_modules")
    return folder


SHIM = """#!{python}
import fcntl, sys
from simulators.cli import main
held = open("{note}", "a")
fcntl.flock(held, fcntl.LOCK_SH)  # until this process is gone, however it ends
print("started", file=held, flush=True)
main()
"""
GONE = "import fcntl, sys; fcntl.flock(open(sys.argv[1]), fcntl.LOCK_EX)"


@pytest.fixture
def command(tmp_path):
    """`sms-simulators`, and the note that it writes and holds as long as it runs."""
    path, note = tmp_path / "sms-simulators", tmp_path / "note"
    path.write_text(SHIM.format(python=sys.executable, note=note))
    path.chmod(0o755)
    return path, note


def run(command, project, **environment):
    """As a person would who sees no colours."""
    known = {name: text for name, text in os.environ.items() if not name.startswith("SMS_")}
    done = subprocess.run(
        command,
        cwd=project,
        env={**known, "NO_COLOR": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
    )
    return done.returncode, done.stdout


def free_address():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def of_their_own(recipe, path):
    """What a recipe needs to start simulators: Playwright waits at an address that it knows."""
    known = {"SMS_SIMULATORS_COMMAND": str(path)}
    return known | ({"SMS_SIMULATORS_URL": free_address()} if recipe == "playwright" else {})


@each
def test_a_recipe_starts_simulators_and_ends_them(project, command, recipe):
    """One process, which is gone afterwards."""
    path, note = command

    code, printed = run(RECIPES[recipe], project, **of_their_own(recipe, path))

    assert 0 == code, printed
    assert re.search(PASSED[recipe], printed, re.M), printed
    assert "started\n" == note.read_text()
    subprocess.run([sys.executable, "-c", GONE, str(note)], check=True, timeout=PATIENCE)


@each
def test_a_recipe_uses_those_that_an_address_names(project, sms_server, recipe):
    """It starts none, leaves them running, and leaves no account behind. A broken contract fails
    its test alone, though the application did not mind and nothing was waited for."""
    url = sms_server.url
    before = accounts(url)
    spec = project / SPECS[recipe]
    other = spec.with_name(f"careless-{spec.name}")
    other.write_text(careless(spec.read_text()))
    code, printed = run(
        [*RECIPES[recipe], *([other.name] if recipe == "node:test" else [])],
        project,
        SMS_SIMULATORS_URL=url,
        SMS_SIMULATORS_TOKEN=sms_server.options.token,
        SMS_SIMULATORS_COMMAND="/nonexistent/sms-simulators",
    )

    assert 0 != code
    assert re.search(ONE_OF_TWO[recipe], printed, re.M), printed
    assert "broke the contract:" in printed
    assert "create-message: body.To: `12`; expected E.164" in printed
    assert before == accounts(url)


def accounts(url):
    with urlopen(f"{url}/_sim/accounts") as answer:  # noqa: S310 - our own server
        return set(json.load(answer)["accounts"])


def careless(text):
    """The same test for an application that sends a number that is none, and minds no refusal."""
    body = r"^  await (app\.ask|request\.post)\(.*?^\}\);$"
    calls = {"app.ask": 'app.ask("12").catch(() => {})'}
    calls["request.post"] = 'request.post(app.url, { form: { phone: "12" } })'
    changed, count = re.subn(
        body, lambda match: f"  await {calls[match[1]]};\n}});", text, flags=re.M | re.S
    )
    assert 1 == count
    return changed


@pytest.mark.parametrize("command", ["/nonexistent/sms-simulators", "false"])
def test_simulators_that_do_not_start_are_told(node, tmp_path, command):
    """At once, and by the command that was tried."""
    shutil.copytree(FOLDER, tmp_path / "sign-in")
    test = [node, "--test", "node.test.mjs"]

    code, printed = run(test, tmp_path / "sign-in", SMS_SIMULATORS_COMMAND=command)

    assert 0 != code
    assert f"{command} serve --no-tls --port 0 did not become ready: " in printed
    assert "unhandledRejection" not in printed


def test_playwright_signs_in_by_a_browser_that_is_there(project, sms_server):
    """Which `CHROMIUM` names, or is installed."""
    browser = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if not browser:
        pytest.skip("needs Chromium: CHROMIUM=/path/to/it")
    code, printed = run(
        ["npx", "playwright", "test", "--grep", BY_BROWSER],
        project,
        SMS_SIMULATORS_URL=sms_server.url,
        CHROMIUM=browser,
    )

    assert 0 == code, printed
    assert re.search(PASSED["playwright"], printed, re.M), printed


def test_the_page_shows_the_files_as_they_are():
    """To the letter, each below its name; and no other."""
    shown = dict(re.findall(r"^`(\S+)`[^\n]*:\n\n```javascript\n(.*?)^```$", PAGE, re.M | re.S))
    files = {"node.test.mjs", "vitest.config.mjs", "vitest/setup.mjs", "vitest/sign-in.test.mjs"}
    files |= {"playwright.config.mjs", "playwright/sign-in.spec.mjs"}

    assert {name: (FOLDER / name).read_text() for name in files} == shown
