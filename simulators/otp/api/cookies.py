"""A person's session: which interaction a browser is in, by its cookies.

Logto's cookies are signed (`.sig` beside each); here an id that nobody guesses does.
"""

from simulators.otp.refused import Refused
from simulators.otp.route import Ask
from simulators.otp.state import Interaction

INTERACTION = "_interaction"
RESUME = "_interaction_resume"
_LOGTO = "_logto"


def given(interaction: Interaction) -> tuple[tuple[str, str], ...]:
    """The headers that put a browser into an interaction."""
    app = f"{{%22appId%22:%22{interaction.request['client_id']}%22}}"
    values = ((INTERACTION, interaction.id), (RESUME, interaction.id), (_LOGTO, app))
    return tuple(("Set-Cookie", f"{name}={value}; path=/; samesite=lax") for name, value in values)


def session(ask: Ask) -> Interaction:
    """The interaction the browser is in. Raises `Refused` (session.not_found) if it is in none."""
    return _found(ask, INTERACTION, "interaction session id cookie not found")


def resumed(ask: Ask) -> Interaction:
    """The same, for the way back to the OIDC provider."""
    return _found(ask, RESUME, "authorization request has expired")


def _found(ask: Ask, cookie: str, told: str) -> Interaction:
    key = ask.cookies.get(cookie, "")
    found = ask.service.state.interactions.get(key, ask.service.now())
    if found is None:
        extra = {"error": "invalid_request", "error_description": told}
        raise Refused("session.not_found", extra=extra)
    return found


def begun(ask: Ask) -> Interaction:
    """An interaction that `PUT /api/experience` began. Raises `Refused`
    (session.interaction_not_found) for one that it did not."""
    found = session(ask)
    if not found.event:
        raise Refused("session.interaction_not_found")
    return found
