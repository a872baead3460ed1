"""Management API: applications, and what anybody may ask the service: whether it is up, and what
its sign-in looks like."""

from typing import Any

from simulators.otp.api.entrance import enter
from simulators.otp.api.pages import page
from simulators.otp.errors import Refused
from simulators.otp.interaction import FACTOR
from simulators.otp.route import DONE, Ask, Route, Said
from simulators.otp.zod import TEXT, Guard, Schema, native, obj

_URLS: Schema = {"type": "array", "items": TEXT}
_TYPES = ["Native", "SPA", "Traditional", "MachineToMachine", "Protected", "SAML"]
_METADATA = obj(
    ["redirectUris", "postLogoutRedirectUris"], redirectUris=_URLS, postLogoutRedirectUris=_URLS
)
_CUSTOM: Schema = {"type": "object"}
_TEXTS = {"name": TEXT, "description": TEXT}
_SETTABLE = {**_TEXTS, "oidcClientMetadata": _METADATA, "customClientMetadata": _CUSTOM}
_CREATE = Guard(obj(["name", "type"], type=native(*_TYPES), **_SETTABLE))
_CHANGE = Guard(obj(**_SETTABLE))
_PRIVATE = ("forgotPasswordMethods", "emailBlocklistPolicy")  # not for people who sign in


def _create(ask: Ask) -> Any:
    service = ask.service
    made = {
        "tenantId": "default",
        "id": service.id(),
        "name": ask.body["name"],
        "secret": service.id(32),
        "description": ask.body.get("description"),
        "type": ask.body["type"],
        "oidcClientMetadata": ask.body.get(
            "oidcClientMetadata", {"redirectUris": [], "postLogoutRedirectUris": []}
        ),
        "customClientMetadata": ask.body.get("customClientMetadata", {}),
        "isThirdParty": False,
        "customData": {},
        "createdAt": round(service.now() * 1000),
    }
    service.state.applications.put(made["id"], made, service.now())
    return made


def _list(ask: Ask) -> Any:
    """All of them, or a page where one is asked for; of one type, where it is."""
    wanted = ask.query.get("types")
    found = [one for one in ask.service.state.applications.rows() if wanted in (None, one["type"])]
    return page(ask, found) if {"page", "page_size"} & set(ask.query) else found


def application(ask: Ask) -> dict[str, Any]:
    """The one that the path names. Raises `Refused` (entity.not_exists_with_id)."""
    named = ask.params["id"]
    found = ask.service.state.applications.get(named, ask.service.now())
    if found is None:
        raise Refused("entity.not_exists_with_id", name="applications", id=named)
    return found


def _get(ask: Ask) -> Any:
    return application(ask)


def _change(ask: Ask) -> Any:
    found = application(ask)
    found |= {name: value for name, value in ask.body.items() if name in _SETTABLE}
    return found


def _remove(ask: Ask) -> Said:
    named = application(ask)["id"]
    ask.service.state.applications.pop(named, ask.service.now())
    for role in ask.service.state.roles.rows():
        role.holders.pop(named, None)
    return DONE


def _status(ask: Ask) -> Said:
    """It is up. Which of its two ways to read providers it has, a load test wants to know."""
    mode = "faithful" if ask.service.policy.faithful else "careful"
    return Said(204, headers=(("X-Simulator-Otp", mode),))


def _experience(ask: Ask) -> Any:
    """What the sign-in page is told; anybody may read it."""
    service = ask.service
    methods = service.setting("forgotPasswordMethods")
    by_phone = service.state.connector is not None and (methods is None or FACTOR in methods)
    public = {k: v for k, v in service.state.settings.items() if k not in _PRIVATE}
    return {
        "tenantId": "default",
        "id": "default",
        **public,
        "socialConnectors": [],
        "ssoConnectors": [],
        "forgotPassword": {"phone": by_phone, "email": False},
        "isDevelopmentTenant": False,
        "customProfileFields": [],
    }


ROUTES = (
    *(
        Route(method=method, path=path, view=view, guard=guard, enter=enter)
        for method, path, view, guard in (
            ("POST", "/api/applications", _create, _CREATE),
            ("GET", "/api/applications", _list, None),
            ("GET", "/api/applications/<id>", _get, None),
            ("PATCH", "/api/applications/<id>", _change, _CHANGE),
            ("DELETE", "/api/applications/<id>", _remove, None),
        )
    ),
    Route(method="GET", path="/api/status", view=_status),
    Route(method="GET", path="/api/.well-known/sign-in-exp", view=_experience),
)
