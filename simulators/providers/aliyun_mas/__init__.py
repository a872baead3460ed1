"""Aliyun's SMS authentication, a part of its Phone Number Verification Service (Dypnsapi).

Reference: https://help.aliyun.com/zh/pnvs/developer-reference/api-dypnsapi-2017-05-25-dir-sms-authentication-service
The keys are those of the SMS product, and so are signatures, envelope and the gateway before it;
the product itself refuses in another way, and with codes of its own. Logto calls it Aliyun MAS.
"""

from dataclasses import replace
from types import MappingProxyType

from simulators.kernel import catalogue, judges
from simulators.kernel.call import Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.flow import Limit
from simulators.kernel.provider import Draft, Exchange, Failure, Provider, Query, Send, by_action
from simulators.providers.aliyun import LIFECYCLES, STATES, reports, send, signing, wire
from simulators.providers.aliyun import PROVIDER as ALIYUN
from simulators.providers.aliyun_mas import codes

REFERENCE = (
    "https://help.aliyun.com/zh/pnvs/developer-reference/"
    "api-dypnsapi-2017-05-25-dir-sms-authentication-service"
)
_SEND = (
    "https://help.aliyun.com/zh/pnvs/developer-reference/api-dypnsapi-2017-05-25-sendsmsverifycode"
)
_CHECK = (
    "https://help.aliyun.com/zh/pnvs/developer-reference/api-dypnsapi-2017-05-25-checksmsverifycode"
)
_REPORT = "https://help.aliyun.com/zh/pnvs/developer-reference/dypnssmsverifyreport-http"
_RECEIPTS = "https://help.aliyun.com/zh/pnvs/developer-reference/message-receipts"
_FLOW = "https://help.aliyun.com/document_detail/44335.html"

PROBLEMS = MappingProxyType(
    {
        **ALIYUN.problems,
        Problem.MALFORMED: "INVALID_PARAMETERS",
        Problem.TOO_LARGE: "INVALID_PARAMETERS",
        Problem.FORBIDDEN: "isv.RAM_PERMISSION_DENY",
        Problem.THROTTLED: "biz.FREQUENCY",
        Problem.MISSING_RECIPIENT: "MissingPhoneNumber",
        Problem.BAD_RECIPIENT: "MOBILE_NUMBER_ILLEGAL",
        Problem.TOO_MANY_RECIPIENTS: "MOBILE_NUMBER_ILLEGAL",
        Problem.REGION_NOT_ALLOWED: "MOBILE_NUMBER_ILLEGAL/region",
        Problem.BAD_SENDER: "isv.INVALID_PARAMETERS/pair",
        Problem.MISSING_TEXT: "MissingTemplateParam",
        Problem.TEXT_TOO_LONG: "isv.INVALID_PARAMETERS/variable",
        Problem.TEMPLATE_UNKNOWN: "isv.INVALID_PARAMETERS/pair",
        Problem.TEMPLATE_MISMATCH: "isv.INVALID_PARAMETERS/mismatch",
    }
)

_EIGHT_HOURS = 8 * 3600  # natural hours are those of Beijing

# What the console allows a number in an hour and a day is not told; the figures are those of the
# SMS product, which it is sent through. UNVERIFIED.
LIMITS = (
    Limit(
        name="interval",
        permits=1,
        seconds=codes.INTERVAL,
        chosen="interval",
        key=("number",),
        error="biz.FREQUENCY",
        source=_SEND,
    ),
    Limit(
        name="hour",
        permits=5,
        seconds=3600,
        kind="natural",
        zone=_EIGHT_HOURS,
        key=("signature", "number"),
        error="isv.BUSINESS_LIMIT_CONTROL/hour",
        source=_FLOW,
    ),
    Limit(
        name="day",
        permits=10,
        seconds=86_400,
        key=("signature", "number"),
        error="BUSINESS_LIMIT_CONTROL",
        source=_FLOW,
    ),
)


def refuse(exchange: Exchange, failure: Failure) -> Reply:
    """As the SMS product does, and what it refuses itself has `Success` beside the rest."""
    row = failure.row
    if row.http_status != 200:
        return wire.refusal(exchange, failure)
    told = {"Message": failure.text, "RequestId": wire.request_id(exchange), "Code": row.code}
    return wire.reply(exchange, 200, {**told, "Success": False})


def message_id(_exchange: Exchange, draft: Draft) -> str:
    """The BizId."""
    return str(draft.details["biz_id"])


PROVIDER = Provider(
    name="aliyun_mas",
    title="Aliyun SMS authentication",
    hosts=("dypnsapi.aliyuncs.com",),
    reference=REFERENCE,
    account_of=ALIYUN,
    catalogue=catalogue.load("aliyun_mas"),
    problems=PROBLEMS,
    states={name: STATES[name] for name in ("1", "2", "3")},
    lifecycles={"carrier": LIFECYCLES["carrier"]},
    endpoints=by_action(
        wire.read,
        {
            "SendSmsVerifyCode": Send(codes.parse, codes.answer),
            "CheckSmsVerifyCode": Query(codes.check),
        },
    ),
    judges=(judges.region, judges.opted_out, judges.active, judges.credit),
    limits=LIMITS,
    templates=codes.TEMPLATES,
    signatures=codes.SIGNATURES,
    action=wire.named_action,
    identify=ALIYUN.identify,
    authenticate=signing.authenticate,
    refuse=refuse,
    message_id=message_id,
    placeholders=send.placeholders,
    number=send.taken,
    receipts=replace(reports.RECEIPTS, source=_REPORT),
    settings=codes.SETTINGS,
    emulates=(
        ("SendSmsVerifyCode", "full; AutoRetry and SmsUpExtendCode are read, no more", _SEND),
        ("Interval", "since the code before to the number, whatever its scheme: UNVERIFIED", _SEND),
        ("codes an hour and a day", "figures of the SMS product: UNVERIFIED", _FLOW),
        ("a code of the caller's own", "4 to 8 letters and digits: UNVERIFIED", _SEND),
        ("parameters that a template does not have", "let be: UNVERIFIED", "no page says"),
        ("order of checks", "a documented choice", "no page says"),
        (
            "CheckSmsVerifyCode",
            "a code passes once; any number of checks: UNVERIFIED",
            _CHECK,
        ),
        (
            "a check that fails",
            "isv.ValidateFail under HTTP 400, as real answers have it; UNKNOWN by the settings",
            _CHECK,
        ),
        (
            "DypnsSmsVerifyReport by HTTP",
            "full, but 10 s for an answer, not 0.7; MNS queues are not",
            _RECEIPTS,
        ),
        ("QuerySendDetails", "no; the vendor has withdrawn it", REFERENCE),
        ("VerifySmsCode, one-tap sign-in, fusion", "no; they need the app's SDK", REFERENCE),
    ),
)
