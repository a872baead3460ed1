"""However a run ends, it tells one story: on stdout, in JSON, in JUnit, on the page, by exit code.

Of each kind of finding one is planted. The runs are Locust's own, in this process, with a user who
does nothing; what a whole command makes of its ending is in `test_command`.
"""

import json
from datetime import UTC, datetime
from importlib.metadata import version
from xml.etree.ElementTree import fromstring

import gevent
import pytest
from locust import User, constant, log, task
from locust.argument_parser import get_parser
from locust.env import Environment
from locust.event import Events

from simulators.control.client import ControlError
from simulators.load.answer import Answer
from simulators.load.run import attach

ANN = "+14155550100"
KEPT = {"to": ANN, "code": "123456", "id": "M1", "operation": "send", "provider": "twilio"}


class Idle(User):
    """Waits, and counts as one good request."""

    wait_time = constant(60)

    @task
    def wait(self):
        with self.environment.events.request.measure("WAIT", "wait"):
            pass


class Story:
    """A run of Locust's, and what it told at the end."""

    def __init__(self, sms, folder, capsys, *options):
        self.files = {name: folder / f"it.{name}" for name in ("json", "xml", "html")}
        given = [
            "--sim", sms.simulators.url, "--account", sms.world.id, "--verdict",
            self.files["json"], "--junit", self.files["xml"], "--report", self.files["html"],
            *options,
        ]  # fmt: skip
        events = Events()
        self.run = attach(needs="sim", events=events)
        parser = get_parser(default_config_files=[])
        events.init_command_line_parser.fire(parser=parser)
        self.environment = Environment(
            user_classes=[type("Idler", (Idle,), {})], events=events,  # a class may be paced
            parsed_options=parser.parse_args(map(str, given)), locustfile="waits.py",
        )  # fmt: skip
        self.runner = self.environment.create_local_runner()
        self.capsys = capsys
        self.code = None

    def begin(self):
        """A test with one user, who has had a turn."""
        self.environment.events.init.fire(environment=self.environment, runner=self.runner)
        self.runner.start(1, 1)
        self.runner.spawning_greenlet.join()
        while not self.environment.stats.entries:
            gevent.sleep(0)

    def end(self, stopped=False):
        """As Locust's main function ends: the code is decided before the last event."""
        events = self.environment.events
        if not stopped:
            self.runner.quit()
        events.quitting.fire(environment=self.environment, reverse=True)
        code = self.environment.process_exit_code or 0
        self.runner.quit()
        try:
            events.quit.fire(exit_code=code)
        except SystemExit as ended:
            code = ended.code
        self.code = code
        self.stdout, self.stderr = self.capsys.readouterr()
        self.told = {name: f.read_text() for name, f in self.files.items() if f.is_file()}

    def all_say(self, *broken):
        """Holds all five to the same findings: these are broken and no others."""
        verdict = json.loads(self.told["json"])
        junit = fromstring(self.told["xml"])  # noqa: S314 - our own
        word = "failed" if broken else "passed"
        cases = [c.get("name") for c in junit.iter("testcase") if c.find("failure") is not None]
        found = [*verdict["invariants"], *verdict["thresholds"]]
        head = f"waits: {'FAILED' if broken else 'passed'}"
        stdout = [line for line in self.stdout.splitlines() if line.startswith("  FAIL  ")]

        assert [*broken] == [one["name"] for one in found if one["state"] == "broken"]
        assert [not broken, bool(broken)] == [verdict["passed"], bool(verdict["exit_code"])]
        assert [*broken] == cases
        assert len(broken) == sum(int(suite.get("failures")) for suite in junit)
        assert self.stdout.startswith(head), self.stderr
        assert len(broken) == len(stdout)
        assert all(map(str.startswith, stdout, [f"  FAIL  {one}" for one in broken]))
        assert f"<h1>waits {word}</h1>" in self.told["html"]
        assert len(broken) == self.told["html"].count('<td class="broken">')
        for one in broken:
            assert f'<td class="broken">broken</td><td>{one}</td>' in self.told["html"]
        assert (1 if broken else 0) == self.code == verdict["exit_code"]


@pytest.fixture
def story(sms, tmp_path, capsys, monkeypatch):
    """Makes one."""
    monkeypatch.setattr(log, "unhandled_greenlet_exception", False)
    made = []

    def make(*options):
        made.append(Story(sms, tmp_path, capsys, *options))
        return made[-1]

    yield make
    gevent.sleep(0)  # what Locust does about a greenlet that failed is done at the hub's next turn
    for one in made:
        one.run.inbox.close()


def test_what_holds_is_told_alike(story):
    """Nothing planted: passed in all five, and what nobody tried is not said to hold."""
    it = story()
    it.begin()
    it.end()
    it.all_say()
    verdict = json.loads(it.told["json"])
    states = {one["name"]: (one["state"], one["told"]) for one in verdict["invariants"]}

    assert verdict["oracle"] == verdict["invariants"]
    assert ("unknown", "not tried") == states["no code was accepted twice"]
    assert ("unknown", "not tried") == states["no expired code was accepted"]
    assert "  ??    no code was accepted twice: not tried" in it.stdout
    assert '<skipped message="not tried"' in it.told["xml"]
    assert '<td class="unknown">not tried</td><td>no code was acc' in it.told["html"]


def _inbox(it, **changes):
    """One message to Ann in the inbox, whatever is there."""
    kept = [{**KEPT, "sequence": 1, **changes}]
    it.run.inbox.messages = lambda after=0: kept
    it.run.inbox.limits = list
    it.run.ledger.asked(ANN)
    it.run.ledger.sent(ANN)


def _twice(it):
    _inbox(it)
    it.run.ledger.verified(ANN, "123456")
    it.run.ledger.replayed("used", ANN, "123456", accepted=True)


def _revived(it):
    _inbox(it)
    it.run.ledger.replayed("expired", ANN, "123456", accepted=True)


def _fails(*_, **__):
    raise ControlError("it does not answer")


def _window(it):
    _inbox(it)
    limit = {
        "provider": "twilio", "limit": "none at all", "permits": 0, "seconds": 60, "zone_s": 0,
        "kind": "rolling", "key": [], "where": {}, "overflow": None,
    }  # fmt: skip
    more = {"provider": "twilio", "at": "2026-01-01T00:00:00Z", "history": []}
    it.run.inbox.messages = lambda after=0: [{**KEPT, "sequence": 1, **more}]
    it.run.inbox.limits = lambda: [limit]


def _early(it):
    _window(it)
    limit = it.run.inbox.limits()[0] | {"permits": 2}
    it.run.inbox.limits = lambda: [limit]
    it.run.inbox.refusals = lambda after=0: [
        {
            "sequence": 1, "provider": "twilio", "limit": "none at all", "window": "", "permits": 2,
            "seconds": 60, "cost": 1, "at": "2026-01-01T00:00:00Z", "after": 1,
        }
    ]  # fmt: skip


PLANTED = {
    "every accepted send is in the inbox exactly once": lambda it: it.run.ledger.sent(ANN),
    "no code reached another number": lambda it: it.run.ledger.verified(ANN, "123456"),
    "no code was accepted twice": _twice,
    "no expired code was accepted": _revived,
    "no window was exceeded": _window,
    "no window was full too early": _early,
    "the inbox can be read": lambda it: setattr(it.run.inbox, "messages", _fails),
    "the inbox is whole": lambda it: _inbox(it, sequence=3),
    "every message was reported": lambda it: it.run.ledger.expect(
        "every message was reported", "M"
    ),
    "the backup took over": lambda it: it.run.ledger.check("the backup took over", "it did not"),
    "no user of the scenario failed": lambda it: it.runner.log_exception("local", "oh", "there"),
    "the scenario ran to its end": lambda _: setattr(log, "unhandled_greenlet_exception", True),
    "the scenario has nothing against it": lambda it: setattr(
        it.environment, "process_exit_code", 4
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_each_kind_of_finding_is_told_in_all_five(story, name):
    """Planted in the process that judges, while a user is there."""
    it = story()
    it.begin()
    PLANTED[name](it)
    it.end()
    it.all_say(name)


def test_what_a_scenario_answers_is_told_first(story):
    """With who carried the messages, when it was, and which version said so."""
    it = story()
    it.run.answers(lambda seen: Answer(f"{len(seen.messages)} to {seen.request('wait').count}."))
    it.begin()
    _inbox(it, provider="vonage")
    it.end()
    it.all_say()
    verdict = json.loads(it.told["json"])

    assert "1 to 1." == verdict["answer"]["sentence"] == it.stdout.splitlines()[2].strip()
    assert "<p><b>1 to 1.</b></p>" in it.told["html"]
    assert ("vonage", version("sms-simulators")) == (
        verdict["facts"]["provider"],
        verdict["facts"]["version"],
    )
    assert datetime.fromisoformat(verdict["facts"]["began"]).tzinfo is UTC
    assert verdict["effort"]["generator"] > 0
    assert "load generator" in it.stdout


def test_a_scenario_without_an_answer_has_failed(story):
    """Told as any other finding; the rest of the verdict is there."""
    it = story()
    it.run.answers(lambda seen: 1 / len(seen.messages))
    it.begin()
    it.end()
    it.all_say("the scenario answers its question")


def test_how_soon_the_simulators_answer_is_known(story):
    """Whatever else they are asked: it says whether they had time left."""
    it = story()
    it.begin()
    it.run._part._measure()
    it.end()

    effort = json.loads(it.told["json"])["effort"]
    assert effort["answer_ms"] > 0
    assert effort["server"] > 0  # which they tell themselves


def test_simulators_that_do_not_answer_are_a_request_that_failed(story):
    """Whoever reads gets no message, as where none came, and goes on."""
    it = story()
    it.begin()
    it.run.inbox.wait = _fails
    read = it.run.read_sms(ANN, name="sms arrives")
    (failed,) = it.environment.stats.errors.values()
    it.end()

    assert read is None
    assert ("sms arrives", 1) == (failed.name, failed.occurrences)
    assert "it does not answer" in str(failed.error)
    it.all_say("failures == 0")


def test_a_rate_that_was_not_kept_is_told_in_all_five(story):
    """It is a threshold as any other; who began at that rate is done once."""
    it = story("--rate", "50")
    it.begin()
    while not it.run.ledger.count("done"):
        gevent.sleep(0)
    it.end()

    it.all_say("50 people a second went through")
    assert 50 == json.loads(it.told["json"])["facts"]["rate"]


def test_a_threshold_that_does_not_hold_is_told_in_all_five(story):
    """By its own words."""
    it = story("--threshold", "wait requests == 0")
    it.begin()
    it.end()
    it.all_say("wait requests == 0")


@pytest.mark.parametrize(("code", "name"), [(3, "the scenario has nothing against it"), (0, "")])
def test_an_exit_code_of_a_scenarios_own_is_told_in_all_five(story, code, name):
    """The usual way in which a locustfile fails a run, at the very end. The other way round it
    makes no failed run pass."""
    it = story(*(() if code else ("--threshold", "wait requests == 0")))
    it.begin()

    def late(environment, **_):
        environment.process_exit_code = code

    # Locust asks those of `quitting` last come first
    it.environment.events.quitting._handlers.insert(0, late)
    it.end()
    it.all_say(name or "wait requests == 0")


def test_a_page_that_cannot_be_written_is_told_by_the_others(story, tmp_path):
    """The place was there when the run began."""
    it = story("--report", tmp_path)
    it.begin()
    it.end()
    it.told["html"] = ""
    verdict = json.loads(it.told["json"])

    assert 1 == it.code == verdict["exit_code"]
    assert "FAIL  the verdict was written where it was asked for" in it.stdout
    assert 'failures="1"' in it.told["xml"]


def test_without_a_test_there_is_no_verdict_and_no_success(story):
    """One line, whatever Locust thinks of it."""
    it = story()
    it.environment.events.init.fire(environment=it.environment, runner=it.runner)
    it.end(stopped=True)

    assert (1, "") == (it.code, it.stdout)
    assert "sms-simulators: the run ended without a verdict\n" == it.stderr


def test_a_verdict_that_could_not_be_made_is_no_success(story, monkeypatch):
    """Whatever fails in the making of it."""
    it = story()
    it.begin()
    monkeypatch.setattr("simulators.load.invariants.judge", _fails)
    it.end()

    assert (1, "") == (it.code, it.stdout)
    assert it.stderr.endswith("sms-simulators: the run ended without a verdict\n")


def test_a_test_that_locust_takes_for_stopped_is_judged(story):
    """It does when every worker is away: no `test_stop` comes then."""
    it = story()
    it.begin()
    it.runner.update_state("stopped")
    it.end(stopped=True)
    it.all_say()


def test_a_quit_waits_for_the_verdict(story):
    """Locust's own ends the greenlet that makes it: this was an exit code 0 without a verdict."""
    it = story("--threshold", "wait requests == 0")
    it.begin()
    behind = gevent.event.Event()

    def slow(**_):
        behind.set()
        gevent.sleep(0.01)

    it.environment.events.test_stop.add_listener(slow)
    it.environment.events.test_stop._handlers.insert(0, slow)
    it.runner.greenlet.spawn(it.runner.stop)  # as the watch over heartbeats does
    behind.wait()
    it.runner.quit()  # as the main greenlet does when the shape is at its end
    it.end(stopped=True)
    it.all_say("wait requests == 0")


def test_a_set_up_that_fails_ends_the_run_before_its_first_user(story, capsys):
    """Exit code 2 and one line: with half of it there is nothing to measure."""
    it = story()

    def broken(**_):
        raise KeyError("no\nsuch provider")

    it.environment.events.test_start.add_listener(broken)
    with pytest.raises(SystemExit) as ended:
        it.begin()
    told = capsys.readouterr().err

    assert 2 == ended.value.code
    assert 0 == it.runner.user_count
    assert told.startswith("sms-simulators: the set-up of waits failed: KeyError: ")
    assert 1 == told.count("\n")
    assert "test_endings.py, line " in told
