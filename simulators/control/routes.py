"""Every route of the control API; checks, views and documentation are made from this table."""

from simulators.control import (
    accounts,
    bends,
    clock,
    inbound,
    journal,
    limits,
    messages,
    receipts,
    registries,
    rules,
    settings,
    system,
)
from simulators.control import wait as waiting
from simulators.control.route import Route

ROUTES: tuple[Route, ...] = (
    *system.ROUTES,
    *accounts.ROUTES,
    *messages.ROUTES,
    *waiting.ROUTES,
    *journal.ROUTES,
    *settings.ROUTES,
    *limits.ROUTES,
    *registries.ROUTES,
    *bends.ROUTES,
    *rules.ROUTES,
    *receipts.ROUTES,
    *inbound.ROUTES,
    *clock.ROUTES,
)
