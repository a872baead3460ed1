"""The OTP service as an application uses it: Logto's Management API asks for a code and checks
it. What users see goes into the ledger. For scenarios that are about something else.

`load` starts the simulators' own service with `--otp-faithful`: then it overlooks what Logto
overlooks. Without that (`serve --otp-port`) it notices every refusal of a provider, on purpose, and
so differs from Logto in most answers to a send that was refused.
"""

import contextlib
import json
import random
import re
import time
from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import connectors
from locust import FastHttpUser, events
from locust.runners import WorkerRunner
from people import Person

from simulators.control.client import ControlError
from simulators.load.ledger import Replay
from simulators.load.run import Run

USUAL = "twilio"
REPLAYED_SHARE = 0.1
LATE_SHARE = 0.02
CODE_SECONDS = 600.0  # Logto's, unless its policy says otherwise
MOST_LATE = 500  # codes that are entered after the run
_JUST_NOW, _MOST_ENTRIES = 10, 200  # of the journal: what all users have asked for just now
_TOLD_BY = 8  # last digits of a number, by which a request that was sent to it is known
MISMATCH = "verification_code.code_mismatch"
# In Logto's words or, where its connector takes a limit for any refusal, in a provider's.
_LIMITED = re.compile(r"limit|too many|throttl|frequen|20429", re.IGNORECASE)


class Answer(NamedTuple):
    """What became of a request for a code, and the code of the error."""

    kind: Literal["sent", "throttled", "refused", "unknown"]
    why: str = ""


class Client(FastHttpUser):
    """Asks for codes and enters them. A subclass has its run as `load`, and the tasks."""

    abstract = True
    load: Run
    chance: random.Random | None = None

    def on_start(self) -> None:
        """Nobody is late yet."""
        self.late: list[tuple[float, Person, str]] = []

    def ask(
        self, person: Person, *, name: str = "send", usage: str = "Generic", refusals: bool = False
    ) -> Answer:
        """Requests a code. A limit that was met is a result; another refusal is a failure unless
        `refusals` are expected. `usage` is what it counts as in the ledger."""
        self.load.ledger.asked(person.number, usage=usage)
        with self.client.post(
            "/api/verification-codes",
            json={"phone": person.digits},
            headers=proof(self.load),
            name=name,
            catch_response=True,
        ) as response:
            answer = heard(self.load, person, response)
            if answer.kind in ("sent", "throttled") or (answer.kind == "refused" and refusals):
                response.success()
            else:
                response.failure(f"{response.status_code} {answer.why}")
        record(self.load, person, answer, usage)
        return answer

    def enter(
        self,
        person: Person,
        code: str,
        *,
        name: str = "verify",
        expected: str = "",
        usage: str = "Generic",
    ) -> bool:
        """Enters a code; whether the service answers as expected: yes, or the error named."""
        with self.client.post(
            "/api/verification-codes/verify",
            json={"phone": person.digits, "verificationCode": code},
            headers=proof(self.load),
            name=name,
            catch_response=True,
        ) as response:
            error = "" if response.status_code == 204 else error_code(response)
            if error == expected:
                response.success()
            else:
                response.failure(f"expected {expected or 'yes'}, got {error or 'yes'}")
        if not error:
            self.load.ledger.verified(person.number, code, usage=usage)
            self._replay(person, code)
        elif not expected:
            self.load.ledger.wrong(person.number, code, error, usage=usage)
        return error == expected

    def _replay(self, person: Person, code: str) -> None:
        """Some enter the code again that has just let them in."""
        if happens(self.load, "replayed"):
            enter_in_vain(self.load, person.number, code, "used")

    def is_late(self, person: Person, code: str) -> bool:
        """Whether this person keeps the code until it is too old. Those who are late come back when
        the next one comes, if it is time, else after the run."""
        while self.late and self.late[0][0] < time.time():
            _, somebody, old = self.late.pop(0)
            enter_in_vain(self.load, somebody.number, old, "expired")
        if not happens(self.load, "late"):
            return False
        life = self.environment.parsed_options.code_life
        self.late.append((time.time() + life, person, code))
        self.load.ledger.keep_back(person.number, code)
        return True


@events.init_command_line_parser.add_listener
def _options(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--replayed",
        type=float,
        default=REPLAYED_SHARE,
        help="The share of people who enter a code again when it has let them in",
    )
    parser.add_argument(
        "--late",
        type=float,
        default=LATE_SHARE,
        help="The share of people who enter the code when it has expired",
    )
    parser.add_argument(
        "--code-seconds",
        type=float,
        default=0.0,
        help="How long a code is good for, if that is longer than the service says",
    )


def happens(run: Run, what: str) -> bool:
    """Whether somebody belongs to the share of people that an option names."""
    Client.chance = Client.chance or run.chance("mistakes")
    return Client.chance.random() < float(getattr(run.environment.parsed_options, what))


def enter_in_vain(
    run: Run, number: str, code: str, kind: Replay, try_it: Callable[[], object] | None = None
) -> None:
    """Enters a code that must not be accepted any more, and writes down whether it was. `try_it`
    enters it in another way than by the Management API; raises `OSError` for a refusal."""
    body = {"phone": number.removeprefix("+"), "verificationCode": code}
    try_it = try_it or (lambda: manage(run, "POST", "/api/verification-codes/verify", body))
    with run.environment.events.request.measure("POST", f"verify {kind} code") as told:
        try:
            try_it()
            error = ""
        except OSError as refusal:
            error = str(refusal)
        if "verification_code." not in error:
            told["exception"] = ValueError(f"expected a refusal, got {error or 'yes'}")
    if not error or "verification_code." in error:
        run.ledger.replayed(kind, number, code, accepted=not error)


def code_seconds(run: Run) -> float:
    """How long the service says that its codes are good for."""
    policy = manage(run, "GET", "/api/sign-in-exp").get("verificationCodePolicy") or {}
    return float(policy.get("expirationDuration", CODE_SECONDS))


Enter = Callable[[str, str, str], None]  # a number, its code, and where it is to be entered


def enter_too_late(environment: Any, run: Run, enter: Enter | None = None) -> None:
    """At the end of the test, once for all workers: enters the codes that were kept back for it, on
    a clock that was moved, that of the account, so that nobody waits for ten minutes. A service
    that has a clock of its own is not asked. `enter` is another way to enter one."""
    if isinstance(environment.runner, WorkerRunner):
        return
    if not run.ledger.kept_back or not run.settings.sim:
        return
    seconds = environment.parsed_options.code_life
    enter = enter or (lambda number, code, _where: enter_in_vain(run, number, code, "expired"))
    run.inbox.call("POST", "/_sim/clock", {"advance": seconds + 1})
    try:
        if _on_our_clock(run):
            for late in sorted(run.ledger.kept_back)[:MOST_LATE]:
                enter(*late)
    finally:
        run.inbox.call("POST", "/_sim/clock", {"advance": -seconds - 1})


def _on_our_clock(run: Run) -> bool:
    """By the date of something new: the Management API tells the time in no other way."""
    metadata = {"redirectUris": [], "postLogoutRedirectUris": []}
    body = {"name": "load test: what time is it?", "type": "SPA", "oidcClientMetadata": metadata}
    made = manage(run, "POST", "/api/applications", body)
    with contextlib.suppress(OSError):  # the simulators' own service forgets them by itself
        manage(run, "DELETE", f"/api/applications/{made['id']}")
    now = datetime.fromisoformat(run.inbox.call("GET", "/_sim/clock")["now"]).timestamp()
    return abs(made["createdAt"] / 1000 - now) < CODE_SECONDS / 4


def read(response: Any) -> Answer:
    """What an answer to a request for a code says."""
    status = response.status_code
    if 200 <= status < 300:
        return Answer("sent")
    error = error_code(response)
    if status == 0 or (status >= 500 and status != 501):  # it may have been sent
        return Answer("unknown", error)
    if status == 429 or _LIMITED.search(response.text or ""):
        return Answer("throttled", error)
    return Answer("refused", error)


def heard(run: Run, person: Person, response: Any) -> Answer:
    """The same as a person hears it who can ask the provider: Logto's connectors hide that it was a
    limit (Vonage's does, whatever the status; Yunpian's breaks at some of them, and Logto answers
    500), and the simulators' journal says so."""
    answer = read(response)
    hidden = answer.kind == "refused" or response.status_code == 500
    if hidden and run.settings.sim and _was_throttled(run, person):
        return Answer("throttled", answer.why)
    return answer


def _was_throttled(run: Run, person: Person) -> bool:
    """Whether the newest request to this number was refused by flow control."""
    at_once = run.environment.parsed_options.num_users or 1
    try:
        found = run.inbox.journal(min(2 * at_once + _JUST_NOW, _MOST_ENTRIES))
    except ControlError:
        return False
    told = person.digits[-_TOLD_BY:]
    for entry in reversed(found):
        if told in entry["body"] or told in entry["target"]:
            return connectors.was_throttled(entry)
    return False


def record(run: Run, person: Person, answer: Answer, usage: str) -> None:
    """Writes what a person was told into the ledger."""
    if answer.kind == "sent":
        run.ledger.sent(person.number, usage=usage)
    elif answer.kind == "throttled":
        run.ledger.throttled(person.number, answer.why, usage=usage)
    elif answer.kind == "refused":
        run.ledger.refused(person.number, answer.why, usage=usage)


def proof(run: Run) -> dict[str, str]:
    """The Management API's token, where there is one."""
    token = run.settings.token
    return {"Authorization": f"Bearer {token}"} if token else {}


def prepare(run: Run, first: str = "") -> None:
    """Connects the service to `--provider`, or to the `first` of the scenario; without both to the
    usual one, but only if it has no connector for SMS. Knows afterwards how long codes live."""
    provider = run.settings.provider or first
    alive = [one for one in manage(run, "GET", "/api/connectors") if one["type"] == "Sms"]
    if provider or not alive:
        connect(run, provider or USUAL)
    else:
        run.provider = f"{connectors.by_factory(alive[0]['connectorId'])} (connected before)"
    know_code_life(run)


def know_code_life(run: Run) -> None:
    """Asks the service how long its codes are good for."""
    options = run.environment.parsed_options  # workers get those of their master
    options.code_life = max(options.code_seconds, code_seconds(run))


def connect(run: Run, provider: str) -> None:
    """What an operator does in Logto's console: the new connector takes the place of the old."""
    run.provider = f"{run.provider}, then {provider}" if run.provider else provider
    rows = run.inbox.call("GET", "/_sim/providers")["providers"]
    known = next(row["credentials"] for row in rows if row["name"] == provider)
    connector, config = connectors.made(provider, known)
    manage(run, "POST", "/api/connectors", {"connectorId": connector.id, "config": config})


def manage(
    run: Run, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
) -> Any:
    """A request that is no part of the load: to the Management API, or with other `headers` than
    its token. Raises `OSError`."""
    data = None if body is None else json.dumps(body).encode()
    own = proof(run) if headers is None else headers
    headers = {"Content-Type": "application/json", **own}
    url = f"{run.settings.host}{path}"
    request = Request(url, data, headers, method=method)  # noqa: S310 - the host under test
    try:
        with urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
            said = answer.read()
    except HTTPError as refusal:
        raise OSError(f"{method} {path}: {refusal.code} {refusal.read()[:300]!r}") from None
    return json.loads(said) if said else None


def error_code(response: Any) -> str:
    """Logto's code of an error, else the HTTP status."""
    try:
        return str(response.json()["code"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP {response.status_code}"
