"""What a provider is: tables and a handful of pure functions, in one frozen value."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, Protocol

import orjson

from simulators.kernel import markup
from simulators.kernel.call import Call, Reply
from simulators.kernel.catalogue import Catalogue, ErrorRow, Problem
from simulators.kernel.credentials import Credential, Credentials, published, validate
from simulators.kernel.flow import Limit
from simulators.kernel.inbound import Inbound
from simulators.kernel.message import INBOUND, Lifecycle, Message, State, Step
from simulators.kernel.phone import Number, international
from simulators.kernel.questions import Question
from simulators.kernel.receipts import Receipts, Reporting
from simulators.kernel.steps import Steps
from simulators.kernel.templates import Signature, Template
from simulators.kernel.world import World

Document = dict[str, Any]
Language = Literal["json", "xml"]


class Refusal(Exception):
    """Refuses the whole request: a problem or a catalogue key, and the values of its text."""

    def __init__(self, what: Problem | str, **values: object) -> None:
        super().__init__(what)
        self.what = what
        self.values = values


@dataclass(frozen=True, slots=True)
class Failure:
    """A catalogue row as it applies here: with the values its text needs."""

    row: ErrorRow
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The row's message, filled."""
        return self.row.text(self.values)


@dataclass(slots=True)
class Draft:
    """One recipient's message as parsed, before it is judged.

    `number` is E.164 with its plus where it could be read, else what came; `region` is ISO 3166.
    `ip` is the end user's address where the request tells it, else the client's. `deferred` says
    that whatever judgement finds shows later, as a status. A `failure` set by `parse` stands;
    nothing else is then judged. With a `callback` of None nothing is reported; with "" it goes to
    the account's own URL, where one is set. What is not delivered within `validity` seconds
    expires. A `cost` of its own, in place of the provider's price a segment, has to be covered by a
    counted balance; otherwise a message is sent as long as anything is left. `code` is the one-time
    code in the text, of a provider that made it or was told it; else it is looked for. `limits`
    count it beside those of the provider: the account made them at the vendor.
    """

    number: str
    sender: str = ""
    text: str = ""
    region: str = ""
    segments: int = 1
    lifecycle: str | Lifecycle = ""
    template: str = ""
    signature: str = ""
    callback: str | None = ""
    ip: str = ""
    deferred: bool = False
    validity: float | None = None
    cost: float | None = None
    code: str = ""
    failure: Failure | None = None
    details: dict[str, Any] = field(default_factory=dict)
    limits: tuple[Limit, ...] = ()


@dataclass(slots=True)
class Outcome:
    """What became of a draft: kept as a message, or refused by a row of the catalogue."""

    draft: Draft
    message: Message | None = None
    failure: Failure | None = None


@dataclass(slots=True)
class Exchange:
    """One request on its way through the pipeline; each step adds to it. `mismatch` explains a
    signature that is not the right one (`kernel/mismatch.py`); `prepared` is whatever a provider's
    `parse` has for its `answer`, which is asked once the messages are kept."""

    call: Call
    provider: "Provider"
    endpoint: "Endpoint | None"
    params: Mapping[str, str]
    world: World
    now: float
    document: Document = field(default_factory=dict)
    credential: str | None = None
    drafts: Sequence[Draft] = ()
    violations: Sequence[Any] = ()
    outcomes: list[Outcome] = field(default_factory=list)
    failure: Failure | None = None
    mismatch: dict[str, Any] | None = None
    fired: str = ""
    effects: list[dict[str, Any]] = field(default_factory=list)
    prepared: Any = None

    def age(self, at: float, holds: float) -> float:
        """How many seconds ago a client says that it signed, where `holds` seconds are good. It is
        asked by the account's clock, and where that does not do by the machine's, the only one
        that a client knows: who has moved the account's clock on is not refused for it."""
        age = self.now - at
        return age if abs(age) <= holds else min(age, self.world.clock.machine() - at, key=abs)

    @property
    def credentials(self) -> Credentials:
        """What this provider knows the account by."""
        return self.world.credentials(self.provider.name)

    def fail(self, what: Problem | str, **values: object) -> Failure:
        """A row of this provider's catalogue, ready to set on a draft."""
        return Failure(self.provider.row(what, self.endpoint), values)


class Stranger(Protocol):
    """What to say to credentials that nobody has, where a provider tells several kinds apart."""

    def __call__(self, exchange: Exchange, /) -> Refusal: ...


class Condition(Protocol):
    """Whether a request is this endpoint's, of several with the same method and path."""

    def __call__(self, call: Call, /) -> bool: ...


class NumberReader(Protocol):
    """Reads the digits of a phone number as the provider does; None for what is no number."""

    def __call__(self, digits: str, /) -> Number | None: ...


def unknown_credentials(_exchange: Exchange) -> Refusal:
    """What a provider with one kind of credentials says to those that nobody has."""
    return Refusal(Problem.UNKNOWN_CREDENTIALS)


def accept_all(_call: Call) -> bool:
    """The condition of an endpoint that method and path already choose."""
    return True


class Reader(Protocol):
    """Reads a request into the document that its contract is about. Raises `Unreadable`."""

    def __call__(self, call: Call, /) -> Document: ...


class ActionFinder(Protocol):
    """Finds where a request names the operation that it asks for, as a pointer into the request
    document, and the name; "" for none."""

    def __call__(self, call: Call, /) -> tuple[str, str]: ...


class Parser(Protocol):
    """Makes drafts of a read request, one a recipient. Raises `Refusal`."""

    def __call__(self, exchange: Exchange, /) -> list[Draft]: ...


class Answerer(Protocol):
    """Spells what became of the drafts (`Exchange.outcomes`) as the provider's answer."""

    def __call__(self, exchange: Exchange, /) -> Reply: ...


Turns = Steps[Reply]


class Handler(Protocol):
    """Carries out an operation that sends nothing, and answers it. Raises `Refusal`.

    One that goes through any number of messages is a generator: it goes through a slice of them
    (`World.slices`) at a time and yields, so that nobody has to wait for all of it. One that has to
    know what the application says returns a `Question`."""

    def __call__(self, exchange: Exchange, /) -> Reply | Turns | Question: ...


class Identifier(Protocol):
    """Finds the id of the credentials in a request: None if it has none."""

    def __call__(self, exchange: Exchange, /) -> str | None: ...


class Chooser(Protocol):
    """Which endpoints the account of a request takes at its path, of all that there are."""

    def __call__(
        self, exchange: Exchange, candidates: "Sequence[Endpoint]", /
    ) -> "Sequence[Endpoint]": ...


class Authenticator(Protocol):
    """Checks the proof of who asks against the account's secret. Raises `Refusal`."""

    def __call__(self, exchange: Exchange, /) -> None: ...


class Judge(Protocol):
    """What a provider has against a draft, None for nothing: regions, opt-outs, templates ..."""

    def __call__(self, exchange: Exchange, draft: Draft, /) -> Failure | None: ...


class Refuser(Protocol):
    """Spells a failure of the whole request as the provider's answer."""

    def __call__(self, exchange: Exchange, failure: Failure, /) -> Reply: ...


class Numberer(Protocol):
    """Makes the id of a message, by the world's own chance and counters."""

    def __call__(self, exchange: Exchange, draft: Draft, /) -> str: ...


class Doer(Protocol):
    """Does what the provider had planned for now (`kernel/later.py`), and tells nobody."""

    def __call__(self, world: World, told: Sequence[Any], /) -> None: ...


class Placeholders(Protocol):
    """The values that error texts may speak of; without a draft, those of the request."""

    def __call__(self, exchange: Exchange, draft: Draft | None, /) -> Mapping[str, object]: ...


class LogEntry(NamedTuple):
    """What a provider wrote of a message, and into which of its logs."""

    group: str
    document: Document


class Logger(Protocol):
    """What a provider has written of a message that is in a status since a time, with the row where
    it is a failure; None for nothing."""

    def __call__(
        self, world: World, message: Message, status: str, since: float, row: ErrorRow | None, /
    ) -> LogEntry | None: ...


@dataclass(frozen=True, slots=True)
class Send:
    """An endpoint that sends: `parse` to drafts, `answer` what became of them. With
    `per_recipient` each recipient is answered on its own; without, one that is refused refuses the
    request. So the endpoint decides what an error row of a recipient does to the others."""

    parse: Parser
    answer: Answerer
    per_recipient: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """An endpoint that reads or changes something, and sends nothing."""

    handle: Handler


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One operation, and what it `does`. `path` is a URL rule, its variables come as
    `Exchange.params`; `operation` names its contract, where there is one. `public` ones ask for no
    credentials. Of several with the same method and path the first whose `when` holds is taken;
    where operations share a path, `action` is the name that a request has to ask for it by.
    `rows` are the operation's own words, where it has others than the rest of its provider: the
    key of each row that it is refused by in place of another.
    """

    operation: str
    method: str
    path: str
    read: Reader
    does: Send | Query
    public: bool = False
    when: Condition = accept_all
    action: str = ""
    rows: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def sends(self) -> bool:
        """Whether it makes messages."""
        return isinstance(self.does, Send)


# Between two words of a name: `SendSms`, `GetSMSAttributes`.
_WORD = re.compile("(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def by_action(
    read: Reader,
    table: Mapping[str, Send | Query],
    rows: Mapping[str, str] = MappingProxyType({}),
    unknown: Handler | None = None,
) -> tuple[Endpoint, ...]:
    """The endpoints of an API with one path: a request names what it wants, `SendSms` say, and
    `Provider.action` finds that name. GET and POST are alike; the operation is `send-sms`.
    `unknown` answers who names none of them, before any credentials are asked for."""
    known = tuple(
        Endpoint(
            operation=_WORD.sub("-", name).lower(),
            method=method,
            path="/",
            read=read,
            action=name,
            does=does,
            rows=rows,
        )
        for name, does in table.items()
        for method in ("POST", "GET")
    )
    if unknown is None:
        return known
    return known + tuple(
        Endpoint(
            operation="unknown-action",
            method=method,
            path="/",
            read=read,
            does=Query(unknown),
            public=True,
        )
        for method in ("POST", "GET")
    )


def basic_placeholders(exchange: Exchange, draft: Draft | None) -> dict[str, object]:
    """What any error text may speak of: the request line, and the recipient's `to`, `from` and
    `region` where there is one."""
    values: dict[str, object] = {"path": exchange.call.path, "method": exchange.call.method}
    if draft is not None:
        values.update({"to": draft.number, "from": draft.sender, "region": draft.region})
    return values


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One emulated SMS service.

    * `hosts`: the vendor's host names, the first one the main one; `more_hosts`: those besides that
      are served and in no list that people read, as one for each region; `reference`: its API page.
    * `catalogue` and `problems`: every documented error, and the key of the row for each problem.
    * `states` and `lifecycles`: its status words in the closed vocabulary, and the named courses
      that a message takes through them.
    * `credentials`: what an account is known by and what proves it, where requests carry it, and
      what nobody else may see (`kernel/credentials.py`).
    * `account_of`: the provider whose accounts these are, where a vendor sells several products to
      one account; its `credentials` are then that provider's, and it has none of its own.
    * `judges`: asked in this order about each draft, the first failure stands; then `limits`.
    * `inbound`: how it hands the application a reply from a phone, if it does.
    * `number`: how it reads the digits of a phone number without a plus, of any use to it or not.
    * `price`: what a segment takes off a counted balance, in the account's own currency.
    * `action`: where operations share one path, finds which of them a request names.
    * `settings`: a JSON schema for each settings document, by which an account changes how
      it behaves.
    * `chosen`: where an account chooses in which form it is sent to, the endpoints of that form. It
      is asked before a request is read, and whose that is has to show in its head.
    * `receipts`: how it reports what became of a message, if it does.
    * `answers`: what the contracts of its answers are about; XML as `markup.document` reads it.
    * `log`: what it writes of a message into a log that its customer can read, if it does.
    * `concurrency`: how many requests of an account may be under way at once, 0 for any number;
      one more is THROTTLED.
    * `templates` and `signatures`: what every account starts with, where the provider has them.
    * `identify` finds the credential id in a request, `authenticate` checks the proof or raises
      `Refusal`; `refuse` spells a failure as an answer. `unknown` tells credentials that nobody
      has apart, where the provider does.
    * `later` does what it had planned, when that is due (`kernel/later.py`).
    * `message_id` makes an id; `placeholders` are the values of its error texts.
    * `emulates` are rows (what, how far, source) of the fidelity table.
    """

    name: str
    title: str
    hosts: tuple[str, ...]
    reference: str
    catalogue: Catalogue
    problems: Mapping[Problem, str]
    states: Mapping[str, State]
    lifecycles: Mapping[str, Lifecycle]
    endpoints: tuple[Endpoint, ...]
    identify: Identifier
    authenticate: Authenticator
    refuse: Refuser
    message_id: Numberer
    credentials: tuple[Credential, ...] = ()
    account_of: "Provider | None" = None
    more_hosts: tuple[str, ...] = ()
    unknown: Stranger = unknown_credentials
    judges: tuple[Judge, ...] = ()
    limits: tuple[Limit, ...] = ()
    concurrency: int = 0
    templates: tuple[Template, ...] = ()
    signatures: tuple[Signature, ...] = ()
    receipts: Receipts | None = None
    log: Logger | None = None
    answers: Language = "json"
    inbound: Inbound | None = None
    later: Doer | None = None
    number: NumberReader = international
    price: float = 0.01
    action: ActionFinder | None = None
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    chosen: Chooser | None = None
    placeholders: Placeholders = basic_placeholders
    emulates: tuple[tuple[str, str, str], ...] = ()

    def __post_init__(self) -> None:
        owner = self.account_of
        if owner is not None:
            if self.credentials not in ((), owner.credentials):
                raise ValueError(
                    f"{self.name}: its accounts are those of {owner.name}; expected no credentials"
                    " of its own"
                )
            object.__setattr__(self, "credentials", owner.credentials)
        if self.action is None and any(endpoint.action for endpoint in self.endpoints):
            raise ValueError(f"{self.name}: endpoints have an `action`, expected what finds it")
        validate(self.name, self.credentials)

    @property
    def account(self) -> str:
        """Under which provider's name its accounts have their credentials: its own, mostly."""
        return self.name if self.account_of is None else self.account_of.account

    @property
    def published(self) -> dict[str, str]:
        """The credentials of the published account, which are fake."""
        return published(self.credentials)

    def row(self, what: Problem | str, endpoint: Endpoint | None = None) -> ErrorRow:
        """The catalogue row of a problem or of a key, as that endpoint has it."""
        key = self.problems[what] if isinstance(what, Problem) else what
        return self.catalogue[endpoint.rows.get(key, key) if endpoint else key]

    def read_answer(self, body: bytes) -> Any:
        """An answer as its contract judges it. Raises `ValueError` for one that is none."""
        return markup.document(body) if self.answers == "xml" else orjson.loads(body)

    def reporting(self, message: Message) -> Reporting | None:
        """What telling the application of this message needs; None if it never is."""
        inbound = message.operation == INBOUND
        receipts = self.inbound.receipts if inbound and self.inbound else self.receipts
        return Reporting(receipts, self.lifecycles, self.row) if receipts else None

    def state(self, message: Message, now: float) -> State:
        """What has become of a message."""
        step, _since = message.status(now, self.lifecycles)
        return self.states[step.status]

    def steps(self, lifecycle: str | Lifecycle) -> Lifecycle:
        """The steps of a lifecycle given by name or in full."""
        return self.lifecycles[lifecycle] if isinstance(lifecycle, str) else lifecycle

    def ending(self, lifecycle: str | Lifecycle, row: ErrorRow) -> Lifecycle:
        """A lifecycle that ends in a receipt row when it would have ended otherwise. A message that
        failed was never handed to the carrier, so it was never sent either."""
        last = State.SENT if self.states[row.status] is State.FAILED else None
        kept: list[Step] = []
        for step in self.steps(lifecycle):
            state = self.states[step.status]
            if state.final or state is last:
                return (*kept, Step(step.after, row.status, row.key))
            kept.append(step)
        return (*kept, Step(kept[-1].after, row.status, row.key))
