"""Request bodies held to their JSON Schema, and what is wrong told as Logto's guard (zod) does."""

from collections.abc import Sequence
from typing import Any

import jsonschema_rs

from simulators.otp import zod
from simulators.otp.refused import Refused

Schema = zod.Schema


class Guard:
    """One compiled schema."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._validator = jsonschema_rs.validator_for(dict(schema))

    def check(self, body: Any) -> None:
        """Raises `Refused` (guard.invalid_input) for a body that breaks the schema."""
        if not self._validator.is_valid(body):
            found = self.issues(body)
            raise Refused("guard.invalid_input", zod.zod_error(found), type="body")

    def issues(self, document: Any) -> list[zod.Issue]:
        """All that is wrong, as zod's issues."""
        return zod.issues(self._schema, self._validator.iter_errors(document))


def obj(required: Sequence[str] = (), /, **properties: Schema) -> Schema:
    """The schema of an object."""
    return {"type": "object", "properties": properties, "required": list(required)}
