"""The image and the composition, as far as a machine without a daemon runs them: the options that
`serve` is started with, the health check, the files that are copied, and who waits for whom."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from simulators.app import Options, in_thread
from simulators.cli.serve import serve

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())


def lines():
    """The instructions of the Dockerfile: a word and what comes behind it."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.M)
    return [line.split(None, 1) for line in text.splitlines() if line.strip()]


def last(word):
    """The instruction that holds: the last of its kind."""
    return [rest for name, rest in lines() if name == word][-1]


def params(arguments):
    """What click makes of the arguments of `serve`."""
    command, *rest = arguments
    assert "serve" == command
    return serve.make_context("serve", rest).params


def test_the_image_starts_what_there_is_as_nobody_special():
    """On every address, as anything else is out of reach, and not as root."""
    assert ["sms-simulators"] == json.loads(last("ENTRYPOINT"))
    assert last("USER") == "simulators"

    given = params(json.loads(last("CMD")))

    assert ("0.0.0.0", 8026, 8443) == (given["host"], given["port"], given["tls_port"])
    assert Path(last("VOLUME")) == given["tls_dir"]
    assert {str(given["port"]), str(given["tls_port"])} == set(last("EXPOSE").split())


def test_what_is_copied_is_there_and_not_ignored():
    """And it is all that the package is built of."""
    copied = [
        rest.split()[:-1] for name, rest in lines() if name == "COPY" and "--from" not in rest
    ]
    names = {name for group in copied for name in group}
    ignored = (ROOT / ".dockerignore").read_text().splitlines()

    assert all((ROOT / name).exists() for name in names)
    assert {f"!{name}" for name in names} == {line for line in ignored if line.startswith("!")}
    assert {"simulators", "contracts", "loadtests", "pyproject.toml"} <= names


def test_what_is_copied_can_be_installed(tmp_path):
    """By the line of the Dockerfile, from a folder with nothing else in it, without the index."""
    pytest.importorskip("hatchling")
    import shutil

    for name in ("pyproject.toml", "README.md", "LICENSE", "simulators", "contracts", "loadtests"):
        target = tmp_path / "src" / name
        target.parent.mkdir(exist_ok=True)
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, target)
    (install,) = (rest for name, rest in lines() if name == "RUN" and "pip install" in rest)
    _pip, *words = shlex.split(install)
    assert "." == words.pop().partition("[")[0]
    command = [sys.executable, "-m", "pip", *words, "--quiet", "--no-deps", "--no-build-isolation"]
    done = subprocess.run(
        [*command, "--target", str(tmp_path / "out"), "."],
        cwd=tmp_path / "src",
        capture_output=True,
        text=True,
        timeout=600,
    )

    assert 0 == done.returncode, done.stderr
    assert (tmp_path / "out/simulators/_data/contracts/twilio/errors.json").is_file()


def test_the_health_check_tells_up_from_down():
    """With the port of a running server in the place of the image's."""
    command = json.loads(last("HEALTHCHECK").split(" CMD ", 1)[1])

    def check(port):
        there = [part.replace("8026", str(port)) for part in command[1:]]
        done = subprocess.run([sys.executable, *there], capture_output=True, timeout=600)
        return done.returncode

    with in_thread(Options(port=0, tls_port=None)) as simulators:
        port = simulators.ports["http"]
        assert 0 == check(port)
    assert 1 == check(port)


def test_the_composition_starts_serve_under_the_vendor_s_port_and_name():
    """With the CA where the application reads it."""
    sms, app = COMPOSE["services"]["sms"], COMPOSE["services"]["app"]
    given = params(sms["command"].split())

    assert ("0.0.0.0", 443, ("sms",)) == tuple(given[n] for n in ("host", "tls_port", "names"))
    assert sms["volumes"] == [f"ca:{given['tls_dir']}"]
    assert app["environment"]["NODE_EXTRA_CA_CERTS"] == f"{given['tls_dir']}/ca.pem"
    mounted = [volume.split(":")[0] for volume in app["volumes"]]
    assert all((ROOT / name).is_file() for name in mounted if name.startswith("."))


def test_the_application_waits_until_the_ca_is_there():
    """It is read once. The health check is the image's."""
    assert {"sms": {"condition": "service_healthy"}} == COMPOSE["services"]["app"]["depends_on"]
    assert "HEALTHCHECK" in {name for name, _ in lines()}
    assert "." == COMPOSE["services"]["sms"]["build"]


def test_the_page_shows_the_composition_as_it_is():
    """To the letter."""
    page = (ROOT / "docs/containers.md").read_text()

    assert f"```yaml\n{(ROOT / 'compose.yaml').read_text()}```\n" in page


@pytest.mark.parametrize("to", ["+14155550100", "12"])
def test_the_application_of_the_composition_sends(node, to, sms_server):
    """And says so by its exit code when it was refused."""
    script = str(ROOT / "examples/node/send.mjs")
    done = subprocess.run(
        [node, script, to],
        env={"TWILIO_URL": f"{sms_server.url}/twilio"},
        capture_output=True,
        text=True,
        timeout=600,
    )

    assert (0 if to.startswith("+") else 1) == done.returncode, done.stderr
    assert done.stdout.startswith("queued" if to.startswith("+") else "refused: ")
