"""The reference OTP service as one more listener, in front of the simulators it sends through."""

import contextlib
import random
from collections.abc import Callable
from typing import TYPE_CHECKING

from simulators.otp.service import Policy

if TYPE_CHECKING:
    from flask import Flask


def app(
    via: str, now: Callable[[], float], policy: Policy, closing: contextlib.AsyncExitStack
) -> "Flask":
    """The service on the clock `now`. What its connectors send goes to `via`, with the vendor's
    Host header: it never leaves for the vendor."""
    from simulators.otp.app import build  # only who wants the service loads it
    from simulators.otp.factories import CONNECTORS, check_config, document
    from simulators.otp.pool import Pool
    from simulators.otp.service import Service

    pool = Pool(via)
    closing.push_async_callback(pool.close)
    # Tokens and ids guard what is there: they can be foretold only where a run is to be repeated.
    chance = random.Random(policy.seed) if policy.seed else random.SystemRandom()
    service = Service(
        connectors=CONNECTORS,
        describe=document,
        check=check_config,
        carrier=pool,
        now=now,
        chance=chance,
        policy=policy,
    )
    return build(service)
