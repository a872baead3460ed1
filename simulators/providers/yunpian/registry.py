"""Templates and signatures: what the account applies for, and which texts it may send by them.

https://github.com/yunpian/yunpian-java-sdk. A text names no template: it is compared with all of
them. The template `【云片网】您的验证码是#code#` lets the text `【云片网】您的验证码是1234` pass.
One that was applied for is under review; it is approved, or not, by whoever runs the simulator.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from simulators.kernel import reading, templates
from simulators.kernel.call import Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.provider import Exchange, Refusal
from simulators.kernel.templates import Kind, Signature, Status, Template, Variables

VARIABLES = Variables("#([A-Za-z0-9_]+)#")
_SIGNED = re.compile(r"【([^【】]+)】")
_CODE = re.compile(r"[A-Za-z0-9]{1,16}")
_REVIEW: Mapping[Status, str] = {"approved": "SUCCESS", "reviewing": "CHECKING"}  # else FAIL
SIGNATURES = (Signature("云片网"),)
# The vendor's own examples; the second one may go to any country.
TEMPLATES = (
    Template("1", "【云片网】您的验证码是#code#"),
    Template("2", "【云片网】您的验证码是#code#。如非本人操作，请忽略本短信", international=True),
    Template("3", "【云片网】您的订单#order#已发货", kind="notification"),
)


def fields(exchange: Exchange) -> reading.Fields:
    """The form; none where a body could not be read."""
    return exchange.document["body"] or {}


def answer(value: Any, status: int = 200) -> Reply:
    """An answer, as all are."""
    return Reply.json(status, value, kind="application/json;charset=utf-8")


def asked(exchange: Exchange, *names: str) -> list[str]:
    """The fields that have to be there; the first that is not is refused by its name."""
    values = [reading.first(fields(exchange), name) for name in names]
    for name, value in zip(names, values, strict=True):
        if not value:
            raise Refusal(f"1/{name}")
    return values


def text(exchange: Exchange) -> tuple[str, list[Template]]:
    """The text with a signature in front, and the templates it is one of. Which of several faults
    is told first is UNVERIFIED."""
    (sent,) = asked(exchange, "text")
    whole = sent if sent.startswith("【") else exchange.credentials["signature"] + sent
    names = _SIGNED.findall(whole)
    if len(names) != 1:
        raise Refusal("16")
    signature = templates.signatures(exchange.world, exchange.provider).get(names[0])
    if signature is None or signature.status != "approved":
        raise Refusal(Problem.BAD_SENDER, signature=names[0])
    return whole, usable(all_templates(exchange).values(), whole)


def usable(known: Iterable[Template], text: str) -> list[Template]:
    """The templates that let a text pass; raises `Refusal` with what is wrong if none does."""
    found = [(one, VARIABLES.read(one.content, text)) for one in known]
    fit = [(one, values) for one, values in found if values is not None]
    if not fit:
        raise Refusal(Problem.TEMPLATE_UNKNOWN)
    approved = [(one, values) for one, values in fit if one.status == "approved"]
    if not approved:
        raise Refusal("7")
    good = [one for one, values in approved if _CODE.fullmatch(values.get("code", "1"))]
    if not good:
        raise Refusal("2/code")
    return good


def all_templates(exchange: Exchange) -> Mapping[str, Template]:
    """The account's templates by their ids."""
    return templates.templates(exchange.world, exchange.provider)


def get_templates(exchange: Exchange) -> Reply:
    """One template by its id, or all."""
    known, tpl_id = all_templates(exchange), reading.first(fields(exchange), "tpl_id")
    if not tpl_id:
        return answer([_template(one) for one in known.values()])
    if tpl_id not in known:
        raise Refusal("-55")
    return answer(_template(known[tpl_id]))


def add_template(exchange: Exchange) -> Reply:
    """Applies for a template: whoever plays the reviewer approves it, or not."""

    def added(known: dict[str, Template]) -> None:
        code = str(max((int(code) for code in known if code.isdigit()), default=0) + 1)
        known[code] = _applied(exchange, code)

    *_others, made = templates.update_templates(exchange.world, exchange.provider, added).values()
    return answer(_template(made))


def update_template(exchange: Exchange) -> Reply:
    """Changes a template, which is then reviewed again."""
    (tpl_id,) = asked(exchange, "tpl_id")

    def changed(known: dict[str, Template]) -> None:
        if tpl_id not in known:
            raise Refusal("-55")
        known[tpl_id] = _applied(exchange, tpl_id)

    known = templates.update_templates(exchange.world, exchange.provider, changed)
    return answer(_template(known[tpl_id]))


def delete_template(exchange: Exchange) -> Reply:
    """Deletes a template, and shows it once more."""
    (tpl_id,) = asked(exchange, "tpl_id")
    gone: list[Template] = []

    def left(known: dict[str, Template]) -> None:
        if tpl_id not in known:
            raise Refusal("-55")
        gone[:] = [known.pop(tpl_id)]

    templates.update_templates(exchange.world, exchange.provider, left)
    return answer(_template(gone[0]))


def _applied(exchange: Exchange, code: str) -> Template:
    (content,) = asked(exchange, "tpl_content")
    if not content.startswith("【"):
        raise Refusal("6")
    kind: Kind = "code" if "code" in VARIABLES.names(content) else "notification"
    abroad = bool(reading.first(fields(exchange), "lang"))
    return Template(code, content, kind, "reviewing", abroad, created=exchange.now)


def _template(one: Template) -> dict[str, Any]:
    told = {"tpl_id": int(one.code) if one.code.isdigit() else 0, "tpl_content": one.content}
    return {
        **told,
        "check_status": _REVIEW.get(one.status, "FAIL"),
        "reason": one.reason or None,
        **({"lang": "en"} if one.international else {"country_code": "CN,TW,MO,HK"}),
    }


def get_signatures(exchange: Exchange) -> Reply:
    """The account's signatures; the values beside the names are UNVERIFIED."""
    wanted = reading.first(fields(exchange), "sign").strip("【】")
    known = templates.signatures(exchange.world, exchange.provider).values()
    found = [
        {
            "chan": "",
            "check_status": _REVIEW.get(one.status, "FAIL"),
            "enabled": one.status == "approved",
            "extend": "",
            "industry_type": "其它",
            "only_global": False,
            "remark": one.reason,
            "sign": f"【{one.name}】",
            "vip": False,
        }
        for one in known
        if wanted in one.name
    ]
    return answer({"code": 0, "msg": "OK", "total": len(found), "sign": found})


def add_signature(exchange: Exchange) -> Reply:
    """Applies for a signature, which is reviewed as a template is."""
    (sign,) = asked(exchange, "sign")
    name = sign.strip("【】")

    def added(known: dict[str, Signature]) -> None:
        if name in known:
            raise Refusal("-54")
        known[name] = Signature(name, "reviewing", created=exchange.now)

    templates.update_signatures(exchange.world, exchange.provider, added)
    told = {
        "apply_state": "CHECKING",
        "industry_type": "其它",
        "is_apply_vip": False,
        "is_only_global": False,
        "sign": f"【{name}】",
    }
    return answer({"code": 0, "msg": "OK", "sign": told})
