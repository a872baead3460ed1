"""The shapes of the control API's documents: of its answers, of what it takes, and of parameters
that several routes have. Every field says what it is.

What a body may be is judged where it is read (`kernel/rules.py`, `kernel/tables.py`, a provider's
settings), which tells the near name and the provider's words; the shapes here describe the same to
those who read `/_sim/openapi.json`, and tests hold the two together.
"""

from typing import Any

from simulators import catalog
from simulators.kernel import rules, tables
from simulators.kernel.message import State

Shape = dict[str, Any]

TEXT: Shape = {"type": "string"}
NULLABLE: Shape = {"type": ["string", "null"]}
NUMBER: Shape = {"type": "number"}
COUNT: Shape = {"type": "integer", "minimum": 0}
TIME: Shape = {"type": "string", "description": "ISO 8601 in UTC"}
STATE: Shape = {
    "enum": [str(state) for state in State],
    "description": "what became of it, in no provider's language",
}


def said(shape: Shape, description: str) -> Shape:
    """The same shape, with what the field is."""
    return {**shape, "description": description}


def text(description: str) -> Shape:
    """A text, and what it is."""
    return said(TEXT, description)


def count(description: str) -> Shape:
    """A whole number, 0 or more, and what it counts."""
    return said(COUNT, description)


def number(description: str, low: float | None = None, high: float | None = None) -> Shape:
    """A number, and what it is."""
    bounds = {"minimum": low, "maximum": high}
    return {
        **said(NUMBER, description),
        **{name: bound for name, bound in bounds.items() if bound is not None},
    }


def flag(description: str) -> Shape:
    """True or false, and what true says."""
    return {"type": "boolean", "description": description}


def record(**properties: Any) -> Shape:
    """An object that has all these properties, and no others."""
    return {**part(**properties), "required": list(properties)}


def part(**properties: Any) -> Shape:
    """An object that has some of these properties, and no others."""
    return {"type": "object", "properties": properties, "additionalProperties": False}


def many(items: Shape) -> Shape:
    """A list of these."""
    return {"type": "array", "items": items}


def texts(description: str) -> Shape:
    """An object of any names with texts."""
    return {"type": "object", "additionalProperties": TEXT, "description": description}


def ref(name: str) -> Shape:
    """A reference to one of `COMPONENTS`."""
    return {"$ref": f"#/components/schemas/{name}"}


def or_null(shape: Shape, description: str) -> Shape:
    """The shape, or null."""
    return {"anyOf": [shape, {"type": "null"}], "description": description}


CREDENTIALS: Shape = {
    "type": "object",
    "description": "provider to credential names to values",
    "additionalProperties": {"type": "object", "additionalProperties": TEXT},
}
PROVIDER: Shape = {
    "type": "string",
    "enum": sorted(catalog.PROVIDERS),
    "description": f"one of: {', '.join(sorted(catalog.PROVIDERS))}",
}

_WORD: Shape = {"type": "string", "minLength": 1, "maxLength": 200}
_NAME: Shape = {**_WORD, "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]*$"}
_CODE: Shape = {
    "type": ["string", "integer"],
    "description": "a key or code of the provider's catalogue, or what every provider spells in its"
    " own way, as bad_recipient or throttled",
}
_WHOLE: Shape = {"type": "integer", "minimum": 0, "maximum": 10**15}

MATCH: Shape = {
    **part(
        provider=PROVIDER,
        operation=said(_WORD, "an operation of the provider's, as create-message"),
        to=said(_WORD, "a glob over the recipient in E.164, as *0001"),
        region=said(_WORD, "the recipient's region by ISO 3166, as CN"),
        template=said(_WORD, "the code of the template that the message was sent by"),
        sender=said(_WORD, "a glob over the sender"),
        after=said(_WHOLE, "how many matches pass before the first that has the effect"),
        times=said(_WHOLE, "how often it has the effect; without it, always"),
        probability=number("how often a match has the effect, by the account's own chance", 0, 1),
    ),
    "description": "which requests: those to which all that is given applies; all, without any",
}
ANSWER: Shape = {
    **part(
        status={
            "type": "integer",
            "minimum": 200,
            "maximum": 599,
            "description": "the HTTP status; 200 if left out",
        },
        headers={
            "type": "object",
            "propertyNames": {"pattern": "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"},
            "additionalProperties": {"type": "string", "pattern": "^[ -~]*$"},
            "description": "header names and values in printable ASCII",
        },
        body={
            "anyOf": [
                {"type": "string"},
                {"type": "object", "additionalProperties": True},
                {"type": "array", "items": {}},
            ],
            "description": "a text, or an object or list to send as JSON",
        },
    ),
    "description": "an answer in the place of the provider's",
}
RECEIPT: Shape = {
    **part(
        status=said(_WORD, "the status that it ends in, in the provider's word"),
        state={"enum": list(rules.STATES), "description": "the same in no provider's language"},
        error=said(_CODE, "the error that it ends in: a row that appears in receipts"),
        after_s=number("seconds until it ends so", 0, 1e9),
        duplicate=flag("the last receipt comes twice"),
        reorder=flag("the receipts come in another order"),
    ),
    "minProperties": 1,
    "description": "what becomes of the message after it was accepted",
}
EFFECT: Shape = {
    **part(
        error=_CODE,
        delay_ms=number("milliseconds that the answer is late", 0, rules.MAX_DELAY_MS),
        jitter_ms=number("up to as many milliseconds more, by chance", 0, rules.MAX_DELAY_MS),
        socket={
            "enum": list(rules.SOCKETS),
            "description": "what is done to the connection in place of a whole answer",
        },
        answer=ANSWER,
        receipt=RECEIPT,
        keep=flag("the message is sent all the same, though its answer is replaced or lost"),
    ),
    "minProperties": 1,
    "description": "what happens then",
}
RULE: Shape = {
    **part(
        name=said(_NAME, "made up if left out; no control characters"),
        match=MATCH,
        effect=EFFECT,
    ),
    "required": ["effect"],
    "description": "an object with name, match and effect",
}
LIMIT: Shape = {
    **part(
        name=said(_NAME, "made up if left out; no control characters"),
        permits=said(_WHOLE, "how many messages pass in a window"),
        seconds=number("how long the window is", 0.001, 1e9),
        key={
            "type": "array",
            "minItems": 1,
            "items": {"enum": [*tables.KEYS, "account"]},
            "description": "what it counts by; account is one window over all",
        },
        kind={
            "enum": ["rolling", "natural", "queue"],
            "description": "a window that slides, one that begins on the clock (as a day), or a"
            " queue that empties; rolling if left out",
        },
        zone_s=number("seconds east of UTC by which a natural window begins", -86_400, 86_400),
        provider=said(PROVIDER, "the provider that it holds for; all if left out"),
        error=said(_WORD, "the row or problem that one too many is refused by; throttled if not"),
    ),
    "required": ["permits", "seconds", "key"],
    "description": "a limit of the account's own",
}


def documents() -> Shape:
    """The settings documents of all providers; null for one that is not set."""
    known = {
        name: or_null(dict(schema), f"how {provider.title} behaves towards the account")
        for provider in catalog.PROVIDERS.values()
        for name, schema in provider.settings.items()
    }
    return {
        **part(**known),
        "description": "an object of the provider's settings documents; null takes one away",
    }


# What an attempt to hand over a report is about, and what came of it.
REPORT: Shape = {
    "message": text("the id of the message"),
    "provider": PROVIDER,
    "to": text("the message's recipient"),
    "reports": text("the status that it tells, in the provider's word"),
    "error": text("the catalogue key of the error that it tells, empty for none"),
    "attempt": count("1 for the first"),
}
OUTCOME: Shape = {
    "state": {
        "enum": ["delivered", "retrying", "given up"],
        "description": "whether it was acknowledged, is tried again, or is not",
    },
    "status": count("the HTTP status of the answer, 0 for none"),
    "seconds": number("how long the answer took"),
    "lacks": text("what the answer lacks to be an acknowledgement, empty for nothing"),
}

COMPONENTS: Shape = {
    "Bad": {
        **record(
            error=text("what is wrong"),
            expected=text("what was expected"),
            got=text("what came"),
        ),
        "additionalProperties": True,
        "description": "A refusal: what is wrong, what was expected, what came.",
    },
    "Failure": {
        **record(
            key=text("the catalogue's key of it"),
            code={"type": ["string", "integer"], "description": "the provider's code"},
            message=text("the provider's words"),
        ),
        "description": "An error of the provider's catalogue.",
    },
    "Step": {
        **record(
            status=text("the provider's word"),
            state=STATE,
            at=TIME,
            error=or_null(ref("Failure"), "why it failed, null where it did not"),
        ),
        "description": "A status that a message had, and since when.",
    },
    "LogEntry": {
        **record(
            group=text("the log it is in"),
            document={
                "type": "object",
                "additionalProperties": True,
                "description": "what stands there, in the provider's own names",
            },
        ),
        "description": "What a provider writes of a message into a log of its own.",
    },
    "Message": {
        **record(
            id=text("as the provider makes them"),
            account=text("whose it is"),
            sequence=count("its place among the account's messages"),
            provider=PROVIDER,
            operation=text("by which it was sent; inbound for a reply from a phone"),
            to=text("the recipient in E.164"),
            sender=text("who it is from"),
            text=text("what the person reads"),
            code=said(NULLABLE, "the one-time code found in the text"),
            segments=count("how many SMS it takes"),
            template=text("the code of the template it was sent by, empty for none"),
            callback=text("the URL that the request named for receipts, empty for none"),
            details={
                "type": "object",
                "additionalProperties": True,
                "description": "what else the provider keeps of it, in its own names",
            },
            life=said(NULLABLE, "the provider's name for its course, null for its own"),
            at=said(TIME, "when it was accepted"),
            status=text("the provider's word"),
            state=STATE,
            log=or_null(ref("LogEntry"), "what the provider has logged of it, null for nothing"),
            history=said(many(ref("Step")), "what became of it so far, oldest first"),
        ),
        "description": "An accepted message, or a reply from a phone.",
    },
    "Account": {
        **record(id=text("its name"), credentials=CREDENTIALS),
        "description": "One customer of all providers.",
    },
    "Violation": {
        **record(
            pointer=text("where in the request"),
            got=text("what came"),
            expected=text("what was expected"),
            source=text("the page that says so"),
            message=text("all of it as one sentence"),
        ),
        "description": "One rule of a contract that was broken.",
    },
    "Signed": {
        **record(
            canonical_request=text("the request as the scheme writes it"),
            string_to_sign=text("what the signature is over"),
        ),
        "description": "What a signature is made of.",
    },
    "Mismatch": {
        **record(
            scheme=text("the scheme of signatures"),
            source=text("the page that describes it"),
            expected=text("the right signature"),
            got=text("the one that came"),
            mistake=text("how theirs came about, empty where none is known"),
            ours=ref("Signed"),
            theirs=or_null(ref("Signed"), "what the signature that came is over, where known"),
        ),
        "description": "A refused signature, explained.",
    },
    "Refused": {
        **record(
            to=text("the recipient, empty where the request was refused before one was read"),
            key=text("the catalogue's key of the error"),
            code={"type": ["string", "integer"], "description": "the provider's code"},
            message=text("the provider's words"),
        ),
        "description": "A recipient that was refused, and how.",
    },
    "Entry": {
        **record(
            sequence=count("its place in the journal"),
            at=TIME,
            provider=PROVIDER,
            operation=text("the operation that was asked for, empty where there is none"),
            method=text("the HTTP method"),
            target=text("path and query"),
            headers=texts("the request's headers, names in lower case"),
            body=text("the request's body"),
            breaches=said(many(ref("Violation")), "the rules of the contract that it broke"),
            error=text("the catalogue key of the refusal, empty for none"),
            rule=text("the limit or rule that fired, empty for none"),
            messages=said(many(TEXT), "the ids of the messages that were accepted"),
            status=count("the HTTP status of the answer"),
            answer=text("the body of the answer"),
            mismatch={
                "anyOf": [{"type": "null"}, ref("Mismatch")],
                "description": "a refused signature: what the right one is over, and the mistake",
            },
            warnings=said(
                many(TEXT), "what it was hardly meant to be, each as one sentence; breaks nothing"
            ),
            refused=said(many(ref("Refused")), "the recipients that were refused, ten at most"),
            socket=text("what a rule did to the connection in place of an answer, empty if none"),
            sentences=said(many(TEXT), "the violations, each as one sentence"),
        ),
        "description": "A request and its answer, or a callback that was answered wrongly.",
    },
    "Attempt": {
        **record(
            at=TIME,
            **REPORT,
            method=text("the HTTP method"),
            url=text("where it went"),
            headers=texts("what was sent"),
            body=text("what was sent"),
            answer=text("the body of the answer"),
            **OUTCOME,
        ),
        "description": "One attempt to hand a receipt or a reply to the application.",
    },
    "Rule": RULE,
    "Limit": LIMIT,
    "MessageEvent": {
        **record(
            sequence=count("its place among the account's messages"),
            id=text("as the provider makes them"),
            account=text("whose it is"),
            provider=PROVIDER,
            operation=text("by which it was sent; inbound for a reply from a phone"),
            to=text("the recipient in E.164"),
            sender=text("who it is from"),
            text=text("what the person reads; a long one is cut"),
            code=said(NULLABLE, "the one-time code found in the text"),
            at=said(TIME, "when it was accepted"),
            status=text("the provider's word"),
            state=STATE,
        ),
        "description": "`message`: one was accepted, or a phone replied.",
    },
    "RequestEvent": {
        **record(
            account=text("whose it is, 'strangers' where no account could be found"),
            sequence=count("its place in the journal"),
            at=TIME,
            provider=PROVIDER,
            operation=text("the operation that was asked for, empty where there is none"),
            method=text("the HTTP method"),
            target=text("path and query; a long one is cut"),
            status=count("the HTTP status of the answer"),
            error=text("the catalogue key of the refusal, empty for none"),
            rule=text("the limit or rule that fired, empty for none"),
            socket=text("what a rule did to the connection, empty for nothing"),
            messages=said(many(TEXT), "the ids of the messages that were accepted"),
            refused=said(many(ref("Refused")), "the recipients that were refused, ten at most"),
            sentences=said(many(TEXT), "the first violations, each as one sentence"),
            mistake=text("what is wrong with its signature, empty for nothing or not known"),
        ),
        "description": "`request`: a provider was asked something. Entry has all of it.",
    },
    "ReceiptEvent": {
        **record(
            account=text("whose it is"),
            sequence=count("its place in the log of attempts"),
            at=TIME,
            **REPORT,
            url=text("where it went"),
            **OUTCOME,
        ),
        "description": "`receipt`: an attempt to hand a receipt or a reply to the application.",
    },
    "RulesEvent": {
        **record(account=text("whose they are"), rules=count("how many there are")),
        "description": "`rules`: they were changed.",
    },
    "LimitsEvent": {
        **record(account=text("whose they are")),
        "description": "`limits`: flow control, regions, opt-outs, credit or suspension changed.",
    },
    "ClockEvent": {
        **record(account=text("whose it is"), now=TIME, frozen=flag("it stands still")),
        "description": "`clock`: it was stopped, moved or let run.",
    },
    "MoreEvent": {
        **record(
            account=text("whose they are"),
            messages=count("how many messages were left out"),
            requests=count("how many requests"),
            receipts=count("how many attempts at receipts"),
            why={
                "enum": ["slow", "gone"],
                "description": "more came than is told of, or the journal has them no more",
            },
        ),
        "description": "`more`: events that were left out.",
    },
    "EmptiedEvent": {
        **record(account=text("which one")),
        "description": "`emptied`: the account was, or the server is another one; all that is kept"
        " now comes after it.",
    },
}

TO: Shape = {
    "type": "string",
    "maxLength": 40,
    "description": "a phone number in any usual writing",
}
SINCE: Shape = {
    "type": "string",
    "maxLength": 40,
    "description": "an ISO 8601 time, a message's sequence, or 'now'; later messages count",
}
CURSOR: Shape = {
    "type": "integer",
    "minimum": 1,
    "maximum": 10**15,
    "description": "the `next` of the page before, a whole number from 1",
}


def limit(default: int, most: int) -> Shape:
    """How many at most."""
    return {
        "type": "integer",
        "minimum": 1,
        "maximum": most,
        "default": default,
        "description": f"a whole number from 1 to {most}",
    }
