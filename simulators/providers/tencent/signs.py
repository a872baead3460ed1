"""The account's signatures: apply for one, change it, delete it, see what became of it.

https://cloud.tencent.com/document/api/382/55967. A signature is named by its text when it is
used and by a number when it is managed; the numbers are the settings document `tencent/signs`.
"""

import re
from dataclasses import replace
from typing import Any
from zlib import crc32

from simulators.kernel import templates
from simulators.kernel.call import Reply
from simulators.kernel.provider import Exchange, Refusal
from simulators.kernel.templates import Signature
from simulators.kernel.world import newest
from simulators.providers.tencent import pages, parameters, wire
from simulators.providers.tencent.templates import FOUNDED, STATUS_CODES, checked_international

IDS, ABROAD = "tencent/signs", "tencent/signs/abroad"
LONGEST = 12
_NAME = re.compile(r"[A-Za-z0-9\u4e00-\u9fff]{2,}")
_TYPES, _DOCUMENTS, _PURPOSES = (0, 1, 4, 5), (0, 1, 2, 3, 4, 7), (0, 1)
_MOST = 100


def add(exchange: Exchange) -> Reply:
    """AddSmsSign: no two alike may be under review or approved."""
    given = parameters.of(exchange)
    name = _checked_name(given)

    def added(known: dict[str, Signature]) -> None:
        _refuse_again(known, name)
        known[name] = Signature(name, status="reviewing", created=exchange.now)

    templates.update_signatures(exchange.world, exchange.provider, added)
    _note(exchange, ABROAD, name, given["International"])
    return wire.succeed(exchange, AddSignStatus={"SignId": _id(exchange, name)})


def modify(exchange: Exchange) -> Reply:
    """ModifySmsSign: one that was approved stands as it is."""
    given = parameters.of(exchange)

    def modified(known: dict[str, Signature]) -> None:
        old = _named(exchange, known, given["SignId"])
        if old is None:
            raise Refusal("FailedOperation.MissingSignatureToModify")
        if known[old].status == "approved":
            raise Refusal("InvalidParameterValue.SignAlreadyPassedCheck")
        name = _checked_name(given)
        if name != old:
            _refuse_again(known, name)
        kept = known.pop(old)
        known[name] = replace(kept, name=name, status="reviewing", reason="")

    *_others, name = templates.update_signatures(exchange.world, exchange.provider, modified)
    _note(exchange, IDS, name, given["SignId"])
    _note(exchange, ABROAD, name, given["International"])
    return wire.succeed(exchange, ModifySignStatus={"SignId": given["SignId"]})


def delete(exchange: Exchange) -> Reply:
    """DeleteSmsSign."""
    given = parameters.of(exchange)

    def left(known: dict[str, Signature]) -> None:
        name = _named(exchange, known, given["SignId"])
        if name is None:
            raise Refusal("FailedOperation.SignIdNotExist")
        del known[name]

    templates.update_signatures(exchange.world, exchange.provider, left)
    status = {"DeleteStatus": "return successfully!", "DeleteTime": int(exchange.now)}
    return wire.succeed(exchange, DeleteSignStatus=status)


def describe(exchange: Exchange) -> Reply:
    """DescribeSmsSignList: those named, or a page of all for the mainland or abroad."""
    given = parameters.of(exchange)
    international = int(checked_international(given))
    wanted = given.get("SignIdSet", [])
    limit, offset = pages.window(given, _MOST, least=0)
    if len(wanted) > _MOST:
        raise Refusal("InvalidParameterValue.LimitVerifyFail")
    rows = [_row(exchange, sign) for sign in _known(exchange).values()]
    if wanted:
        found = [row for row in rows if row["SignId"] in wanted]
        if not found:
            raise Refusal("FailedOperation.MissingSignatureList")
    else:
        found = [row for row in rows if row["International"] == international]
        found = found[offset : offset + limit]
    return wire.succeed(exchange, DescribeSignListStatusSet=found)


def _checked_name(given: dict[str, Any]) -> str:
    checked_international(given)
    if given["SignPurpose"] not in _PURPOSES:
        raise Refusal("InvalidParameterValue.InvalidSignPurpose")
    if given["SignType"] not in _TYPES:
        raise Refusal("InvalidParameterValue")
    if given["DocumentType"] not in _DOCUMENTS:
        raise Refusal("InvalidParameterValue.InvalidDocumentType")
    name: str = given["SignName"]
    if len(name) > LONGEST:
        raise Refusal("InvalidParameterValue.SignNameLengthTooLong")
    if not _NAME.fullmatch(name):
        raise Refusal("InvalidParameter.InvalidParameters")
    return name


def _refuse_again(known: dict[str, Signature], name: str) -> None:
    if name in known and known[name].status in ("approved", "reviewing"):
        raise Refusal("InvalidParameterValue.SignExistAndUnapproved")


def _known(exchange: Exchange) -> Any:
    provider = exchange.provider
    return templates.signatures(exchange.world, provider.name, provider.signatures)


def _abroad(exchange: Exchange) -> dict[str, int]:
    found: dict[str, int] = exchange.world.load(ABROAD, {})
    return found


def _note(exchange: Exchange, document: str, name: str, value: int) -> None:
    exchange.world.update(document, lambda known: newest({**known, name: value}), {})


def _id(exchange: Exchange, name: str) -> int:
    given: int | None = exchange.world.load(IDS, {}).get(name)
    return 100_000 + crc32(name.encode()) % 900_000 if given is None else given


def _named(exchange: Exchange, known: dict[str, Signature], sign: int) -> str | None:
    return next((name for name in known if _id(exchange, name) == sign), None)


def _row(exchange: Exchange, sign: Signature) -> dict[str, Any]:
    return {
        "SignId": _id(exchange, sign.name),
        "International": _abroad(exchange).get(sign.name, 0),
        "StatusCode": STATUS_CODES[sign.status],
        "ReviewReply": sign.reason,
        "SignName": sign.name,
        "CreateTime": int(sign.created) or FOUNDED,
        "QualificationId": 0,
        "QualificationName": "",
        "QualificationStatusCode": 0,
    }
