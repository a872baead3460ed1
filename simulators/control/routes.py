"""Every route of the control API; checks, views and documentation are made from this table.

Alone because it is the list that a reader, the OpenAPI document and the tests begin with.
"""

from simulators.control import (
    accounts,
    clock,
    events,
    inbound,
    journal,
    messages,
    provider_settings,
    receipts,
    rules,
    settings,
    system,
    templates,
)
from simulators.control import wait as waiting
from simulators.control.route import Route

ROUTES: tuple[Route, ...] = (
    *system.ROUTES,
    *accounts.ROUTES,
    *messages.ROUTES,
    *waiting.ROUTES,
    *journal.ROUTES,
    *events.ROUTES,
    *settings.ROUTES,
    *templates.ROUTES,
    *provider_settings.ROUTES,
    *rules.ROUTES,
    *receipts.ROUTES,
    *inbound.ROUTES,
    *clock.ROUTES,
)
