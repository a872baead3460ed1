"""Management API: request a code for a number, and verify it."""

from simulators.otp import passcodes, sending, sentinel
from simulators.otp.api.management import EMAIL, PHONE, enter
from simulators.otp.bodies import Guard, obj
from simulators.otp.refused import Refused
from simulators.otp.route import DONE, Ask, Route, Said

_CODE = {"type": "string", "minLength": 1}
_REQUEST = Guard({"anyOf": [obj(["phone"], phone=PHONE), obj(["email"], email=EMAIL)]})
_VERIFY = Guard(
    {
        "anyOf": [
            obj(["phone", "verificationCode"], phone=PHONE, verificationCode=_CODE),
            obj(["email", "verificationCode"], email=EMAIL, verificationCode=_CODE),
        ]
    }
)


def _recipient(ask: Ask) -> tuple[str, str]:
    """Kind and value; a number goes before an address."""
    phone = ask.body.get("phone")
    return ("phone", phone) if isinstance(phone, str) else ("email", ask.body["email"])


async def _request(ask: Ask) -> Said:
    """The code is there before it is sent: a send that fails leaves it, and the old one is gone."""
    kind, to = _recipient(ask)

    async def send() -> None:
        code = passcodes.create(ask.service, to, "Generic", to)
        if kind == "email":  # there are no e-mail connectors here
            raise Refused("connector.not_found", type="Email")
        await sending.send(ask.service, "Generic", to, {"code": code}, ask.ip)

    await sentinel.guarded(ask.service, to, send)
    return DONE


def _verify(ask: Ask) -> Said:
    kind, to = _recipient(ask)
    passcodes.verify(ask.service, to, "Generic", to, ask.body["verificationCode"], kind)
    return DONE


ROUTES = tuple(
    Route(method="POST", path=path, view=view, guard=guard, enter=enter)
    for path, view, guard in (
        ("/api/verification-codes", _request, _REQUEST),
        ("/api/verification-codes/verify", _verify, _VERIFY),
    )
)
