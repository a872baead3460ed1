"""Several addresses of one simulator: who is asked next, who is refused, and what is found where
nodes are not one after all."""

import http.client
import itertools
import json
import random
import signal
import subprocess
import sys
from collections import Counter
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from locust.argument_parser import get_parser
from locust.event import Events

from simulators.app import Options, in_thread
from simulators.cli import load as cli_load
from simulators.control.client import ControlError
from simulators.data import data
from simulators.load import launch
from simulators.load.inbox import Inbox, Watch
from simulators.load.invariants import judge
from simulators.load.ledger import Ledger
from simulators.load.nodes import Deck, NoNodes, Share, addresses, check, spread, standing
from simulators.load.run import attach
from simulators.load.settings import Settings, add_options, read
from simulators.store.memory import MemoryStore
from simulators.testing.sms import Sms

SMOKE = Path(__file__).parent / "smoke.py"
ALIKE, ASKED = "every node tells the same inbox, windows and journal", "every node took requests"
ONCE, EXCEEDED = "every accepted send is in the inbox exactly once", "no window was exceeded"
EARLY = "no window was full too early"


@pytest.fixture(scope="module")
def nodes(engine):
    """Two that are one, on an engine that is empty at first."""
    engine.client().flushall()
    options = Options(port=0, tls_port=None, store=f"unix://{engine.unix_socket_path}")
    with in_thread(options) as one, in_thread(options) as other:
        yield one, other


@pytest.fixture
def account(nodes):
    """An account of its own, on a clock that stands still."""
    world = nodes[0].call(nodes[0].accounts.create)
    made = Sms(nodes[0], world)
    made.clock.freeze("2026-11-21T12:00:00Z")
    yield made
    nodes[0].call(lambda: nodes[0].accounts.drop(world.id))


@pytest.fixture(scope="module")
def apart():
    """Two that are started alike, each with a memory of its own."""
    options = Options(port=0, tls_port=None)
    with in_thread(options) as one, in_thread(options) as other:
        yield one, other


def urls(nodes):
    return [node.url for node in nodes]


# Who is asked next


def test_every_node_gets_the_same_share_in_no_order():
    """Whatever takes turns with it, as a request that is asked first and another that follows."""
    deck = Deck("abc", random.Random(7))
    dealt = [deck.deal() for _ in range(600)]

    assert {"a": 200, "b": 200, "c": 200} == Counter(dealt)
    assert 9 == len(set(zip(dealt[::2], dealt[1::2], strict=True)))
    assert dealt == [Deck("abc", random.Random(7)).deal(), *dealt[1:]]


def test_another_node_is_dealt_than_the_one_beside():
    """Where there is another; each gets its share all the same."""
    deck, dealt = Deck("abc", random.Random(7)), Counter()
    for n in range(600):
        beside = "abc"[n % 3]
        node = deck.deal(beside)
        assert node != beside
        dealt[node] += 1

    assert all(150 < times < 250 for times in dealt.values())
    assert "a" == Deck("a").deal("a")


def test_a_user_sends_to_all_nodes_under_one_name():
    """By its name or else by its path; what leads elsewhere goes there."""
    sent, told = [], []
    client = SimpleNamespace(
        request=lambda *given, **named: sent.append((*given, named)), request_name=None
    )
    spread(client, Deck(["http://a", "http://b"], random.Random(7)), told.append)
    for _ in range(20):
        client.request("POST", "/x/sms", json={})
    client.request("GET", "/x", "by name", 5)
    client.request_name = "renamed"
    client.request("GET", "/x")
    client.request("GET", "https://else.example/")

    assert {"http://a/x/sms": 10, "http://b/x/sms": 10} == Counter(one[1] for one in sent[:20])
    assert {"/x/sms"} == {one[2] for one in sent[:20]}
    assert [one[1][:8] for one in sent[:22]] == told
    assert ("by name", 5) == sent[20][2:4]
    assert "renamed" == sent[21][2]
    assert ("GET", "https://else.example/") == sent[22][:2]


def test_users_learn_of_the_nodes_when_the_test_starts():
    """A worker is told by its master then, after its users' kinds were made ready."""
    sent = []

    class Kind:
        def on_start(self):
            self.client.request("GET", "/first")

    run = attach(needs="sim", events=Events())
    run._spread([Kind])
    run.settings = Settings(sim="http://a", more=["http://b"])
    for base in ("http://a/", "http://a", "http://otp"):
        user = Kind()
        user.client = SimpleNamespace(
            request=lambda *told: sent.append(told), base_url=base, request_name=None
        )
        user.on_start()
        user.client.request("GET", "/second")

    both = {f"http://{node}/{path}" for node in "ab" for path in ("first", "second")}
    assert ["/first", "/second"] == [told[1] for told in sent[4:]]
    assert {told[1] for told in sent[:4]} <= both
    assert [2, 2] == [
        sum(told[1].startswith(f"http://{node}/") for told in sent[:4]) for node in "ab"
    ]
    assert sent[3][1].startswith(run._here.node)


def parsed(*given):
    """What Locust reads."""
    parser = get_parser(default_config_files=[])
    add_options(parser)
    return read(parser.parse_args([*given]))


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ((), ("http://127.0.0.1:8026",)),
        (("--sim", "http://a/,http://b"), ("http://a", "http://b")),
        (("--sim", "http://a", "--sim", "http://b/"), ("http://a", "http://b")),
        (("--sim", "none"), ()),
    ],
)
def test_plain_locust_takes_several_as_well(given, found, monkeypatch):
    """By the option or by the environment."""
    assert found == parsed(*given).nodes
    monkeypatch.setenv("SMS_SIMULATORS_URL", "http://c,http://d")
    assert (found if given else ("http://c", "http://d")) == parsed(*given).nodes


def test_plain_locust_takes_no_none_beside_others(capsys):
    with pytest.raises(SystemExit):
        parsed("--sim", "http://a", "--sim", "none")
    assert "got 'none' beside http://a" in capsys.readouterr().err


def test_an_inbox_asks_every_node(nodes, account):
    """And of the one beside it asks nothing."""
    asked = Counter()
    with closing(Inbox(urls(nodes), account=account.world.id)) as inbox:
        ask = inbox._asked

        def counted(connection, target, node):
            asked[node] += 1
            return ask(connection, target, node)

        inbox._asked = counted
        for _ in range(10):
            inbox.newest()
        assert dict.fromkeys(urls(nodes), 5) == asked
        for _ in range(4):
            inbox.wait("+15558670001", timeout=0, beside=nodes[0].url)

    assert 9 == asked[nodes[1].url]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("", ()),
        ("http://a:1/", ("http://a:1",)),
        ("a:1,https://a:1", ("http://a:1", "https://a:1")),
        ("http://a:1, http://b:2/,", ("http://a:1", "http://b:2")),
        (("http://a:1", "http://b:2,http://a:1"), ("http://a:1", "http://b:2")),
        ("none", ()),
    ],
)
def test_addresses_are_read(given, found):
    """Commas or several; each once."""
    assert found == addresses(given)


def test_none_is_no_address_beside_others():
    with pytest.raises(NoNodes, match="got 'none' beside http://a:1"):
        addresses(("http://a:1", "none"))


# Who is refused


def checked(*given, **more):
    with closing(Inbox(given, **more)) as inbox:
        return check(inbox.each())


def refused(*given, **more):
    with pytest.raises(NoNodes) as told:
        checked(*given, **more)
    return str(told.value)


def test_nodes_of_one_simulator_are_taken(nodes):
    """What the check has made is gone after it."""
    before = nodes[0].call(nodes[0].store.accounts)

    assert list(nodes[0].providers) == checked(*urls(nodes)) == checked(nodes[1].url)
    assert before == nodes[0].call(nodes[0].store.accounts)


def test_two_simulators_that_are_not_one_are_refused(apart, nodes):
    """Though they say the same of themselves: same version, same providers, same limits."""
    one, other = urls(apart)

    told = f"{one} and {other} are not one simulator: an account that is made at the first is not"
    assert told in refused(one, other)
    assert "each `serve --store` with the same URL" in refused(one, other)
    assert f"{nodes[0].url} and {one} are not one simulator" in refused(*urls(nodes), one)
    assert ["default"] == apart[0].store.accounts()


def test_one_that_does_not_answer_is_named(nodes):
    """And not the others."""
    told = refused(nodes[0].url, "http://127.0.0.1:1")

    assert told.startswith("--sim: nothing answers at http://127.0.0.1:1 (")
    assert nodes[0].url not in told


def test_one_with_another_token_is_named(nodes, engine):
    """All nodes are asked with the same."""
    options = Options(
        port=0, tls_port=None, store=f"unix://{engine.unix_socket_path}", token="other"
    )
    with in_thread(options) as third:
        told = refused(nodes[0].url, third.url)

    assert told.startswith(f"--sim: {third.url} answers: ")
    assert told.endswith(
        "in SMS_SIMULATORS_TOKEN; nodes of one simulator are started with the same"
    )


def test_a_node_by_two_names_is_refused(nodes):
    """The report would have it twice."""
    port = nodes[0].ports["http"]
    told = refused(nodes[0].url, f"http://localhost:{port}")

    assert f"{nodes[0].url} and http://localhost:{port} are the same node; name each once" in told


class Node:
    """One as it tells of itself, whatever is true."""

    def __init__(
        self, base, accounts, *, version="1.0", providers=("twilio",), limits=(), now="12:00:00",
        frozen=True,
    ):  # fmt: skip
        self.base, self.accounts, self.now = base, accounts, f"2026-11-21T{now}Z"
        self.version, self.providers, self.rows = version, providers, limits
        self.frozen = frozen

    def call(self, method, path, body=None, *, of_account=True):
        assert of_account == (path in ("/_sim/providers", "/_sim/clock"))
        if method == "POST":
            self.accounts.append(body["id"])
        if method == "DELETE":
            self.accounts.remove(path.rpartition("/")[2])
        rows = [{"name": name} for name in self.providers]
        clock = {"now": self.now, "frozen": self.frozen}
        return {"providers": rows, "accounts": list(self.accounts), **clock}

    def limits(self):
        return list(self.rows)

    def metrics(self):
        if not self.version:
            return "x 1\n"
        return f'sms_simulators_node_info{{node="{self.base}",version="{self.version}"}} 1\n'


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"version": "1.1"}, "have other version than each other, 1.0 and 1.1; nodes of one"),
        ({"version": ""}, "have other version than each other, 1.0 and an earlier one"),
        ({"providers": ["vonage"]}, "have other providers than each other; nodes of one"),
        ({"limits": [{"limit": "x"}]}, "have other limits (serve --limits) than each other"),
    ],
)
def test_nodes_that_were_started_otherwise_are_refused(more, told):
    """Which of them is asked would decide what becomes of a request."""
    accounts = []
    same, other = [Node("a", accounts), Node("b", accounts)], Node("c", accounts, **more)

    assert ["twilio"] == check(same)
    with pytest.raises(NoNodes) as refusal:
        check([*same, other])
    assert f"--sim: a and c {told}" in str(refusal.value)
    assert [] == accounts


@pytest.mark.parametrize(("took", "now", "good"), [(0, "0.9", 1), (0, "1.2", 0), (1, "1.2", 1)])
def test_nodes_whose_clocks_disagree_are_refused(took, now, good):
    """But for what the questions took. A clock that stands still is the account's, at all nodes."""
    accounts, calls = [], itertools.count()
    nodes = [
        Node("http://a", accounts, frozen=False),
        Node("http://b", accounts, now=f"12:00:0{now}00", frozen=False),
    ]

    def tells():  # this machine's clock: it goes on while a node is asked
        return 100.0 + took * (next(calls) % 2)

    if not good:
        with pytest.raises(NoNodes, match=r"clocks of http://a and http://b are 1\.2 s apart"):
            check(nodes, tells)
        for node in nodes:
            node.frozen = True
    check(nodes, tells)


def test_a_check_that_cannot_be_made_is_no_success():
    """Whoever has as many accounts as there may be is told so."""

    class Full(Node):
        def call(self, method, path, body=None, *, of_account=True):
            if method == "POST":
                raise ControlError("too many accounts")
            return super().call(method, path, body, of_account=of_account)

    with pytest.raises(NoNodes, match="which was not: http://a answers: too many accounts"):
        check([Full("http://a", []), Node("http://b", [])])


# What is found


def send(node, request):
    """Whether a node has accepted what `one_send` has made."""
    method, target, headers, body = request
    with closing(http.client.HTTPConnection("127.0.0.1", node.ports["http"])) as connection:
        connection.request(method, target, body, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status == 201


def judged(nodes, account, one_send, sends=8):
    """What a run finds that sends to one number at each node in turn."""
    ledger, number = Ledger(), "+15558670001"
    with closing(Inbox(urls(nodes), account=account.world.id)) as inbox:
        watch = Watch(inbox)
        watch.settle()
        for n in range(sends):
            ledger.asked(number)
            if send(nodes[n % 2], one_send(account, "twilio", number)):
                ledger.sent(number)
            else:
                ledger.throttled(number, "full")
        return {found.name: found for found in judge(ledger, watch.kept())}


@pytest.fixture
def three(account):
    """Of a number three are taken in a minute."""
    limit = {"permits": 3, "seconds": 60, "key": ["number"], "kind": "natural"}
    account.limits([{**limit, "provider": "twilio"}])


def test_a_window_is_one_over_all_nodes(nodes, account, three, one_send):
    """Three of eight pass; every node tells them, and each refusal."""
    found = judged(nodes, account, one_send)

    assert {"holds"} == {found[name].state for name in (ALIKE, ONCE, EXCEEDED, EARLY)}
    assert "3 messages and 5 refusals, at each of 2 nodes" == found[ALIKE].told
    assert "5 of 5 refusals counted over again" == found[EARLY].told


def test_a_node_whose_windows_are_its_own_is_found(nodes, account, three, one_send, monkeypatch):
    """It keeps what it takes where all do, and counts by itself."""
    store, own = nodes[1].store, MemoryStore()
    admit = store.admit

    def alone(account, drafts, now, costs=()):
        found = own.admit(account, drafts, now, costs)
        if any(one.message is None for one in found):
            return found
        return admit(account, [((), message) for _hits, message in drafts], now, costs)

    monkeypatch.setattr(store, "admit", alone)
    found = judged(nodes, account, one_send)

    assert "broken" == found[EXCEEDED].state
    assert "is number 6 of 3 permitted in 60 s" in found[EXCEEDED].violations[-1]
    assert ("holds", "holds") == (found[ALIKE].state, found[ONCE].state)


def test_inboxes_that_are_not_one_are_found(apart, one_send):
    """Nodes that were apart all along, or have come apart since the check."""
    accounts = [Sms(node, node.accounts.world("default")) for node in apart]
    found = judged(apart, accounts[0], one_send, sends=2)

    one, other = urls(apart)
    assert "broken" == found[ALIKE].state
    told = " ".join(found[ALIKE].violations)
    assert "message 1 (" in told
    assert f"is another at {other} than at {one}" in told or f"is at {one} and not at" in told
    assert "broken" == found[ONCE].state


def test_a_node_that_is_gone_at_the_end_is_told(nodes, account, one_send):
    """The others say what was kept, and all else is judged by that."""
    dead = "http://127.0.0.1:1"
    with closing(Inbox(urls(nodes), account=account.world.id)) as inbox:
        watch = Watch(inbox)
        send(nodes[0], one_send(account, "twilio", "+15558670001"))
    with closing(Inbox([dead, *urls(nodes)], account=account.world.id)) as inbox:
        watch._inbox = inbox
        kept = watch.kept()
        inbox.nodes = (dead,)
        with pytest.raises(ControlError, match=dead):
            watch.kept()

    assert 1 == len(kept.messages)
    assert 1 == len(kept.apart)
    assert dead in kept.apart[0]
    assert "broken" == judge(Ledger(), kept)[0].state


def test_what_comes_while_nodes_are_asked_is_no_difference(nodes, account, one_send):
    """A late message is in the inbox that is read after it: both are read again."""
    with closing(Inbox(urls(nodes), account=account.world.id)) as inbox:
        watch = Watch(inbox)
        first, second = inbox.each()
        inbox.each = lambda: [first, second]
        late = [one_send(account, "twilio", f"+1555867000{n}") for n in range(2)]
        tell = second.messages

        def told_late(after=0):
            if late:
                send(nodes[0], late.pop())
            return tell(after)

        second.messages = told_late
        kept = watch.kept()

    assert ([], []) == (late, list(kept.apart))


def test_a_node_that_took_nothing_was_not_tried():
    """It is not said to hold; nor is what a node does not tell."""
    both = [Share("a", 5, 0.1), Share("b", 4, 0.1)]
    told = [judge(Ledger(), None, (), nodes) for nodes in (both, [*both, Share("c", 0)], both[:1])]
    found = [{one.name: one for one in findings}.get(ASKED) for findings in told]

    assert ("holds", "5, 4 for providers") == (found[0].state, found[0].told)
    assert ("unknown", "none that is known of came to c") == (found[1].state, found[1].told)
    assert found[2] is None
    (unknown,) = (
        one for one in judge(Ledger(), None, (), [*both, Share("d")]) if one.name == ASKED
    )
    assert "unknown" == unknown.state


def test_a_node_tells_how_much_it_has_done(nodes, account, one_send):
    """Requests for providers, its own, and CPU time, the engine's as well."""
    with closing(Inbox(nodes[1].url)) as inbox:
        before = standing(inbox, lambda: 1.0)
        for n in range(3):
            send(nodes[1], one_send(account, "twilio", f"+1555867000{n}"))
            send(nodes[0], one_send(account, "twilio", f"+1555867001{n}"))
        after = standing(inbox, lambda: 2.0)

    assert 3 == after.requests - before.requests
    assert 0 < before.cpu[0] < after.cpu[0]
    (place,) = before.engines
    assert place.startswith("unix:///")
    assert before.engines[place] <= after.engines[place]
    assert (1, 2.0) == (len(after.cpu), after.at)


# The command


@pytest.fixture
def begun(command, monkeypatch):
    """What Locust is started with, and the servers before it, each with its options."""
    told = SimpleNamespace(arguments=[], servers=[], ended=[])

    def locust(arguments, environment):
        told.arguments = arguments
        return 3

    @contextmanager
    def server(options, store=""):
        n = len(told.servers) + 1
        told.servers.append((options, store))
        yield launch.Server(f"http://127.0.0.1:{n}", f"http://127.0.0.1:{n}0", n)
        told.ended.append(n)

    monkeypatch.setattr(launch, "locust", locust)
    monkeypatch.setattr(launch, "server", server)
    before = signal.getsignal(signal.SIGTERM)

    def run(*arguments, **environment):
        told.done = command("load", *arguments, **environment)
        return told

    yield run
    signal.signal(signal.SIGTERM, before)


def given(arguments, name):
    return arguments[arguments.index(name) + 1]


@pytest.mark.parametrize(
    "how", [lambda a, b: ["--sim", a, "--sim", b], lambda a, b: ["--sim", f"{a},{b}"]]
)
def test_several_addresses_are_tried_and_handed_on(nodes, begun, how):
    """By the option again, or with commas."""
    told = begun(SMOKE, *how(*urls(nodes)))

    assert ",".join(urls(nodes)) == given(told.arguments, "--sim"), told.done.stderr


def test_they_may_be_in_the_environment(nodes, begun, tmp_path):
    """As one may, for a service that is there."""
    path = tmp_path / "mine.py"
    path.write_text('"""Mine."""\nrun = attach(needs="sim")\n')
    told = begun(path, "--host", "http://127.0.0.1:1", SMS_SIMULATORS_URL=",".join(urls(nodes)))

    assert ",".join(urls(nodes)) == given(told.arguments, "--sim"), told.done.stderr


def test_nodes_that_are_started_are_one_and_end_in_order(begun, monkeypatch):
    """On the store that is named; the OTP service is in the last, and sends through all. It is
    ended first, and so has where to send to while it ends."""
    monkeypatch.setattr(cli_load, "check", lambda *_: [])
    told = begun("send_verify", "--nodes", 3, "--store", "valkey://:secret@e/0", "--limits", "off")
    plain = ["--limits", "off"]
    through = ["--otp-through", "http://127.0.0.1:1", "--otp-through", "http://127.0.0.1:2"]

    assert [plain, plain] == [options for options, _ in told.servers[:2]]
    assert [*plain, "--otp-port", "0", "--otp-faithful", *through] == told.servers[2][0]
    assert ["valkey://:secret@e/0"] * 3 == [store for _, store in told.servers]
    sims = ["http://127.0.0.1:3", "http://127.0.0.1:1", "http://127.0.0.1:2"]
    assert ",".join(sims) == given(told.arguments, "--sim")
    assert "http://127.0.0.1:30" == given(told.arguments, "--host")
    assert [3, 2, 1] == told.ended
    assert not any("secret" in str(one) for one in told.arguments)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ["--nodes", 2],
            "several nodes share an engine; expected --store URL with it, of a Valkey",
        ),
        (["--sim", "http://127.0.0.1:1", "--store", "unix:///x"], "--store is of simulators that"),
        (["--host", "http://127.0.0.1:1", "--nodes", 2], "--nodes is of simulators that are start"),
        (["--sim", "http://127.0.0.1:1,none"], "got 'none' beside http://127.0.0.1:1"),
        (["--sim", "none,none"], "--sim none: the people of this scenario read the simulators'"),
    ],
)
def test_what_does_not_go_together_is_one_line(begun, arguments, told):
    """Before anything is started."""
    found = begun(SMOKE, *arguments)

    assert (2, "") == (found.done.returncode, found.done.stdout)
    assert told in found.done.stderr
    assert 1 == found.done.stderr.count("\n")
    assert [] == found.servers


def test_the_engine_in_the_environment_is_of_no_concern_to_what_is_there(sms, begun):
    """It is for those that are started."""
    there = ("--sim", sms.simulators.url, "--account", sms.world.id)
    told = begun(SMOKE, *there, SMS_SIMULATORS_STORE="unix:///nowhere")

    assert sms.simulators.url == given(told.arguments, "--sim"), told.done.stderr
    assert [] == told.servers


def test_settings_name_all_nodes():
    """The first has always been `sim`."""
    assert ("a", "b") == Settings(sim="a", more=["b"]).nodes
    assert () == Settings(sim="").nodes


@pytest.mark.slow
def test_a_run_over_two_nodes_that_are_started(tmp_path, engine):
    """Every node is asked, by users of two workers, by the service and by who reads; all is one."""
    store, verdict = f"unix://{engine.unix_socket_path}", tmp_path / "verdict.json"
    page = tmp_path / "page.html"
    done = subprocess.run(
        [
            sys.executable, "-m", "simulators.cli", "load", "send_verify", "--nodes", "2",
            "--store", store, "--users", "4", "--time", "5s", "--seed", "7", "--processes", "2",
            "--json", verdict, "--report", page,
        ],
        capture_output=True, text=True, timeout=110,
    )  # fmt: skip
    told = json.loads(verdict.read_text())
    states = {one["name"]: one["state"] for one in told["invariants"]}

    assert 0 == done.returncode, done.stdout + done.stderr
    assert {"holds"} == {states[name] for name in (ALIKE, ASKED, ONCE)}
    assert 2 == told["facts"]["nodes"] == len(told["effort"]["nodes"])
    assert all(one["requests"] > 0 < one["cpu"] for one in told["effort"]["nodes"])
    assert [True] == [share > 0 for share in told["effort"]["engines"].values()]
    assert "nodes 2" in page.read_text()
    assert 2 == done.stdout.count("  node http://127.0.0.1:")


@pytest.mark.slow
def test_a_run_over_two_nodes_that_are_there(nodes, begin_locust, tmp_path):
    """Users who send straight to providers send to both."""
    verdict = tmp_path / "verdict.json"
    there = ["--sim", nodes[0].url, "--sim", nodes[1].url, "--provider", "http_sms"]
    done = begin_locust(
        "-f", data("loadtests") / "provider_send.py", "--headless", "--users", "2", "--run-time",
        "3s", "--verdict", verdict, *there,
    ).wait()  # fmt: skip
    told = json.loads(verdict.read_text())
    states = {one["name"]: one["state"] for one in told["invariants"]}
    first, second = (one["requests"] for one in told["effort"]["nodes"])

    assert 0 == done.returncode, done.stdout + done.stderr
    assert {"holds"} == {states[name] for name in (ALIKE, ASKED, ONCE)}
    assert abs(first - second) <= 2  # each of two users has a deck of its own
    assert {"send http_sms", "send http_sms to nobody"} >= {one["name"] for one in told["requests"]}
