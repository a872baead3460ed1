"""Management API: connector factories, the connector that is alive, and trying one out."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from simulators.otp import sending
from simulators.otp.api.entrance import enter
from simulators.otp.connector import Crash, Message
from simulators.otp.errors import Refused
from simulators.otp.route import DONE, Ask, Route, Said
from simulators.otp.service import Service
from simulators.otp.state import Alive
from simulators.otp.zod import PHONE, TEXT, Guard, Schema, obj

_OBJECT: Schema = {"type": "object"}
_FLAG: Schema = {"type": "boolean"}
_SETTABLE = {
    "config": _OBJECT,
    "metadata": _OBJECT,
    "syncProfile": _FLAG,
    "enableTokenStorage": _FLAG,
}
_ID: Schema = {"type": "string", "minLength": 1, "maxLength": 128}
_CREATE = Guard(obj(["connectorId"], connectorId=_ID, id=_ID, **_SETTABLE))
_CHANGE = Guard(obj(**_SETTABLE))
_TEST = Guard(obj(["config"], phone=PHONE, email=TEXT, config=_OBJECT, locale=TEXT))


def _shown(service: Service, alive: Alive) -> dict[str, Any]:
    """The connector with its configuration in clear, secrets included."""
    factory = service.describe(service.connectors[alive.factory])
    own = {
        "id": alive.id,
        "connectorId": alive.factory,
        "config": alive.config,
        "metadata": alive.metadata,
        "syncProfile": alive.sync_profile,
        "enableTokenStorage": False,
        "extraInfo": None,
    }
    return {**factory, **own}


def _factories(ask: Ask) -> Any:
    return [ask.service.describe(connector) for connector in ask.service.connectors.values()]


def _one_factory(ask: Ask) -> Any:
    connector = ask.service.connectors.get(ask.params["id"])
    if connector is None:
        raise Refused("entity.not_found")
    return ask.service.describe(connector)


def _create(ask: Ask) -> Any:
    """The new connector replaces the one there was, of the same factory too: that a factory has one
    connector is a rule of social sign-in alone."""
    service, body = ask.service, ask.body
    alive, factory = service.state.connector, body["connectorId"]
    if factory not in service.connectors:
        raise Refused("connector.not_found_with_connector_id")
    if "config" in body:
        service.check(factory, body["config"])
    if body.get("enableTokenStorage"):
        raise Refused("request.feature_not_supported")
    config = body.get("config", {})
    made = Alive(
        body.get("id") or service.id(12),
        factory,
        config,
        "config" in body,
        body.get("metadata", {}),
        bool(body.get("syncProfile")),
    )
    if alive is not None and alive.id == made.id:
        raise Crash("the id is in use")
    service.state.connector = made
    return _shown(service, made)


def _social_only(body: Mapping[str, Any]) -> None:
    """What only connectors of social sign-in take, when one is changed; Logto does not ask when it
    is created."""
    if body.get("metadata"):
        raise Refused("connector.cannot_overwrite_metadata_for_non_standard_connector")
    if body.get("syncProfile"):
        raise Refused("connector.invalid_type_for_syncing_profile")
    if body.get("enableTokenStorage"):
        raise Refused("request.feature_not_supported")


def _list(ask: Ask) -> Any:
    alive, target = ask.service.state.connector, ask.query.get("target")
    shown = [_shown(ask.service, alive)] if alive else []
    return [one for one in shown if not target or one["target"] == target]


def _alive(ask: Ask) -> Alive:
    alive = ask.service.state.connector
    if alive is None or alive.id != ask.params["id"]:
        raise Refused("entity.not_found")
    return alive


def _get(ask: Ask) -> Any:
    return _shown(ask.service, _alive(ask))


def _change(ask: Ask) -> Any:
    """A configuration replaces the old one whole."""
    alive, config = _alive(ask), ask.body.get("config")
    _social_only(ask.body)
    if config is not None:
        ask.service.check(alive.factory, config)
        alive = replace(alive, config=config, checked=True)
    if "syncProfile" in ask.body:
        alive = replace(alive, sync_profile=ask.body["syncProfile"])
    ask.service.state.connector = alive
    return _shown(ask.service, alive)


def _delete(ask: Ask) -> Said:
    _alive(ask)
    ask.service.state.connector = None
    return DONE


async def _test(ask: Ask) -> Said:
    """Sends Generic with code 000000. Nothing is stored, nobody is kept from sending too much."""
    body, factory = ask.body, ask.params["id"]
    phone, email = body.get("phone"), body.get("email")
    if not phone and not email:
        raise Refused("guard.invalid_input")
    if factory not in ask.service.connectors:
        wanted = "Sms" if phone else "Email"
        raise Refused("connector.not_found", status=400, type=wanted)
    if not phone:
        raise Refused("connector.unexpected_type")
    payload = {"code": "000000"}
    if "locale" in body:
        payload["locale"] = body["locale"]
    ask.service.check(factory, body["config"])
    message = Message(to=phone, usage="Generic", payload=payload, ip=ask.ip)
    await sending.hand_off(ask.service, factory, body["config"], message)
    return DONE


ROUTES = tuple(
    Route(method=method, path=path, view=view, guard=guard, enter=enter)
    for method, path, view, guard in (
        ("GET", "/api/connector-factories", _factories, None),
        ("GET", "/api/connector-factories/<id>", _one_factory, None),
        ("POST", "/api/connectors", _create, _CREATE),
        ("GET", "/api/connectors", _list, None),
        ("GET", "/api/connectors/<id>", _get, None),
        ("PATCH", "/api/connectors/<id>", _change, _CHANGE),
        ("DELETE", "/api/connectors/<id>", _delete, None),
        ("POST", "/api/connectors/<id>/test", _test, _TEST),
    )
)
