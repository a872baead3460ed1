"""Each scenario, as a person runs it: for a few seconds, in a process of its own."""

import contextlib
import json
import re
import shutil
import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import connectors
import people
import pytest
import receipt_storm
import service as service_module

from simulators.app import Options, in_thread
from simulators.catalog import PROVIDERS
from simulators.kernel.pipeline import Settings as Flow
from simulators.load import launch
from simulators.load.inbox import Inbox
from simulators.load.ledger import Ledger
from simulators.load.settings import Settings
from simulators.otp.connector import ConnectorError, Incoming, Message, Moment
from simulators.otp.factories import check_config
from simulators.samples import sample, target

FOLDER = Path(__file__).parents[2] / "loadtests"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def servers(begin_locust):
    """Simulators without an OTP service."""
    with in_thread(Options(port=0, tls_port=None)) as simulators:
        yield SimpleNamespace(sim=simulators.url, options=[], begin=begin_locust)


@pytest.fixture
def service(begin_locust):
    """Simulators with an OTP service that has no connector yet; nobody is throttled by accident."""
    options = Options(port=0, tls_port=None, otp_port=0, settings=Flow(limits="off"))
    with in_thread(options) as simulators:
        otp = simulators.otp_url
        yield SimpleNamespace(
            sim=simulators.url, otp=otp, options=["--host", otp], begin=begin_locust
        )


ENOUGH = """
import gevent
from locust import events

wanted = {wanted}

@events.init.add_listener
def watch(environment, **_):
    @environment.events.request.add_listener
    def count(name, **_):
        if name in wanted:
            wanted[name] -= 1
            if max(wanted.values()) <= 0:
                wanted.clear()
                gevent.spawn(environment.runner.quit)
"""


def locust(tmp_path, scenario, servers, *options, folder=FOLDER, until=None):
    """One run without a page: Locust's figures by kind and name, what it wrote, its exit code. With
    `until` it ends when so many requests of each name were made, however fast the machine is."""
    kept = tmp_path / "stats"
    files = str(folder / f"{scenario}.py")
    if until:
        (tmp_path / "enough.py").write_text(ENOUGH.format(wanted=until))
        files += f",{tmp_path / 'enough.py'}"
        options += ("-t40s",)
    command = ["-f", files, "--headless"]
    command += ["--sim", servers.sim, *servers.options, "--seed", "7", "-r", "20"]
    command += ["--json-file", str(kept), "--verdict", str(tmp_path / "verdict"), *options]
    done = servers.begin(*command).wait()
    stats = {}
    if (written := kept.with_suffix(".json")).exists():
        stats = {(row["method"], row["name"]): row for row in json.loads(written.read_text())}
    said = done.stdout + done.stderr
    verdict = json.loads(judged.read_text()) if (judged := tmp_path / "verdict").exists() else {}
    return SimpleNamespace(stats=stats, said=said, code=done.returncode, verdict=verdict)


def count(run, name, kind="POST"):
    """How many requests of a name there were; 0 if none."""
    return run.stats.get((kind, name), {}).get("num_requests", 0)


def failures(run):
    """Requests that failed, what does not hold, lost receipts, errors in a scenario's code."""
    return [
        *(row["name"] for row in run.stats.values() if row["num_failures"]),
        *re.findall(r"^  FAIL .*|.* [1-9]\d* lost$", run.said, re.MULTILINE),
        *re.findall(r"Traceback[\s\S]+", run.said),
    ]


def test_a_receipt_that_comes_again_is_a_violation(monkeypatch):
    """Once it was taken; one that was refused has to."""
    ledger, refuses = Ledger(), iter([0.0, 1.0, 1.0, 1.0])
    run = SimpleNamespace(ledger=ledger, figure=lambda *_: None)
    crowd = SimpleNamespace(chance=SimpleNamespace(random=lambda: next(refuses)))
    scenario = vars(receipt_storm)
    monkeypatch.setitem(scenario, "run", run)
    monkeypatch.setitem(scenario, "visitors", SimpleNamespace(crowd=crowd))
    receiver = object.__new__(receipt_storm.Receiver)
    receiver.refused, receiver.taken, receiver.last = set(), set(), float("-inf")

    assert [False, True, True] == [receiver._take(one) for one in ("M1", "M1", "M2")]
    assert [] == ledger.checks[receipt_storm.ONCE].violations
    assert receiver._take("M2")
    assert ["message M2 was reported as delivered again"] == (
        ledger.checks[receipt_storm.ONCE].violations
    )


def test_receipts_come_in_storms_and_none_is_lost(servers, tmp_path):
    """Some are refused at first; sends go on meanwhile."""
    run = locust(tmp_path, "receipt_storm", servers, "-u4", "-t3s", "--wave", "1")
    told = re.search(r"(\d+) messages sent, (\d+) reported, (\d+) of .*; (\d+) lost", run.said)
    sent, reported, refused, lost = map(int, told.groups())

    assert (0, []) == (run.code, failures(run)), run.said
    assert sent == count(run, "send") + count(run, "send in the storm")
    assert sent <= reported <= sent + 4  # a user may be stopped while it waits for the answer
    assert sent > 0
    assert 0 < refused < sent / 2
    assert 0 == lost
    assert reported == count(run, "receipt", "RECEIPT")
    answer = run.verdict["answer"]["sentence"]
    assert re.search(r"of [\d,]+ messages every one was reported, the last of a wave \d", answer)
    assert "vonage" == run.verdict["facts"]["provider"]


# By Logto's connector, which refuses what is no number itself.
ASK_NOBODY = {"aliyun_mas"}


def test_every_provider_is_sent_to_and_refuses_what_is_no_number(servers, tmp_path):
    """As Logto's connectors sign; success and refusal are told apart by the body."""
    refused = {f"send {name} to nobody" for name in PROVIDERS if name not in ASK_NOBODY}
    wanted = dict.fromkeys([*refused, *(f"send {name}" for name in PROVIDERS)], 1)
    options = ("-u2", "--wrong-numbers", "0.3")
    run = locust(tmp_path, "provider_send", servers, *options, until=wanted)
    asked = Counter(name for kind, name in run.stats if kind in ("GET", "POST"))

    assert (0, []) == (run.code, failures(run)), run.said
    assert Counter(wanted) == asked
    assert min(row["num_requests"] for row in run.stats.values()) >= 1
    answer = run.verdict["answer"]
    assert set(PROVIDERS) == set(answer["plot"]["bars"])
    assert " messages to what is no number was refused." in answer["sentence"]


def test_one_provider_can_be_picked(servers, tmp_path):
    """And the people are those whom it reaches. From any folder: installed it is another one."""
    folder = shutil.copytree(FOLDER, tmp_path / "elsewhere")
    run = locust(
        tmp_path,
        "provider_send",
        servers,
        *("-u1", "-t1s", "--provider", "tencent", "--wrong-numbers", "0"),
        folder=folder,
    )

    assert (0, []) == (run.code, failures(run)), run.said
    assert [("POST", "send tencent")] == list(run.stats)


def test_registrations_take_sign_in_down_where_the_template_is_one_for_all(servers, tmp_path):
    """With a template for each use, the same traffic leaves sign-in alone."""
    run = locust(tmp_path, "flow_control", servers, "-u32", "-t4s")
    answer = run.verdict["answer"]
    table = {tuple(name.split(": ")): row for name, *row in answer["table"]["rows"]}
    throttled = {key: row[1] for key, row in table.items()}
    shared = sum(n for (arm, _), n in throttled.items() if arm == "one template")
    apart = sum(n for (arm, _), n in throttled.items() if arm == "template per use")

    assert (0, []) == (run.code, failures(run)), run.said
    assert shared > apart
    assert throttled["one template", "SignIn"] > 0
    assert 0 == throttled["template per use", "SignIn"]
    assert table["one template", "SignIn"][4] > 0  # seconds that people waited
    assert sum(row[0] for row in table.values()) > 0
    share = 100 * throttled["one template", "SignIn"] / sum(table["one template", "SignIn"][:2])
    assert (
        f"With one template for every use {share:.0f} % of the SignIn sends" in answer["sentence"]
    )
    assert f"with a template for each use it was 0 %, 0.0 s and {0}." in answer["sentence"]
    assert 0 < max(at_most(answer["plot"], "one template"))
    assert {0} == set(at_most(answer["plot"], "template per use"))
    assert "not tried" == states(run)["no code was accepted twice"][1]
    assert "not tried" == states(run)["no code reached another number"][1]
    assert "aliyun" == run.verdict["facts"]["provider"]


def at_most(plot, line):
    """The values of a line."""
    return [value for _, value in plot["lines"][line]]


def test_flow_control_wants_a_provider_that_has_templates(servers, tmp_path):
    """Said before anybody is started."""
    run = locust(tmp_path, "flow_control", servers, "--provider", "twilio", "-t1s")

    assert 2 == run.code
    assert "--provider: expected one with templates, aliyun or " in run.said
    assert " or tencent, got 'twilio'" in run.said


def holds(run):
    """Invariants and thresholds that are broken or not known; nothing should be that was tried."""
    found = [*run.verdict["invariants"], *run.verdict["thresholds"]]
    return [one for one in found if one["state"] != "holds" and one["told"] != "not tried"]


def test_people_get_codes_and_are_let_in_with_them(service, tmp_path):
    """Some mistype, some ask twice: the older code fails then. The inbox agrees with the users."""
    options = (
        *("-u4", "--resent", "0.3", "--mistyped", "0.3", "--abandoned", "0.1"),
        *("--replayed", "0.5", "--late", "0.4"),
    )
    entered = {f"verify {which} code": 1 for which in ("used", "old", "wrong")}
    run = locust(tmp_path, "send_verify", service, *options, until={"verify": 20, **entered})

    assert (0, []) == (run.code, failures(run)), run.said
    assert [] == holds(run)
    assert 0 < count(run, "verify") < count(run, "send")
    found = states(run)
    found.pop("no window was full too early")  # so few people may be refused nothing
    assert "not tried" == found.pop("no window was exceeded")[1]  # --limits off
    assert {"holds"} == {state for state, _told in found.values()}
    assert count(run, "verify used code") > 0
    assert count(run, "verify expired code") > 0
    assert count(run, "verify old code") > 0
    assert count(run, "verify wrong code") > 0
    assert count(run, "wait for code", "SMS") <= count(run, "send")
    facts, answer = run.verdict["facts"], run.verdict["answer"]
    assert f"let in with it, {facts['verified']} in all; of " in answer["sentence"]
    assert facts["verified"] >= count(run, "verify") - 1
    assert ("twilio", 20) == (facts["provider"], len(facts["began"]))
    assert "reference, careful: differs from Logto on purpose" == facts["service"]
    (sent,) = (one for one in run.verdict["requests"] if one["name"] == "send")
    assert count(run, "send") == sent["requests"]
    assert set(sent["milliseconds"]) == {"p50", "p95", "p99", "max"}


def test_the_people_of_several_workers_do_not_meet(service, tmp_path):
    """One number twice would be two messages for one user: the verdict would say so."""
    run = locust(tmp_path, "send_verify", service, "-u4", "-t3s", "--processes", "2")

    assert (0, []) == (run.code, failures(run)), run.said
    assert [] == holds(run)
    assert count(run, "verify") > 0


def states(run):
    """What is said of each invariant."""
    return {one["name"]: (one["state"], one["told"]) for one in run.verdict["invariants"]}


def test_who_comes_back_too_late_is_told_so(service, tmp_path):
    """After the run, on a clock that was moved and is put back. That the option says less than the
    service is no fault of the service."""
    options = ("-u2", "-t3s", "--late", "1", "--abandoned", "0", "--code-seconds", "1")
    run = locust(tmp_path, "send_verify", service, *options)
    state, told = states(run)["no expired code was accepted"]
    now = json.loads(urlopen(f"{service.sim}/_sim/clock").read())["now"]  # noqa: S310 - ours

    assert (0, []) == (run.code, failures(run)), run.said
    assert "holds" == state
    assert f"{count(run, 'verify expired code')} entered too late" == told != "0 entered too late"
    assert 0 == count(run, "verify")
    assert abs(datetime.fromisoformat(now).timestamp() - time.time()) < 60


def test_a_retry_storm_meets_the_limits_and_is_no_failure(service, tmp_path):
    """People who are refused ask again at once; a limit that holds is a result."""
    limit = {"mode": [{"permits": 5, "seconds": 1, "key": ["account"]}]}
    headers = {"Content-Type": "application/json"}
    body = json.dumps(limit).encode()
    url = f"{service.sim}/_sim/limits"
    urlopen(Request(url, body, headers, method="PUT")).close()  # noqa: S310 - ours
    run = locust(tmp_path, "send_verify", service, "-u6", "-t2s", "--shape", "retry_storm")

    assert (0, []) == (run.code, failures(run)), run.said
    assert [] == holds(run)
    assert run.verdict["facts"]["throttled"] > run.verdict["facts"]["sent"] > 0


def test_people_register_sign_in_and_reset_passwords_in_their_browsers(service, tmp_path):
    """All the way to tokens, with the templates of the uses."""
    options = ("--provider", "aliyun", "--replayed", "0.5", "--late", "0.2")
    run = locust(tmp_path, "sign_in", service, "-u4", "-t4s", *options)
    visits = {name: count(run, name, "FLOW") for name in ("register", "sign in", "forgot password")}

    assert (0, []) == (run.code, failures(run)), run.said
    assert [] == holds(run)
    assert min(visits.values()) > 0
    assert visits["register"] + visits["sign in"] <= count(run, "userinfo", "GET")
    assert visits["forgot password"] <= count(run, "set password", "PUT")
    for what, name in (("used", "no code was accepted twice"), ("expired", "no expired code was")):
        (state,) = (state for one, (state, _) in states(run).items() if one.startswith(name))
        assert ("holds", True) == (state, count(run, f"verify {what} code") > 0)
    assert set(visits) == set(run.verdict["answer"]["plot"]["lines"])
    assert " visits a second went all the way: " in run.verdict["answer"]["sentence"]


def test_of_a_robots_messages_only_what_a_limit_sees_is_stopped(service, tmp_path):
    """Logto's limit by number never sees many numbers; a blocked country stops them."""
    options = ("--block-after", "3", "--late", "0.2", "--price", "2")
    run = locust(tmp_path, "sms_pumping", service, "-u10", "-t5s", *options)
    answer = run.verdict["answer"]
    table = {name: row for name, *row in answer["table"]["rows"]}
    stopped = [name for kind, name in run.stats if kind == "STOPPED"]

    assert (0, []) == (run.code, failures(run)), run.said
    assert [] == holds(run)
    assert table["pump many numbers"][1] > 0  # sent
    assert 0 == table["pump many numbers"][3]  # entered
    assert "pump many numbers: connector.general" in stopped
    assert "pump many numbers: request.message_rate_limited" not in stopped
    assert table["pump one number"][1] <= 10
    sent, entered = table["send"][1], table["send"][3]
    late = count(run, "verify expired code")
    assert 0 < entered <= sent <= entered + late + 10  # some have no code yet at the end
    paid, stopped = (table["pump many numbers"][at] + table["pump one number"][at] for at in (1, 2))
    told = rf"(\d+) were sent, {paid} segments or {2 * paid:,}.00 at 2 each, for 0 codes entered"
    assert re.search(told, answer["sentence"])
    assert f"{stopped} were stopped: " in answer["sentence"]
    assert "by the provider (connector.general)" in answer["sentence"]


def test_after_an_outage_another_provider_lets_people_in(service, tmp_path):
    """Nobody gets a code until the operator has changed the connector; at once after that."""
    run = locust(tmp_path, "provider_outage", service, "-u6", "-t5s", "--notice", "1.2")
    answer = run.verdict["answer"]
    without, after, _longest = (row[1] for row in answer["table"]["rows"])
    people = int(re.search(r"; (\d+) people had to wait", answer["sentence"])[1])
    assert f"Nobody got a code for {without:.0f} s: twilio is unavailable at " in answer["sentence"]
    assert 0 < max(at_most(answer["plot"], "refused"))
    assert run.verdict["facts"]["refused"] > 0
    assert "twilio, then vonage" == run.verdict["facts"]["provider"]

    assert (0, []) == (run.code, failures(run)), run.said
    assert [] == holds(run)
    assert without >= 1
    assert after <= without
    assert 1 <= people <= count(run, "no code", "BLOCKED")
    assert count(run, "verify") > 0


@contextlib.contextmanager
def sending(sms, provider):
    """Two functions: one sends a code to a number as a client of the provider does, the other tells
    how a person hears what the service answered to that."""
    record, known = sample(provider), dict(sms.credentials(provider))
    inbox = Inbox(sms.simulators.url, account=sms.world.id)
    environment = SimpleNamespace(parsed_options=SimpleNamespace(num_users=1))
    run = SimpleNamespace(settings=Settings(sim=inbox.base), inbox=inbox, environment=environment)

    def send(to):
        call = record.call(
            known, record.written(to), "135790", now=sms.clock.now().timestamp(), nonce="n", host=""
        )
        url = f"{sms.base_url(provider)}{target(call)}"
        said = ("content-type", "authorization")
        headers = {name: call.headers[name] for name in said if name in call.headers}
        try:
            urlopen(Request(url, call.body, headers)).close()  # noqa: S310 - ours
        except HTTPError as refusal:
            refusal.close()

    def heard(number, status, told):
        person = people.Person("", number, "", "", "", "")
        answer = SimpleNamespace(status_code=status, text=json.dumps(told), json=lambda: told)
        return service_module.heard(run, person, answer).kind

    with contextlib.closing(inbox):
        yield send, heard


def test_a_throttled_send_is_one_although_logto_hides_it(sms):
    """Vonage's connector says the same of every refusal. The journal tells which one it was, by the
    newest request to that number."""
    sms.limits([{"permits": 1, "seconds": 60, "key": ["account"]}])
    numbers = [sample("vonage").number(at) for at in range(4)]
    told = {"code": "connector.general", "message": "Some SMS messages failed to send"}
    with sending(sms, "vonage") as (send, heard):
        for to in numbers[:3]:
            sms.optouts(*numbers[2:])
            send(to)
        said = [heard(to, 400, told) for to in numbers]

    assert ["refused", "throttled", "refused", "refused"] == said


def test_a_throttled_send_is_one_although_logto_breaks_at_it(sms):
    """Yunpian's connector reads no answer whose `msg` is null, as that of its limits of a template
    is, and Logto answers 500. What else it says with 500 may have been sent."""
    sms.limits([{"permits": 1, "seconds": 60, "key": ["account"]}])
    numbers = [sample("yunpian").number(at) for at in range(3)]
    told = {"message": "Internal server error."}
    with sending(sms, "yunpian") as (send, heard):
        for to in numbers[:2]:
            send(to)
        said = [heard(to, 500, told) for to in numbers]
        in_front = heard(numbers[1], 502, told)

    assert ["unknown", "throttled", "unknown"] == said
    assert "unknown" == in_front  # what is in front of a service says this


@pytest.mark.parametrize("name", connectors.CONNECTORS)
def test_a_connector_is_configured_as_its_contract_wants(name):
    """By the credentials of the published account."""
    connector, config = connectors.made(name, PROVIDERS[name].published)

    check_config(connector.id, config)


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_message_is_made_for_every_provider(name, sms, send_raw):
    """As its connector makes it, or else its sample; the answer to it is read as one to a message
    that was taken, and another is not."""
    connector, config = connectors.client(name, sms.credentials(name))
    to = sample(name).number(1)
    message = Message(to=to[1:], usage="SignIn", payload={"code": "135790"})
    made = connector.request(config, message, Moment(sms.clock.now().timestamp(), "nonce"))
    parts = urlsplit(made.url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    headers = {name.lower(): value for name, value in made.headers}
    headers |= {"host": parts.netloc, "content-length": str(len(made.body))}
    lines = [f"{made.method} {target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]

    raw = send_raw("\r\n".join([*lines, "", ""]).encode() + made.body)
    status, body = int(raw.split()[1]), raw.partition(b"\r\n\r\n")[2]

    connector.careful(Incoming(status, body))
    assert ["135790"] == [kept.code for kept in sms.messages() if kept.to == to]
    with pytest.raises(ConnectorError):
        connector.careful(Incoming(500, b"{}"))


SCENARIOS = [path for path in sorted(FOLDER.glob("*.py")) if "attach(" in path.read_text()]


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_every_scenario_answers_and_says_whom_it_measures(path):
    """Its own question; and how a service has to be started to be as Logto is, if it needs one."""
    told, text = launch.read(path), " ".join(path.read_text().split())

    assert 1 == text.count("@run.answers def ")
    assert ("host" in told.needs) is ("notices every refusal of a provider, on purpose" in text)
    assert not re.findall(r"serve --otp-port \d+\b(?! --otp-faithful)", text)


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_every_scenario_takes_a_shape(path, begin_locust):
    """And names the ones that there are."""
    done = begin_locust("-f", path, "--shape", "square").wait()

    assert 2 == done.returncode
    assert all(name in done.stderr for name in ("--shape", "square", "retry_storm"))
