"""Management API: roles, and who has them: people, and programs that have a secret.

What a role lets somebody do is another matter: there are no resources and scopes of one's own here.
"""

from collections.abc import Callable
from itertools import islice
from typing import Any

from simulators.otp.api.applications import application
from simulators.otp.api.entrance import enter
from simulators.otp.api.pages import bounds, page, part
from simulators.otp.api.people import person
from simulators.otp.errors import Refused
from simulators.otp.route import DONE, Ask, Route, Said
from simulators.otp.state import Role
from simulators.otp.zod import TEXT, Guard, Schema, native, obj

_NAME: Schema = {"type": "string", "minLength": 1, "maxLength": 128}
_FLAG: Schema = {"type": "boolean"}
_ID: Schema = {"type": "string", "minLength": 1}
_KINDS = ("User", "MachineToMachine")
_TEXTS = {"name": _NAME, "description": _NAME, "isDefault": _FLAG}
_CREATE = Guard(
    obj(
        ["name", "description"],
        **_TEXTS,
        type=native(*_KINDS),
        scopeIds={"type": "array", "items": TEXT},
    )
)
_CHANGE = Guard(obj(**_TEXTS))
_GIVE = Guard(obj(["roleIds"], roleIds={"type": "array", "items": _ID}))
_USER, _PROGRAM = _KINDS


def _create(ask: Ask) -> Any:
    _free(ask, ask.body["name"])
    service = ask.service
    made = {
        "tenantId": "default",
        "id": service.id(),
        "name": ask.body["name"],
        "description": ask.body["description"],
        "type": ask.body.get("type", _USER),
        "isDefault": ask.body.get("isDefault", False),
    }
    service.state.roles.put(made["id"], Role(made), service.now())
    return made


def _free(ask: Ask, name: str, but: str = "") -> None:
    """Raises `Refused` for a name that another role has."""
    roles = ask.service.state.roles.rows()
    if any(one.document["name"] == name and one.document["id"] != but for one in roles):
        raise Refused("role.name_in_use", name=name)


def _list(ask: Ask) -> Any:
    wanted, search = ask.query.get("type"), ask.query.get("search", "").strip("%").lower()
    found = [
        one
        for one in ask.service.state.roles.rows()
        if wanted in (None, one.document["type"]) and search in one.document["name"].lower()
    ]
    start, stop = bounds(ask)
    return part(ask, [_with_holders(ask, one) for one in found[start:stop]], len(found))


def _with_holders(ask: Ask, role: Role) -> dict[str, Any]:
    """With how many have it, and the first three of them."""
    first, count, state = list(islice(role.holders, 3)), len(role.holders), ask.service.state
    of_people = role.document["type"] == _USER
    people = [{"id": one, "avatar": None, "name": None} for one in first if state.users.find(one)]
    programs = [
        {name: found[name] for name in ("id", "name", "type")}
        for one in first
        if (found := state.applications.get(one, ask.service.now()))
    ]
    return {
        **role.document,
        "usersCount": count if of_people else 0,
        "featuredUsers": people if of_people else [],
        "applicationsCount": 0 if of_people else count,
        "featuredApplications": [] if of_people else programs,
    }


def _role(ask: Ask, role_id: str) -> Role:
    found = ask.service.state.roles.get(role_id, ask.service.now())
    if found is None:
        raise Refused("entity.not_exists_with_id", name="roles", id=role_id)
    return found


def _get(ask: Ask) -> Any:
    return _role(ask, ask.params["id"]).document


def _change(ask: Ask) -> Any:
    found = _role(ask, ask.params["id"]).document
    if "name" in ask.body:
        _free(ask, ask.body["name"], found["id"])
    found |= {name: value for name, value in ask.body.items() if name in _TEXTS}
    return found


def _remove(ask: Ask) -> Said:
    _role(ask, ask.params["id"])
    ask.service.state.roles.pop(ask.params["id"], ask.service.now())
    return DONE


Holder = Callable[[Ask], tuple[str, str]]  # the kind of roles one can have, and one's id


def _of_user(ask: Ask) -> tuple[str, str]:
    return _USER, person(ask).id


def _of_program(ask: Ask) -> tuple[str, str]:
    found = application(ask)
    if found["type"] != _PROGRAM:
        raise Refused("application.invalid_type")
    return _PROGRAM, found["id"]


def _held(holder: Holder) -> Callable[[Ask], Any]:
    def view(ask: Ask) -> Any:
        _kind, who = holder(ask)
        roles = ask.service.state.roles.rows()
        return page(ask, [one.document for one in roles if who in one.holders])

    return view


def _given(holder: Holder, *, instead: bool) -> Callable[[Ask], Any]:
    """More roles, or these instead of those there were."""

    def view(ask: Ask) -> Any:
        (kind, who), wanted = holder(ask), list(dict.fromkeys(ask.body["roleIds"]))
        roles = {one: _role(ask, one) for one in wanted}
        added = [name for name, role in roles.items() if who not in role.holders]
        for name in added:
            if roles[name].document["type"] != kind:
                whose = "user" if kind == _USER else "application"
                raise Refused(f"{whose}.invalid_role_type", roleId=name)
        if instead:
            for role in ask.service.state.roles.rows():
                role.holders.pop(who, None)
        for role in roles.values():
            role.give(who)
        if instead:
            return {"roleIds": wanted}
        return Said(201, {"roleIds": ask.body["roleIds"], "addedRoleIds": added})

    return view


def _taken(holder: Holder) -> Callable[[Ask], Any]:
    def view(ask: Ask) -> Said:
        _kind, who = holder(ask)
        found = ask.service.state.roles.get(ask.params["role"], ask.service.now())
        if found is None or who not in found.holders:
            raise Refused("entity.not_found")
        del found.holders[who]
        return DONE

    return view


ROUTES = (
    *(
        Route(method=method, path=path, view=view, guard=guard, enter=enter)
        for method, path, view, guard in (
            ("POST", "/api/roles", _create, _CREATE),
            ("GET", "/api/roles", _list, None),
            ("GET", "/api/roles/<id>", _get, None),
            ("PATCH", "/api/roles/<id>", _change, _CHANGE),
            ("DELETE", "/api/roles/<id>", _remove, None),
        )
    ),
    *(
        Route(
            method=method, path=f"/api/{of}/<id>/roles{more}", view=view, guard=guard, enter=enter
        )
        for of, holder in (("users", _of_user), ("applications", _of_program))
        for method, more, view, guard in (
            ("GET", "", _held(holder), None),
            ("POST", "", _given(holder, instead=False), _GIVE),
            ("PUT", "", _given(holder, instead=True), _GIVE),
            ("DELETE", "/<role>", _taken(holder), None),
        )
    ),
)
