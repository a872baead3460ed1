"""The shapes of the control API's answers, and of parameters that several routes take."""

from typing import Any

from simulators import catalog
from simulators.kernel.message import State

Shape = dict[str, Any]

TEXT: Shape = {"type": "string"}
NULLABLE: Shape = {"type": ["string", "null"]}
NUMBER: Shape = {"type": "number"}
COUNT: Shape = {"type": "integer", "minimum": 0}
TIME: Shape = {"type": "string", "description": "ISO 8601 in UTC"}
STATE: Shape = {"enum": [str(state) for state in State]}


def record(**properties: Any) -> Shape:
    """An object that has all these properties, and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def many(items: Shape) -> Shape:
    """A list of these."""
    return {"type": "array", "items": items}


def ref(name: str) -> Shape:
    """A reference to one of `COMPONENTS`."""
    return {"$ref": f"#/components/schemas/{name}"}


CREDENTIALS: Shape = {
    "type": "object",
    "description": "provider to credential names to values",
    "additionalProperties": {"type": "object", "additionalProperties": TEXT},
}

COMPONENTS: Shape = {
    "Bad": {
        **record(error=TEXT, expected=TEXT, got=TEXT),
        "additionalProperties": True,
        "description": "A refusal: what is wrong, what was expected, what came.",
    },
    "Failure": {**record(key=TEXT, code={"type": ["string", "integer"]}, message=TEXT)},
    "Step": record(
        status=TEXT,
        state=STATE,
        at=TIME,
        error={"anyOf": [ref("Failure"), {"type": "null"}]},
    ),
    "Message": record(
        id=TEXT,
        account=TEXT,
        sequence=COUNT,
        provider=TEXT,
        operation=TEXT,
        to=TEXT,
        sender=TEXT,
        text=TEXT,
        code={**NULLABLE, "description": "the one-time code found in the text"},
        segments=COUNT,
        template=TEXT,
        callback=TEXT,
        details={"type": "object"},
        life={**NULLABLE, "description": "the provider's name for its course, null for its own"},
        at={**TIME, "description": "when it was accepted"},
        status={**TEXT, "description": "the provider's word"},
        state={**STATE, "description": "the same in no provider's language"},
        history={**many(ref("Step")), "description": "what became of it so far, oldest first"},
    ),
    "Account": record(id=TEXT, credentials=CREDENTIALS),
    "Breach": record(pointer=TEXT, got=TEXT, expected=TEXT, source=TEXT, message=TEXT),
    "Signed": record(canonical_request=TEXT, string_to_sign=TEXT),
    "Mismatch": record(
        scheme=TEXT,
        source=TEXT,
        expected=TEXT,
        got=TEXT,
        mistake={**TEXT, "description": "how theirs came about, empty where none is known"},
        ours=ref("Signed"),
        theirs={"anyOf": [{"type": "null"}, ref("Signed")]},
    ),
    "Entry": record(
        sequence=COUNT,
        at=TIME,
        provider=TEXT,
        operation=TEXT,
        method=TEXT,
        target=TEXT,
        headers={"type": "object", "additionalProperties": TEXT},
        body=TEXT,
        breaches=many(ref("Breach")),
        error={**TEXT, "description": "the catalogue key of the refusal, empty for none"},
        rule={**TEXT, "description": "the limit or rule that fired, empty for none"},
        messages=many(TEXT),
        status=COUNT,
        answer=TEXT,
        mismatch={
            "anyOf": [{"type": "null"}, ref("Mismatch")],
            "description": "a refused signature: what the right one is over, and the mistake",
        },
        sentences={**many(TEXT), "description": "the breaches, each as one sentence"},
    ),
}

PROVIDER: Shape = {
    "type": "string",
    "enum": sorted(catalog.PROVIDERS),
    "description": f"one of: {', '.join(sorted(catalog.PROVIDERS))}",
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
