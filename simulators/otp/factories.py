"""The connectors by their factory's id, and what Logto tells of a factory."""

from types import MappingProxyType
from typing import Any

from simulators.otp.connector import Connector
from simulators.otp.connectors import (
    aliyun,
    gatewayapi,
    http_sms,
    smsaero,
    tencent,
    twilio,
    vonage,
)
from simulators.otp.guard import check_config, contract

__all__ = ["CONNECTORS", "check_config", "document", "documents"]

_PAGES = (aliyun, gatewayapi, http_sms, smsaero, tencent, twilio, vonage)
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
