"""All routes of the service."""

from simulators.otp.api import (
    account,
    codes,
    connectors,
    experience,
    oidc,
    people,
    profile,
    sentinels,
    settings,
)
from simulators.otp.route import Route

_PARTS = (connectors, codes, settings, sentinels, people, oidc, experience, profile, account)
ROUTES: tuple[Route, ...] = tuple(route for part in _PARTS for route in part.ROUTES)
