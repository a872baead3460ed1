"""Receipts by the thousand at once, to a receiver that refuses some. Are sends as fast meanwhile?

Users send through Vonage as fast as it answers, and ask for receipts at a receiver that the
scenario runs. Their receipts are held back, then all fall due at once, wave after wave. The
receiver answers a share of them 500 the first time, as an application does whose database is
busy; those come again. Flow control is off during the run, and the account's clock is ahead:
nobody else should use the account meanwhile.

The answer holds `send in the storm` against `send` (they should not differ by much more than the
CPU that they share), and tells how long after it was due the last receipt was taken; every message
must have been reported in the end, and no receipt may come again that was taken: of several nodes
one alone sends it. No service is in this: a `--host` is refused.

    sms-simulators serve &
    locust -f loadtests/receipt_storm.py --headless -u 20 -t 1m
"""

import json
import logging
import time
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import datetime
from typing import Any

import gevent
from gevent.pywsgi import WSGIServer
from locust import FastHttpUser, constant, events, task
from locust.runners import MasterRunner, WorkerRunner
from visitors import Visitors

from simulators.load.answer import Answer, Plot, Seen
from simulators.load.figures import percentile
from simulators.load.run import attach

REPORTED = "every message was reported in the end"
ONCE = "no receipt came again once it was taken"
PROVIDER = "vonage"
REFUSED_SHARE = 0.1  # of receipts, the first time that they come
HELD_SECONDS = 3600  # so long after its message a receipt is due, on the account's clock
WAVE_SECONDS = 10.0
CALM_SECONDS = 0.3  # a wave is over when no receipt has come for so long
_SENDS = ("send", "send in the storm")
PATIENCE = 30.0  # for the last receipts, when the last user is gone


@events.test_start.add_listener  # before `attach`: its watch begins with these limits
def _unlimited(environment: Any, **_: Any) -> None:
    """No flow control, and receipts held back."""
    if not isinstance(environment.runner, WorkerRunner):
        held = {"match": {"provider": PROVIDER}, "effect": {"receipt": {"after_s": HELD_SECONDS}}}
        run.inbox.call("PUT", "/_sim/rules", {"rules": [held]})
        run.inbox.call("PUT", "/_sim/limits", {"mode": "off"})


run = attach(needs="sim providers", requests=("send", "send in the storm", "receipt"))
visitors = Visitors(run)


class Receiver:
    """Where receipts go. Each message has to be reported as delivered, and acknowledged."""

    def __init__(self) -> None:
        self.sent: set[str] = set()
        self.refused: set[str] = set()
        self.taken: set[str] = set()
        self.wave = self.last = float("-inf")  # when the first and the last receipt of a wave came
        self._server = WSGIServer(("127.0.0.1", 0), self._answer, log=None)
        self._server.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/receipts"

    @property
    def stormy(self) -> bool:
        """Whether a wave is coming in."""
        return time.monotonic() - self.last < CALM_SECONDS

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        receipt = json.loads(environ["wsgi.input"].read())
        good = receipt["status"] != "delivered" or self._take(receipt["messageId"])
        status = "200 OK" if good else "503 Service Unavailable"
        start_response(status, [("Content-Length", "0")])
        return []

    def _take(self, message: str) -> bool:
        now = time.monotonic()
        if not self.stormy:
            self.wave = now
        self.last = now
        if message not in self.refused and visitors.crowd.chance.random() < REFUSED_SHARE:
            self.refused.add(message)
            return False
        again = (
            f"message {message} was reported as delivered again" if message in self.taken else ""
        )
        run.ledger.check(ONCE, again)
        self.taken.add(message)
        run.ledger.arrived(REPORTED, message)
        run.figure("RECEIPT", "receipt", 1000 * (now - self.wave))
        return True


class Sender(FastHttpUser):
    """Sends one message after the other, each to somebody else."""

    wait_time = constant(0)
    receiver: Receiver
    known: dict[str, str]

    @task
    def send(self) -> None:
        """One message, whose receipt is held back."""
        person = visitors.next()
        message = {
            "api_key": self.known["api_key"],
            "api_secret": self.known["api_secret"],
            "from": self.known["sender"],
            "to": person.digits,
            "text": person.text(visitors.crowd.code()),
            "callback": self.receiver.url,
        }
        name = "send in the storm" if self.receiver.stormy else "send"
        run.ledger.asked(person.number)
        url = f"/{PROVIDER}/sms/json"
        with self.client.post(url, json=message, name=name, catch_response=True) as response:
            row = _row(response)
            if row.get("status") == "0":  # HTTP 200 alone is no success
                response.success()
                run.ledger.sent(person.number, message_id=row["message-id"])
                self.receiver.sent.add(row["message-id"])
                run.ledger.expect(REPORTED, row["message-id"])
            else:
                response.failure(f"status {row.get('status')}: {row.get('error-text')}")
                run.ledger.refused(person.number, str(row.get("status")))


def _row(response: Any) -> dict[str, str]:
    try:
        (row,) = response.json()["messages"]
    except (ValueError, KeyError, TypeError):
        return {}
    return row


@events.init_command_line_parser.add_listener
def _option(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--wave", type=float, default=WAVE_SECONDS, help="Seconds from one storm to the next"
    )


@events.test_start.add_listener
def _open(environment: Any, **_: Any) -> None:
    """A receiver where there are users, and storms from one place."""
    if not isinstance(environment.runner, MasterRunner):
        providers = run.inbox.call("GET", "/_sim/providers")["providers"]
        Sender.known = next(row["credentials"] for row in providers if row["name"] == PROVIDER)
        Sender.receiver = Receiver()
    if not isinstance(environment.runner, WorkerRunner):
        run.provider = PROVIDER
        environment.ahead = _ahead()
        environment.weather = gevent.spawn(_storms, environment.parsed_options.wave)


def _storms(seconds: float) -> None:
    while True:
        gevent.sleep(seconds)
        run.ledger.mark("storm")
        _storm()


def _storm() -> None:
    """All receipts that are held back are due now; returns when they were tried, or after 20 s."""
    run.inbox.call("POST", "/_sim/clock", {"advance": HELD_SECONDS})


def _ahead() -> float:
    """By how many seconds the account's clock is ahead of this machine's."""
    now = datetime.fromisoformat(run.inbox.call("GET", "/_sim/clock")["now"])
    return now.timestamp() - time.time()


@events.test_stop.add_listener
def _close(environment: Any, **_: Any) -> None:
    """Waits for the receipts that are still to come, the refused ones among them."""
    if isinstance(environment.runner, WorkerRunner):
        return
    environment.weather.kill()
    until = time.monotonic() + PATIENCE
    _storm()  # first: a receipt that is on its way is not pending
    while run.inbox.call("GET", "/_sim/receipts")["pending"] and time.monotonic() < until:
        _storm()
    run.inbox.call("POST", "/_sim/clock", {"advance": environment.ahead - _ahead()})
    run.inbox.call("DELETE", "/_sim/rules")
    run.inbox.call("PUT", "/_sim/limits", {"mode": "provider"})


@run.answers
def _answer(seen: Seen) -> Answer:
    """Whether sends were as fast meanwhile, and what became of the receipts."""
    calm, storm, receipt = map(seen.request, ("send", "send in the storm", "receipt"))
    sent, came = (found.get(REPORTED, set()) for found in (run.ledger.expected, run.ledger.came))
    lost = len(sent - came)
    told = f"95 % of the sends took up to {percentile(storm.times, 0.95):,.0f} ms in the storm"
    if not storm.count:
        told = "No send fell into a storm"
    return Answer(
        f"{told}, and {percentile(calm.times, 0.95):,.0f} ms outside of it; of {len(sent):,}"
        f" messages {f'{lost:,} were never reported' if lost else 'every one was reported'}, the"
        f" last of a wave {(receipt.longest or 0) / 1000:.1f} s after the first.",
        Plot("95 % of the sends took up to", "ms", {one: seen.p95(one) for one in _SENDS}),
    )


@events.quitting.add_listener
def _told(**_: Any) -> None:
    """Says what became of the receipts; one that was lost is in the verdict."""
    receiver = getattr(Sender, "receiver", None)
    if receiver is None:
        return
    lost = len(receiver.sent - receiver.taken)
    logging.info(
        "receipts: %d messages sent, %d reported, %d of them refused at first; %d lost",
        len(receiver.sent),
        len(receiver.taken),
        len(receiver.refused),
        lost,
    )
