"""The pages are run: their commands print what they say they print, their tables list what there
is, and their links lead somewhere. Each page stands for itself, on a server of its own."""

import fnmatch
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from simulators.app import Options, in_thread
from simulators.catalog import PROVIDERS
from simulators.cli import commands
from simulators.samples import sample
from simulators.server import tls

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = {
    str(path.relative_to(ROOT)): path.read_text()
    for path in (*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md")))
}
README_LINES = 250
PATIENCE = 600  # seconds; bounds what hangs, and asks nothing of the machine
OWN_TESTS = {"ADDING_A_PROVIDER.md"}  # whose blocks are held by test_adding_a_provider.py


@dataclass(frozen=True)
class Block:
    """A fenced block of a page, and the answer that is shown below it."""

    page: str
    kind: str
    code: str
    answer: str


_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$(?:\n```(json|text)\n(.*?)^```$)?", re.M | re.S)
BLOCKS = [
    Block(page, found[1], found[2], found[4] or "")
    for page, text in PAGES.items()
    if page not in OWN_TESTS
    for found in _FENCED.finditer(text)
]


def of(kind):
    return [block for block in BLOCKS if block.kind == kind]


def each(blocks):
    """One case a block, named by its page."""
    return pytest.mark.parametrize("block", [pytest.param(b, id=b.page) for b in blocks])


SHELL = [block for block in of("sh") if "make" not in block.code]
TESTS = [block for block in of("python") if "def test_" in block.code]
CONFTESTS = [b for b in of("python") if "@pytest.fixture" in b.code and b not in TESTS]
SCRIPTS = [block for block in of("python") if block not in (*TESTS, *CONFTESTS)]
ACCOUNTS = [block for block in of("json") if '"accounts"' in block.code]
CONFIGURATIONS = [block for block in of("json") if block not in ACCOUNTS]


# Those that the pages give a provider of its own.
OWN_PORTS = {"9005": "aliyun", "9006": "aliyun_mas"}


@pytest.fixture
def reader(tmp_path):
    """Runs a command as a reader would, who has the command installed and a server running."""
    home = tmp_path
    command = home / "sms-simulators-command" / "sms-simulators"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m simulators.cli "$@"\n')
    command.chmod(0o755)
    own_ports = dict.fromkeys(OWN_PORTS.values(), 0)
    options = Options(
        port=0, tls_port=0, tls_dir=home / "sms-simulators", provider_ports=own_ports, otp_port=0
    )
    with in_thread(options) as simulators:
        ports = {"8026": "http", "8443": "https", "3001": "otp", **OWN_PORTS}
        environment = {
            **os.environ,
            "PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}",
            "XDG_DATA_HOME": str(home),
            "HOME": str(home),
            "REQUESTS_CA_BUNDLE": str(home / "sms-simulators" / tls.CA_FILE),
            "SMS_SIMULATORS_URL": simulators.url,
            # That of AWS says which Node.js its next versions will want: no output of the page's.
            "AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED": "true",
        }

        def run(*arguments, code):
            for shown, name in ports.items():
                code = code.replace(f":{shown}", f":{simulators.ports[name]}")
            done = subprocess.run(
                [*arguments, code],
                env=environment,
                capture_output=True,
                text=True,
                timeout=PATIENCE,
            )
            assert "" == done.stderr
            return done.stdout

        yield run


def agree(shown, real, where="answer"):
    """What a page shows is in the answer; `...` stands for anything."""
    if isinstance(shown, dict):
        for name, value in shown.items():
            assert name in real, f"{where} has no {name}: {real}"
            agree(value, real[name], f"{where}.{name}")
    elif isinstance(shown, list):
        assert len(shown) == len(real), where
        for number, value in enumerate(shown):
            agree(value, real[number], f"{where}[{number}]")
    elif isinstance(shown, str):
        pattern = shown.replace("[", "[[]").replace("...", "*")
        assert fnmatch.fnmatchcase(str(real), pattern), f"{where}: {real!r}, page: {shown!r}"
    else:
        assert shown == real, where


def check(printed, answer):
    try:
        shown = json.loads(answer)
    except ValueError:
        assert answer.strip() == printed.strip()
    else:
        agree(shown, json.loads(printed))


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
@pytest.mark.skipif(sys.platform == "darwin", reason="the CA's folder is moved by XDG_DATA_HOME")
@pytest.mark.parametrize("page", sorted({block.page for block in SHELL}))
def test_every_command_prints_what_it_says(reader, page):
    """All `sh` blocks of a page in their order, each with the answer below it."""
    for block in SHELL:
        if block.page == page:
            assert block.answer, f"no answer below:\n{block.code}"
            check(reader("bash", "-euc", code=block.code), block.answer)


@pytest.mark.slow
@each(SCRIPTS)
def test_every_python_script_prints_what_it_says(reader, block):
    """With the official SDK, where there is one."""
    for name in re.findall(r"^(?:from|import) (\w+)", block.code, re.M):
        pytest.importorskip(name)

    check(reader(sys.executable, "-c", code=block.code), block.answer)


@each(of("js"))
def test_every_node_script_prints_what_it_says(node, reader, block):
    """Those whose packages are where `NODE_PATH` says."""
    names = re.findall(r"require\('(.*?)'\)", block.code)
    resolve = f"{json.dumps(names)}.forEach((name) => require.resolve(name))"
    if subprocess.run([node, "-e", resolve], capture_output=True, timeout=PATIENCE).returncode:
        pytest.skip(f"needs {', '.join(names)} on NODE_PATH")

    check(reader(node, "-e", code=block.code), block.answer)


@each(CONFIGURATIONS)
def test_a_configuration_is_of_its_page_s_provider(block):
    """It is JSON, and its credentials are the published ones."""
    provider = PROVIDERS[Path(block.page).stem]

    assert set(provider.published.values()) & set(map(str, json.loads(block.code).values()))


def test_every_provider_has_a_page_with_one_configuration():
    """The page is named as the provider is, and the overview leads to it."""
    pages = sorted(f"docs/providers/{name}.md" for name in PROVIDERS)
    connected = [page for page in pages if sample(Path(page).stem).connector]

    assert connected == sorted(block.page for block in CONFIGURATIONS)
    assert pages == sorted(p for p in PAGES if re.fullmatch(r"docs/providers/(?!index).*", p))
    for overview in ("docs/providers/index.md", "README.md"):
        assert all(f"{Path(page).name})" in PAGES[overview] for page in pages)


@pytest.mark.slow
def test_every_pytest_example_passes(tmp_path, few_plugins):
    """In a project that has nothing but the examples."""
    pytest.importorskip("twilio")
    for number, block in enumerate(TESTS):
        (tmp_path / f"test_example_{number}.py").write_text(block.code)
    (tmp_path / "conftest.py").write_text("\n\n".join(block.code for block in CONFTESTS))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE)

    assert 0 == done.returncode, done.stdout
    passed = int(re.search(r"^(\d+) passed", done.stdout, re.M)[1])
    assert len(TESTS) <= passed, done.stdout  # one of them runs for many refusals


QUESTIONS = [
    re.fullmatch(r"\| (.+\?.*) \| `(.+)` \| `(.+)` \|", row).groups()
    for row in PAGES["docs/rules.md"].split("| how do I ... |")[1].split("\n\n")[0].splitlines()[2:]
]


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
@pytest.mark.parametrize(
    ("line", "command"), [q[1:] for q in QUESTIONS], ids=[q[0] for q in QUESTIONS]
)
def test_every_answer_does_the_same_in_pytest_and_in_a_shell(line, command, sms, sms_server):
    """One line each, and the account is then in the same state."""
    other = sms_server.call(sms_server.accounts.create)
    there = re.sub(
        r"http://127.0.0.1:8026(/\w+/\w+)", rf"'{sms_server.url}\1?account={other.id}'", command
    )

    exec(line, {"sms": sms})  # noqa: S102 - a line of our own page
    done = subprocess.run(["bash", "-euc", there], capture_output=True, text=True, timeout=PATIENCE)

    assert "error" not in json.loads(done.stdout), done.stdout
    for name in ("limits", "regions", "optouts", "balance", "suspended"):
        assert sms.world.load(name) == other.load(name)
    ours, theirs = (world.load("rules", []) for world in (sms.world, other))
    assert [rule["effect"] for rule in ours] == [rule["effect"] for rule in theirs]
    assert [rule["match"] for rule in ours] == [rule["match"] for rule in theirs]
    assert abs(sms.world.clock.now() - other.clock.now()) < 60
    sms_server.call(lambda: sms_server.accounts.drop(other.id))


def rows_of(page, head):
    """The rows of the table of a page that begins with this head."""
    return PAGES[page].split(head)[1].split("\n\n")[0].splitlines()[2:]


def table(page, head):
    """Its first column."""
    return [row.split(" | ")[0] for row in rows_of(page, head)]


LONG = r"--[a-z][\w-]*"


def options(command):
    """All that it takes, and what its commands take, but for help."""
    own = {name for param in command.params for name in param.opts if name.startswith("--")}
    return own.union(*map(options, getattr(command, "commands", {}).values()))


def test_every_command_is_listed():
    """And no other."""
    named = [re.match(r"\| `(\w+)", row)[1] for row in table("docs/command-line.md", "| command |")]

    assert sorted(commands.list_commands(None)) == sorted(named)


@pytest.mark.parametrize("name", commands.list_commands(None))
def test_every_option_of_a_command_is_listed(name):
    """And no other; those of `serve` have a table of their own."""
    command = commands.get_command(None, name)
    if name == "serve":
        rows = [row.split(" | ")[0] for row in rows_of("docs/command-line.md", "| `serve` takes |")]
    else:
        every = rows_of("docs/command-line.md", "| command |")
        rows = [row for row in every if re.match(rf"\| `{name}\b", row)]

    assert options(command) == {option for row in rows for option in re.findall(LONG, row)}


def test_every_option_of_a_scenario_is_listed():
    """And no other; `--shape` is one of the command's."""
    sources = "\n".join(path.read_text() for path in sorted((ROOT / "loadtests").glob("*.py")))
    shares = re.search(r"^SHARES = \{$(.*?)^\}$", sources, re.M | re.S)[1]
    added = re.findall(r'add_argument\(\s*f?"--([^"]+)"', sources)
    assert 1 == added.count("{name}")  # a share of people each
    taken = {*added, *re.findall(r'^    "(\w+)": ', shares, re.M)} - {"{name}", "shape"}
    listed = table("docs/load.md", "| option | of |")

    assert {f"--{name}" for name in taken} == {
        name for row in listed for name in re.findall(LONG, row)
    }


def public(of):
    """The names of what a class has for its users."""
    return {name for name in vars(of) if not name.startswith("_")}


def test_every_call_and_fixture_for_pytest_is_listed():
    """All that a test can be given and can call, by its name; what pytest-httpserver calls of ours
    is no call for tests."""
    pytest.importorskip("pytest_httpserver")
    from simulators.testing import plugin
    from simulators.testing.contract_server.server import ContractServer, Expectation
    from simulators.testing.sms import Sms, TestClock

    called = public(Sms) | public(TestClock) | public(ContractServer)
    called |= {name for name in public(Expectation) if name.startswith("respond")}
    fixtures = re.findall(
        r"^@pytest\.fixture.*\ndef (\w+)", Path(plugin.__file__).read_text(), re.M
    )
    told = re.findall(
        r"`[^`\n]+`", re.sub(r"^```.*?^```$", "", PAGES["docs/pytest.md"], flags=re.M | re.S)
    )
    named = {word for code in told for word in re.findall(r"\w+", code)}

    assert not called - named
    assert not {*fixtures} - named - {"make_contract_server"}  # which contract_server is made by


ROUTES = rows_of("docs/control-api.md", "| | |")


def test_every_route_of_the_control_api_is_listed(sms_server):
    """And no other. Whoever adds one adds it to the page's table."""
    from urllib.request import urlopen

    with urlopen(f"{sms_server.url}/_sim/openapi.json") as answer:  # noqa: S310 - our own server
        paths = json.load(answer)["paths"]
    routes = re.findall(r"`([A-Z ]+) (/[^`]+)`", "\n".join(ROUTES))
    listed = {path: set(methods.split()) for methods, path in routes}

    assert {path: {m.upper() for m in methods} for path, methods in paths.items()} == listed


def test_every_query_parameter_of_the_control_api_is_listed(sms_server):
    """Row by row, and no other; `account` is one of all."""
    from urllib.request import urlopen

    with urlopen(f"{sms_server.url}/_sim/openapi.json") as answer:  # noqa: S310 - our own server
        paths = json.load(answer)["paths"]
    taken = {}
    for path, operations in paths.items():
        for method, operation in operations.items():
            asked = [p["name"] for p in operation.get("parameters", ()) if p["in"] == "query"]
            if names := {*asked} - {"account"}:
                taken[f"{method.upper()} {path}"] = names
    every = set().union(*taken.values())
    listed = set()
    for row in rows_of("docs/control-api.md", "| of | param"):
        of_row, told = row.strip("| ").split(" | ")
        routes = re.findall(r"`(.*?)`", of_row)
        listed.update(routes)
        named = every & set(re.findall(r"`(\w+)`", told))
        assert set().union(*(taken[route] for route in routes)) == named, row

    assert taken.keys() == listed


def fields(schema):
    """The names in a settings document: its own, or those of each thing in it."""
    kinds = (schema, schema.get("items"), schema.get("additionalProperties"))
    return {name for kind in kinds if isinstance(kind, dict) for name in kind.get("properties", ())}


def test_every_setting_of_a_provider_is_listed():
    """Each document with its fields, and no other."""
    documents = {
        document: fields(schema)
        for provider in PROVIDERS.values()
        for document, schema in provider.settings.items()
    }
    listed, named = {}, ""
    for row in rows_of("docs/control-api.md", "| document | has |"):
        document, has, _ = re.fullmatch(r"\| (.*?) ?\| (.*?) ?\| (.+) \|", row).groups()
        named = document.strip("`") or named
        listed.setdefault(named, set()).update(re.findall(r"`(\w+)`", has))

    assert documents == listed


def test_every_field_of_a_rule_and_of_a_limit_is_listed(sms_server):
    """And no other."""
    from urllib.request import urlopen

    with urlopen(f"{sms_server.url}/_sim/openapi.json") as answer:  # noqa: S310 - our own server
        shapes = json.load(answer)["components"]["schemas"]
    rule = shapes["Rule"]["properties"]
    page = "docs/rules.md"

    def listed(head):
        return {name for row in table(page, head) for name in re.findall(r"`(\w+)`", row)}

    (receipt,) = (row for row in rows_of(page, "| in `effect` |") if row.startswith("| `receipt`"))
    assert set(rule["match"]["properties"]) == listed("| in `match` |")
    assert set(rule["effect"]["properties"]) == listed("| in `effect` |")
    assert set(rule["effect"]["properties"]["receipt"]["properties"]) <= set(
        re.findall(r"`(\w+)`", receipt)
    )
    assert set(shapes["Limit"]["properties"]) == listed("| in a limit |")


def test_the_rules_example_is_a_file_of_rules(tmp_path):
    """As it is printed."""
    from simulators.files import read_rules

    (block,) = (b for b in of("yaml") if b.page == "docs/rules.md")
    (tmp_path / "rules.yaml").write_text(block.code)

    assert ["no codes to China"] == [
        rule["name"] for rule in read_rules([str(tmp_path / "rules.yaml")], PROVIDERS)
    ]


def test_the_accounts_example_is_an_accounts_file(tmp_path):
    """As it is printed."""
    from simulators import catalog
    from simulators.files import read_accounts

    (block,) = ACCOUNTS
    (tmp_path / "accounts.json").write_text(block.code)

    assert ["checkout", "sign-in"] == [
        account["id"]
        for account in read_accounts(tmp_path / "accounts.json", catalog.PROVIDERS.values())
    ]


def links(page):
    """Where a page leads on this machine: path and anchor. What stands in a block is no link."""
    prose = re.sub(r"^```.*?^```$", "", PAGES[page], flags=re.M | re.S)
    targets = re.findall(r"\]\((?!https?://)([^)\s]+)\)", prose)
    return [target.partition("#")[::2] for target in targets]


def anchors(text):
    """As a heading gets them: lower-case, without punctuation, hyphens for spaces."""
    headings = re.findall(r"^##* (.*)$", re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S), re.M)
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings
    }


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_file_and_a_heading_there(page):
    """Relative ones, to files alone, which the site needs; the others are the web's business."""
    for path, anchor in links(page):
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.is_file(), f"{page} leads to {path}"
        if anchor:
            assert anchor in anchors(target.read_text()), f"{page} leads to {path}#{anchor}"


def test_every_page_is_led_to():
    """From the README, in as many steps as it takes."""
    seen, waiting = set(), ["README.md"]
    while waiting:
        page = waiting.pop()
        seen.add(page)
        found = {
            os.path.relpath((ROOT / page).parent / path, ROOT) for path, _ in links(page) if path
        }
        waiting.extend((found & set(PAGES)) - seen)

    assert set(PAGES) == seen


def test_the_readme_is_read_in_one_go():
    """What does not fit is on a page of its own."""
    assert len(PAGES["README.md"].splitlines()) <= README_LINES


@pytest.mark.slow
def test_the_site_is_built_without_a_warning(tmp_path):
    """Every link and anchor of it is good, and every page is in its navigation."""
    if not importlib.util.find_spec("material"):  # an import would print its news
        pytest.skip("needs mkdocs-material")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-d", str(tmp_path)]
    quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(
        command, cwd=ROOT, env=quiet, capture_output=True, text=True, timeout=PATIENCE
    )

    assert (0, "") == (done.returncode, done.stderr), done.stdout
    built = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.html")}
    assert {page.removeprefix("docs/").replace(".md", ".html") for page in PAGES} - built == {
        "README.html"  # which is the first page
    }
    assert (tmp_path / "simulators/kernel/pipeline.py").is_file()
