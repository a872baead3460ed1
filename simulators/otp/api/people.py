"""Management API: users, and what they may change of their account themselves."""

from typing import Any

from simulators.otp.api.entrance import enter
from simulators.otp.api.pages import bounds, part
from simulators.otp.errors import Refused
from simulators.otp.route import DONE, Ask, Route, Said
from simulators.otp.state import User, is_phone
from simulators.otp.zod import EMAIL, NAME, PHONE, TEXT, Guard, Schema, obj

_EMPTY: Schema = {"const": ""}
_OPTIONAL_PHONE: Schema = {"anyOf": [{"type": "null"}, {"anyOf": [PHONE, _EMPTY]}]}
_FLAG: Schema = {"type": "boolean"}
_SECRET: Schema = {"type": "string", "minLength": 1}
_USER = Guard(
    obj(primaryPhone=PHONE, primaryEmail=EMAIL, username=NAME, password=_SECRET, name=TEXT)
)
_PASSWORD = Guard(obj(["password"], password=_SECRET))
_OPTIONAL_NAME: Schema = {"anyOf": [{"type": "null"}, {"anyOf": [NAME, _EMPTY]}]}
_CHANGE = Guard(
    obj(
        username=_OPTIONAL_NAME,
        primaryPhone=_OPTIONAL_PHONE,
        name={"anyOf": [{"type": "null"}, {"anyOf": [TEXT, _EMPTY]}]},
    )
)
_SUSPEND = Guard(obj(["isSuspended"], isSuspended=_FLAG))
_SEARCHED = 10_000  # people looked at by one search, so that none holds the loop
_CONTROL: Schema = {"enum": ["Off", "ReadOnly", "Edit"]}
_CENTER = Guard(obj(enabled=_FLAG, fields={"type": "object", "additionalProperties": _CONTROL}))


def shown(user: User) -> dict[str, Any]:
    """A user as the Management API shows one, but for the password."""
    return {
        "id": user.id,
        "username": user.username,
        "primaryEmail": None,
        "primaryPhone": user.phone,
        "name": None,
        "avatar": None,
        "customData": {},
        "identities": {},
        "lastSignInAt": user.signed_in and round(user.signed_in * 1000),
        "createdAt": round(user.created * 1000),
        "applicationId": None,
        "isSuspended": user.suspended,
        "hasPassword": user.password is not None,
    }


def _create(ask: Ask) -> Any:
    service, body = ask.service, ask.body
    users, phone, name = service.state.users, body.get("primaryPhone"), body.get("username")
    if name is not None and users.named(name):
        raise Refused("user.username_already_in_use", status=422)
    if phone is not None and users.with_phone(phone):
        raise Refused("user.phone_already_in_use")
    if phone is not None and not is_phone(phone):
        raise Refused("user.invalid_phone")
    user = User(service.id(12), service.now(), phone, name, body.get("password"))
    users.add(user)
    return shown(user)


def _list(ask: Ask) -> Any:
    """The newest first. `search` is in the id, the name or the number of one of the last ten
    thousand; `%` is what Logto's own console puts around it."""
    wanted, users = ask.query.get("search", "").strip("%").lower(), ask.service.state.users
    start, stop = bounds(ask)
    if not wanted:
        return part(ask, [shown(user) for user in users.newest(start, stop)], len(users))
    found = [user for user in users.newest(0, _SEARCHED) if wanted in _searched(user)]
    return part(ask, [shown(user) for user in found[start:stop]], len(found))


def _searched(user: User) -> str:
    return " ".join((user.id, user.phone or "", (user.username or "").lower()))


def person(ask: Ask) -> User:
    """The one that the path names. Raises `Refused` (entity.not_found)."""
    user = ask.service.state.users.find(ask.params["id"])
    if user is None:
        raise Refused("entity.not_found")
    return user


def _get(ask: Ask) -> Any:
    return shown(person(ask))


def _change(ask: Ask) -> Any:
    user, users = person(ask), ask.service.state.users
    if "primaryPhone" in ask.body:
        phone = ask.body["primaryPhone"] or None
        if phone is not None and not is_phone(phone):
            raise Refused("user.invalid_phone")
        if phone is not None and users.with_phone(phone) not in (None, user):
            raise Refused("user.phone_already_in_use")
        users.change_phone(user, phone)
    if "username" in ask.body:
        name = ask.body["username"] or None
        if name is not None and users.named(name) not in (None, user):
            raise Refused("user.username_already_in_use")
        users.rename(user, name)
    return shown(user)


def _suspend(ask: Ask) -> Any:
    user = person(ask)
    user.suspended = ask.body["isSuspended"]
    return shown(user)


def _remove(ask: Ask) -> Said:
    named = person(ask).id
    ask.service.state.users.remove(named)
    for role in ask.service.state.roles.rows():
        role.holders.pop(named, None)
    return DONE


def _password(ask: Ask) -> Any:
    """Whatever the policy says: it is for people, not for those who look after them."""
    user = person(ask)
    user.password = ask.body["password"]
    return shown(user)


def _try_password(ask: Ask) -> Said:
    if person(ask).password != ask.body["password"]:
        raise Refused("session.invalid_credentials")
    return DONE


def _has_password(ask: Ask) -> Any:
    return {"hasPassword": person(ask).password is not None}


def _center(ask: Ask) -> Any:
    return {"id": "default", **ask.service.state.account_center}


def _change_center(ask: Ask) -> Any:
    known = ask.service.state.account_center
    ask.service.state.account_center = {name: ask.body.get(name, known[name]) for name in known}
    return _center(ask)


ROUTES = tuple(
    Route(method=method, path=path, view=view, guard=guard, enter=enter)
    for method, path, view, guard in (
        ("POST", "/api/users", _create, _USER),
        ("GET", "/api/users", _list, None),
        ("GET", "/api/users/<id>", _get, None),
        ("PATCH", "/api/users/<id>", _change, _CHANGE),
        ("PATCH", "/api/users/<id>/is-suspended", _suspend, _SUSPEND),
        ("PATCH", "/api/users/<id>/password", _password, _PASSWORD),
        ("POST", "/api/users/<id>/password/verify", _try_password, _PASSWORD),
        ("GET", "/api/users/<id>/has-password", _has_password, None),
        ("DELETE", "/api/users/<id>", _remove, None),
        ("GET", "/api/account-center", _center, None),
        ("PATCH", "/api/account-center", _change_center, _CENTER),
    )
)
