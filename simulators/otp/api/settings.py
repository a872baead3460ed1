"""Management API: the sign-in experience, as far as codes by SMS depend on it.

What it says is merged field by field: each that a request names replaces the one there was.
"""

from collections.abc import Container, Mapping
from typing import Any

from simulators.otp.api.entrance import enter
from simulators.otp.errors import Refused
from simulators.otp.interaction import FACTOR
from simulators.otp.route import Ask, Route
from simulators.otp.service import Service
from simulators.otp.zod import Guard, Schema, native, obj

_FLAG: Schema = {"type": "boolean"}
_IDENTIFIER = native("username", "email", "phone")
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
_UNSKIPPABLE = ("PromptAtSignInAndSignUpMandatory", "PromptOnlyAtSignInMandatory")
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


_LENGTH: Schema = {"type": "integer", "minimum": 1}
_FORGOT = _list(native("EmailVerificationCode", "PhoneVerificationCode"))
_GUARD = Guard(
    obj(
        signInMode=native("SignIn", "Register", "SignInAndRegister"),
        signUp=obj(
            ["identifiers", "password", "verify"],
            identifiers=_list(_IDENTIFIER),
            password=_FLAG,
            verify=_FLAG,
        ),
        signIn=obj(["methods"], methods=_list(_METHOD)),
        forgotPasswordMethods={"anyOf": [{"type": "null"}, _FORGOT]},
        mfa=obj(["factors", "policy"], factors=_list(native(*_FACTORS)), policy=native(*_POLICIES)),
        verificationCodePolicy=obj(
            expirationDuration=_whole(60, 3600), maxRetryAttempts=_whole(1, 100)
        ),
        sentinelPolicy=obj(
            maxAttempts={"type": "number"},
            lockoutDuration={"type": "number"},
        ),
        passwordPolicy=obj(
            length=obj(min=_LENGTH, max=_LENGTH),
            characterTypes=obj(min=_whole(1, 4)),
            rejects=obj(
                pwned=_FLAG,
                repetitionAndSequence=_FLAG,
                userInfo=_FLAG,
                words=_list({"type": "string"}),
            ),
        ),
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
    """Raises `Refused` for what Logto refuses, in its order: sign-up, sign-in, second factors."""
    connected = {"Sms"} if service.state.connector else set()
    if "signUp" in wanted:
        _check_sign_up(wanted["signUp"], connected)
    if "signIn" in wanted:
        _check_sign_in(whole, connected)
    if "mfa" in wanted:
        _check_mfa(whole)
    for method in wanted.get("forgotPasswordMethods") or ():
        needs, named = ("Sms", "sms") if method == FACTOR else ("Email", "email")
        if needs not in connected:
            raise _refused("forgot_password_method_requires_connector", method=named)


def _refused(code: str, **words: Any) -> Refused:
    return Refused(f"sign_in_experiences.{code}", **words)


def _need(kind: str, connected: Container[str]) -> None:
    if kind not in connected:
        raise _refused("enabled_connector_not_found", type=kind)


def _check_sign_up(sign_up: Mapping[str, Any], connected: Container[str]) -> None:
    identifiers = sign_up["identifiers"]
    if len(set(identifiers)) < len(identifiers):
        raise _refused("duplicated_sign_up_identifiers")
    if not sign_up["verify"] and set(identifiers) - {"username"}:
        raise _refused("passwordless_requires_verify")
    for identifier, kind in (("email", "Email"), ("phone", "Sms")):
        if identifier in identifiers:
            _need(kind, connected)


def _check_sign_in(whole: Mapping[str, Any], connected: Container[str]) -> None:
    methods = whole["signIn"]["methods"]
    for identifier, kind in (("email", "Email"), ("phone", "Sms")):
        if _by_code(whole, identifier):
            _need(kind, connected)
    if not all(one["password"] or one["verificationCode"] for one in methods):
        raise _refused("at_least_one_authentication_factor")
    codes = all(one["verificationCode"] or one["identifier"] == "username" for one in methods)
    if whole["signUp"]["verify"] and not whole["signUp"]["password"] and not codes:
        raise _refused("code_sign_in_must_be_enabled")
    if _by_code(whole, "phone") and FACTOR in whole["mfa"]["factors"]:
        raise _refused("phone_verification_code_cannot_be_used_for_sign_in")


def _check_mfa(whole: Mapping[str, Any]) -> None:
    factors = whole["mfa"]["factors"]
    if len(set(factors)) < len(factors):
        raise _refused("duplicated_mfa_factors")
    if factors == ["BackupCode"]:
        raise _refused("backup_code_cannot_be_enabled_alone")
    if _by_code(whole, "phone") and FACTOR in factors:
        raise _refused("phone_verification_code_cannot_be_used_for_mfa")
    if factors and whole["mfa"]["policy"] in _UNSKIPPABLE:  # adaptive MFA, which alone has them
        raise _refused("non_adaptive_mfa_requires_skippable_policy")


def _by_code(settings: Mapping[str, Any], identifier: str) -> bool:
    """Whether a code sent to this signs in."""
    methods = settings["signIn"]["methods"]
    return any(one["identifier"] == identifier and one["verificationCode"] for one in methods)


ROUTES = (
    Route(method="GET", path="/api/sign-in-exp", view=_get, enter=enter),
    Route(method="PATCH", path="/api/sign-in-exp", view=_change, guard=_GUARD, enter=enter),
)
