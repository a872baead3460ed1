"""One recipient of two is refused: where the provider answers for each, the other one is sent to.

Every endpoint of the catalogue that answers for each recipient is asked (but for those of a
provider whose sample says that a request has one recipient), with a request that its
contract's examples keep, made out to two numbers. Rows that a vendor gives for a whole request
alone (`"place": "answer"`) refuse both.
"""

import dataclasses
import json
import re
from functools import cache
from urllib.parse import urlencode

import orjson
import pytest

from simulators import files
from simulators.catalog import PROVIDERS
from simulators.data import contracts
from simulators.kernel import optouts, tables
from simulators.kernel.accounts import DEFAULT, Accounts
from simulators.kernel.call import Call
from simulators.kernel.catalogue import Place, Problem
from simulators.kernel.credentials import lookup_ids
from simulators.kernel.phone import parse
from simulators.kernel.pipeline import Pipeline, Settings
from simulators.kernel.provider import Send
from simulators.kernel.rules import install, read_all
from simulators.samples import sample
from simulators.server.routes import match
from simulators.store.strict import StrictStore

ELSEWHERE = "+33612345678"
# Answers with the numbers that were refused, and says not why: tests/providers/aliyun has its own.
SILENT = {("aliyun", "batch-send-message-to-globe")}
SENDS = sorted(
    {
        (name, endpoint.operation)
        for name, provider in PROVIDERS.items()
        for endpoint in provider.endpoints
        if isinstance(endpoint.does, Send) and endpoint.does.per_recipient and sample(name).batch
    }
    - SILENT
)
MAGIC = {
    rule["match"]["to"].removeprefix("*"): rule["effect"]["error"]
    for rule in files.read_rules(["magic"], PROVIDERS)
    if "error" in rule["effect"]
}
NOW = 1_800_000_000.0


class Stand:
    """One account of a provider that asks for no proof, and where its answers come from."""

    def __init__(self, name):
        provider = PROVIDERS[name]
        self.id, *_ = lookup_ids(provider.credentials, provider.published)
        self.provider = provider
        self.open = dataclasses.replace(
            provider, identify=lambda _exchange: self.id, authenticate=lambda _exchange: None
        )
        accounts = Accounts(StrictStore(), PROVIDERS.values())
        self.world = accounts.world(DEFAULT)
        self.world.clock.freeze(NOW)
        self.pipeline = Pipeline(accounts, Settings())

    def send(self, document):
        """The answer, and the numbers that were sent to."""
        call = spelled(document)
        candidates, params = match(self.open, call)
        reply = self.pipeline.respond(self.open, candidates, call, params)
        return reply, {message.to for message in self.world.messages()}


def spelled(document):
    """A request document as the call it was read from."""
    headers = {name: str(value) for name, value in document["headers"].items()}
    body = document["body"]
    raw = b"" if body is None else json.dumps(body).encode()
    if body is not None and "form" in headers.get("content-type", "form"):
        headers["content-type"] = "application/x-www-form-urlencoded"
        raw = urlencode(body, doseq=True).encode()
    return Call(
        document["method"],
        document["path"],
        urlencode(document["query"] or {}, doseq=True),
        headers,
        raw,
    )


def spelling(value, was):
    """How many characters of a number in E.164 are not written in a text that has it; None for a
    text that has it not, alone or among several."""
    texts = [text for text in value.split(",") if len(text) >= 8 and was.endswith(text)]
    return len(was) - len(texts[0]) if texts else None


def mentions(value, was):
    """Whether a number stands in a document, in whatever spelling."""
    if isinstance(value, dict):
        return any(mentions(one, was) for one in value.values())
    if isinstance(value, list):
        return any(mentions(one, was) for one in value)
    return isinstance(value, str) and spelling(value, was) is not None


def made_out(value, was, numbers):
    """A document with these numbers in the list, or the text of several, where one was."""
    if not mentions(value, was):
        return value
    if isinstance(value, dict):
        return {key: made_out(inner, was, numbers) for key, inner in value.items()}
    if isinstance(value, list):
        entry = next(one for one in value if mentions(one, was))
        return [made_out(entry, was, [number]) for number in numbers]
    left = spelling(value, was)
    return ",".join(n[left:] if n.startswith(was[:left]) else n for n in numbers)


@cache
def to_two(name, operation, apart):
    """A request to two numbers, in two regions if they are to be `apart`, that reaches both; None
    where no example of the operation can be made out to two."""
    record = sample(name)
    home = record.number(1)
    kept = orjson.loads((contracts(name) / f"{operation}.examples.json").read_bytes())["keeps"]
    for document in [one for one in kept if one["body"]]:
        for was in Stand(name).send(document)[1]:
            neighbour = was[:-1] + ("7" if was[-1] == "5" else "5")
            abroad = (record.foreign, ELSEWHERE)
            together = [(home, record.number(2)), (was, neighbour)]
            for pair in [(home, record.foreign), abroad] if apart else together:
                two = {**document, "body": made_out(document["body"], was, pair)}
                if Stand(name).send(two)[1] == set(pair):
                    return two, pair
    return None


@pytest.fixture(params=SENDS, ids="/".join)
def two(request):
    """A stand, and how to send through it to two numbers: `two(apart=True)` are in two regions."""
    name, operation = request.param
    stand = Stand(name)

    def made(*, apart=False, digits=""):
        found = to_two(name, operation, apart)
        assert found, f"{operation}.examples.json: no request made out to two reaches both"
        document, (one, other) = found
        if digits:
            marked = other[: -len(digits)] + digits
            document = {**document, "body": made_out(document["body"], one, (one, marked))}
            other = marked
        return document, one, other

    made.stand = stand
    return made


def told(reply, row):
    """Whether an answer has the code of a row; a recipient's stands in an answer to all."""
    status = 200 if row.place is Place.RECIPIENT else row.http_status
    code = rf"(?<![\w.-]){re.escape(str(row.code))}(?![\w.])"
    shown = re.search(code, reply.body.decode()) is not None or str(row.code) == str(reply.status)
    return status == reply.status and shown


def test_a_rule_for_one_number_refuses_that_one_where_its_row_can(two):
    """Each row of the catalogue: a recipient's refuses that recipient, a receipt's nobody, and
    one of the whole request all."""
    stand, wrong = two.stand, []
    document, one, other = two()
    places = set()
    for row in stand.provider.catalogue:
        rule = {
            "match": {"provider": stand.provider.name, "to": other},
            "effect": {"error": row.key},
        }
        install(stand.world, read_all([rule], PROVIDERS))
        reply, reached = stand.send(document)
        stand.world.reset()
        stand.world.clock.freeze(NOW)
        places.add(row.place)
        expected = {Place.ANSWER: set(), Place.RECIPIENT: {one}, Place.RECEIPT: {one, other}}
        if reached != expected[row.place] or (
            row.place is not Place.RECEIPT and not told(reply, row)
        ):
            wrong.append((row.key, row.place, reached, reply.body))

    assert [] == wrong
    assert set(Place) == places


@pytest.mark.parametrize("digits", MAGIC)
def test_a_magic_number_beside_another_is_refused_alone_where_its_row_can_be(digits, two):
    """And without the shipped rules both are numbers like any other."""
    stand = two.stand
    document, one, other = two(digits=digits)
    row = stand.provider.row(Problem(MAGIC[digits]))
    assert {one, other} == Stand(stand.provider.name).send(document)[1]
    install(stand.world, files.read_rules(["magic"], PROVIDERS))

    reply, reached = stand.send(document)

    assert told(reply, row)
    assert ({one} if row.place is Place.RECIPIENT else set()) == reached


def test_a_region_that_is_not_allowed_stops_who_is_there(two):
    """The other one is elsewhere."""
    stand = two.stand
    document, one, other = two(apart=True)
    stand.world.save("regions", {"allowed": None, "blocked": [parse(other).region]})

    reply, reached = stand.send(document)

    assert {one} == reached
    assert told(reply, stand.provider.row(Problem.REGION_NOT_ALLOWED))


def test_who_has_opted_out_gets_nothing_and_the_other_one_does(two):
    """Whichever of the two it is."""
    stand = two.stand
    document, *pair = two()
    for out, sent in (pair, reversed(pair)):
        optouts.replace(stand.world, [out])

        reply, reached = stand.send(document)
        stand.world.reset()
        stand.world.clock.freeze(NOW)

        assert {sent} == reached
        assert told(reply, stand.provider.row(Problem.OPTED_OUT))


def test_a_full_window_of_one_number_stops_that_one(two):
    """By an account's own table, with each row of the provider's own limits and with none named;
    that number is never told what is said of whole requests."""
    stand = two.stand
    document, one, other = two()
    alone = {**document, "body": made_out(document["body"], other, (other,))}
    provider, wrong = stand.provider, []
    for named in (None, *sorted({limit.error for limit in provider.limits})):
        limit = {"permits": 1, "seconds": 60, "key": ["number"], "provider": provider.name}
        limit |= {"error": named} if named else {}
        stand.world.save("limits", tables.read([limit], PROVIDERS))
        assert {other} == stand.send(alone)[1]

        reply, reached = stand.send(document)
        stand.world.reset()
        stand.world.clock.freeze(NOW)

        row = provider.row(named or Problem.THROTTLED)
        row = provider.row(row.recipient) if row.recipient else row
        if reached != {one, other} or not told(reply, row) or row.place is not Place.RECIPIENT:
            wrong.append((named, row.key, row.place, reached, reply.body))

    assert [] == wrong


def test_a_judge_who_says_what_is_said_of_whole_requests_refuses_the_whole_one(two):
    """As a rule does, whichever of the two it is asked about, and nobody is sent to."""
    stand = two.stand
    document, _one, other = two()
    rows = [row for row in stand.provider.catalogue if row.place is Place.ANSWER]
    whole = next(row for row in rows if not row.recipient)

    def judge(exchange, draft):
        return exchange.fail(whole.key) if draft.number == other else None

    stand.open = dataclasses.replace(stand.open, judges=(judge,))
    reply, reached = stand.send(document)

    assert set() == reached
    assert told(reply, whole)
