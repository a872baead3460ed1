"""Judgements that every provider passes on a draft, each from its world's settings.

The numbers that want no messages are `optouts`. Settings documents: `regions` is `{"allowed": [...]
or null, "blocked": [...]}` of ISO 3166 codes; `suspended` a boolean; `balance` a number, absent
when credit is not counted. A provider lists those it knows, in the order it asks.
"""

from simulators.kernel import optouts
from simulators.kernel.catalogue import Problem
from simulators.kernel.provider import Draft, Exchange, Failure


def active(exchange: Exchange, _draft: Draft) -> Failure | None:
    """SUSPENDED while the account is."""
    return exchange.fail(Problem.SUSPENDED) if exchange.world.load("suspended") else None


def credit(exchange: Exchange, draft: Draft) -> Failure | None:
    """NO_CREDIT once a counted balance has nothing left."""
    balance = exchange.world.load("balance")
    if balance is None or balance > 0:
        return None
    return exchange.fail(Problem.NO_CREDIT, **exchange.provider.placeholders(exchange, draft))


def region(exchange: Exchange, draft: Draft) -> Failure | None:
    """REGION_NOT_ALLOWED outside the allowed regions or inside the blocked ones."""
    regions = exchange.world.load("regions")
    if regions is None:
        return None
    allowed = regions.get("allowed")
    if (allowed is None or draft.region in allowed) and draft.region not in regions["blocked"]:
        return None
    return exchange.fail(
        Problem.REGION_NOT_ALLOWED, **exchange.provider.placeholders(exchange, draft)
    )


def opted_out(exchange: Exchange, draft: Draft) -> Failure | None:
    """OPTED_OUT for a number that does not want messages."""
    if not optouts.contains(exchange.world, draft.number):
        return None
    return exchange.fail(Problem.OPTED_OUT, **exchange.provider.placeholders(exchange, draft))
