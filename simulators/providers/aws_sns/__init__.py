"""AWS SNS, API version 2010-03-31: SMS to a phone number.

Reference: https://docs.aws.amazon.com/sns/latest/api/Welcome.html
The Query API: one path, the operation is a parameter, answers are XML; requests are signed with
Signature Version 4. A text that will never arrive is taken like any other, and why it did not is
told in a log (`delivery.py`).
"""

from types import MappingProxyType

from simulators.kernel import catalogue, judges
from simulators.kernel.catalogue import Problem
from simulators.kernel.clock import Chance
from simulators.kernel.credentials import Credential
from simulators.kernel.flow import Limit
from simulators.kernel.message import State, Step
from simulators.kernel.provider import Provider, Query, Send, by_action
from simulators.providers.aws_sns import access, account, delivery, publish, sandbox, wire

REFERENCE = "https://docs.aws.amazon.com/sns/latest/api/Welcome.html"
QUOTAS = "https://docs.aws.amazon.com/general/latest/gr/sns.html"
GUIDE = "https://docs.aws.amazon.com/sns/latest/dg/sns-mobile-phone-number-as-subscriber.html"
API = "https://docs.aws.amazon.com/sns/latest/api/API_"

PROBLEMS = MappingProxyType(
    {
        Problem.MALFORMED: "ValidationError",
        Problem.TOO_LARGE: "InvalidParameter/long",
        Problem.NOT_FOUND: "InvalidAction",
        Problem.METHOD_NOT_ALLOWED: "InvalidAction",
        Problem.NO_CREDENTIALS: "MissingAuthenticationToken",
        Problem.UNKNOWN_CREDENTIALS: "InvalidClientTokenId",
        Problem.UNAUTHENTICATED: "SignatureDoesNotMatch",
        Problem.EXPIRED: "SignatureDoesNotMatch/expired",
        Problem.REPLAYED: "RequestExpired",
        Problem.FORBIDDEN: "AuthorizationError",
        Problem.SUSPENDED: "OptInRequired",
        Problem.NO_CREDIT: "OptInRequired/quota",
        Problem.THROTTLED: "ThrottlingException",
        Problem.MISSING_RECIPIENT: "InvalidParameter/target",
        Problem.BAD_RECIPIENT: "InvalidParameter/phone",
        Problem.TOO_MANY_RECIPIENTS: "InvalidParameter/phone",
        Problem.REGION_NOT_ALLOWED: "InvalidParameter/country",
        Problem.OPTED_OUT: "OptedOut",
        Problem.MISSING_SENDER: "InvalidParameter/message-attribute",
        Problem.BAD_SENDER: "InvalidParameter/message-attribute",
        Problem.MISSING_TEXT: "InvalidParameter/empty",
        Problem.TEXT_TOO_LONG: "InvalidParameter/long",
        Problem.TEMPLATE_UNKNOWN: "InvalidParameter/message-attribute",
        Problem.TEMPLATE_MISMATCH: "InvalidParameter/message-attribute",
        Problem.INTERNAL: "InternalError",
        Problem.UNAVAILABLE: "ServiceUnavailable",
    }
)

# SUCCESS and FAILURE are the words of the log; what stands before them is ours.
STATES = MappingProxyType(
    {
        "accepted": State.ACCEPTED,
        delivery.SUCCESS: State.DELIVERED,
        delivery.FAILURE: State.UNDELIVERED,
    }
)
LIFECYCLES = MappingProxyType({"sms": (Step(0, "accepted"), Step(3, delivery.SUCCESS))})

_REGIONS = (
    *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "ca-west-1"),
    *("eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2"),
    *("eu-west-1", "eu-west-2", "eu-west-3", "af-south-1", "il-central-1"),
    *("me-central-1", "me-south-1", "mx-central-1", "sa-east-1"),
    *("ap-east-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3"),
    *("ap-south-1", "ap-south-2", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3"),
    *("ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7"),
    *("us-gov-east-1", "us-gov-west-1"),
)
_CHINA = ("cn-north-1", "cn-northwest-1")
HOST = "sns.us-east-1.amazonaws.com"
# The same API in each region, by IPv4, by both protocols, and by FIPS.
MORE_HOSTS = tuple(
    host
    for regions, one, both in (
        (_REGIONS, "amazonaws.com", "api.aws"),
        (_CHINA, "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    )
    for region in regions
    for name in ("sns", "sns-fips")
    for host in (f"{name}.{region}.{one}", f"{name}.{region}.{both}")
    if host != HOST
)

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def _secret(chance: Chance) -> str:
    return f"{chance.letters(30, _LETTERS + _LETTERS.lower())}EXAMPLEKEY"


CREDENTIALS = (
    Credential(
        "access_key_id",
        "AKIAIOSFODNN7EXAMPLE",
        make=lambda chance: f"AKIA{chance.letters(9, _LETTERS)}EXAMPLE",
        at=("authorization.AWS4-HMAC-SHA256", "query.X-Amz-Credential"),
        identifies=True,
    ),
    Credential(
        "secret_access_key",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        make=_secret,
        signs=("authorization.AWS4-HMAC-SHA256", "query.X-Amz-Signature"),
        secret=True,
    ),
    Credential(
        "session_token",
        "IQoJb3JpZ2luFakeFakeFakeFakeSessionTokenEXAMPLE",
        make=lambda chance: f"IQoJb3JpZ2lu{chance.letters(28, _LETTERS)}EXAMPLE",
        at=("header.x-amz-security-token", "query.X-Amz-Security-Token"),
        secret=True,
    ),
    Credential("account_id", "123456789012", make=lambda chance: chance.digits(12)),
    Credential("region", "us-east-1"),
    Credential("origination_number", "+12065550100"),
)


def _promotional(draft: object) -> bool:
    return getattr(draft, "details", {}).get("type") == "Promotional"


def _transactional(draft: object) -> bool:
    return getattr(draft, "details", {}).get("type") == "Transactional"


LIMITS = tuple(
    Limit(
        name=f"{kind.lower()} SMS a second",
        permits=20,
        seconds=1,
        key=(),
        error="ThrottlingException",
        source=QUOTAS,
        applies=applies,
        where=MappingProxyType({"details.type": f"^{kind}$"}),
    )
    for kind, applies in (("Promotional", _promotional), ("Transactional", _transactional))
)

ENDPOINTS = by_action(
    wire.read,
    {
        "Publish": Send(publish.parse, publish.answer),
        "SetSMSAttributes": Query(account.set_attributes),
        "GetSMSAttributes": Query(account.get_attributes),
        "CheckIfPhoneNumberIsOptedOut": Query(account.is_opted_out),
        "ListPhoneNumbersOptedOut": Query(account.opted_out),
        "OptInPhoneNumber": Query(account.opt_in),
        "ListOriginationNumbers": Query(account.origination_numbers),
        "CreateSMSSandboxPhoneNumber": Send(sandbox.parse, sandbox.answer),
        "VerifySMSSandboxPhoneNumber": Query(sandbox.verify),
        "DeleteSMSSandboxPhoneNumber": Query(sandbox.delete),
        "ListSMSSandboxPhoneNumbers": Query(sandbox.listed),
        "GetSMSSandboxAccountStatus": Query(sandbox.status),
    },
    unknown=wire.unknown_action,
)

EMULATES = (
    (
        "Signature Version 4, in a header and presigned",
        "verified on host and path as sent or as they are behind a proxy (setting `strict`);"
        " UNSIGNED-PAYLOAD; fifteen minutes to either side; a session token is the account's own",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html",
    ),
    (
        "Publish to a phone number",
        "whole, with every SMS attribute; in which order faults are found is UNVERIFIED",
        f"{API}Publish.html",
    ),
    (
        "Publish to a topic or a device",
        "refused: an account here has no topics (NotFound) and no endpoints; other operations of"
        " SNS answer InvalidAction",
        f"{API}Publish.html",
    ),
    (
        "messages that are taken and never arrive",
        "opted out, over the price, over MonthlySpendLimit, in the sandbox: told in the log alone;"
        " the spend limit stops at once, not within minutes; a region that is blocked is refused",
        delivery.SOURCE,
    ),
    (
        "delivery status logging",
        "the document is shown with the message, whatever DeliveryStatusIAMRole and the sampling"
        " rate are; posted as a subscription filter's event, where a URL for receipts is set;"
        " there is no log group to be asked",
        delivery.SOURCE,
    ),
    (
        "SMS attributes, opt-outs, origination numbers",
        "whole; texts of refusals are UNVERIFIED; UsageReportS3Bucket is kept and nothing written",
        f"{API}SetSMSAttributes.html",
    ),
    (
        "SMS sandbox",
        "whole; the texts of the password and of refusals are UNVERIFIED",
        "https://docs.aws.amazon.com/sns/latest/dg/sns-sms-sandbox.html",
    ),
    (
        "flow control",
        "20 SMS a second of each type; that Publish refuses the next one is UNVERIFIED; rates of"
        " the other operations are provoked by rules",
        QUOTAS,
    ),
    ("inbound messages (two-way SMS), SNS topics, KMS, IAM policies", "not emulated", GUIDE),
)

PROVIDER = Provider(
    name="aws_sns",
    title="AWS SNS",
    hosts=(HOST,),
    more_hosts=MORE_HOSTS,
    reference=REFERENCE,
    catalogue=catalogue.load("aws_sns"),
    problems=PROBLEMS,
    states=STATES,
    lifecycles=LIFECYCLES,
    settings=access.SETTINGS,
    judges=(
        judges.active,
        judges.region,
        judges.opted_out,
        judges.credit,
        publish.within_spend_limit,
    ),
    limits=LIMITS,
    price=publish.PRICE,
    endpoints=ENDPOINTS,
    credentials=CREDENTIALS,
    action=wire.named_action,
    identify=access.identify,
    authenticate=access.authenticate,
    refuse=wire.refuse,
    placeholders=wire.placeholders,
    message_id=publish.message_id,
    receipts=delivery.RECEIPTS,
    log=delivery.logged,
    answers="xml",
    emulates=EMULATES,
)
