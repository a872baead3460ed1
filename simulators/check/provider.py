"""What is asked of every provider, as sentences: `sms-simulators provider check NAME`.

It goes the way a newcomer's mistakes go: the record and the tables first, then real requests made
from the record, in process and at a time of its own. The suite asks for more (sockets, hostile
bytes, the fidelity page); whatever is found here it would find as well, and say less plainly.
"""

import re
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import orjson

from simulators.data import contracts
from simulators.kernel import operations, optouts, views
from simulators.kernel import receipts as line_of
from simulators.kernel.accounts import DEFAULT, Accounts
from simulators.kernel.call import Call, Reply
from simulators.kernel.catalogue import ErrorRow, Place, Problem
from simulators.kernel.clock import Chance
from simulators.kernel.contracts import contract, document
from simulators.kernel.credentials import made
from simulators.kernel.flow import DETAIL
from simulators.kernel.inbound import LIFECYCLE, arrive
from simulators.kernel.message import Message, State
from simulators.kernel.pipeline import Pipeline, Settings
from simulators.kernel.provider import Draft, Provider, Send
from simulators.kernel.reading import body
from simulators.kernel.reading import fields as query_fields
from simulators.kernel.rules import install, read_all
from simulators.kernel.world import World
from simulators.probes import (
    LATER,
    NOBODY,
    SANDBOX,
    TEST,
    BadProbes,
    Probe,
    moving,
    parsed,
    probes,
)
from simulators.samples import BadSample, Sample, sample
from simulators.server import routes
from simulators.store.memory import MemoryStore

NOW = 1_795_248_470.0
CODE, LATER_CODE = "135790", "246801"
URL = "http://127.0.0.1/callback"

# What an account may be set to, so that a message to a home number is refused.
_SET: Mapping[Problem, tuple[str, Callable[[Sample, str], Any]]] = {
    Problem.REGION_NOT_ALLOWED: (
        "regions",
        lambda record, _to: {"allowed": None, "blocked": [record.region]},
    ),
    Problem.OPTED_OUT: (optouts.NAME, lambda _record, to: [to]),
    Problem.SUSPENDED: ("suspended", lambda _record, _to: True),
    Problem.NO_CREDIT: ("balance", lambda _record, _to: 0),
}
_JUDGES = {
    Problem.REGION_NOT_ALLOWED: "judges.region, and `parse` sets draft.region",
    Problem.OPTED_OUT: "judges.opted_out, and `parse` sets draft.number in E.164",
    Problem.SUSPENDED: "judges.active",
    Problem.NO_CREDIT: "judges.credit",
}


@dataclass(frozen=True, slots=True)
class Answered:
    """What a request was answered, and which row it was refused by ("" for none)."""

    reply: Reply
    row: str
    entry: Mapping[str, Any]

    @property
    def wire(self) -> bytes:
        """The answer as it goes out, near enough to look a text up in."""
        head = "".join(f"{name}: {value}\r\n" for name, value in self.reply.headers)
        return f"HTTP/1.1 {self.reply.status}\r\n{head}\r\n".encode() + self.reply.body


class Stand:
    """A provider without sockets, each with an account and a number of its own for every use."""

    def __init__(self, provider: Provider, providers: Mapping[str, Provider]) -> None:
        self.provider = provider
        self.providers = providers
        self.record = sample(provider.name)
        self.accounts = Accounts(MemoryStore(), providers.values(), system=lambda: NOW)
        self.pipeline = Pipeline(self.accounts, Settings(limits="off"))
        self._numbers = 0

    @property
    def world(self) -> World:
        """The published account's."""
        return self.accounts.world(DEFAULT)

    def number(self) -> str:
        """A home number that nothing was sent to yet."""
        self._numbers += 1
        return self.record.number(self._numbers)

    def send(
        self, to: str, code: str = CODE, other: str = "", known: Mapping[str, str] | None = None
    ) -> Answered:
        """The sample's request to a number, by the published account or other credentials."""
        call = self.record.call(
            known or self.provider.published,
            self.record.written(to),
            code,
            other=self.record.written(other) if other else "",
            now=NOW,
            nonce=f"{to}{code}{other}",
            host=self.provider.hosts[0],
        )
        return self.ask(call)

    def ask(self, call: Call) -> Answered:
        """The answer to any request."""
        worlds = (self.world, self.accounts.strangers)
        before = [self._newest(world) for world in worlds]
        candidates, params = routes.match(self.provider, call)
        reply = self.pipeline.at_once(self.provider, candidates, call, params)
        after = [self._newest(world) for world in worlds]
        (noted,) = [new for old, new in zip(before, after, strict=True) if new and new != old]
        return Answered(reply, noted["error"], noted)

    def _newest(self, world: World) -> Mapping[str, Any]:
        return next(iter(views.entries(self.accounts, world, limit=1)), {})

    def ended(self, message: Message) -> tuple[State, str]:
        """What becomes of a message, and by which row."""
        step, _since = message.status(message.at + 1e9, self.provider.lifecycles)
        return self.provider.states[step.status], step.error


def check(provider: Provider, providers: Mapping[str, Provider]) -> Iterator[str]:
    """Sentences, each about one mistake; none where all is well. `providers` has this one too."""
    yield from _guarded(_tables, provider)
    yield from _guarded(_files, provider)
    try:
        stand = Stand(provider, providers)
    except BadSample as lacking:
        yield str(lacking)
        return
    sending = list(_guarded(_sends, stand))
    yield from sending
    asked = () if sending else (_settings, _batch, _callbacks, _probes)
    for ask in (_strangers, _secrets, _rows, *asked):
        yield from _guarded(ask, stand)


def _guarded(ask: Callable[[Any], Iterator[str]], of: Any) -> Iterator[str]:
    """What is asked; an error in the provider's own code becomes a sentence with its line."""
    try:
        yield from ask(of)
    except Exception as error:  # whatever a provider's code raises is what we are here to tell
        yield _told(error)


def _told(error: Exception) -> str:
    """An error of the provider's code, and the last of its own lines that it came through."""
    frames = traceback.extract_tb(error.__traceback__)
    kernel = str(Path(line_of.__file__).parent)
    frame = next(
        (one for one in reversed(frames) if not one.filename.startswith(kernel)), frames[-1]
    )
    return (
        f"{type(error).__name__}: {error}, in `{frame.name}` ({frame.filename}:{frame.lineno});"
        " expected a Refusal for bad input, and no other exception"
    )


def _tables(provider: Provider) -> Iterator[str]:
    """What stands in the tables, without a request."""
    missing = sorted(set(Problem) - set(provider.problems))
    for problem in missing:
        yield f"`problems` has no row for Problem.{problem.name}; name a key of errors.json"
    if not provider.judges:
        yield (
            "there are no judges: nothing that an account is set to refuses a message; expected"
            " judges=(judges.active, judges.credit, judges.region, judges.opted_out)"
        )
    if len(provider.emulates) < 3:
        yield "`emulates` has fewer than 3 rows (what, how far, source) for FIDELITY.md"
    yield from _limits(provider)
    yield from _lives(provider)
    for row in provider.catalogue:
        yield from _row(provider, row)


def _limits(provider: Provider) -> Iterator[str]:
    known = [field.name for field in fields(Draft)]
    for limit in provider.limits:
        for name in limit.key:
            if name not in known and not name.startswith(DETAIL):
                near = get_close_matches(name, known, n=1)
                hint = f"did you mean '{near[0]}'? " if near else ""
                yield (
                    f"the limit '{limit.name}' counts by '{name}', which no draft has; {hint}"
                    f"expected of {', '.join(known)}, or {DETAIL}NAME"
                )
        if limit.permits < 1 or limit.seconds <= 0:
            yield f"the limit '{limit.name}' lets nothing pass: {limit.permits} in {limit.seconds}"
        try:
            provider.row(limit.error)
        except LookupError as unknown:
            yield f"the limit '{limit.name}' refuses by a row that is not there: {unknown}"


def _lives(provider: Provider) -> Iterator[str]:
    for name, lifecycle in provider.lifecycles.items():
        times = [step.after for step in lifecycle]
        if not times or times[0] != 0 or times != sorted(times):
            yield f"the lifecycle '{name}' has the times {times}; expected 0 first, then later ones"
        for step in lifecycle:
            if step.status not in provider.states:
                yield f"the lifecycle '{name}' has the status '{step.status}', which `states` lacks"
    if provider.inbound is None:
        return
    reply = provider.lifecycles.get(LIFECYCLE)
    if reply is None:
        yield f"replies have no lifecycle; expected one named '{LIFECYCLE}' in `lifecycles`"
    elif len(reply) < 2:
        yield (
            f"the lifecycle '{LIFECYCLE}' has one step; expected two at least: a reply is on its"
            " way, and then received, which is what is handed over"
        )
    elif reply[-1].status not in provider.inbound.receipts.statuses:
        yield (
            f"the lifecycle '{LIFECYCLE}' ends in '{reply[-1].status}', which is none of the"
            f" statuses that are handed over: {_listed(provider.inbound.receipts.statuses)}"
        )


def _row(provider: Provider, row: ErrorRow) -> Iterator[str]:
    """Whether a row can be where it says it is."""
    named = f"errors.json: {row.key}"
    if not row.when or not row.source:
        yield f"{named} has no `when` or no `source`; expected a cause, and the page that says so"
    if row.place is Place.RECEIPT:
        if row.status not in provider.states:
            yield (
                f"{named} has the place 'receipt' and the status '{row.status}'; expected the word"
                f" that a message ends in, of {_listed(provider.states)}"
            )
        if provider.receipts is None:
            yield f"{named} has the place 'receipt', and the provider sends none"
    elif row.status:
        yield (
            f"{named} has the place '{row.place}' and the status '{row.status}'; a status belongs"
            " to a row with the place 'receipt'"
        )
    yield from _shared(provider, row, named)
    if row.place is Place.RECEIPT and row.key in provider.problems.values():
        yield f"{named} has the place 'receipt', and `problems` names it; expected another row"
    if row.later and provider.row(row.later).place is not Place.RECEIPT:
        yield f"{named} turns `later` into {row.later}, which has another place than 'receipt'"


def _shared(provider: Provider, row: ErrorRow, named: str) -> Iterator[str]:
    """Whether a row is of one recipient, or of all, where there may be several."""
    per_recipient = any(send.per_recipient for send in _sending(provider))
    if row.place is Place.RECIPIENT and not per_recipient:
        yield (
            f"{named} has the place 'recipient', and no endpoint answers for each recipient: one"
            " bad number would refuse the whole request; expected per_recipient=True, or the place"
            " 'answer'"
        )
    if row.place is Place.ANSWER and per_recipient and row.key in _of_one(provider):
        yield (
            f"{named} is what one number is refused by, and has the place 'answer': the others of"
            " its request would be refused with it; expected the place 'recipient'"
        )
    if row.recipient and provider.row(row.recipient).place is not Place.RECIPIENT:
        yield (
            f"{named} names {row.recipient} for one `recipient`, which has another place than"
            " 'recipient'"
        )


def _of_one(provider: Provider) -> set[str]:
    """The rows of what is found of one number and not of its neighbour."""
    found = (Problem.REGION_NOT_ALLOWED, Problem.OPTED_OUT, Problem.NO_CREDIT)
    said = (*found, *(limit.error for limit in provider.limits))
    return {
        provider.row(what, endpoint).key
        for endpoint in provider.endpoints
        if isinstance(endpoint.does, Send) and endpoint.does.per_recipient
        for what in said
    }


def _sending(provider: Provider) -> list[Send]:
    return [one.does for one in provider.endpoints if isinstance(one.does, Send)]


def _files(provider: Provider) -> Iterator[str]:
    """Every operation, answer and callback has its contract, each rule with an example."""
    folder = contracts(provider.name)
    if contract(provider.name, "error", "response.schema") is None:
        yield f"expected {folder / 'error.response.schema.json'}: the shape of refusals"
    operations = {endpoint.operation for endpoint in provider.endpoints if not endpoint.public}
    sent = set(sample(provider.name).callbacks.values())
    for operation in sorted(operations):
        if contract(provider.name, operation, "response.schema") is None:
            yield f"expected {folder / f'{operation}.response.schema.json'}: the good answer"
    for name in sorted(operations | sent):
        if contract(provider.name, name) is None:
            what = "what the provider sends" if name in sent else "the request"
            yield f"expected {folder / f'{name}.schema.json'}: {what}"
        else:
            yield from _examples(provider.name, name)
    yield from _unbroken(provider.name, sorted(operations | sent))
    for kind in ("receipts", "inbound"):
        if getattr(provider, kind) and kind not in sample(provider.name).callbacks:
            yield (
                f"the provider sends {kind} without a contract; expected in sample.json"
                f' "callbacks": {{"{kind}": NAME}}, and NAME.schema.json beside it'
            )


def _examples(provider: str, name: str) -> Iterator[str]:
    from simulators.check.examples import BadExamples, examples

    agreed = contract(provider, name)
    assert agreed is not None  # noqa: S101 - the caller has looked
    try:
        found = examples(provider, name)
    except BadExamples as bad:
        yield str(bad)
        return
    except LookupError:
        file = contracts(provider) / f"{name}.examples.json"
        yield f"expected {file}: what keeps the contract, and what breaks it"
        return
    for number, kept in enumerate(found.keeps):
        for violation in agreed.validate(kept):
            yield f"{name}.examples.json: keeps[{number}] breaks the contract: {violation}"
    for one in found.breaks:
        if one.at not in {violation.pointer for violation in agreed.validate(one.document)}:
            yield f"{name}.examples.json: '{one.why}' does not break the contract at {one.at}"


def _unbroken(provider: str, names: Iterable[str]) -> Iterator[str]:
    """The rules that no example breaks. Where two files have the same words at the same place, an
    example in one will do."""
    from simulators.check.examples import broken, examples, rules

    stated: dict[tuple[str, str], tuple[str, str]] = {}
    met: set[tuple[str, str]] = set()
    for name in names:
        agreed = contract(provider, name)
        if agreed is None or not (contracts(provider) / f"{name}.examples.json").is_file():
            continue
        words = {rule: (rule, repr(node)) for rule, node in rules(agreed.schema).items()}
        stated |= {(name, rule): said for rule, said in words.items()}
        for one in examples(provider, name).breaks:
            met |= {words[rule] for rule in broken(agreed.schema, agreed.errors(one.document))}
    for (name, rule), said in stated.items():
        if said not in met and not _NEEDS_NO_EXAMPLE.search(rule):
            yield f"{name}.schema.json: no example breaks the rule {rule}; expected one in `breaks`"


# The shape of a request document is the kernel's; nobody writes out a list that is too long.
_NEEDS_NO_EXAMPLE = re.compile(
    r"^#/(?:type|required/.*|properties/(?:method|path|headers|query|body)/type)$|/maxItems$"
    r"|^#/[$]defs/parameters/type$"
)


def _sends(stand: Stand) -> Iterator[str]:
    """The sample is taken, kept as the person reads it, and answered by its contract."""
    ids = []
    for code in (CODE, LATER_CODE):
        to = stand.number()
        try:
            answered = stand.send(to, code)
        except AssertionError as none:
            yield f"the send of sample.json finds no endpoint: {none}"
            return
        if answered.row or stand.record.accepted.encode() not in answered.wire:
            yield (
                f"the send of sample.json is refused{_by(answered)}; expected"
                f" {stand.record.accepted!r} in the answer, got {answered.reply.status}"
                f" {answered.reply.body[:200].decode('utf-8', 'replace')}"
            )
            return
        yield from _kept(stand, to, code)
        for violation in answered.entry["breaches"]:
            yield f"the send of sample.json breaks its contract: {violation['message']}"
        yield from _unlike(stand.provider, answered)
        ids += [message.id for message in stand.world.messages(limit=1)]
    if len(set(ids)) < len(ids):
        yield (
            f"two messages have one id, {ids[0]}: the second takes the place of the first; expected"
            " `message_id` to draw a new one from exchange.world.chance"
        )


def _kept(stand: Stand, to: str, code: str) -> Iterator[str]:
    found = stand.world.messages(limit=1)
    if not found or found[0].to != to:
        got = found[0].to if found else "nothing"
        yield f"a message to {to} is kept as one to {got}; expected draft.number in E.164"
    elif found[0].code != code:
        yield (
            f"the code {code} is not found in the text {found[0].text!r}; expected draft.text to be"
            " what the person reads"
        )


def _unlike(provider: Provider, answered: Answered) -> Iterator[str]:
    """What an answer to a send lacks by its contract."""
    operation = answered.entry.get("operation", "")
    agreed = contract(provider.name, operation, "response.schema") if operation else None
    kind = dict(answered.reply.headers).get("Content-Type", "")
    if agreed is None or provider.answers not in kind:
        return
    for violation in agreed.validate(provider.read_answer(answered.reply.body)):
        yield f"the answer breaks {operation}.response.schema.json: {violation}"


def _strangers(stand: Stand) -> Iterator[str]:
    """A path that nobody serves, and a send without credentials."""
    host = {"host": stand.provider.hosts[0]}
    typed = {**host, "content-type": "application/json"}
    for what, call, problems in (
        ("a path that nobody serves", Call("GET", "/nothing/here", "", dict(host)), _NOWHERE),
        ("a send without credentials", _anonymous(stand), ()),
        ("a body that is too large", replace(_anonymous(stand), too_large=True), ()),
        ("a body that is no JSON", replace(_anonymous(stand), body=b"{", headers=typed), ()),
    ):
        try:
            answered = stand.ask(call)
        except Exception as error:  # the provider's own, which the others are still asked after
            yield f"{what}: {_told(error)}"
            continue
        allowed = {stand.provider.row(problem).key for problem in problems}
        if not answered.row or (allowed and answered.row not in allowed):
            yield (
                f"{what} is answered {answered.reply.status}{_by(answered)}; expected a refusal"
                f"{' by one of ' if allowed else ''}{_listed(allowed)}"
            )


_NOWHERE = (Problem.NOT_FOUND, Problem.NO_CREDENTIALS, Problem.METHOD_NOT_ALLOWED)


def _anonymous(stand: Stand) -> Call:
    endpoint = next(endpoint for endpoint in stand.provider.endpoints if endpoint.sends)
    path = re.sub("<[^>]*>", "x", endpoint.path)
    return Call(endpoint.method, path, "", {"host": stand.provider.hosts[0]}, raw_path=path)


def _secrets(stand: Stand) -> Iterator[str]:
    """What proves an account is secret, and nobody sees what stands in its place."""
    table = stand.provider.credentials
    if not any(row.secret for row in table):
        yield (
            "no credential is secret: reports and the journal would show the account's key;"
            " expected secret=True on what proves an account"
        )
    wrong = stand.provider.row(Problem.UNAUTHENTICATED).key
    others = made(table, Chance("somebody else's"))
    for row in table:
        if row.make is None:
            continue
        known = {**stand.provider.published, row.name: others[row.name]}
        answered = stand.send(stand.number(), known=known)
        if not row.secret and not row.identifies and answered.row == wrong:
            yield (
                f"the credential '{row.name}' proves an account (with another one a send is refused"
                f" by {wrong}) and is not secret: reports would show it; expected secret=True"
            )
        if row.secret and others[row.name] in orjson.dumps(answered.entry).decode():
            yield (
                f"the secret '{row.name}' shows in the journal; expected its field in `at`, which"
                f" has {_listed(row.at) or 'nothing'}"
            )


def _rows(stand: Stand) -> Iterator[str]:
    """Every row, provoked by a rule, comes where and as it says."""
    for row in stand.provider.catalogue:
        stand.world.reset()
        rule = {"match": {"provider": stand.provider.name}, "effect": {"error": row.key}}
        install(stand.world, read_all([rule], stand.providers))
        answered = stand.send(stand.number())
        kept = stand.world.messages(limit=1)
        named = f"errors.json: {row.key}, provoked,"
        if row.place is Place.RECEIPT:
            if not kept:
                yield f"{named} refuses the request; it has the place 'receipt', which comes later"
            elif stand.ended(kept[0])[1] != row.key:
                yield f"{named} does not end the message; expected its status to be the last"
            continue
        if kept:
            yield f"{named} lets the message pass; expected `answer` or `refuse` to refuse it"
        yield from _spelled(stand, row, answered, named)
    stand.world.reset()


def _spelled(stand: Stand, row: ErrorRow, answered: Answered, named: str) -> Iterator[str]:
    status, body_ = answered.reply.status, answered.reply.body
    text = body_.decode("utf-8", "replace")
    if status != row.http_status:
        yield f"{named} is answered {status}; errors.json has {row.http_status}"
    if str(row.code) not in text and str(row.code) != str(status):
        yield f"{named} is answered without its code {row.code}: {text[:200]}"
    if left := re.search(r"\{\w+\}", text):
        yield (
            f"{named} has {left[0]} left in its text; expected the value from `placeholders`, the"
            " Refusal or the row's `defaults`"
        )
    names = [
        path.name.removesuffix(".response.schema.json")
        for path in contracts(stand.provider.name).glob("*error.response.schema.json")
    ]
    if row.place is Place.RECIPIENT:
        names.append(answered.entry["operation"])
    shapes = [contract(stand.provider.name, name, "response.schema") for name in names]
    kind = dict(answered.reply.headers).get("Content-Type", "")
    if not body_ or stand.provider.answers not in kind:
        return
    document_ = stand.provider.read_answer(body_)
    found = [shape.validate(document_) for shape in shapes if shape is not None]
    for violation in min(found, key=len, default=[])[:1]:
        yield (
            f"{named} has the place '{row.place}', and the answer is none of"
            f" {_listed(f'{name}.response.schema.json' for name in names)}: {violation}"
        )


def _settings(stand: Stand) -> Iterator[str]:
    """What an account is set to refuses a message, and lifted lets it pass."""
    if not stand.provider.judges:
        return
    for problem, (name, value) in _SET.items():
        stand.world.reset()
        to = stand.number()
        operations.settle(stand.world, name, value(stand.record, to))
        answered = stand.send(to)
        kept = stand.world.messages(limit=1)
        if not kept:
            yield from _judged(stand.provider.row(problem), name, answered)
        if kept and stand.ended(kept[0])[0] not in (State.FAILED, State.UNDELIVERED, State.EXPIRED):
            yield (
                f"a message is taken and delivered although `{name}` is"
                f" {value(stand.record, to)}: {problem.value} is never refused; expected"
                f" {_JUDGES[problem]}"
            )
        operations.settle(stand.world, name, None)
        again = stand.send(to, LATER_CODE)
        if LATER_CODE not in [message.code for message in stand.world.messages()]:
            yield f"once `{name}` is lifted, {to} is still refused{_by(again)}"
    stand.world.reset()


def _judged(row: ErrorRow, name: str, answered: Answered) -> Iterator[str]:
    """Whether a judge's refusal comes with the row's status: where it comes for one recipient of
    many, that is the status of the answer that all of them share."""
    told = str(row.code) in answered.reply.body.decode("utf-8", "replace")
    if told and answered.reply.status != row.http_status:
        yield (
            f"errors.json: {row.key}, when `{name}` asks for it, is answered"
            f" {answered.reply.status} and has {row.http_status}; where recipients are judged one"
            f" by one, expected the place 'recipient' and the status {answered.reply.status}"
        )


def _batch(stand: Stand) -> Iterator[str]:
    """A request to two reaches both; where rows are for one recipient, one bad does not stop
    the other."""
    if stand.record.batch is None:
        return
    one, other = stand.number(), stand.number()
    answered = stand.send(one, other=other)
    got = {message.to for message in stand.world.messages()}
    if {one, other} - got:
        yield (
            f"the batch of sample.json to {one} and {other} reaches"
            f" {_listed(got & {one, other}) or 'nobody'}{_by(answered)}"
        )
        return
    yield from _unlike(stand.provider, answered)
    stand.world.reset()
    row = stand.provider.row(Problem.OPTED_OUT)
    if row.place is Place.RECIPIENT:
        optouts.replace(stand.world, [other])
        answered = stand.send(one, other=other)
        if one not in {message.to for message in stand.world.messages()}:
            yield (
                "of a batch whose second number has opted out the first gets nothing"
                f"{_by(answered)}, although {row.key} has the place 'recipient'; expected"
                " per_recipient=True"
            )
        stand.world.reset()


def _callbacks(stand: Stand) -> Iterator[str]:
    """What the provider sends keeps the contract that the record names."""
    provider, record, world = stand.provider, stand.record, stand.world
    if provider.receipts is not None and "receipts" in record.callbacks:
        stand.send(stand.number())
        (message,) = world.messages(limit=1)
        yield from _sent(stand, message, "receipts")
    if (
        provider.inbound is not None
        and "inbound" in record.callbacks
        and LIFECYCLE in provider.lifecycles
    ):
        reply = arrive(provider, world, stand.number(), "12345", "Yes", URL)
        yield from _sent(stand, reply, "inbound")


def _probes(stand: Stand) -> Iterator[str]:
    """What the vendor is asked for nothing sends nothing, and it is said why what is bound to
    differ does."""
    provider = stand.provider
    try:
        facts = probes(provider)
    except BadProbes as bad:
        yield str(bad)
        return
    where = contracts(provider.name) / "probes.json"
    for probe in facts.probes:
        stand.world.reset()
        known = facts.of(probe.name)
        bodies = [_probed(stand, probe, NOW + later) for later in (0, LATER)]
        if stand.world.messages(limit=1) and probe.kind not in (TEST, SANDBOX, ""):
            yield (
                f"{where}: {probe.name}: it is said to be free ({probe.kind}), and is accepted:"
                ' the vendor may send and charge it; expected a request that is refused, or "spend"'
            )
        for pointer in moving(*bodies) if where.is_file() else ():
            if known.varying(pointer) is None:
                yield (
                    f"{where}: {probe.name}: two answers differ at {pointer}; expected in"
                    f' "varies" {{"at": "{pointer}", "why": ...}}'
                )
    for world in (stand.world, stand.accounts.strangers):
        world.reset()  # and its clock runs again


def _probed(stand: Stand, probe: Probe, at: float) -> Any:
    """The body of the answer to a probe, at that time."""
    provider, record = stand.provider, stand.record
    to = record.written(NOBODY if probe.kind else record.number(1))
    for world in (stand.world, stand.accounts.strangers):
        world.clock.freeze(at)
    call = probe.call(
        provider.credentials,
        provider.published,
        to=to,
        now=at,
        nonce=f"{probe.name}{at}",
        host=provider.hosts[0],
    )
    return parsed(stand.ask(call).reply.body)


def _sent(stand: Stand, message: Message, kind: str) -> Iterator[str]:
    reporting = stand.provider.reporting(message)
    assert reporting is not None  # noqa: S101 - it is the provider's own message
    order = line_of.line(reporting, message)
    if not order:
        yield (
            f"no step of the lifecycle '{message.lifecycle}' is one of {kind}; expected one of its"
            f" statuses, after the first, in {_listed(reporting.receipts.statuses)}"
        )
    name = stand.record.callbacks[kind]
    agreed = contract(stand.provider.name, name)
    for place in order:
        due = line_of.Due(
            message.id, order.index(place), 0, message.at + _after(stand, message, place)
        )
        report = line_of.report(reporting, message, due)
        if report is None or agreed is None:
            continue
        sent = reporting.receipts.build(stand.world, URL, [report])
        for violation in agreed.validate(_document(sent)):
            yield f"what is sent ({report.step.status}) breaks {name}.schema.json: {violation}"


def _after(stand: Stand, message: Message, place: line_of.Place) -> float:
    return stand.provider.steps(message.lifecycle)[place.step].after


def _document(sent: line_of.Callback) -> dict[str, Any]:
    headers = {name.lower(): value for name, value in sent.headers}
    path, _, query = sent.url.removeprefix("http://127.0.0.1").partition("?")
    call = Call(sent.method, path, query, headers, sent.body)
    return document(
        call.method, call.path, headers, query_fields(query) if query else {}, body(call)
    )


def _by(answered: Answered) -> str:
    return f" by {answered.row}" if answered.row else ""


def _listed(names: Any) -> str:
    return ", ".join(sorted(map(str, names)))
