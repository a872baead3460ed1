"""Experience API: what a person adds to the account on the way, and the end of the way."""

from collections.abc import Mapping

from simulators.otp import interaction as rules
from simulators.otp.api import cookies
from simulators.otp.api.management import TEXT
from simulators.otp.bodies import Guard, obj
from simulators.otp.refused import Refused
from simulators.otp.route import DONE, Ask, Route, Said
from simulators.otp.service import Service

_LEAST = 8
_NEW_PASSWORD = Guard(obj(["password"], password=TEXT))
_PROFILE = Guard(
    {
        "anyOf": [
            obj(["type", "verificationId"], type={"enum": ["phone"]}, verificationId=TEXT),
            obj(["type", "value"], type={"enum": ["username", "password"]}, value=TEXT),
        ]
    }
)
_MFA = Guard(obj(["type", "verificationId"], type={"enum": [rules.FACTOR]}, verificationId=TEXT))


def _strong(service: Service, password: str) -> None:
    """Raises `Refused` (password.rejected) for one that is too short; no other rule is kept."""
    length: Mapping[str, int] = service.setting("passwordPolicy").get("length", {})
    least = length.get("min", _LEAST) if isinstance(length, dict) else _LEAST
    if isinstance(least, int) and len(password) < least:
        why = {"code": "password_rejected.too_short", "interpolation": {"min": least}}
        raise Refused("password.rejected", [why])


def _add(ask: Ask) -> Said:
    found, kind = cookies.begun(ask), ask.body["type"]
    if kind == "password":
        _strong(ask.service, ask.body["value"])
    value = ask.body["verificationId" if kind == "phone" else "value"]
    rules.add(ask.service, found, kind, value)
    return DONE


def _bind(ask: Ask) -> Said:
    """A second factor by SMS is the number itself."""
    rules.add(ask.service, cookies.begun(ask), "phone", ask.body["verificationId"])
    return DONE


def _reset(ask: Ask) -> Said:
    found = cookies.begun(ask)
    if found.event != "ForgotPassword":
        raise Refused("session.invalid_interaction_type")
    user = rules.identified(ask.service, found)
    _strong(ask.service, ask.body["password"])
    if user.password == ask.body["password"]:
        raise Refused("user.same_password")
    found.profile["password"] = ask.body["password"]
    return DONE


def _submit(ask: Ask) -> Said:
    found = cookies.begun(ask)
    if not rules.finish(ask.service, found):
        return DONE
    return Said(200, {"redirectTo": f"{ask.root}/oidc/auth/{found.id}"})


ROUTES = tuple(
    Route(
        method=method,
        path=f"/api/experience{path}",
        view=view,
        guard=guard,
        enter=cookies.begun,
    )
    for method, path, view, guard in (
        ("POST", "/profile", _add, _PROFILE),
        ("PUT", "/profile/password", _reset, _NEW_PASSWORD),
        ("POST", "/profile/mfa", _bind, _MFA),
        ("POST", "/submit", _submit, None),
    )
)
