"""The connectors by their factory's id, what Logto tells of a factory, and its guard of a
configuration.

What Logto requires is `$defs/guard` of `contracts/connectors/<factory id>.config.schema.json`. What
it lets pass although no message can be sent with it is beside that, under `$defs/advice`, and is
not asked here.
"""

import json
from functools import cache
from types import MappingProxyType
from typing import Any

import jsonschema_rs

from simulators.data import data
from simulators.otp import zod
from simulators.otp.connector import Connector, ConnectorError
from simulators.otp.connectors import (
    aliyun,
    aliyun_mas,
    gatewayapi,
    http_sms,
    smsaero,
    smsbao,
    tencent,
    twilio,
    vonage,
    whatsapp,
    yunpian,
)

__all__ = ["CONNECTORS", "check_config", "document", "documents"]

_PAGES = (
    aliyun,
    aliyun_mas,
    gatewayapi,
    http_sms,
    smsaero,
    smsbao,
    tencent,
    twilio,
    vonage,
    whatsapp,
    yunpian,
)
CONNECTORS = MappingProxyType({page.CONNECTOR.id: page.CONNECTOR for page in _PAGES})
_FORM_TYPES = {"string": "Text", "boolean": "Switch", "array": "Json"}


def documents() -> list[dict[str, Any]]:
    """What `GET /api/connector-factories` answers."""
    return [document(connector) for connector in CONNECTORS.values()]


def document(connector: Connector) -> dict[str, Any]:
    """What `GET /api/connector-factories/:id` answers, but for the pictures. The fields of the
    form are those of the configuration's contract."""
    schema = contract(connector.id)
    guard = schema["$defs"]["guard"]
    form = [
        {
            "key": key,
            "label": rule["title"],
            "type": _FORM_TYPES[rule["type"]],
            "required": key in guard["required"],
        }
        for key, rule in guard["properties"].items()
    ]
    return {
        "id": connector.id,
        "type": "Sms",
        "target": connector.target,
        "platform": None,
        "name": {"en": connector.name},
        "description": {"en": f"Sends as Logto's connector does, see {schema['$comment']}"},
        "logo": "",
        "logoDark": None,
        "readme": schema["$comment"],
        "formItems": form,
        "isDemo": False,
    }


@cache
def contract(factory_id: str) -> Any:
    """The schema of a connector's configuration."""
    path = data("contracts") / "connectors" / f"{factory_id}.config.schema.json"
    return json.loads(path.read_bytes())


def check_config(factory_id: str, config: Any) -> None:
    """Raises `ConnectorError` with a ZodError unless Logto would take the configuration."""
    errors = list(_validator(factory_id).iter_errors(config))
    if errors:
        guard = contract(factory_id)["$defs"]["guard"]
        raise ConnectorError("invalid_config", zod.zod_error(_issues(guard, errors)))


@cache
def _validator(factory_id: str) -> Any:
    return jsonschema_rs.validator_for(contract(factory_id)["$defs"]["guard"])


def _issues(guard: Any, errors: list[Any]) -> list[zod.Issue]:
    """The uses that templates lack are told in one, and once all that there is is right."""
    lacking = [error for error in errors if error.kind.name == "contains"]
    found = zod.issues(guard, [error for error in errors if error not in lacking])
    if not lacking or any(issue["path"][:1] == ["templates"] for issue in found):
        return found
    rule = guard["properties"]["templates"]
    needs = [rule["allOf"][error.schema_path[-2]]["contains"] for error in lacking]
    uses = [need["properties"]["usageType"]["const"] for need in needs]
    said = rule["x-missing"].format(", ".join(uses))
    return zod.ordered([*found, zod.custom(["templates"], said)], guard)
