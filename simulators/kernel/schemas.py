"""Schemas of a provider's settings documents, by which an account changes how it behaves.

What a document of one provider holds, that provider's folder says; these are the parts that
several are made of.
"""

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]

FLAG: Schema = {"type": "boolean", "description": "true or false"}
E164: Schema = {"type": "string", "pattern": r"^\+[1-9][0-9]{6,14}$", "description": "E.164"}
REGION: Schema = {"type": "string", "pattern": "^[A-Z]{2}$", "description": "an ISO 3166 code"}


def record(**properties: Schema) -> Schema:
    """An object with any of these, and nothing else."""
    return {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "description": f"an object with {', '.join(properties)}",
    }


def misnamed(schema: Schema, document: Any) -> str:
    """The first name in a document that its record has not; "" if there is none."""
    known = schema.get("properties")
    if known is None or not isinstance(document, Mapping):
        return ""
    return next((str(name) for name in document if name not in known), "")


def many(items: Schema) -> Schema:
    """A list of at most 1000 of these."""
    told = f"a list; each {items['description']}"
    return {"type": "array", "items": items, "maxItems": 1000, "description": told}


def number(least: float, most: float) -> Schema:
    """A number between two bounds, both included."""
    told = f"a number from {least:g} to {most:g}"
    return {"type": "number", "minimum": least, "maximum": most, "description": told}


def one_of(*words: str) -> Schema:
    """One of a few words."""
    return {"enum": list(words), "description": f"one of {', '.join(words)}"}
