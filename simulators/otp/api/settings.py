"""Management API: the sign-in experience, as far as codes by SMS depend on it.

What it says is merged field by field: each that a request names replaces the one there was.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from simulators.otp.api.entrance import enter
from simulators.otp.errors import Refused
from simulators.otp.route import Ask, Route
from simulators.otp.service import Service
from simulators.otp.zod import Guard, Schema, obj

_FLAG: Schema = {"type": "boolean"}
_IDENTIFIER: Schema = {"enum": ["username", "email", "phone"]}
_FACTORS = ["Totp", "WebAuthn", "BackupCode", "EmailVerificationCode", "PhoneVerificationCode"]
_POLICIES = [
    "UserControlled",
    "Mandatory",
    "PromptOnlyAtSignIn",
    "PromptAtSignInAndSignUp",
    "NoPrompt",
    "PromptAtSignInAndSignUpMandatory",
    "PromptOnlyAtSignInMandatory",
]
_METHOD = obj(
    ["identifier", "password", "verificationCode", "isPasswordPrimary"],
    identifier=_IDENTIFIER,
    password=_FLAG,
    verificationCode=_FLAG,
    isPasswordPrimary=_FLAG,
)


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _whole(low: int, high: int) -> Schema:
    return {"type": "integer", "minimum": low, "maximum": high}


_FORGOT = _list({"enum": ["EmailVerificationCode", "PhoneVerificationCode"]})
_GUARD = Guard(
    obj(
        signInMode={"enum": ["SignIn", "Register", "SignInAndRegister"]},
        signUp=obj(
            ["identifiers", "password", "verify"],
            identifiers=_list(_IDENTIFIER),
            password=_FLAG,
            verify=_FLAG,
        ),
        signIn=obj(["methods"], methods=_list(_METHOD)),
        forgotPasswordMethods={"anyOf": [{"type": "null"}, _FORGOT]},
        mfa=obj(
            ["factors", "policy"], factors=_list({"enum": _FACTORS}), policy={"enum": _POLICIES}
        ),
        verificationCodePolicy=obj(
            expirationDuration=_whole(60, 3600), maxRetryAttempts=_whole(1, 100)
        ),
        sentinelPolicy=obj(
            maxAttempts={"type": "integer", "minimum": 1},
            lockoutDuration={"type": "integer", "minimum": 1},
        ),
        passwordPolicy={"type": "object"},
        languageInfo=obj(autoDetect=_FLAG, fallbackLanguage={"type": "string"}),
    )
)


def _get(ask: Ask) -> Any:
    return {"id": "default", **ask.service.state.settings}


def _change(ask: Ask) -> Any:
    """Nothing changes if any of it is refused."""
    service = ask.service
    known = service.state.settings
    wanted = {name: ask.body[name] for name in known if name in ask.body}
    _check(service, wanted, {**known, **wanted})
    service.state.settings = {**known, **wanted}
    return _get(ask)


def _check(service: Service, wanted: Mapping[str, Any], whole: Mapping[str, Any]) -> None:
    if service.state.connector is None and any(_needs_sms(wanted)):
        raise Refused("sign_in_experiences.enabled_connector_not_found", type="Sms")
    if "PhoneVerificationCode" in whole["mfa"]["factors"] and _by_code(whole):
        what = "mfa" if "mfa" in wanted else "sign_in"
        raise Refused(f"sign_in_experiences.phone_verification_code_cannot_be_used_for_{what}")


def _needs_sms(wanted: Mapping[str, Any]) -> Iterator[bool]:
    """Whether what is asked for cannot be without a connector for SMS."""
    sign_up, sign_in = wanted.get("signUp"), wanted.get("signIn")
    if sign_up is not None:
        yield "phone" in sign_up["identifiers"] and sign_up["verify"]
    if sign_in is not None:
        yield _by_code(wanted)
    if "mfa" in wanted:
        yield "PhoneVerificationCode" in wanted["mfa"]["factors"]


def _by_code(settings: Mapping[str, Any]) -> bool:
    """Whether a code by SMS signs in."""
    methods = settings["signIn"]["methods"]
    return any(one["identifier"] == "phone" and one["verificationCode"] for one in methods)


ROUTES = (
    Route(method="GET", path="/api/sign-in-exp", view=_get, enter=enter),
    Route(method="PATCH", path="/api/sign-in-exp", view=_change, guard=_GUARD, enter=enter),
)
