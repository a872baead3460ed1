"""One account of running simulators, as a test sees it; the pytest plugin hands it out."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain, islice
from queue import Empty, SimpleQueue
from time import monotonic, sleep
from typing import Any, Literal, TypeVar

import orjson

from simulators import files
from simulators.app import Simulators
from simulators.check.report import diff
from simulators.kernel import mismatch, operations, views
from simulators.kernel.arrivals import Wanted, instead, kept_as
from simulators.kernel.checks import Unacceptable
from simulators.kernel.message import Message
from simulators.kernel.receipts import LOG
from simulators.kernel.rules import Rule
from simulators.kernel.steps import at_once
from simulators.kernel.world import World
from simulators.kernel.written import Since, readings
from simulators.testing.calls import plain

Via = Literal["prefix", "localhost", "https", "port"]
_T = TypeVar("_T")
_MOST = 1000
SETTLE_SECONDS = 20
LONGEST_SECONDS = 86_400


@plain
class Sms:
    """An account of its own: its credentials, messages, clock, windows and rules.

    May be used from any thread but the server's own.
    """

    def __init__(self, simulators: Simulators, world: World) -> None:
        self.simulators = simulators
        self.world = world
        self.clock = TestClock(simulators, world)
        self.violations_allowed = False
        self._returned: dict[str, int] = {}

    def base_url(self, provider: str) -> str:
        """The URL a client of this provider is pointed at."""
        return self.url(provider)

    def url(self, provider: str, via: Via = "prefix") -> str:
        """The same by path prefix, by `<provider>.localhost`, over https, or by a port of its
        own. Raises `LookupError` for what is not served."""
        self._known(provider)
        found = self.simulators.addresses(provider).get(via)
        if found is None:
            raise LookupError(f"{provider} is not served via '{via}'; see sms_server_options")
        return found

    def credentials(self, provider: str) -> Mapping[str, str]:
        """What the account signs in to this provider with."""
        self._known(provider)
        return self.world.credentials(provider)

    def messages(self, to: str = "", provider: str = "") -> list[Message]:
        """The accepted messages, newest first, at most 1000."""
        numbers = self._numbers(to, provider)

        def selected() -> list[Message]:
            kept = kept_as(self.world, numbers)
            every = self.world.slices(to=kept, provider=provider)
            return list(islice(chain.from_iterable(every), _MOST))

        return self._call(selected)

    def wait_for_message(self, to: str = "", timeout: float = 5.0, provider: str = "") -> Message:
        """The newest message to a number that was not returned before, as soon as there is one.

        Raises `AssertionError` after `timeout` seconds, with what came instead.
        """
        return self._await(to, timeout, provider, with_code=False)

    def wait_for_code(self, to: str = "", timeout: float = 5.0, provider: str = "") -> str:
        """The one-time code in the newest message that has one and was not returned before.

        Raises `AssertionError` after `timeout` seconds, with what came instead.
        """
        return self._await(to, timeout, provider, with_code=True).code

    def requests(self, provider: str = "") -> list[dict[str, Any]]:
        """The newest journalled requests of this account, oldest first, secrets masked."""
        return self._entries(provider, violating=False)

    def violations(self, provider: str = "") -> list[dict[str, Any]]:
        """Those that broke their contract; `sentences` says how."""
        return self._entries(provider, violating=True)

    def warnings(self, provider: str = "") -> list[dict[str, Any]]:
        """Those that kept their contract and were hardly meant so; `warnings` says why, `mismatch`
        what is wrong with a signature."""
        return [
            entry
            for entry in self.requests(provider)
            if not entry["breaches"] and (entry["warnings"] or entry["mismatch"])
        ]

    def allow_violations(self) -> None:
        """Lets the test pass although it breaks contracts."""
        self.violations_allowed = True

    def limits(self, mode: str | float | Sequence[Mapping[str, Any]]) -> None:
        """Flow control: "provider", "off", a factor on every limit, or a table of limits."""
        providers = self.simulators.providers
        self._call(lambda: operations.set_limits(self.world, mode, providers))

    def regions(self, allowed: Sequence[str] | None = None, blocked: Sequence[str] = ()) -> None:
        """Where the account may send to, by ISO 3166 codes; None allows every region."""
        self._call(lambda: operations.set_regions(self.world, allowed, blocked))

    def optouts(self, *numbers: str) -> None:
        """The numbers that want no messages."""
        self._call(lambda: operations.set_optouts(self.world, numbers))

    def balance(self, amount: float | None) -> None:
        """The credit left; None does not count it."""
        self._call(lambda: operations.set_balance(self.world, amount))

    def suspended(self, suspended: bool = True) -> None:
        """Whether the account is suspended."""
        self._call(lambda: operations.suspend(self.world, suspended))

    def script(self, *rules: Rule | str) -> None:
        """Replaces the account's rules; the first that matches has its effect. A text is a file of
        rules, "magic" the shipped one."""
        providers = self.simulators.providers
        given: list[Rule] = []
        for rule in rules:
            given += files.read_rules([rule], providers) if isinstance(rule, str) else [rule]
        self._call(lambda: operations.script(self.world, given, providers))

    def rules(self) -> list[dict[str, Any]]:
        """The rules in the order they are asked, each with how often it had effect."""
        return self._call(lambda: operations.scripted(self.world))

    def receipts(self) -> list[dict[str, Any]]:
        """Every attempt to deliver a receipt, oldest first."""
        store, account = self.world.store, self.world.id
        logged = self._call(lambda: store.records(account, LOG, limit=10_000))
        hide = self.simulators.accounts.mask()
        return [views.unsecret(hide, orjson.loads(entry)) for _, entry in logged]

    def logged(self, message: Message) -> dict[str, Any] | None:
        """What its provider has written of a message by now into a log that its customer reads, as
        AWS SNS does; None for nothing."""
        known = operations.provider_of(message.provider, self.simulators.providers)
        shown = self._call(lambda: views.message(self.world, known, message))
        entry: dict[str, Any] | None = shown["log"]
        return entry

    def reply(self, provider: str, sender: str, text: str, to: str = "", url: str = "") -> Message:
        """A message from a phone, handed to the application as the provider does; it answers the
        newest message to that phone unless `to` says otherwise."""
        known = operations.provider_of(provider, self.simulators.providers)
        return self._call(lambda: operations.reply(self.world, known, sender, text, to, url))

    def webhooks(self, provider: str, **urls: str) -> None:
        """Where callbacks go when a request names no URL: `receipts`, `inbound`."""
        known = operations.provider_of(provider, self.simulators.providers)
        self._call(lambda: operations.set_webhooks(self.world, known, **urls))

    def settings(self, provider: str, documents: Mapping[str, Any]) -> None:
        """How one provider behaves towards the account: sets the settings documents that are given,
        None to take one away, and leaves the others."""
        known = operations.provider_of(provider, self.simulators.providers)
        self._call(lambda: operations.set_documents(self.world, known, documents))

    def reset(self) -> None:
        """Empties the world; the credentials stay."""
        self._call(self.world.reset)
        self._returned.clear()

    def _numbers(self, to: str, provider: str) -> tuple[str, ...]:
        known = self.simulators.providers
        if provider:
            self._known(provider)
        return readings(to, [known[provider]] if provider else known.values()) if to else ()

    def _known(self, provider: str) -> None:
        operations.provider_of(provider, self.simulators.providers)

    def _call(self, work: Callable[[], _T]) -> _T:
        return self.simulators.call(work)

    def _entries(self, provider: str, *, violating: bool) -> list[dict[str, Any]]:
        accounts = self.simulators.accounts
        if provider:
            self._known(provider)
        return self._call(
            lambda: views.entries(
                accounts, self.world, violating=violating, provider=provider, limit=_MOST
            )
        )

    def _await(self, to: str, timeout: float, provider: str, *, with_code: bool) -> Message:
        if not 0 <= timeout <= LONGEST_SECONDS:
            expected = f"a number of seconds from 0 to {LONGEST_SECONDS}"
            raise Unacceptable("not a timeout", expected, f"{timeout}")
        numbers = self._numbers(to, provider)
        returned = max((self._returned.get(number, 0) for number in numbers or ("",)), default=0)
        wanted = Wanted(numbers, provider, Since(returned), with_code)
        arrived: SimpleQueue[Message] = SimpleQueue()

        def begin() -> Callable[[], None]:
            def seen(message: Message) -> None:
                if wanted.fits(message):
                    arrived.put(message)

            stop = self.world.store.watch(self.world.id, seen)  # first, so that none is missed
            found = at_once(wanted.newest(self.world))
            if found is not None:
                arrived.put(found)
            return stop

        stop = self._call(begin)
        try:
            message = arrived.get(timeout=timeout)
        except Empty:
            raise AssertionError(self._missed(wanted, timeout)) from None
        finally:
            self._call(stop)
        self._returned.update(dict.fromkeys(numbers or ("",), message.sequence))
        return message

    def _missed(self, wanted: Wanted, timeout: float) -> str:
        accounts = self.simulators.accounts
        _others, came = self._call(lambda: instead(accounts, self.world, wanted))
        return f"no {wanted} within {timeout:g} s; {came}"


@plain
class TestClock:
    """The clock of an account: every date, window, expiry and status of it follows."""

    __test__ = False  # not a class of tests

    def __init__(self, simulators: Simulators, world: World) -> None:
        self._simulators = simulators
        self._world = world

    def now(self) -> datetime:
        """The time in the account's world, in UTC."""
        return datetime.fromtimestamp(self._simulators.call(self._world.clock.now), UTC)

    def freeze(self, at: datetime | str | float | None = None) -> None:
        """Stops the clock: at a time (ISO 8601 or epoch seconds too), or where it is."""
        if isinstance(at, datetime):
            at = at.replace(tzinfo=at.tzinfo or UTC).timestamp()
        self._simulators.call(lambda: operations.freeze(self._world, at))

    def advance(self, seconds: float) -> None:
        """Moves a running or a frozen clock forward, or back if negative; returns once every
        receipt that became due has been tried."""
        self._simulators.call(lambda: operations.advance(self._world, seconds))
        self._simulators.settle(SETTLE_SECONDS)

    def run(self) -> None:
        """Lets a frozen clock run on from where it stands."""
        self._simulators.call(self._world.clock.run)


def answered(simulators: Simulators, world: World, seconds: float = 1.0) -> None:
    """Waits until the application has answered the callbacks that are under way to it: one that
    came later would be taken for the next test's. An application that hangs is left after so many
    seconds."""
    until = monotonic() + seconds
    while simulators.call(lambda: simulators.dispatcher.under_way(world.id)):
        if monotonic() > until:
            return
        sleep(0.005)


def told(violations: Iterable[Mapping[str, Any]]) -> str:
    """Violations of contract as a failing test shows them: where, what was expected, what came, and
    the vendor's page that says so."""
    times = Counter(
        (
            f"{entry['provider']} {entry['operation']}: {_line(entry)}",
            *(line for violation in entry["breaches"] for line in diff(violation)),
            *(f"warning: {warning}" for warning in entry["warnings"]),
            *mismatch.told(entry["mismatch"] or {}),
        )
        for entry in violations
    )
    lines = []
    for (request, *said), n in times.items():
        lines.append(f"  {request}" if n == 1 else f"  {request} ({n} times)")
        lines += [f"    {line}" for line in said]
    return "\n".join(
        [
            "The provider's contract was violated:",
            *lines,
            "Where that is meant: sms.allow_violations() or @pytest.mark.sms_allow_violations.",
        ]
    )


def _line(entry: Mapping[str, Any]) -> str:
    """The request line without the query."""
    return f"{entry['method']} {entry['target'].partition('?')[0]}"
