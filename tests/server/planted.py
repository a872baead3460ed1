"""Faults of the kind that `stalls.py` looks for, to show that it finds them. Nothing is served by
them: each is asked in the place of a provider's `identify`."""

import re

from simulators.kernel.accounts import DEFAULT

_AMBIGUOUS = re.compile(r"(\s|\s\s)+x")
_FROM_EVERYWHERE = re.compile(r"\s+x")


def quadratic_expression(exchange):
    """One call in C, of a text that somebody chose."""
    _FROM_EVERYWHERE.search(exchange.call.query)


def ambiguous_expression(exchange):
    """From one place, but in many ways."""
    _AMBIGUOUS.match(exchange.call.query)


def walk_of_accounts(exchange):
    """As far as there are accounts."""
    return [one for one in exchange.world.store.accounts() if one == "nobody"] or None


def walk_of_messages(exchange):
    """As far as there are messages."""
    for some in exchange.world.store._shelf(DEFAULT).messages.values():
        if some == b"":
            return some
    return None


def slices_of_the_rest(exchange):
    """A loop that copies what is left."""
    rest = exchange.call.query
    while rest:
        rest = rest[1:]


def looked_up_in_a_list(exchange):
    """No call at all."""
    found, parts = 0, exchange.call.query.split(",")
    for part in parts:
        found += part in parts


PLANTED = {
    "quadratic_expression": quadratic_expression,
    "ambiguous_expression": ambiguous_expression,
    "slices_of_the_rest": slices_of_the_rest,
    "looked_up_in_a_list": looked_up_in_a_list,
}
PLANTED_WALKS = {"walk_of_accounts": walk_of_accounts, "walk_of_messages": walk_of_messages}
