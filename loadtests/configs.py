"""Logto's connector for each provider, configured with the simulators' credentials.

connector, config = made("twilio", known)   # connector.id and config: POST /api/connectors
"""

from collections.abc import Callable, Mapping
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

Known = Mapping[str, str]
USAGES = ("Register", "SignIn", "ForgotPassword", "Generic")

# The approved template of each use that the default account has at Aliyun and Tencent.
ALIYUN = {
    "Register": "SMS_200000002",
    "SignIn": "SMS_200000001",
    "ForgotPassword": "SMS_200000003",
    "Generic": "SMS_200000004",
}
TENCENT = {
    "Register": "449741",
    "SignIn": "449740",
    "ForgotPassword": "449742",
    "Generic": "449739",
}


def _texts() -> list[dict[str, str]]:
    words = "is your Example verification code. It is valid for 10 minutes."
    return [{"usageType": usage, "content": f"{{{{code}}}} {words}"} for usage in USAGES]


def _codes(codes: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"usageType": usage, "templateCode": codes[usage]} for usage in USAGES]


def _twilio(known: Known) -> dict[str, Any]:
    return {
        "accountSID": known["account_sid"],
        "authToken": known["auth_token"],
        "fromMessagingServiceSID": known["messaging_service_sid"],
        "templates": _texts(),
    }


def _vonage(known: Known) -> dict[str, Any]:
    return {
        "apiKey": known["api_key"],
        "apiSecret": known["api_secret"],
        "brandName": known["sender"],
        "templates": _texts(),
    }


def _gatewayapi(known: Known) -> dict[str, Any]:
    return {
        "endpoint": "https://gatewayapi.com/rest/mtsms",
        "apiToken": known["token"],
        "sender": known["sender"],
        "templates": _texts(),
    }


def _smsaero(known: Known) -> dict[str, Any]:
    return {
        "email": known["email"],
        "apiKey": known["api_key"],
        "senderName": known["sign"],
        "templates": _texts(),
    }


def _aliyun(known: Known) -> dict[str, Any]:
    return {
        "accessKeyId": known["access_key_id"],
        "accessKeySecret": known["access_key_secret"],
        "signName": known["sign_name"],
        "templates": [{"type": 0, **template} for template in _codes(ALIYUN)],
    }


def _tencent(known: Known) -> dict[str, Any]:
    return {
        "accessKeyId": known["secret_id"],
        "accessKeySecret": known["secret_key"],
        "signName": known["sign_name"],
        "sdkAppId": known["app_id"],
        "region": known["region"],
        "templates": _codes(TENCENT),
    }


def _http_sms(known: Known) -> dict[str, Any]:
    return {
        "endpoint": f"https://sms-webhook.example.com{known['path']}",
        "authorization": known["authorization"],
    }


# By the simulators' name of a provider.
CONNECTORS: dict[str, tuple[Connector, Callable[[Known], dict[str, Any]]]] = {
    "twilio": (twilio.CONNECTOR, _twilio),
    "vonage": (vonage.CONNECTOR, _vonage),
    "gatewayapi": (gatewayapi.CONNECTOR, _gatewayapi),
    "smsaero": (smsaero.CONNECTOR, _smsaero),
    "aliyun": (aliyun.CONNECTOR, _aliyun),
    "tencent": (tencent.CONNECTOR, _tencent),
    "http_sms": (http_sms.CONNECTOR, _http_sms),
}


def made(provider: str, known: Known) -> tuple[Connector, dict[str, Any]]:
    """Connector and configuration. Raises `KeyError` for a provider that has none here."""
    connector, config = CONNECTORS[provider]
    return connector, config(known)


def template(config: Mapping[str, Any], usage: str) -> str:
    """The code of the template for a use."""
    return next(
        str(one["templateCode"]) for one in config["templates"] if one["usageType"] == usage
    )


def one_template(config: Mapping[str, Any]) -> dict[str, Any]:
    """The same configuration with the Generic template for every use."""
    code = template(config, "Generic")
    return {**config, "templates": [{**one, "templateCode": code} for one in config["templates"]]}
