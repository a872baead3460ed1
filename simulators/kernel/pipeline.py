"""The path of one request. Read this first: what a provider is asked, and in which order.

    validate      bytes -> document, and its violations MALFORMED, TOO_LARGE, NOT_FOUND
    identify      credential id -> account -> world     NO_CREDENTIALS, UNKNOWN_CREDENTIALS
    authenticate  proof against the account's secret    UNAUTHENTICATED, EXPIRED, REPLAYED
    parse         document -> drafts, one a recipient   MISSING_..., BAD_RECIPIENT per draft
    script        the world's rules                     any row, a delay, a broken socket
    judge         each draft by the provider's judges   REGION_NOT_ALLOWED, OPTED_OUT, ...
    keep          with the flow-control hits, at once   THROTTLED
    answer        outcomes -> the provider's reply

A violation of the contract changes no answer, unless in strict mode; any violation goes to the
journal of the account, which is why a request that cannot be read is identified all the same.
Whoever raises `Refusal` on the way ends it; the provider's `refuse` spells it. A request that
only reads or changes something (`Query`) is handled instead of parse to answer.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from functools import partial

from simulators.kernel import admission, journal, script
from simulators.kernel.accounts import Accounts
from simulators.kernel.call import Call, Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.headers import spelled
from simulators.kernel.provider import (
    Endpoint,
    Exchange,
    Outcome,
    Provider,
    Query,
    Refusal,
    Turns,
)
from simulators.kernel.questions import Asker, Question, nobody
from simulators.kernel.reading import Unreadable
from simulators.kernel.steps import by_turns
from simulators.kernel.store import Unavailable
from simulators.kernel.validation import Validated, validate

# The longest that an answer counts as held back on the world's clock, should its process be gone.
HELD_SECONDS = 3600.0
_VALID, _VIOLATING = (journal.REQUESTS,), (journal.REQUESTS, journal.VIOLATIONS)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for all accounts: `strict` turns a violation into a refusal, `strict_warnings`
    a violation and a warning, `limits` is the mode of flow control where an account has set none.
    """

    strict: bool = False
    strict_warnings: bool = False
    limits: str | float = "provider"


class Pipeline:
    """The path of every request to every provider. `ask` carries a provider's questions to the
    application. `counts` has how many were answered, by provider, operation and HTTP status."""

    def __init__(self, accounts: Accounts, settings: Settings, ask: Asker = nobody) -> None:
        self.accounts = accounts
        self._ask = ask
        self._settings = settings
        self._strict = settings.strict or settings.strict_warnings
        self.counts: MutableMapping[tuple[str, str, int], int] = {}

    def respond(
        self,
        provider: Provider,
        candidates: Sequence[Endpoint],
        call: Call,
        params: Mapping[str, str],
    ) -> Reply:
        """The provider's answer. `candidates` are the endpoints whose path matched, none for a
        path that nobody serves."""
        strangers = self.accounts.strangers
        exchange = Exchange(call, provider, None, params, strangers, strangers.clock.now())
        try:
            made = self._walk(exchange, candidates)
            reply = made if isinstance(made, Reply) else self._begun(exchange, made)
        except Refusal as refusal:
            reply = _refused(exchange, refusal)
        except script.Scripted:
            reply = Reply(200)
        return reply if reply.later else self._finished(exchange, reply)

    def at_once(
        self,
        provider: Provider,
        candidates: Sequence[Endpoint],
        call: Call,
        params: Mapping[str, str],
    ) -> Reply:
        """The same, waited for where it comes later: for whoever has no loop, and nobody else to
        answer meanwhile."""
        reply = self.respond(provider, candidates, call, params)
        return reply if reply.later is None else asyncio.run(_awaited(reply.later))

    def _begun(self, exchange: Exchange, made: Turns | Question) -> Reply:
        """The reply of a handler that answers in turns, at once where a turn or two will do; or
        once the application has said something."""
        if isinstance(made, Question):
            asked = partial(self._asked, exchange, made)
            return Reply(200, later=partial(self._continued, exchange, asked))
        try:
            next(made), next(made)
        except StopIteration as end:
            reply: Reply = end.value
            return reply
        return Reply(200, later=partial(self._continued, exchange, partial(by_turns, made)))

    async def _asked(self, exchange: Exchange, question: Question) -> Reply:
        answered = await self._ask(question.callback, question.timeout)
        if self._is_dropped(exchange):
            raise Refusal(Problem.UNKNOWN_CREDENTIALS)
        return question.then(answered)

    async def _continued(self, exchange: Exchange, rest: Callable[[], Awaitable[Reply]]) -> Reply:
        """The rest of it, with whatever else the loop has to do meanwhile."""
        try:
            reply = await rest()
        except Refusal as refusal:
            reply = _refused(exchange, refusal)
        except Unavailable:
            raise
        except Exception:  # a fault of ours is answered as any other, and told in the log
            provider = exchange.provider
            _log.exception("%s: %s", provider.name, exchange.endpoint)
            return provider.refuse(exchange, exchange.fail(Problem.INTERNAL))
        self._is_dropped(exchange)
        return self._finished(exchange, reply)

    def _is_dropped(self, exchange: Exchange) -> bool:
        """Whether the account went while an answer was waited for. If so it is nobody's: nothing
        more is kept of it."""
        dropped = not self.accounts.is_kept(exchange.world)
        if dropped:
            exchange.world = self.accounts.strangers
        return dropped

    def _finished(self, exchange: Exchange, reply: Reply) -> Reply:
        """The answer as the world's rules want it, counted and journalled."""
        if exchange.effects:
            reply = script.carry_out(exchange, reply)
            _hold(exchange, reply)
        self._count(exchange.provider, exchange.endpoint, reply.status)
        if exchange.fired:
            reply.headers.append(("X-Simulator-Rule", spelled(exchange.fired)))
        logs = _VIOLATING if exchange.violations else _VALID
        exchange.world.store.record(exchange.world.id, journal.entry(exchange, reply), *logs)
        return reply

    def _count(self, provider: Provider, endpoint: Endpoint | None, status: int) -> None:
        key = (provider.name, endpoint.operation if endpoint else "", status)
        self.counts[key] = self.counts.get(key, 0) + 1

    def _walk(self, exchange: Exchange, candidates: Sequence[Endpoint]) -> Reply | Turns | Question:
        provider = exchange.provider
        if provider.chosen is not None:
            self._identify(exchange)
            candidates = provider.chosen(exchange, candidates)
        validated = validate(provider, candidates, exchange.call)
        exchange.endpoint = endpoint = validated.endpoint
        exchange.document = validated.document
        if validated.violations:
            exchange.violations = validated.violations
            self._faulty(exchange, validated)
        elif self._settings.strict_warnings:
            self._doubtful(exchange, validated)
        elif exchange.credential is None:
            self._identify(exchange)
        if endpoint is None:
            raise validated.refusal or Refusal(Problem.NOT_FOUND)
        if not endpoint.public:
            if exchange.world is self.accounts.strangers:
                none = exchange.credential is None
                raise Refusal(Problem.NO_CREDENTIALS) if none else provider.unknown(exchange)
            provider.authenticate(exchange)
        if provider.concurrency:
            self._hold_to_concurrency(exchange)
        does = endpoint.does
        if isinstance(does, Query):
            script.play(exchange, None)
            return does.handle(exchange)
        drafts = exchange.drafts = does.parse(exchange)
        script.play(exchange, drafts)
        exchange.outcomes = [Outcome(d, failure=admission.judge(exchange, d)) for d in drafts]
        admission.refuse_all_for_one(exchange, per_recipient=does.per_recipient)
        limits = self._settings.limits
        admission.keep(exchange, limits, per_recipient=does.per_recipient)
        return does.answer(exchange)

    def _identify(self, exchange: Exchange) -> None:
        try:
            exchange.credential = exchange.provider.identify(exchange)
        except Unreadable:  # a body that cannot be read tells nobody's name
            exchange.credential = None
        if exchange.credential is not None:
            world = self.accounts.of(exchange.provider.name, exchange.credential)
            if world is not None:
                exchange.world, exchange.now = world, world.clock.now()

    def _faulty(self, exchange: Exchange, validated: Validated) -> None:
        """Ends a request that cannot be read, or in strict mode one with any violation. Whose it
        is was found out before, as far as it can be told: it goes to that account's journal."""
        try:
            self._identify(exchange)
        except Refusal:
            if not self._strict and validated.refusal is None:
                raise
        if self._strict:
            exchange.fired = "contract"
        if validated.refusal is not None:
            raise validated.refusal
        if self._strict and validated.served:
            raise Refusal(Problem.MALFORMED, detail=str(exchange.violations[0]))

    def _doubtful(self, exchange: Exchange, validated: Validated) -> None:
        """Ends a request with a warning, as strict mode does one with a violation."""
        warnings = validated.warnings(exchange.provider)
        try:
            self._identify(exchange)
        except Refusal:
            if not warnings:
                raise
        if warnings:
            exchange.fired = "contract"
            raise Refusal(Problem.MALFORMED, detail=warnings[0])

    def _hold_to_concurrency(self, exchange: Exchange) -> None:
        under_way = exchange.world.under_way(exchange.provider.name, exchange.now)
        if not under_way:
            return
        mode = exchange.world.load("limits", self._settings.limits)
        if mode == "off":
            return
        factor = mode if isinstance(mode, int | float) else 1
        permits = max(int(exchange.provider.concurrency * factor), 1)
        if under_way >= permits:
            exchange.fired = "concurrency"
            raise Refusal(Problem.THROTTLED)


async def _awaited(later: Callable[[], Awaitable[Reply]]) -> Reply:
    return await later()


def _hold(exchange: Exchange, reply: Reply) -> None:
    """Counts a request as under way for as long as its answer is held back, by who limits that."""
    provider = exchange.provider
    if provider.concurrency and (reply.delay or reply.trouble):
        reply.released = exchange.world.hold(provider.name, HELD_SECONDS)


def _refused(exchange: Exchange, refusal: Refusal) -> Reply:
    exchange.outcomes = []
    values = {**exchange.provider.placeholders(exchange, None), **refusal.values}
    exchange.failure = exchange.fail(refusal.what, **values)
    return exchange.provider.refuse(exchange, exchange.failure)
