"""Templates and signatures: what every account starts with, and how the API words their states.

https://help.aliyun.com/document_detail/108253.html and https://help.aliyun.com/document_detail/108076.html
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from simulators.kernel import templates
from simulators.kernel.catalogue import Problem
from simulators.kernel.provider import Exchange, Refusal
from simulators.kernel.templates import Kind, Signature, Template
from simulators.providers.aliyun import wire

CODE, NOTIFICATION, PROMOTION, INTERNATIONAL = range(4)
TYPES = MappingProxyType({"code": CODE, "notification": NOTIFICATION, "promotion": PROMOTION})
STATUSES = MappingProxyType({"reviewing": 0, "approved": 1, "rejected": 2, "canceled": 10})

_DAILY = 100
_CREATED = 1_591_242_137.0  # 2020-06-04 11:42:17 in Beijing
_CODE = "您的验证码为${code}，请勿泄露于他人！"


def _template(
    code: str,
    name: str,
    content: str = _CODE,
    kind: Kind = "code",
    *,
    international: bool = False,
) -> Template:
    return Template(code, content, kind, international=international, name=name, created=_CREATED)


# The first is Aliyun's own test template. One for each usage type of Logto, and the pair that
# its setting {china, overseas} asks for, follow; then one of each other kind.
TEMPLATES = (
    _template(
        "SMS_154950909",
        "测试专用模板",
        "您正在使用阿里云短信测试服务，体验验证码是：${code}，如非本人操作，请忽略本短信！",
    ),
    _template("SMS_200000001", "登录", "您正在登录，验证码为${code}，请勿泄露于他人！"),
    _template("SMS_200000002", "注册", "您正在注册，验证码为${code}，请勿泄露于他人！"),
    _template("SMS_200000003", "重置密码", "您正在重置密码，验证码为${code}，请勿泄露于他人！"),
    _template("SMS_200000004", "通用"),
    _template("SMS_200000005", "组织邀请", "您受邀加入组织，验证码为${code}，请勿泄露于他人！"),
    _template("SMS_200000006", "权限验证", "您正在验证权限，验证码为${code}，请勿泄露于他人！"),
    _template("SMS_200000007", "绑定账号", "您正在绑定新账号，验证码为${code}，请勿泄露于他人！"),
    _template("SMS_200000008", "多因素验证", "您正在验证身份，验证码为${code}，请勿泄露于他人！"),
    _template(
        "SMS_200000009", "绑定多因素", "您正在绑定多因素验证，验证码为${code}，请勿泄露于他人！"
    ),
    _template("SMS_CHINA1", "国内验证码"),
    _template(
        "SMS_OVERSEAS1", "国际验证码", "Your verification code is ${code}.", international=True
    ),
    _template(
        "SMS_200000021",
        "发货通知",
        "您的订单${order}已发货，快递单号${number}，请留意查收。",
        kind="notification",
    ),
    _template(
        "SMS_200000022",
        "International notification",
        "Your order ${order} has been shipped.",
        kind="notification",
        international=True,
    ),
    _template("SMS_200000031", "会员日", "会员日全场${discount}折，拒收请回复R", kind="promotion"),
)
SIGNATURES = (Signature("阿里云短信测试", created=_CREATED),)


def all_templates(exchange: Exchange) -> Mapping[str, Template]:
    """The account's templates by code."""
    provider = exchange.provider
    return templates.templates(exchange.world, provider.name, provider.templates)


def all_signatures(exchange: Exchange) -> Mapping[str, Signature]:
    """The account's signatures by name."""
    provider = exchange.provider
    return templates.signatures(exchange.world, provider.name, provider.signatures)


def template_type(template: Template) -> int:
    """The API's number of a template's kind; international ones are a kind of their own."""
    return INTERNATIONAL if template.international else TYPES[template.kind]


def usable_template(exchange: Exchange, code: str) -> Template:
    """A template of the account that was approved."""
    template = all_templates(exchange).get(code)
    if template is None or template.status != "approved":
        raise Refusal(Problem.TEMPLATE_UNKNOWN)
    return template


def usable_signature(exchange: Exchange, name: str) -> Signature:
    """A signature of the account that was approved."""
    signature = all_signatures(exchange).get(name)
    if signature is None or signature.status != "approved":
        raise Refusal(Problem.BAD_SENDER)
    return signature


def match(signature: Signature, template: Template) -> None:
    """A signature for verification codes signs nothing else."""
    if signature.kind == "code" and template_type(template) != CODE:
        raise Refusal("isv.SMS_SIGNATURE_SCENE_ILLEGAL")


def within_quota(exchange: Exchange, made: Iterable[Template | Signature]) -> None:
    """At most 100 templates, and as many signatures, may be applied for in a day."""
    today = wire.day(exchange.now)
    if sum(wire.day(one.created) == today for one in made) >= _DAILY:
        raise Refusal("isv.SMS_OVER_LIMIT")
