"""Who may come in: a caller of the Management API by a token, a browser by its session's cookies.

Logto's cookies are signed (`.sig` beside each); here an id that nobody guesses does.
"""

import hmac

from simulators.otp.errors import Refused
from simulators.otp.route import Ask
from simulators.otp.state import Interaction

MANAGEMENT = "https://default.logto.app/api"  # the API's name as a resource, wherever it is
ALL = "all"  # its one scope
_DOTS = 2  # in a JWT
INTERACTION = "_interaction"
RESUME = "_interaction_resume"
_LOGTO = "_logto"


def enter(ask: Ask) -> None:
    """Raises `Refused` for whoever lacks a token, where the service has one: that text, or a JWT
    that a program got for its own credentials, as Logto has it."""
    expected = ask.service.policy.token
    if not expected:
        return
    given = bearer(ask)
    if hmac.compare_digest(given.encode(), expected.encode()):
        return
    claims = ask.service.signer.read(given) if given.count(".") == _DOTS else None
    if not claims or claims.get("aud") != MANAGEMENT or claims["exp"] <= ask.service.now():
        raise Refused("auth.unauthorized")
    if ALL not in str(claims.get("scope", "")).split(" "):
        raise Refused("auth.forbidden")


def bearer(ask: Ask) -> str:
    """The token of the Authorization header. Raises `Refused` where there is none."""
    given = ask.headers.get("authorization", "")
    if not given:
        raise Refused("auth.authorization_header_missing")
    if not given.startswith("Bearer"):
        data = {"supportedTypes": ["Bearer"]}
        raise Refused("auth.authorization_token_type_not_supported", data)
    return given[len("Bearer ") :]


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
