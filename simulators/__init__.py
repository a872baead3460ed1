"""Stands in for SMS providers: answers, refuses and throttles as they do, and sends nothing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from simulators.app import Options


def flask_app(
    provider: str,
    options: Options | None = None,
    *,
    beside: Flask | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Flask:
    """The Flask app of a provider: for `test_client()`, any WSGI server, or to be mounted.

    The control API is under `/_sim` of it, and `app.extensions["sms"]` is the account with the
    published credentials: its messages, codes, clock and rules. `beside` another such app it has
    that one's state; else `options` (`simulators.app.Options`) say what it starts with. `sleep`
    waits where an answer is delayed. Raises `LookupError` for a provider that there is none of.
    """
    from simulators import wsgi  # only who wants an app loads it

    return wsgi.flask_app(provider, options, beside=beside, sleep=sleep)
