"""Aliyun SMS (Alibaba Cloud), API versions 2017-05-25 and, for abroad, 2018-05-01.

Reference: https://help.aliyun.com/zh/sms/developer-reference/api-dysmsapi-2017-05-25-overview
One path; the operation is named by a parameter, or by a header in the newer signature scheme. The
product refuses with HTTP 200 and a Code, the gateway before it with an error status.
"""

from types import MappingProxyType

from simulators.kernel import catalogue, judges
from simulators.kernel.catalogue import Problem
from simulators.kernel.credentials import Credential
from simulators.kernel.flow import Limit
from simulators.kernel.message import State, Step
from simulators.kernel.provider import Draft, Exchange, Provider, Query, Send, by_action
from simulators.providers.aliyun import globe, reports, send, signing, signs, templates, wire

CATALOGUE = catalogue.load("aliyun")

PROBLEMS = MappingProxyType(
    {
        Problem.MALFORMED: "isv.INVALID_PARAMETERS/format",
        Problem.TOO_LARGE: "isv.INVALID_PARAMETERS/format",
        Problem.NOT_FOUND: "InvalidAction.NotFound",
        Problem.METHOD_NOT_ALLOWED: "UnsupportedHTTPMethod",
        Problem.NO_CREDENTIALS: "MissingAccessKeyId",
        Problem.UNKNOWN_CREDENTIALS: "InvalidAccessKeyId.NotFound",
        Problem.UNAUTHENTICATED: "SignatureDoesNotMatch",
        Problem.EXPIRED: "InvalidTimeStamp.Expired",
        Problem.REPLAYED: "SignatureNonceUsed",
        Problem.FORBIDDEN: "isp.RAM_PERMISSION_DENY",
        Problem.SUSPENDED: "isv.OUT_OF_SERVICE",
        Problem.NO_CREDIT: "isv.AMOUNT_NOT_ENOUGH",
        Problem.THROTTLED: "isv.BUSINESS_LIMIT_CONTROL/minute",
        Problem.MISSING_RECIPIENT: "MissingPhoneNumbers",
        Problem.BAD_RECIPIENT: "isv.MOBILE_NUMBER_ILLEGAL",
        Problem.TOO_MANY_RECIPIENTS: "isv.MOBILE_COUNT_OVER_LIMIT",
        Problem.REGION_NOT_ALLOWED: "isv.MOBILE_NUMBER_ILLEGAL/region",
        Problem.OPTED_OUT: "isv.BLACK_KEY_CONTROL_LIMIT",
        Problem.MISSING_SENDER: "MissingSignName",
        Problem.BAD_SENDER: "isv.SMS_SIGNATURE_ILLEGAL",
        Problem.MISSING_TEXT: "MissingTemplateCode",
        Problem.TEXT_TOO_LONG: "isv.PARAM_LENGTH_LIMIT",
        Problem.TEMPLATE_UNKNOWN: "isv.SMS_TEMPLATE_ILLEGAL",
        Problem.TEMPLATE_MISMATCH: "isv.TEMPLATE_MISSING_PARAMETERS",
        Problem.INTERNAL: "InternalError",
        Problem.UNAVAILABLE: "ServiceUnavailable",
    }
)

# SendStatus of QuerySendDetails: waiting for the carrier's receipt, failed, delivered.
# The words of a reply are ours.
STATES = MappingProxyType(
    {
        "1": State.SENT,
        "2": State.UNDELIVERED,
        "3": State.DELIVERED,
        "receiving": State.ACCEPTED,
        "received": State.RECEIVED,
    }
)
LIFECYCLES = MappingProxyType(
    {
        "carrier": (Step(0, "1"), Step(3, "3")),
        "inbound": (Step(0, "receiving"), Step(0, "received")),
    }
)

_LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
# Temporary credentials come with a token, which is signed over and never looked up.
_TOKENS = ("query.SecurityToken", "body.SecurityToken", "header.x-acs-security-token")

CREDENTIALS = (
    Credential(
        "access_key_id",
        "LTAI5tFakeFakeFakeFake01",
        make=lambda chance: "LTAI5t" + chance.letters(18, _LETTERS),
        at=("query.AccessKeyId", "body.AccessKeyId", "authorization.ACS3-HMAC-SHA256"),
        identifies=True,
    ),
    Credential(
        "access_key_secret",
        "FakeSecretFakeSecretFakeSecret",
        make=lambda chance: chance.letters(30, _LETTERS),
        at=_TOKENS,
        signs=("query.Signature", "body.Signature", "authorization.ACS3-HMAC-SHA256"),
        secret=True,
    ),
    Credential("sign_name", "阿里云短信测试"),
    Credential("template_code", "SMS_154950909"),
)


def identify(exchange: Exchange) -> str | None:
    """The AccessKeyId, of a parameter or of the Authorization header."""
    return signing.credential(exchange.call, exchange.document) or None


ENDPOINTS = by_action(
    wire.read,
    {
        "SendSms": Send(send.parse, send.answer),
        "SendBatchSms": Send(send.parse_batch, send.answer),
        "QuerySendDetails": Query(reports.details),
        "QuerySendStatistics": Query(reports.statistics),
        "QuerySmsTemplate": Query(templates.query),
        "QuerySmsTemplateList": Query(templates.listed),
        "GetSmsTemplate": Query(templates.get),
        "AddSmsTemplate": Query(templates.add),
        "CreateSmsTemplate": Query(templates.create),
        "ModifySmsTemplate": Query(templates.modify),
        "UpdateSmsTemplate": Query(templates.update),
        "DeleteSmsTemplate": Query(templates.delete),
        "QuerySmsSign": Query(signs.query),
        "QuerySmsSignList": Query(signs.listed),
        "GetSmsSign": Query(signs.get),
        "AddSmsSign": Query(signs.add),
        "CreateSmsSign": Query(signs.create),
        "ModifySmsSign": Query(signs.modify),
        "UpdateSmsSign": Query(signs.update),
        "DeleteSmsSign": Query(signs.delete),
    },
) + by_action(wire.read, globe.OPERATIONS, globe.ROWS)

_FLOW = "https://help.aliyun.com/document_detail/44335.html"
_EIGHT_HOURS = 8 * 3600  # natural minutes and hours are those of Beijing


def _code(draft: Draft) -> bool:
    return draft.region == send.MAINLAND and draft.details["type"] == templates.CODE


def _other(draft: Draft) -> bool:
    return draft.region == send.MAINLAND and draft.details["type"] != templates.CODE


def _limit(
    name: str, permits: int, seconds: int, *key: str, natural: bool = False, code: bool = True
) -> Limit:
    types = f"^{templates.CODE}$" if code else f"^(?!{templates.CODE}$)"
    return Limit(
        name=name,
        permits=permits,
        seconds=seconds,
        kind="natural" if natural else "rolling",
        zone=_EIGHT_HOURS if natural else 0,
        key=key,
        applies=_code if code else _other,
        where=MappingProxyType({"to": r"^\+86", "details.type": types}),
        error=f"isv.BUSINESS_LIMIT_CONTROL/{name}",
        source=_FLOW,
    )


# Of numbers in mainland China; no others are limited. A day is the 24 hours before now, and what
# counts is what was accepted.
LIMITS = (
    _limit("minute", 1, 60, "signature", "number", natural=True),
    _limit("hour", 5, 3600, "signature", "number", natural=True),
    _limit("day", 10, 86_400, "signature", "number"),
    # Over all customers of Aliyun; here over all signatures of an account.
    _limit("number-day", 40, 86_400, "number"),
    _limit("template-day", 50, 86_400, "signature", "template", "number", code=False),
)

_SDK = "https://github.com/aliyun/darabonba-openapi"
_SIGNING = "https://help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature"
_CODES = "https://help.aliyun.com/document_detail/101346.html"
_TEMPLATES = "https://help.aliyun.com/document_detail/108253.html"
EMULATES = (
    ("RPC v1 HMAC-SHA1 and ACS3-HMAC-SHA256 signatures", "full", _SIGNING),
    ("STS tokens", "accepted and signed over, not looked up", _SDK),
    ("bearer tokens, ACS3-HMAC-SM3, ACS3-RSA-SHA256", "no", _SDK),
    ("SmsReport by HTTP", "full; MNS queues and the v2 push are not", reports.SOURCE),
    ("SmsUp by HTTP", "fields unverified; a reply of R opts nobody out", reports.SOURCE),
    ("order of checks", "a documented choice", "no page says"),
    ("minute, hour and day limits, mainland numbers only", "full", _FLOW),
    ("40 a day to a number over all customers", "counted within one account", _FLOW),
    ("limits set in the console, whitelist, calls a second", "no; by rule", _FLOW),
    ("length of a verification code", "4 to 6; pages disagree", _TEMPLATES),
    ("traditional and rare characters", "by GB 2312; the page has examples", _CODES),
    ("11 digits under an international template", "North America, UNVERIFIED", "no page says"),
    ("international API 2018-05-01", "sends and QueryMessage; codes without isv.", globe.SOURCE),
    ("its receipts by push, ConversionData, SmsConversion", "no; QueryMessage tells", globe.SOURCE),
    ("NumberDetail of 2018-05-01", "ISO 3166 for names, no carrier: UNVERIFIED", globe.SOURCE),
    ("ValidityPeriod of 2018-05-01", "read and not acted on", globe.SOURCE),
    ("review of templates and signatures", "by the control API", _TEMPLATES),
)

PROVIDER = Provider(
    number=send.taken,
    name="aliyun",
    title="Aliyun SMS",
    hosts=(
        "dysmsapi.aliyuncs.com",
        "dysmsapi-proxy.cn-beijing.aliyuncs.com",
        "dysmsapi-xman.cn-hongkong.aliyuncs.com",
        "dysmsapi.ap-southeast-1.aliyuncs.com",
        "dysmsapi.ap-southeast-5.aliyuncs.com",
        "dysmsapi.eu-central-1.aliyuncs.com",
        "dysmsapi.us-east-1.aliyuncs.com",
    ),
    reference="https://help.aliyun.com/zh/sms/developer-reference/api-dysmsapi-2017-05-25-overview",
    catalogue=CATALOGUE,
    problems=PROBLEMS,
    states=STATES,
    lifecycles=LIFECYCLES,
    judges=(send.template_fits, judges.region, judges.opted_out, judges.active, judges.credit),
    limits=LIMITS,
    templates=templates.TEMPLATES,
    signatures=templates.SIGNATURES,
    endpoints=ENDPOINTS,
    credentials=CREDENTIALS,
    action=wire.named_action,
    identify=identify,
    authenticate=signing.authenticate,
    refuse=wire.refusal,
    message_id=send.message_id,
    placeholders=send.placeholders,
    receipts=reports.RECEIPTS,
    inbound=reports.INBOUND,
    emulates=EMULATES,
)
