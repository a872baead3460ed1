"""Who asks, whether they are who they say, and what their console lets them do.

Common errors: https://cloud.tencent.com/document/api/382/52067. In which order the gateway
checks version, keys, time, signature and region is not documented; this is one that fits every
answer seen. What the console decides is the world's settings document `tencent`:

* `strict`: the signature must be over the Host header as sent and the service `sms`. Off: what
  the SDKs sign when they are pointed at a local address is accepted too.
* `variable_length`: the most characters of a template variable; 6 for accounts opened since
  2024-01-25, 12 before.
* `app_disabled`: the application may not send.
* `callback`: the URL that the application's status reports are posted to.
"""

import re
from types import MappingProxyType
from typing import Any

from simulators.kernel import credentials, schemas
from simulators.kernel.catalogue import Problem
from simulators.kernel.provider import Exchange, Failure, Refusal
from simulators.kernel.reading import first
from simulators.providers.tencent import signing, wire

SETTINGS = MappingProxyType(
    {
        "tencent": schemas.record(
            strict=schemas.FLAG,
            variable_length=schemas.number(1, 1000),
            app_disabled=schemas.FLAG,
            callback={"type": "string", "maxLength": 2000, "description": "a URL, or nothing"},
        )
    }
)
_DEFAULTS = {"strict": False, "variable_length": 6, "app_disabled": False, "callback": ""}

SKEW = 300
VERSIONS = ("2021-01-11", "2019-07-11")
REGIONS = ("ap-guangzhou", "ap-beijing", "ap-nanjing", "ap-singapore")
_WELL_FORMED = re.compile(r"14[0-9]{8}")
_REGION = re.compile(r"(?:ap|na|eu|sa|me|af)-[a-z]+(?:-[a-z0-9]+)*")


def identify(exchange: Exchange) -> str | None:
    """The SecretId in the Authorization header, or among the parameters."""
    header = exchange.call.headers.get("authorization")
    if header is None:
        return first(wire.flat(exchange) or {}, "SecretId") or None
    parts = signing.authorization(header)
    if parts is None:
        raise Refusal("AuthFailure.InvalidAuthorization")
    return parts.secret_id


def authenticate(exchange: Exchange) -> None:
    """Either signature, not older or newer than five minutes; raises `Refusal`."""
    version = wire.required(exchange, "Version")
    action = wire.action(exchange.call)
    if version not in VERSIONS or (version == "2019-07-11" and action != "SendSms"):
        raise Refusal("NoSuchVersion", version=version)
    timestamp = _integer(exchange, "Timestamp")
    if abs(exchange.age(timestamp, SKEW)) > SKEW:
        raise Refusal(Problem.EXPIRED)
    if wire.signed_by_header(exchange.call):
        _by_header(exchange, timestamp)
    else:
        _by_parameter(exchange)
    if wire.common(exchange, "Token"):
        raise Refusal("AuthFailure.TokenFailure")
    _check_region(exchange, needed=action in ("SendSms", "SendMultiGlobalSms"))


def _by_header(exchange: Exchange, timestamp: int) -> None:
    call, strict = exchange.call, setting(exchange, "strict")
    parts = signing.authorization(call.headers["authorization"])
    if parts is None or not {"content-type", "host"} <= set(parts.signed):
        raise Refusal("AuthFailure.InvalidAuthorization")
    if strict and parts.service != "sms":
        raise Refusal("AuthFailure.InvalidAuthorization/service")
    key = exchange.credentials["secret_key"]
    for host in signing.hosts(call, strict):
        if credentials.same(signing.tc3(call, parts, timestamp, host, key), parts.signature):
            return
    exchange.mismatch = signing.version_3(exchange, parts, timestamp)
    raise Refusal(Problem.UNAUTHENTICATED)


def _by_parameter(exchange: Exchange) -> None:
    if _integer(exchange, "Nonce") <= 0:
        raise Refusal("InvalidParameter/common", name="Nonce")
    given = wire.required(exchange, "Signature")
    if wire.common(exchange, "SignatureMethod") not in ("", *signing.DIGESTS):
        raise Refusal("InvalidParameterValue")
    params = wire.flat(exchange) or {}
    key = exchange.credentials["secret_key"]
    for host in signing.hosts(exchange.call, setting(exchange, "strict")):
        if credentials.same(signing.v1(exchange.call.method, host, params, key), given):
            return
    exchange.mismatch = signing.version_1(exchange, params, given)
    raise Refusal(Problem.UNAUTHENTICATED)


def _integer(exchange: Exchange, name: str) -> int:
    text = wire.required(exchange, name)
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise Refusal("InvalidParameter/common", name=name)
    return int(text)


def _check_region(exchange: Exchange, *, needed: bool) -> None:
    region = wire.common(exchange, "Region")
    if region in REGIONS or (not region and not needed):
        return
    if not region:
        raise Refusal("MissingParameter", name="Region")
    if _REGION.fullmatch(region):
        raise Refusal("UnsupportedRegion")
    header = wire.signed_by_header(exchange.call)
    raise Refusal("InvalidParameterValue/region", name="X-TC-Region" if header else "Region")


def app_failure(exchange: Exchange, app: str) -> Failure | None:
    """Why no number can be sent to from this application (`SmsSdkAppId`), None if nothing is wrong.

    An account here has one. One that could be another account's is refused as not belonging to
    the key; one that cannot exist is refused as such.
    Raises `Refusal` for one of another account.
    """
    if app != exchange.credentials["app_id"]:
        if _WELL_FORMED.fullmatch(app):
            raise Refusal("UnauthorizedOperation.SmsSdkAppIdVerifyFail")
        return exchange.fail("InvalidParameterValue.SdkAppIdNotExist")
    if setting(exchange, "app_disabled"):
        return exchange.fail("UnauthorizedOperation.SdkAppIdIsDisabled")
    return None


def own_app(exchange: Exchange, app: str) -> None:
    """Raises `Refusal` unless the application is the account's, for all that does not send."""
    failure = app_failure(exchange, app)
    if failure is not None:
        raise Refusal(failure.row.key)


def setting(exchange: Exchange, name: str) -> Any:
    """One field of the account's settings document."""
    return (exchange.world.load("tencent") or _DEFAULTS).get(name, _DEFAULTS[name])
