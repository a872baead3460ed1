"""How many people a second register, sign in and reset a password in their browsers?

Each visitor goes through Logto's Experience API as its sign-in page does: the OpenID Connect
request of an application, the code by SMS, and back to the application with tokens and the
number in them. Somebody registers; registered people come back to sign in, or have forgotten a
password.

Look at `FLOW sign in` and the others: one is a whole visit, with its wait for the SMS; below are
the steps. A visit that ends early is counted at the step where it ended. Some people enter a code
again that was accepted (`--replayed`), some come back with theirs when it has expired (`--late`).

The reference service overlooks what Logto overlooks only with `--otp-faithful`. Without that it
notices every refusal of a provider, on purpose, and what is measured is not Logto.

    sms-simulators serve --otp-port 3001 --otp-faithful &
    locust -f loadtests/sign_in.py --host http://127.0.0.1:3001 --headless -u 20 -t 1m
    locust -f loadtests/sign_in.py --host https://logto.example.com --token $LOGTO_TOKEN ...

Before the first visitor the scenario turns sign-in by phone on and makes an application, by the
Management API; `--client-id` names one that is there, and nothing is changed then. `--rest 61`
keeps a person from two visits within a minute, which Aliyun does not allow.
"""

import base64
import hashlib
import json
import secrets
import time
from argparse import ArgumentParser
from collections import deque
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from locust import FastHttpUser, between, events, task
from locust.runners import WorkerRunner
from people import Person
from service import (
    enter_in_vain,
    enter_too_late,
    error_code,
    happens,
    heard,
    know_code_life,
    manage,
    prepare,
    record,
)
from visitors import Visitors

from simulators.load.answer import Answer, Plot, Seen
from simulators.load.figures import percentile
from simulators.load.ledger import Replay
from simulators.load.run import attach

CALLBACK = "http://127.0.0.1:9/callback"  # nobody listens: its query is all that is needed
VERIFICATION = "/api/experience/verification/verification-code"
SCOPE = "openid profile phone"
VISITS = {"register": "Register", "sign in": "SignIn", "forgot password": "ForgotPassword"}
READ_SECONDS = 20.0
MOST_HOPS = 5
MOST_VISITS = 8  # of one person: Logto sends no number more than ten messages in ten minutes
EXPERIENCE = {
    "signInMode": "SignInAndRegister",
    "signUp": {"identifiers": ["phone"], "password": False, "verify": True},
    "signIn": {
        "methods": [
            {
                "identifier": "phone",
                "password": True,
                "verificationCode": True,
                "isPasswordPrimary": False,
            }
        ]
    },
    "forgotPasswordMethods": ["PhoneVerificationCode"],
    "passwordPolicy": {"rejects": {"pwned": False}},  # asks a service on the internet
}

run = attach(
    needs="host sim",
    requests=(
        *VISITS,
        *("authorize", "begin", "send", "wait for code", "verify", "identify", "submit"),
        *("redirect", "token", "userinfo", "set password"),
        *("verify used code", "verify expired code"),
    ),
    uses=("Register", "SignIn", "ForgotPassword"),
)
visitors = Visitors(run)


class Ended(Exception):
    """A visit cannot go on; what went wrong is counted at its step."""


class Late(Ended):
    """The visitor is gone and comes back when the code has expired."""


class Member:
    """A registered person, and when the next visit may be."""

    def __init__(self, person: Person) -> None:
        self.person, self.visits, self.free_at = person, 0, 0.0


members: deque[Member] = deque()
seen: dict[str, int] = {}  # the last message to a number: the next visit waits for a later one


class Browser(FastHttpUser):
    """One visitor after the other, each with cookies of their own."""

    wait_time = between(0, 0.1)
    client_id = ""
    verifier = ""

    @task(2)
    def register(self) -> None:
        """Somebody new."""
        member = Member(visitors.next())
        self._visit("register", member, "Register", self._home)

    @task(7)
    def sign_in(self) -> None:
        """Somebody who registered before."""
        if (member := self._member()) is None:
            return self.register()
        return self._visit("sign in", member, "SignIn", self._home)

    @task(1)
    def forgot_password(self) -> None:
        """Somebody who registered before, who gets a new password and is not signed in."""
        if (member := self._member()) is None:
            return self.register()
        # Logto does not take the old password for a new one.
        new = f"{member.person.password}{member.visits}"
        return self._visit("forgot password", member, "ForgotPassword", lambda: self._reset(new))

    def _member(self) -> Member | None:
        """The one who was here longest ago, if that is long enough."""
        free = members and members[0].free_at <= time.time()
        return members.popleft() if free else None

    def _visit(self, name: str, member: Member, event: str, rest: Callable[[], None]) -> None:
        """From the application's button on, and what follows the code. The whole visit is
        reported as one; nobody is on two at a time."""
        started = time.perf_counter()
        try:
            self._enter(member.person, event)
            rest()
        except Late:
            if member.visits:
                members.append(member)
            return
        except Ended:
            return
        run.figure("FLOW", name, 1000 * (time.perf_counter() - started))
        member.visits += 1
        member.free_at = time.time() + self.environment.parsed_options.rest
        if member.visits < MOST_VISITS:
            members.append(member)

    def _enter(self, person: Person, event: str) -> None:
        """To the page, and identified there by a code."""
        self.client.cookiejar.clear()
        self.verifier = secrets.token_urlsafe(32)
        digest = hashlib.sha256(self.verifier.encode()).digest()
        asked = {
            "client_id": Browser.client_id,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": SCOPE,
            "state": secrets.token_urlsafe(8),
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            "prompt": "login",
        }
        self._step("GET", f"/oidc/auth?{urlencode(asked)}", "authorize")
        self._step("PUT", "/api/experience", "begin", json={"interactionEvent": event})
        verification = self._verify(person, event)
        self._step(
            "POST",
            "/api/experience/identification",
            "identify",
            json={"verificationId": verification},
        )

    def _verify(self, person: Person, event: str) -> str:
        """The id of a verification that the code of an SMS has completed."""
        identifier = {"type": "phone", "value": person.digits}
        asked = self._send(person, event, {"identifier": identifier, "interactionEvent": event})
        sms = run.read_sms(
            person.number,
            after=seen.get(person.number, visitors.since),
            timeout=READ_SECONDS,
            usage=event,
            name="wait for code",
        )
        if sms is None:
            raise Ended
        seen[person.number] = sms.sequence
        where = json.dumps({"cookies": self._cookies(), "verification": asked})
        if happens(run, "late"):
            run.ledger.keep_back(person.number, sms.code, where)
            raise Late
        body = {"identifier": identifier, "verificationId": asked, "code": sms.code}
        try:
            self._step("POST", f"{VERIFICATION}/verify", "verify", json=body)
        except Ended:
            run.ledger.wrong(person.number, sms.code, "verify", usage=event)
            raise
        run.ledger.verified(person.number, sms.code, usage=event)
        if happens(run, "replayed"):
            _in_vain("used", person.number, sms.code, where)
        return asked

    def _cookies(self) -> str:
        """As a header has them."""
        return "; ".join(f"{one.name}={one.value}" for one in self.client.cookiejar)

    def _send(self, person: Person, event: str, body: dict[str, Any]) -> str:
        """The id of a verification whose code is on its way."""
        run.ledger.asked(person.number, usage=event)
        with self.client.post(
            VERIFICATION, json=body, name="send", catch_response=True
        ) as response:
            answer = heard(run, person, response)
            if answer.kind in ("sent", "throttled"):
                response.success()
            else:
                response.failure(f"{response.status_code} {answer.why}")
        record(run, person, answer, event)
        if answer.kind != "sent":
            raise Ended
        return str(response.json()["verificationId"])

    def _home(self) -> None:
        """Back to the application, which gets tokens for its code, and the number for those."""
        submitted = self._step("POST", "/api/experience/submit", "submit")
        place = submitted.json()["redirectTo"]
        for _ in range(MOST_HOPS):
            if place.startswith(CALLBACK):
                break
            place = self._step("GET", place, "redirect").headers["location"]
        tokens = self._step(
            "POST",
            "/oidc/token",
            "token",
            data=urlencode(
                {
                    "grant_type": "authorization_code",
                    "client_id": Browser.client_id,
                    "redirect_uri": CALLBACK,
                    "code": parse_qs(urlsplit(place).query).get("code", [""])[0],
                    "code_verifier": self.verifier,
                }
            ),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        ).json()
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        self._step("GET", "/oidc/me", "userinfo", headers=bearer)

    def _reset(self, password: str) -> None:
        """Ends with a new password."""
        body = {"password": password}
        self._step("PUT", "/api/experience/profile/password", "set password", json=body)
        self._step("POST", "/api/experience/submit", "submit")

    def _step(self, method: str, url: str, name: str, **more: Any) -> Any:
        """One request that has to be answered below 400. Raises `Ended`."""
        with self.client.request(
            method, url, name=name, allow_redirects=False, catch_response=True, **more
        ) as response:
            if not 200 <= response.status_code < 400:
                response.failure(f"{response.status_code} {error_code(response)}")
                raise Ended
            response.success()
        return response


def _in_vain(kind: Replay, number: str, code: str, where: str) -> None:
    """Enters a code once too often or too late, in the session that it was sent in."""
    told = json.loads(where)
    body = {
        "identifier": {"type": "phone", "value": number.removeprefix("+")},
        "verificationId": told["verification"],
        "code": code,
    }
    cookies = {"Cookie": told["cookies"]}

    def again() -> None:
        manage(run, "POST", f"{VERIFICATION}/verify", body, headers=cookies)

    enter_in_vain(run, number, code, kind, again)


@events.init_command_line_parser.add_listener
def _options(parser: ArgumentParser) -> None:
    parser.add_argument("--client-id", default="", help="An application that is there already")
    parser.add_argument(
        "--rest", type=float, default=0.0, help="Seconds between two visits of a person"
    )


@events.test_start.add_listener
def _prepare(environment: Any, **_: Any) -> None:
    """Sign-in by phone, and an application; on one machine for all workers."""
    members.clear()
    seen.clear()
    options = environment.parsed_options
    if not options.client_id and not isinstance(environment.runner, WorkerRunner):
        prepare(run)
        manage(run, "PATCH", "/api/sign-in-exp", EXPERIENCE)
        application = {
            "name": "load test",
            "type": "SPA",
            "oidcClientMetadata": {"redirectUris": [CALLBACK], "postLogoutRedirectUris": []},
        }
        options.client_id = manage(run, "POST", "/api/applications", application)["id"]
    elif not isinstance(environment.runner, WorkerRunner):
        know_code_life(run)
    Browser.client_id = options.client_id  # workers get the options of their master


@events.test_stop.add_listener
def _end(environment: Any, **_: Any) -> None:
    enter_too_late(environment, run, lambda *late: _in_vain("expired", *late))


@run.answers
def _answer(seen: Seen) -> Answer:
    """Whole visits a second, of each kind."""
    rates = {one: seen.rate(one) for one in VISITS}
    half, most = (percentile(seen.request("sign in").times, share) for share in (0.5, 0.95))
    return Answer(
        f"{sum(rates.values()):.1f} visits a second went all the way: {rates['register']:.1f}"
        f" people registered, {rates['sign in']:.1f} signed in and {rates['forgot password']:.1f}"
        f" set a new password; half of the sign-ins took up to {half / 1000:.1f} s and 95 % up to"
        f" {most / 1000:.1f} s, the wait for the SMS included.",
        Plot(
            "Codes that let somebody in",
            "a second",
            {name: seen.sends("verified", event) for name, event in VISITS.items()},
        ),
    )
