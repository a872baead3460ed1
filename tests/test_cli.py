"""The command line: what it prints, and the line and exit code of every mistake. `serve` runs in
processes of its own, the others in this one."""

import json
import re
import signal
import socket
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit
from urllib.request import urlopen

import click
import pytest

from simulators import catalog
from simulators.cli import commands
from simulators.server import tls

COMMAND = [sys.executable, "-m", "simulators.cli"]


@pytest.fixture
def refused(command):
    """The one line on stderr of a command that is refused as wrong usage."""

    def run(*arguments):
        done = command(*arguments)

        assert (2, "") == (done.returncode, done.stdout), done.stderr
        assert 1 == done.stderr.count("\n"), done.stderr
        assert done.stderr.startswith("sms-simulators: ")
        return done.stderr

    return run


class Serving:
    """A started `serve`; `lines` are what it printed up to `ready`."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            [*COMMAND, "serve", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines = []
        while not self.lines or self.lines[-1] not in ("ready\n", ""):
            self.lines.append(self.process.stdout.readline())
        self.text = "".join(self.lines)
        found = re.search(r"http://[^ ]+(?=/_sim/health)", self.text)
        self.url = found[0] if found else ""

    def get(self, path, **headers):
        address = urlsplit(self.url)
        connection = HTTPConnection(address.hostname, address.port, timeout=10)
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def end(self, number=signal.SIGTERM):
        """Exit code, the rest of stdout, stderr."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        rest, errors = self.process.communicate(timeout=10)
        return self.process.returncode, rest, errors


@pytest.fixture
def serve(tmp_path):
    """Starts servers on free ports and ends those that the test left running."""
    started = []

    def start(*arguments):
        ports = ("--port", 0, "--tls-port", 0, "--tls-dir", tmp_path / "tls")
        started.append(Serving(*ports, *arguments))
        return started[-1]

    yield start
    for serving in started:
        serving.end(signal.SIGKILL)


def test_help_imports_no_server():
    """What the commands need is imported by the command that needs it."""
    code = (
        "import sys, simulators.cli;"
        "print([m for m in sys.modules if m.partition('.')[0] in ('flask', 'uvicorn', 'trustme')"
        " or m.startswith(('simulators.server', 'simulators.kernel'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "[]\n" == done.stdout


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_help_lists_every_command_with_examples(arguments, command):
    """Without a command it is the same help."""
    done = command(*arguments)

    assert 0 == done.returncode
    for word in (
        "serve",
        "providers",
        "wait",
        "rules",
        "load",
        "ca",
        "hosts",
        "where",
        "Examples:",
        "Exit codes:",
    ):
        assert word in done.stdout


@pytest.mark.parametrize(
    "name", ["serve", "providers", "wait", "rules", "load", "ca", "hosts", "where"]
)
def test_every_command_has_help(name, command):
    """Each says how it is used."""
    done = command(name, "--help")

    assert 0 == done.returncode
    assert f"Usage: sms-simulators {name}" in done.stdout


@pytest.mark.parametrize(("flags", "words"), [([], ["accepted", "REFUSED"]), (["--quiet"], [])])
def test_serve_prints_a_line_for_each_message(serve, one_send, flags, words):
    """And for each refusal, the last one as well; none with `--quiet`."""
    serving = serve("--no-tls", *flags)
    published = SimpleNamespace(credentials=lambda name: catalog.PROVIDERS[name].published)
    connection = HTTPConnection(urlsplit(serving.url).netloc, timeout=10)
    for to in ("+15005550009", "12"):
        method, path, headers, body = one_send(published, "twilio", to)
        connection.request(method, path, body, headers)
        connection.getresponse().read()
    connection.close()

    code, rest, errors = serving.end()

    assert (0, "") == (code, errors)
    assert words == [word for word in rest.split() if word in ("accepted", "REFUSED")]
    assert bool(words) is bool(rest)


def test_the_module_is_the_command():
    """As a process, with its arguments and exit code."""
    done = subprocess.run([*COMMAND, "sevre"], capture_output=True, text=True)

    assert (2, "") == (done.returncode, done.stdout)
    assert done.stderr.startswith("sms-simulators: No such command 'sevre'")


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """A server with all that its start can tell of, for those who read; it has no complaints."""
    folder = tmp_path_factory.mktemp("full")
    (folder / "own.json").write_text('[{"name": "own", "effect": {"delay_ms": 1}}]')
    serving = Serving(
        *("--port", 0, "--tls-port", 0, "--tls-dir", folder / "tls", "--provider-port", "twilio=0"),
        *("--otp-port", 0, "--otp-token", "s3cret"),
        *("--rules", folder / "own.json", "--rules", "magic"),
    )
    serving.folder = folder
    yield serving
    assert (0, "") == serving.end()[::2]


def test_serve_says_what_is_where_then_ready(full):
    """Every provider with its URL and credentials, the CA, the real ports, `ready` at the end."""
    assert "ready\n" == full.lines[-1]
    for name, provider in catalog.PROVIDERS.items():
        assert f"{full.url}/{name} " in full.text
        assert provider.hosts[0] in full.text
        for value in provider.published.values():
            first, several, _ = value.partition("\n")
            assert (f"{first} ... (whole by `" if several else value) in full.text
    assert str(full.folder / "tls" / "ca.pem") in full.text
    assert re.search(r"^port +[1-9]\d+ is twilio alone$", full.text, re.M)
    assert 200 == full.get("/_sim/health")[0]


def test_serve_says_where_the_otp_service_is(full):
    """It has a port of its own, and its options reach it."""
    address = re.search(r"^OTP service  (http://127.0.0.1:\d+)$", full.text, re.M)[1]
    connection = HTTPConnection(urlsplit(address).netloc, timeout=10)
    connection.request("GET", "/api/connectors")
    status = connection.getresponse().status
    connection.close()

    assert 401 == status
    assert "its token    s3cret\n" in full.lines


def test_serve_starts_with_rules(full):
    """Those of a file before the shipped ones, as they were given."""
    names = [rule["name"] for rule in full.get("/_sim/rules")[1]["rules"]]

    assert ["own", "magic-bad-recipient"] == names[:2]


def test_serve_imports_only_what_it_needs_at_once():
    """What takes long to import waits until somebody uses it: then `serve` is ready soon."""
    later = {
        "aiohttp",
        "cryptography",
        "gevent",
        "httpx",
        "locust",
        "pytest",
        "rich",
        "trustme",
        "yaml",
    }
    code = "import sys, simulators.cli.serve; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert set() == later & {name.partition(".")[0] for name in done.stdout.split()}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_serve_cleanly(serve, number):
    """Exit code 0 and nothing more to say, although somebody is being kept waiting."""
    serving = serve()
    address = urlsplit(serving.url)
    with socket.create_connection((address.hostname, address.port)) as waiting:
        waiting.sendall(b"GET /_sim/wait?timeout=60 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        for _ in range(2000):
            with urlopen(f"{serving.url}/metrics") as metrics:  # noqa: S310 - our own server
                if b"long_polls_open 1" in metrics.read():
                    break
        began = time.monotonic()

        assert (0, "", "") == serving.end(number)
        assert time.monotonic() - began < 30  # half of what the one who waits would


def test_beyond_loopback_a_token_is_made_and_asked_for(serve):
    """The control API is not open to the network, nor the OTP service; the printed token opens
    each."""
    serving = serve("--host", "0.0.0.0", "--otp-port", 0)
    token = re.search(r"^token +(\S{20,})$", serving.text, re.M)[1]

    assert serving.url.startswith("http://127.0.0.1:")
    assert 401 == serving.get("/_sim/messages")[0]
    assert 200 == serving.get("/_sim/messages", Authorization=f"Bearer {token}")[0]
    assert re.search(r"^its token    \S{20,}$", serving.text, re.M)


def test_a_port_in_use_is_named_with_its_flag(serve, refused):
    """One line; nothing half started is left."""
    port = urlsplit(serve().url).port

    assert f"port {port} is in use; choose another with --port" in refused(
        "serve", "--port", port, "--no-tls"
    )
    assert "--tls-port" in refused("serve", "--port", 0, "--tls-port", port)
    assert "--provider-port" in refused(
        "serve", "--port", 0, "--no-tls", "--provider-port", f"twilio={port}"
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["serve", "--limits", "0"], "'provider', 'off' or a factor above 0"),
        (["serve", "--limits", "often"], "got 'often'"),
        (["serve", "--limits", "nan"], "got 'nan'"),
        (["serve", "--limits", "-1"], "got '-1'"),
        (["serve", "--provider-port", "twillio=1"], "did you mean 'twilio'? there are: "),
        (
            ["serve", "--otp-through", "node:8026"],
            "expected a URL as http://127.0.0.1:8026, got 'n",
        ),
        (["serve", "--otp-through", "http://node:x"], "expected a URL as http://127.0.0.1:8026"),
        (["serve", "--provider-port", "twilio"], "expected NAME=PORT"),
        (["serve", "--provider-port", "twilio=x"], "expected NAME=PORT"),
        (["serve", "--provider-port", "twilio=65536"], "expected NAME=PORT"),
        (
            ["serve", "--provider-port", "twilio=0", "--provider-port", "twilio=1"],
            "twilio is given twice",
        ),
        (["serve", "--port", "65536"], "0<=x<=65535"),
        (["serve", "--port", "x"], "'x' is not a valid integer"),
        (["serve", "--keep", "0"], "x>=1"),
        (["serve", "--processes", "2"], "expected --store URL with them"),
        (["serve", "--processes", "0"], "x>=1"),
        (["serve", "--data-sync"], "expected --data FILE with it"),
        (["serve", "--otp-faithful"], "--otp-faithful says how the OTP service behaves: expected"),
        (["serve", "--otp-sends-per-recipient", "3"], "expected --otp-port PORT with it"),
        (["serve", "--otp-seed", "7"], "--otp-seed says how"),
        (["serve", "--otp-through", "http://a:1"], "--otp-through says how"),
        (["serve", "--otp-token", "s3cret"], "--otp-token says how"),
        (["serve", "--data", "/no/such/folder/data"], "folder/data: No such file or directory"),
        (["serve", "--accounts", "no/such/file"], "no/such/file: No such file or directory"),
        (["serve", "--rules", "no/rules.yaml"], "--rules: no/rules.yaml: No such file"),
        (["serve", "--host", "192.0.2.1", "--port", "0"], "cannot listen on 192.0.2.1"),
        (["serve", "--host", "not a host", "--port", "0"], "cannot listen on not a host"),
        (["serve", "--prot", "1"], "--port"),
        (["rules", "load", "no.yaml"], "no.yaml: No such file"),
        (["rules", "load"], "FILE"),
        (["rules", "add", "{"], "expected a rule as JSON, got '{'"),
        (["wait"], "--to"),
        (["wait", "--to", "+1", "--timeout", "-1"], "0<=x<=300"),
        (["wait", "--to", "+1", "--timeout", "301"], "0<=x<=300"),
        (["tail", "--timeout", "86401"], "0<=x<=86400"),
        (["hosts", "--address", "box"], "expected an IP address"),
        (["where", "nowhere"], "contracts"),
        (["sevre"], "sevre"),
    ],
)
def test_wrong_usage_is_one_line_that_says_what_to_do(arguments, told, refused):
    """Exit code 2, nothing on stdout."""
    assert told in refused(*arguments)


def numbers(command):
    """The options of a command and of its commands that are numbers with a fraction."""
    own = [param for param in command.params if isinstance(param.type, click.types.FloatParamType)]
    return own + [p for c in getattr(command, "commands", {}).values() for p in numbers(c)]


@pytest.mark.parametrize("given", ["nan", "inf", "-inf", "1e999"])
def test_an_option_that_is_no_number_is_none(given):
    """Every one of every command: a wait of `nan` seconds would have no end."""
    every = [
        p
        for name in commands.list_commands(None)
        for p in numbers(commands.get_command(None, name))
    ]
    assert 7 == len(every)
    for option in every:
        with pytest.raises(click.BadParameter):
            option.type.convert(given, option, None)


def test_an_unusable_ca_folder_is_one_line(tmp_path, refused):
    """For `ca` and for `serve`."""
    (tmp_path / "file").write_text("in the way")

    assert "--tls-dir" in refused("ca", "--tls-dir", tmp_path / "file" / "x")
    assert "--tls-dir" in refused(
        "serve", "--port", 0, "--tls-port", 0, "--tls-dir", tmp_path / "file" / "x"
    )


def test_providers_as_json_and_as_a_table(command):
    """The JSON has every host; the table fits a screen."""
    listed = json.loads(command("providers", "--json").stdout)
    table = command("providers").stdout

    assert list(catalog.PROVIDERS) == [row["name"] for row in listed]
    for row in listed:
        provider = catalog.PROVIDERS[row["name"]]
        assert list(provider.hosts) == row["hosts"]
        assert provider.published == row["credentials"]
        assert f"http://127.0.0.1:8026/{row['name']}" == row["base_url"]
        assert row["base_url"] in table


def test_ca_prints_a_path_and_makes_it(tmp_path, command):
    """The path alone, so that it can stand in a command substitution."""
    done = command("ca", XDG_DATA_HOME=str(tmp_path), HOME=str(tmp_path))
    path = Path(done.stdout.strip())

    assert 0 == done.returncode
    assert path.name == tls.CA_FILE
    assert path.read_text().startswith("-----BEGIN CERTIFICATE-----")


def test_hosts_prints_lines_for_a_hosts_file(command):
    """One for every vendor host, with the address asked for."""
    lines = command("hosts", "--address", "10.1.2.3").stdout.splitlines()
    named = dict.fromkeys(
        host for p in catalog.PROVIDERS.values() for host in (*p.hosts, *p.more_hosts)
    )
    expected = [f"10.1.2.3 {host}" for host in named]

    assert expected == lines


def test_where_prints_the_data_folders(command):
    """With a name the path alone."""
    folder = Path(command("where", "contracts").stdout.strip())

    assert (folder / "twilio" / "errors.json").is_file()
    assert f"contracts  {folder}" in command("where").stdout


@pytest.fixture
def account(sms):
    """A fresh account with one message."""
    from simulators.kernel.message import Message

    message = Message(
        "SM1", "twilio", "create-message", "+15005550009", "+15005550006", "Your code is 482913",
        1, sms.world.clock.now(), "number",
    )  # fmt: skip
    sms.simulators.call(
        lambda: sms.world.store.admit(sms.world.id, [((), message)], sms.world.clock.now())
    )
    return sms


def test_wait_prints_the_code(account, command):
    """Alone, so that it can stand in a command substitution; as JSON with the message."""
    base = ("wait", "--to", "+15005550009", "--account", account.world.id)
    url = account.simulators.url
    found = json.loads(command(*base, "--json", "--url", url).stdout)

    assert "482913\n" == command(*base, "--url", url).stdout
    assert "482913\n" == command(*base, SMS_SIMULATORS_URL=url).stdout
    assert ("482913", "Your code is 482913") == (found["code"], found["message"]["text"])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--to", "+15005550001"], "arrived: twilio to +15005550009"),
        (["--to", "+15005550009", "--provider", "twillio"], "twilio"),
        (["--to", "+15005550009", "--since", "yesterday"], "yesterday"),
        (["--to", "+15005550009", "--account", "nobody"], "nobody"),
        (["--to", "+15005550009", "--url", "http://127.0.0.1:1"], "is `sms-simulators serve`"),
    ],
)
def test_wait_that_fails_says_why(account, arguments, told, command):
    """Exit code 1 and one line."""
    base = ("wait", "--timeout", "0.1", "--url", account.simulators.url)
    done = command(*base, "--account", account.world.id, *arguments)

    assert (1, "") == (done.returncode, done.stdout)
    assert 1 == done.stderr.count("\n")
    assert told in done.stderr


def test_rules_are_added_loaded_listed_and_cleared(sms, command):
    """Each prints the rules there are then; a server's refusal is one line and exit code 1."""
    there = ("--account", sms.world.id, "--url", sms.simulators.url)
    rule = {"name": "mine", "match": {"provider": "twilio"}, "effect": {"error": "21610"}}

    added = command("rules", "add", json.dumps(rule), *there).stdout
    loaded = command("rules", "load", "magic", *there).stdout
    listed = command("rules", "list", *there).stdout
    wrong = command("rules", "add", '{"effect": {"error": "2161"}}', *there)
    cleared = command("rules", "clear", *there).stdout

    assert added.startswith('mine  used 0 of 0  {"match": {"provider": "twilio"}')
    assert loaded == listed
    assert "magic-reported-twice" in loaded
    assert "mine" not in loaded
    assert (1, 1) == (wrong.returncode, wrong.stderr.count("\n"))
    assert "21610" in wrong.stderr
    assert "" == cleared
    assert [] == sms.rules()
