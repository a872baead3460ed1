"""Asks the simulator and the vendor each probe in turn, or the simulator what was recorded of a
vendor, and says what came of it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from simulators.app import Options, Simulators, in_thread
from simulators.control import client
from simulators.drift import recording
from simulators.drift.cleaning import Cleaner, proofs
from simulators.drift.compare import Cleaned, Difference, cleaned, differences
from simulators.drift.line import TOO_FAST, Answer, Line, NoAnswer, Time, patiently
from simulators.drift.recording import Recorded
from simulators.kernel import phone, views
from simulators.kernel.accounts import DEFAULT
from simulators.kernel.call import Call
from simulators.kernel.credentials import Credentials
from simulators.kernel.pipeline import Settings
from simulators.kernel.provider import Provider
from simulators.probes import (
    LATER,
    NOBODY,
    Lacking,
    Moving,
    Probe,
    Probes,
    moving,
    parsed,
    probes,
)
from simulators.samples import sample
from simulators.server.gateway import host_name

SAME, DIFFERS, NOT_TRIED = "same", "differs", "not tried"
# So many requests in a row without an answer, and the rest is not tried.
SILENT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One probe and what came of it. `reason` is why it was not tried. `row` is the row of the
    catalogue by which the simulator refused, and `unverified` says that no source settles it;
    `moved` is where the simulator's own answers differ, which is left out of account."""

    name: str
    asks: str
    kind: str
    verdict: str
    provider: str
    reason: str = ""
    differences: tuple[Difference, ...] = ()
    vendor: int = 0
    simulator: int = 0
    row: str = ""
    unverified: bool = False
    moved: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A whole run: whom it asked, the verdicts, and the exchanges as lines of a recording."""

    asked: str
    verdicts: tuple[Verdict, ...]
    lines: tuple[str, ...] = ()
    facts: Mapping[str, Probes] = field(default_factory=dict)

    def counts(self) -> dict[str, int]:
        """How many came to what."""
        found = dict.fromkeys((SAME, DIFFERS, NOT_TRIED), 0)
        for verdict in self.verdicts:
            found[verdict.verdict] += 1
        return found

    @property
    def settled(self) -> list[str]:
        """The rows that no source settles, and by which the vendor was seen to refuse as the
        simulator does."""
        rows = {
            f"{one.provider} {one.row}"
            for one in self.verdicts
            if one.verdict == SAME and one.unverified
        }
        return sorted(rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What is to be done. `known` are the credentials with the vendor; `spend` says that what may
    cost is to be sent as well, to the number `to`; `only` names probes, none for all."""

    provider: Provider
    known: Credentials
    line: Line
    secrets: Sequence[str] = ()
    to: str = ""
    spend: bool = False
    only: tuple[str, ...] = ()
    pause: float = 0.5
    clock: Time = field(default_factory=Time)
    nonce: Callable[[], str]


class Simulated(Protocol):
    """A simulator to be asked: what the account there is known by, which host its requests name,
    and its answer to one, with the row it refused by."""

    known: Credentials
    host: str

    async def ask(self, call: Call, at: float) -> tuple[Answer, str]:
        """The answer to a request that is sent at that time."""

    async def again(self, call: Call, at: float) -> Answer:
        """The answer to a further one, much later: whatever moves has moved by then."""


class Own:
    """A server of this run's own, in this process."""

    def __init__(self, simulators: Simulators, provider: Provider, line: Line) -> None:
        self.provider = provider
        self.known: Credentials = provider.published
        self.host = provider.hosts[0]
        self._simulators = simulators
        self._line = line

    async def ask(self, call: Call, at: float) -> tuple[Answer, str]:
        """The answer of an account to which nothing happened before, at the time of the request."""
        self._simulators.call(lambda: self._prepare(at, empty=True))
        answer = await self._line.ask(call)
        return answer, self._simulators.call(self._row)

    async def again(self, call: Call, at: float) -> Answer:
        """The answer of the same account."""
        self._simulators.call(lambda: self._prepare(at, empty=False))
        return await self._line.ask(call)

    async def otherwise(self, call: Call, at: float) -> Answer:
        """The answer as it would have been by another chance, to a request that was signed once."""
        self._simulators.call(lambda: self._prepare(at, empty=True, drawn=3))
        return await self._line.ask(call)

    def _prepare(self, at: float, *, empty: bool, drawn: int = 0) -> None:
        accounts = self._simulators.accounts
        for world in (accounts.world(DEFAULT), accounts.strangers):
            if empty:
                world.reset()
            world.clock.freeze(at)
            for _ in range(drawn):
                world.chance.hex(32)

    def _row(self) -> str:
        accounts = self._simulators.accounts
        for world in (accounts.world(DEFAULT), accounts.strangers):
            for entry in views.entries(accounts, world, limit=1):
                return str(entry["error"])
        return ""


class There:
    """A server that runs already; the account is made for this run."""

    def __init__(self, known: Credentials, line: Line, advance: Callable[[float], None]) -> None:
        self.known = known
        self.host = line.host
        self._line = line
        self._advance = advance

    async def ask(self, call: Call, _at: float) -> tuple[Answer, str]:
        """The answer; its row is in that server's journal."""
        return await self._line.ask(call), ""

    async def again(self, call: Call, _at: float) -> Answer:
        """The answer of the same account, whose clock is moved on meanwhile."""
        self._advance(LATER)
        try:
            return await self._line.ask(call)
        finally:
            self._advance(-LATER)


@contextmanager
def served() -> Iterator[Simulators]:
    """Simulators for one run, which nobody else is told of."""
    options = Options(port=0, tls_port=None, settings=Settings(limits="off"))
    with in_thread(options) as simulators:
        yield simulators


@asynccontextmanager
async def _own(provider: Provider) -> AsyncIterator[Simulated]:
    with served() as simulators:
        async with Line(simulators.url) as line:
            yield Own(simulators, provider, line)


@asynccontextmanager
async def _there(provider: Provider, url: str, token: str) -> AsyncIterator[Simulated]:
    made = client.call(url, "POST", "/_sim/accounts", {}, body={}, token=token)
    own = {"account": made["id"]}

    def advance(seconds: float) -> None:
        client.call(url, "POST", "/_sim/clock", own, body={"advance": seconds}, token=token)

    try:
        client.call(url, "PUT", "/_sim/limits", own, body={"mode": "off"}, token=token)
        async with Line(f"{url.rstrip('/')}/{provider.name}") as line:
            yield There(made["credentials"][provider.name], line, advance)
    finally:
        client.call(url, "DELETE", f"/_sim/accounts/{made['id']}", {}, token=token)


def simulated(
    provider: Provider, url: str = "", token: str = ""
) -> AbstractAsyncContextManager[Simulated]:
    """The simulator at that address, else one in this process. Raises `ControlError` on entry."""
    return _there(provider, url, token) if url else _own(provider)


async def conduct(run: Run, simulator: AbstractAsyncContextManager[Simulated]) -> Report:
    """Asks both each probe, the simulator first: so it is known whether a refusal for being too
    fast is one. Raises `NoAnswer` where nobody is there."""
    facts = probes(run.provider)
    verdicts: list[Verdict] = []
    lines: list[str] = []
    silent, asked, over = 0, 0, ""
    async with simulator as here, run.line:
        for probe in facts.probes:
            if run.only and probe.name not in run.only:
                continue
            reason = over or _why_not(probe, run)
            if not reason:
                if asked:
                    await run.clock.sleep(run.pause)
                asked += 1
                try:
                    verdict, text = await _both(probe, facts, run, here)
                except NoAnswer as error:
                    silent += 1
                    reason = str(error)
                    if not error.reached and not lines:
                        raise
                    if not error.reached or silent == SILENT:
                        over = "not asked any more"
                else:
                    silent = 0
                    verdicts.append(verdict)
                    lines.append(text)
                    continue
            verdicts.append(_not_tried(probe, run.provider, reason))
    return Report(
        asked=run.line.origin,
        verdicts=tuple(verdicts),
        lines=tuple(lines),
        facts={run.provider.name: facts},
    )


def _why_not(probe: Probe, run: Run) -> str:
    if probe.spend and not run.spend:
        return f"may cost {probe.spend}; --spend sends it"
    if probe.spend and not run.to:
        return "--to says whom to send to"
    try:
        _made(probe, run.provider, run.known, run.to if probe.spend else NOBODY)
    except Lacking as lacking:
        return f"needs the credential {lacking}"
    return ""


def _not_tried(probe: Probe, provider: Provider, reason: str) -> Verdict:
    return Verdict(
        name=probe.name,
        asks=probe.asks,
        kind=probe.kind or "may cost",
        provider=provider.name,
        verdict=NOT_TRIED,
        reason=reason,
    )


def _made(
    probe: Probe,
    provider: Provider,
    known: Credentials,
    to: str,
    at: float = 0.0,
    nonce: str = "",
    host: str = "",
) -> Call:
    written = sample(provider.name).written(to)
    return probe.call(provider.credentials, known, to=written, now=at, nonce=nonce, host=host)


@dataclass(frozen=True, slots=True)
class _Asking:
    """A probe as it is asked of both: when, with which nonce, whom it addresses, and which number
    is shown in the place of that one."""

    probe: Probe
    facts: Probes
    run: Run
    at: float
    nonce: str
    to: str
    shown: str

    def made(self, known: Credentials, host: str, at: float, nonce: str) -> Call:
        """The request with these credentials."""
        return _made(self.probe, self.run.provider, known, self.to, at, nonce, host)

    def published(self) -> Call:
        """The request as the published account would have made it, to the number that is shown."""
        provider = self.run.provider
        own, host = provider.published, provider.hosts[0]
        return _made(self.probe, provider, own, self.shown, self.at, self.nonce, host)

    def cleaned(
        self, answer: Answer, known: Credentials, host: str, sent: Sequence[Call]
    ) -> Cleaned:
        """An answer without anything of the account, of the number and of the host."""
        provider = self.run.provider
        stand_ins = _hosts(provider, host)
        if self.shown != self.to:
            stand_ins |= _stand_ins(provider, self.to, self.shown)
        hidden = [proof for call in sent for proof in proofs(provider, call)]
        cleaner = Cleaner(provider, known, stand_ins, [*self.run.secrets, *hidden])
        return cleaned(answer, cleaner, self.facts)


@dataclass(frozen=True, slots=True)
class _Ours:
    """What the simulator says: as it came, cleaned, in what its next answer differs, and the row
    that it refused by."""

    answer: Answer
    cleaned: Cleaned
    moves: Moving
    row: str


async def _both(probe: Probe, facts: Probes, run: Run, here: Simulated) -> tuple[Verdict, str]:
    """The verdict on a probe, and its exchange with the vendor as a line. Raises `NoAnswer`."""
    provider, facts = run.provider, facts.of(probe.name)
    to = run.to if probe.spend else NOBODY
    shown = _stand_in(provider, to) if probe.spend else NOBODY
    asking = _Asking(probe, facts, run, run.clock.now(), run.nonce(), to, shown)
    ours = await _of_ours(asking, here)
    vendor = await _of_vendor(asking, ours)
    found = differences(vendor, ours.cleaned, facts, ours.moves)
    verdict = Verdict(
        name=probe.name,
        asks=probe.asks,
        kind=probe.kind or "may cost",
        provider=provider.name,
        verdict=DIFFERS if found else SAME,
        differences=tuple(found),
        vendor=vendor.status,
        simulator=ours.cleaned.status,
        row=ours.row,
        unverified=bool(ours.row) and not provider.row(ours.row).verified,
        moved=tuple(pointer for pointer in ours.moves if facts.varying(pointer) is None),
    )
    call, at = asking.published(), asking.at
    return verdict, recording.line(probe, facts, call, at, vendor, ours.cleaned, ours.moves)


async def _of_ours(asking: _Asking, here: Simulated) -> _Ours:
    """The simulator's answer, and what of it another one has otherwise."""
    call = asking.made(here.known, here.host, asking.at, asking.nonce)
    answer, row = await here.ask(call, asking.at)
    late = asking.at + LATER
    later = asking.made(here.known, here.host, late, asking.run.nonce())
    again = await here.again(later, late)
    first = asking.cleaned(answer, here.known, here.host, [call])
    second = asking.cleaned(again, here.known, here.host, [later])
    return _Ours(answer, first, moving(first.body, second.body), row)


async def _of_vendor(asking: _Asking, ours: _Ours) -> Cleaned:
    """The vendor's answer. Raises `NoAnswer`."""
    run, facts = asking.run, asking.facts
    sent: list[Call] = []

    def make() -> Call:
        """The same request; signed anew where it is a further try."""
        at, nonce = (run.clock.now(), run.nonce()) if sent else (asking.at, asking.nonce)
        sent.append(asking.made(run.known, run.line.host, at, nonce))
        return sent[-1]

    expected = ours.answer.status, _codes(parsed(ours.answer.body), facts)
    # What was answered 503 may have been sent all the same: what may cost is not sent twice.
    statuses = TOO_FAST[:1] if asking.probe.spend else TOO_FAST

    def too_fast(came: Answer) -> bool:
        codes = _codes(parsed(came.body), facts)
        if (came.status, codes) == expected:
            return False
        return came.status in statuses or bool(codes & set(facts.throttled))

    came = await patiently(run.line, make, too_fast, run.clock)
    if came.status == 407:
        raise NoAnswer("the proxy wants credentials of its own: HTTP 407", reached=False)
    return asking.cleaned(came, run.known, run.line.host, sent)


def _codes(body: Any, facts: Probes, at: str = "") -> frozenset[str]:
    """The error codes in an answer, by the pointers of the data."""
    if isinstance(body, dict):
        below = [_codes(inner, facts, f"{at}/{name}") for name, inner in body.items()]
        return frozenset().union(*below)
    if isinstance(body, list):
        below = [_codes(inner, facts, f"{at}/{number}") for number, inner in enumerate(body)]
        return frozenset().union(*below)
    return frozenset({str(body)}) if facts.named("code", at) else frozenset()


def _stand_in(provider: Provider, to: str) -> str:
    """A number in place of one's own: at home with the provider, or abroad, as that is."""
    record, parsed_to = sample(provider.name), phone.parse(to)
    at_home = parsed_to is not None and parsed_to.region == record.region
    return record.number(1) if at_home else record.foreign


def _stand_ins(provider: Provider, to: str, shown: str) -> dict[str, str]:
    """A number in each way that it is written, and what is shown for it."""
    record = sample(provider.name)
    return {
        to: shown,
        to.removeprefix("+"): shown.removeprefix("+"),
        record.written(to): record.written(shown),
    }


def _hosts(provider: Provider, host: str) -> dict[str, str]:
    """The host that was asked, and what is shown for it where an answer repeats it."""
    name = host_name(host)
    if name in (*provider.hosts, *provider.more_hosts):
        return {}
    return {host: provider.hosts[0], name: provider.hosts[0]}


def replay(
    found: Iterable[Recorded],
    providers: Mapping[str, Provider],
    simulators: Simulators,
) -> Report:
    """Holds the simulator to what was recorded of vendors."""
    return asyncio.run(_replay(list(found), providers, simulators))


async def _replay(
    found: Sequence[Recorded], providers: Mapping[str, Provider], simulators: Simulators
) -> Report:
    facts = {name: probes(providers[name]) for name in sorted({one.provider for one in found})}
    async with Line(simulators.url) as line:
        verdicts = [
            await _held(
                one,
                Own(simulators, providers[one.provider], line),
                facts[one.provider].of(one.name),
            )
            for one in found
        ]
    return Report(asked="recordings", verdicts=tuple(verdicts), facts=facts)


async def _held(one: Recorded, here: Own, facts: Probes) -> Verdict:
    provider = here.provider
    told: dict[str, Any] = {
        "name": f"{one.name} ({one.place})",
        "asks": one.asks,
        "kind": one.kind,
        "provider": provider.name,
    }
    if one.answer is None:
        return Verdict(**told, verdict=NOT_TRIED, reason="it has no answer to hold this one to")
    answer, row = await here.ask(one.call, one.at)
    cleaner = Cleaner(provider, here.known, {}, proofs(provider, one.call))
    simulator = cleaned(answer, cleaner, facts)
    anew = cleaned(await here.otherwise(one.call, one.at), cleaner, facts)
    found = differences(one.answer, simulator, facts, moving(simulator.body, anew.body))
    return Verdict(
        **told,
        verdict=DIFFERS if found else SAME,
        differences=tuple(found),
        vendor=one.answer.status,
        simulator=simulator.status,
        row=row,
        unverified=bool(row) and not provider.row(row).verified,
    )
