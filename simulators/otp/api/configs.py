"""Management API: Logto's own configuration, as far as scripts read it: what its console has been
through, the keys of OpenID Connect (without the keys themselves), how long a session lasts."""

from typing import Any

from simulators.otp.api.entrance import enter
from simulators.otp.errors import Refused
from simulators.otp.route import Ask, Route
from simulators.otp.zod import Guard, Schema, native, obj, zod_error

_FLAG: Schema = {"type": "boolean"}
_KEYS = ("private-keys", "cookie-keys")
_CONSOLE = Guard(obj(signInExperienceCustomized=_FLAG, organizationCreated=_FLAG))
_SESSION = Guard(obj(ttl={"type": "integer", "minimum": 1}))
_KIND = Guard(obj(["keyType"], keyType=native(*_KEYS)))


def _console(ask: Ask) -> Any:
    return ask.service.state.console


def _change_console(ask: Ask) -> Any:
    known = ask.service.state.console
    ask.service.state.console = {name: ask.body.get(name, known[name]) for name in known}
    return _console(ask)


def _session(ask: Ask) -> Any:
    return {"ttl": ask.service.state.session_seconds}


def _change_session(ask: Ask) -> Any:
    """Told again, and no more: sessions here last an hour."""
    ask.service.state.session_seconds = ask.body.get("ttl", ask.service.state.session_seconds)
    return _session(ask)


def _keys(ask: Ask) -> Any:
    """One of each kind; the one that signs is told with its type."""
    kind = _kind(ask)
    state = ask.service.state
    state.began = state.began or int(ask.service.now())
    signs = {"signingKeyAlgorithm": "EC", "status": "Current"}
    return [
        {
            "id": f"otp-{kind}",
            "createdAt": state.began,
            **(signs if kind == "private-keys" else {}),
        }
    ]


def _remove_key(ask: Ask) -> Any:
    """There has to be one."""
    _kind(ask)
    raise Refused("oidc.key_required")


def _kind(ask: Ask) -> str:
    found = _KIND.issues({"keyType": ask.params["kind"]})
    if found:
        raise Refused("guard.invalid_input", zod_error(found), type="params")
    return ask.params["kind"]


def _scripts(_ask: Ask) -> Any:
    return []  # none can be made here


def _id_token(_ask: Ask) -> Any:
    raise Refused("entity.not_found")  # as long as nobody has changed it


ROUTES = tuple(
    Route(method=method, path=f"/api/configs/{path}", view=view, guard=guard, enter=enter)
    for method, path, view, guard in (
        ("GET", "admin-console", _console, None),
        ("PATCH", "admin-console", _change_console, _CONSOLE),
        ("GET", "jwt-customizer", _scripts, None),
        ("GET", "id-token", _id_token, None),
        ("GET", "oidc/session", _session, None),
        ("PATCH", "oidc/session", _change_session, _SESSION),
        ("GET", "oidc/<kind>", _keys, None),
        ("DELETE", "oidc/<kind>/<id>", _remove_key, None),
    )
)
