"""Signatures by the API: query, list, apply for, change, delete.

https://help.aliyun.com/zh/sms/developer-reference/api-dysmsapi-2017-05-25-dir-signature-management
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from simulators.kernel.call import Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.provider import Exchange, Refusal
from simulators.kernel.reading import first
from simulators.kernel.templates import Signature, Status, signatures, update_signatures
from simulators.providers.aliyun import templates, wire

_LIST_STATUSES: dict[Status, str] = {
    "reviewing": "AUDIT_STATE_INIT",
    "approved": "AUDIT_STATE_PASS",
    "rejected": "AUDIT_STATE_NOT_PASS",
    "canceled": "AUDIT_STATE_CANCEL",
}
_BUSINESS = {"code": "验证码类型", "general": "通用类型"}
_NO_REMARK = "无审核备注"
_NAME = re.compile(r"[A-Za-z0-9\u4e00-\u9fff]{2,}")
_SOURCES = frozenset("012345")

Registry = dict[str, Signature]


def query(exchange: Exchange) -> Reply:
    """QuerySmsSign."""
    signature = _named(exchange, signatures(exchange.world, exchange.provider))
    return wire.ok(
        exchange,
        SignName=signature.name,
        SignStatus=templates.STATUSES[signature.status],
        CreateDate=wire.date(signature.created),
        Reason=signature.reason or _NO_REMARK,
    )


def get(exchange: Exchange) -> Reply:
    """GetSmsSign."""
    signature = _named(exchange, signatures(exchange.world, exchange.provider))
    more: dict[str, Any] = {}
    if signature.status == "rejected":
        more["AuditInfo"] = {"RejectInfo": signature.reason}
    return wire.ok(
        exchange,
        SignName=signature.name,
        SignStatus=templates.STATUSES[signature.status],
        SignTag="2",
        SignUsage=_BUSINESS[signature.kind],
        CreateDate=wire.date(signature.created),
        Remark=signature.remark,
        ThirdParty=False,
        **more,
    )


def listed(exchange: Exchange) -> Reply:
    """QuerySmsSignList."""
    at, size = wire.page(wire.parameters(exchange.document), "PageIndex")
    every = list(signatures(exchange.world, exchange.provider).values())
    rows = [_row(signature) for signature in every[(at - 1) * size : at * size]]
    pages = {"TotalCount": len(every), "CurrentPage": at, "PageSize": size}
    return wire.ok(exchange, SmsSignList=rows, **pages)


def _row(signature: Signature) -> dict[str, Any]:
    return {
        "SignName": signature.name,
        "AuditStatus": _LIST_STATUSES[signature.status],
        "BusinessType": _BUSINESS[signature.kind],
        "CreateDate": wire.date(signature.created),
        "Reason": {"RejectInfo": signature.reason or _NO_REMARK},
    }


def add(exchange: Exchange) -> Reply:
    """AddSmsSign, whose proof comes as files."""
    wire.required(wire.parameters(exchange.document), "SignName", "SignSource", "Remark")
    _with_file(exchange)
    return wire.ok(exchange, SignName=_apply(exchange).name)


def create(exchange: Exchange) -> Reply:
    """CreateSmsSign, the newer form: its proof is a qualification approved before."""
    wire.required(wire.parameters(exchange.document), "SignName", "SignSource", "QualificationId")
    return _ordered(exchange, _apply)


def modify(exchange: Exchange) -> Reply:
    """ModifySmsSign."""
    wire.required(wire.parameters(exchange.document), "SignName", "SignSource", "Remark")
    _with_file(exchange)
    return wire.ok(exchange, SignName=_change(exchange).name)


def update(exchange: Exchange) -> Reply:
    """UpdateSmsSign, the newer form."""
    wire.required(wire.parameters(exchange.document), "SignName", "SignSource", "QualificationId")
    return _ordered(exchange, _change)


def delete(exchange: Exchange) -> Reply:
    """DeleteSmsSign."""
    name = _name(exchange)

    def left(every: Registry) -> None:
        if _named(exchange, every).status == "reviewing":
            raise Refusal("isv.ERROR_SIGN_NOT_DELETE")
        del every[name]

    update_signatures(exchange.world, exchange.provider, left)
    return wire.ok(exchange, SignName=name)


def _ordered(exchange: Exchange, work: Callable[[Exchange], Signature]) -> Reply:
    name = work(exchange).name
    return wire.ok(exchange, SignName=name, OrderId=exchange.world.chance.digits(11))


def _with_file(exchange: Exchange) -> None:
    sent = wire.parameters(exchange.document)
    if not first(sent, "SignFileList.1.FileContents"):
        raise Refusal("isv.ERROR_EMPTY_FILE")


def _name(exchange: Exchange) -> str:
    (name,) = wire.required(wire.parameters(exchange.document), "SignName")
    return name


def _named(exchange: Exchange, every: Mapping[str, Signature]) -> Signature:
    signature = every.get(_name(exchange))
    if signature is None:
        raise Refusal(Problem.BAD_SENDER)
    return signature


def _apply(exchange: Exchange) -> Signature:
    name = first(wire.parameters(exchange.document), "SignName")

    def added(every: Registry) -> None:
        templates.within_quota(exchange, every.values())
        if any(char > "\uffff" for char in name):
            raise Refusal("isv.SMS_SIGN_EMOJI_ILLEGAL")
        if len(name) > 12:
            raise Refusal("isv.SIGN_OVER_LIMIT")
        if not _NAME.fullmatch(name) or name in every:
            raise Refusal("isv.SIGN_NAME_ILLEGAL")
        every[name] = _filled(exchange, Signature(name, created=exchange.now))

    return update_signatures(exchange.world, exchange.provider, added)[name]


def _change(exchange: Exchange) -> Signature:
    name = _name(exchange)

    def changed(every: Registry) -> None:
        signature = _named(exchange, every)
        if signature.status == "approved":
            raise Refusal("isv.ERROR_SIGN_NOT_MODIFY")
        every[name] = _filled(exchange, signature)

    return update_signatures(exchange.world, exchange.provider, changed)[name]


def _filled(exchange: Exchange, signature: Signature) -> Signature:
    sent = wire.parameters(exchange.document)
    if first(sent, "SignSource") not in _SOURCES:
        raise Refusal("isv.SIGN_SOURCE_ILLEGAL")
    general = wire.number(first(sent, "SignType", "1"), 0, 1) == 1
    return replace(
        signature,
        kind="general" if general else "code",
        remark=first(sent, "Remark"),
        status="reviewing",
        reason="",
    )
