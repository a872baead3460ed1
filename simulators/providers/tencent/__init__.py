"""Tencent Cloud SMS, API version 2021-01-11 (and SendSms of 2019-07-11).

Reference: https://cloud.tencent.com/document/product/382/52077
One path; the operation is a header or a parameter. Every answer is HTTP 200: a call that fails
has `Response.Error`, a number that fails its own `Code` in `SendStatusSet`.
"""

from types import MappingProxyType

from simulators.kernel import catalogue, judges
from simulators.kernel.catalogue import Problem
from simulators.kernel.credentials import Credential
from simulators.kernel.flow import Limit
from simulators.kernel.message import State, Step
from simulators.kernel.provider import Provider, Query, Send, by_action
from simulators.kernel.templates import Signature, Template
from simulators.providers.tencent import access, registry, reports, send, statistics, wire

CATALOGUE = catalogue.load("tencent")

PROBLEMS = MappingProxyType(
    {
        Problem.MALFORMED: "FailedOperation.JsonParseFail",
        Problem.TOO_LARGE: "RequestSizeLimitExceeded",
        Problem.NOT_FOUND: "InvalidAction",
        Problem.METHOD_NOT_ALLOWED: "UnsupportedProtocol",
        Problem.NO_CREDENTIALS: "MissingParameter/SecretId",
        Problem.UNKNOWN_CREDENTIALS: "AuthFailure.SecretIdNotFound",
        Problem.UNAUTHENTICATED: "AuthFailure.SignatureFailure",
        Problem.EXPIRED: "AuthFailure.SignatureExpire",
        Problem.REPLAYED: "AuthFailure.SignatureExpire",
        Problem.FORBIDDEN: "AuthFailure.UnauthorizedOperation",
        Problem.SUSPENDED: "UnauthorizedOperation.ServiceSuspendDueToArrears",
        Problem.NO_CREDIT: "FailedOperation.InsufficientBalanceInSmsPackage",
        Problem.THROTTLED: "RequestLimitExceeded",
        Problem.MISSING_RECIPIENT: "MissingParameter.EmptyPhoneNumberSet",
        Problem.BAD_RECIPIENT: "InvalidParameterValue.IncorrectPhoneNumber",
        Problem.TOO_MANY_RECIPIENTS: "LimitExceeded.PhoneNumberCountLimit",
        Problem.REGION_NOT_ALLOWED: "LimitExceeded.AppCountryOrRegionInBlacklist",
        Problem.OPTED_OUT: "FailedOperation.PhoneNumberInBlacklist",
        Problem.MISSING_SENDER: "FailedOperation.SignatureIncorrectOrUnapproved",
        Problem.BAD_SENDER: "FailedOperation.SignatureIncorrectOrUnapproved",
        Problem.MISSING_TEXT: "FailedOperation.TemplateIncorrectOrUnapproved",
        Problem.TEXT_TOO_LONG: "InvalidParameterValue.ContentLengthLimit",
        Problem.TEMPLATE_UNKNOWN: "FailedOperation.TemplateUnapprovedOrNotExist",
        Problem.TEMPLATE_MISMATCH: "FailedOperation.TemplateParamSetNotMatchApprovedTemplate",
        Problem.INTERNAL: "InternalError",
        Problem.UNAVAILABLE: "ServiceUnavailable",
    }
)

# Carriers' words in receipts: https://cloud.tencent.com/document/product/382/59177
STATES = MappingProxyType(
    {
        "Ok": State.SENT,
        "DELIVRD": State.DELIVERED,
        "EXPIRED": State.EXPIRED,
        "SUBFAIL": State.FAILED,
        "UNDELIV": State.UNDELIVERED,
        "REJECTD": State.UNDELIVERED,
        "MK:0001": State.UNDELIVERED,  # the number is not in use
        "MI:0013": State.UNDELIVERED,  # switched off or suspended
        "MX:0003": State.UNDELIVERED,  # the carrier's daily cap
        "TD:0001": State.UNDELIVERED,  # the gateway's blacklist
        "-106": State.UNDELIVERED,  # a keyword
        "receiving": State.ACCEPTED,  # of a reply; both words are ours
        "received": State.RECEIVED,
    }
)

LIFECYCLES = MappingProxyType(
    {
        "inbound": (Step(0, "receiving"), Step(0, "received")),
        "sms": (Step(0, "Ok"), Step(3, "DELIVRD")),
    }
)

DAY, BEIJING = 86_400, 8 * 3600
_FAQ = "https://cloud.tencent.com/document/product/382/13303"

# The page words the first limit as the same content; refusals were seen for different codes too.
LIMITS = (
    Limit(
        name="number-30-seconds",
        permits=1,
        seconds=30,
        key=("number",),
        error="LimitExceeded.PhoneNumberThirtySecondLimit",
        source=_FAQ,
    ),
    Limit(
        name="number-day",
        permits=2,  # 10 in editions of the page before 2024
        seconds=DAY,
        kind="natural",
        zone=BEIJING,
        key=("number",),
        error="LimitExceeded.PhoneNumberDailyLimit",
        source=_FAQ,
    ),
    Limit(
        name="abroad-day",
        permits=100,
        seconds=DAY,
        kind="natural",
        zone=BEIJING,
        key=(),
        error="LimitExceeded.DailyLimit",
        source=_FAQ,
        applies=send.is_abroad,
        where=MappingProxyType({"details.code": "^(?!86$)"}),
    ),
)

_CODE = "您的验证码是{1}，5分钟内有效。"
# One for each kind of use that Logto has; a code template takes nothing but digits.
TEMPLATES = (
    Template("449739", _CODE, name="通用验证码"),
    Template("449740", f"登录：{_CODE}", name="登录验证码"),
    Template("449741", f"注册：{_CODE}", name="注册验证码"),
    Template("449742", f"找回密码：{_CODE}", name="找回密码验证码"),
    Template("449743", "您已受邀加入组织，编号{1}。", kind="notification", name="组织邀请"),
    Template("449744", f"身份验证：{_CODE}", name="权限验证码"),
    Template("449745", f"绑定手机：{_CODE}", name="绑定手机验证码"),
    Template("449746", f"两步验证：{_CODE}", name="两步验证码"),
    Template("449747", f"绑定两步验证：{_CODE}", name="绑定两步验证码"),
    Template("1800308", "Your verification code is {1}.", international=True, name="Code"),
)
SIGNATURES = (Signature("腾讯云"),)

_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"
# Temporary credentials come with a token.
_TOKENS = ("query.Token", "body.Token", "header.x-tc-token")

CREDENTIALS = (
    Credential(
        "secret_id",
        "AKIDFakeFakeFakeFakeFakeFakeFakeFake",
        make=lambda chance: "AKID" + chance.letters(32, _LETTERS),
        at=("query.SecretId", "body.SecretId", "authorization.TC3-HMAC-SHA256"),
        identifies=True,
    ),
    Credential(
        "secret_key",
        "FakeFakeFakeFakeFakeFakeFakeFake",
        make=lambda chance: chance.letters(32, _LETTERS),
        at=_TOKENS,
        signs=("query.Signature", "body.Signature", "authorization.TC3-HMAC-SHA256"),
        secret=True,
    ),
    Credential("app_id", "1400006666", make=lambda chance: "1400" + chance.digits(6)),
    Credential("sign_name", "腾讯云"),
    Credential("template_id", "449739"),
    Credential("region", "ap-guangzhou"),
)


ENDPOINTS = by_action(
    wire.read,
    {
        "SendSms": Send(send.parse, send.answer, per_recipient=True),
        "SendMultiGlobalSms": Send(send.parse_multi, send.answer_multi, per_recipient=True),
        "PullSmsSendStatus": Query(reports.receipts),
        "PullSmsSendStatusByPhoneNumber": Query(reports.receipts_of),
        "PullSmsReplyStatus": Query(reports.replies),
        "PullSmsReplyStatusByPhoneNumber": Query(reports.replies_of),
        "DescribeSendRecordList": Query(reports.records),
        "SendStatusStatistics": Query(statistics.sent),
        "CallbackStatusStatistics": Query(statistics.received),
        "SmsPackagesStatistics": Query(statistics.packages),
        "DescribePhoneNumberInfo": Query(send.describe),
        "ReportConversion": Query(statistics.converted),
        "AddSmsTemplate": Query(registry.add_template),
        "ModifySmsTemplate": Query(registry.modify_template),
        "DeleteSmsTemplate": Query(registry.delete_template),
        "DescribeSmsTemplateList": Query(registry.describe_templates),
        "AddSmsSign": Query(registry.add_sign),
        "ModifySmsSign": Query(registry.modify_sign),
        "DeleteSmsSign": Query(registry.delete_sign),
        "DescribeSmsSignList": Query(registry.describe_signs),
    },
    unknown=wire.unknown_action,
)

EMULATES = (
    (
        "TC3-HMAC-SHA256, HmacSHA1, HmacSHA256; GET and POST",
        "verified, on the Host header or on what SDKs sign at a local address (setting `strict`)",
        "https://cloud.tencent.com/document/api/382/52071",
    ),
    (
        "SendSms, SendMultiGlobalSms",
        "whole; SendSms of 2019-07-11 too, its other operations answer NoSuchVersion",
        "https://cloud.tencent.com/document/api/382/55981",
    ),
    (
        "receipts and replies: pull queues, by number, callbacks",
        "whole; a callback that is not acknowledged is sent again, three times: whether and when is"
        " unverified; fields of the reply callback unverified; a reply of R opts nobody out",
        "https://cloud.tencent.com/document/product/382/43547",
    ),
    (
        "DescribeSendRecordList",
        "what was kept; a message refused at once (SendStatus 1) is not among them",
        "https://cloud.tencent.com/document/api/382/137245",
    ),
    (
        "error texts",
        "English, as all real answers of the service are; the gateway's in the language asked for;"
        " texts of the class `code` are the English SDK's descriptions",
        "https://pypi.org/project/tencentcloud-sdk-python-intl-en/",
    ),
    (
        "templates and signatures",
        "all operations; the review is whoever runs the simulator, pictures are not looked at",
        "https://cloud.tencent.com/document/api/382/55974",
    ),
    (
        "statistics, packages, number information, conversions",
        "counted from what is kept; refusals as far as the journal goes",
        "https://cloud.tencent.com/document/api/382/55965",
    ),
    (
        "flow control",
        "30 s and day per number, day abroad; hour and application limits are off until a table of"
        " one's own has them, as the console's are; the API rate is provoked by rules",
        "https://cloud.tencent.com/document/product/382/13303",
    ),
    (
        "temporary keys, CAM policies, multi-factor, IP lists",
        "not emulated; their errors are provoked by rules",
        "https://cloud.tencent.com/document/api/382/52067",
    ),
)

PROVIDER = Provider(
    number=send.taken,
    name="tencent",
    title="Tencent Cloud SMS",
    hosts=(
        "sms.tencentcloudapi.com",
        "sms.ap-guangzhou.tencentcloudapi.com",
        "sms.ap-beijing.tencentcloudapi.com",
        "sms.ap-nanjing.tencentcloudapi.com",
        "sms.ap-singapore.tencentcloudapi.com",
        "sms.intl.tencentcloudapi.com",
    ),
    reference="https://cloud.tencent.com/document/product/382/52077",
    catalogue=CATALOGUE,
    problems=PROBLEMS,
    states=STATES,
    settings=access.SETTINGS,
    lifecycles=LIFECYCLES,
    judges=(judges.active, judges.credit, judges.region, judges.opted_out),
    limits=LIMITS,
    price=1,  # credit is a package of billed parts
    templates=TEMPLATES,
    signatures=SIGNATURES,
    endpoints=ENDPOINTS,
    credentials=CREDENTIALS,
    action=wire.named_action,
    identify=access.identify,
    authenticate=access.authenticate,
    refuse=wire.refuse,
    message_id=send.message_id,
    receipts=reports.RECEIPTS,
    inbound=reports.INBOUND,
    emulates=EMULATES,
)
