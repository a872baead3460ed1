"""Management API: request a code for a number, verify it, and forgive a number."""

import re

from simulators.otp import codes, sending
from simulators.otp.api.entrance import enter
from simulators.otp.errors import Refused
from simulators.otp.route import DONE, Ask, Route, Said
from simulators.otp.zod import EMAIL, PHONE, TEXT, Guard, native, obj

_CODE = {"type": "string", "minLength": 1}
_REQUEST = Guard({"anyOf": [obj(["email"], email=EMAIL), obj(["phone"], phone=PHONE)]})
_VERIFY = Guard(
    {
        "anyOf": [
            obj(["email", "verificationCode"], email=EMAIL, verificationCode=_CODE),
            obj(["phone", "verificationCode"], phone=PHONE, verificationCode=_CODE),
        ]
    }
)
_TARGETS = {"type": "array", "items": TEXT}
_DELETE = Guard(obj(["targetType", "targets"], targetType=native("User", "App"), targets=_TARGETS))


def _recipient(ask: Ask) -> tuple[str, str]:
    """Kind and value; an address goes before a number, where both are given and it is one."""
    email = ask.body.get("email")
    if isinstance(email, str) and re.fullmatch(EMAIL["pattern"], email):
        return "email", email
    return "phone", ask.body["phone"]


async def _request(ask: Ask) -> Said:
    """The code is there before it is sent: a send that fails leaves it, and the old one is gone."""
    kind, to = _recipient(ask)

    async def send() -> None:
        code = codes.create(ask.service, to, "Generic", to)
        if kind == "email":  # there are no e-mail connectors here
            raise Refused("connector.not_found", type="Email")
        await sending.send(ask.service, "Generic", to, {"code": code}, ask.ip)

    await codes.guarded(ask.service, to, send)
    return DONE


def _verify(ask: Ask) -> Said:
    kind, to = _recipient(ask)
    codes.verify(ask.service, to, "Generic", to, ask.body["verificationCode"], kind)
    return DONE


def _delete(ask: Ask) -> Said:
    for target in ask.body["targets"]:
        codes.forgive(ask.service, target)
    return DONE


ROUTES = tuple(
    Route(method="POST", path=path, view=view, guard=guard, enter=enter)
    for path, view, guard in (
        ("/api/verification-codes", _request, _REQUEST),
        ("/api/verification-codes/verify", _verify, _VERIFY),
        ("/api/sentinel-activities/delete", _delete, _DELETE),
    )
)
