"""What is wrong with a body is told as zod tells it: by vectors that zod 3.24, Logto's, made of
Logto's guards (the packages schemas and core of https://github.com/logto-io/logto)."""

import json
from pathlib import Path

import pytest

from simulators.otp.app import ROUTES

FILE = Path(__file__).parent.parent / "vectors" / "logto-bodies.jsonl"
VECTORS = [json.loads(line) for line in FILE.read_text().splitlines()]
GUARDS = {f"{route.method} {route.path}": route.guard for route in ROUTES}


@pytest.mark.parametrize("vector", VECTORS, ids=lambda one: f"{one['route']} {one['body']}")
def test_a_body_is_refused_as_zod_refuses_it(vector):
    """Unions by the alternative that was meant, null beside a type, fields that tell apart."""
    found = GUARDS[vector["route"]].issues(vector["body"])

    assert (vector["issues"] or []) == found
