"""What Logto says when it refuses: the table of its codes, and the exception that carries one.

Codes, statuses and English texts are those of Logto 1.42: packages/phrases, and the routes of
packages/core that raise them (https://github.com/logto-io/logto).
"""

import json
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from simulators.otp import languages
from simulators.otp.connector import ConnectorError


class Row(NamedTuple):
    """HTTP status and text; `{{word}}` is filled in, and stays as it is where no word is given."""

    status: int
    text: str


_RESTART = "The verification was not successful. Restart the verification flow and try again."
_UNSUPPORTED = (
    "This operation is not supported for the current interaction. Please initiate a new session."
)
_CONFLICT = (
    "Identity mismatch detected. Please initiate a new session to proceed with a different"
    " identity."
)
_MFA_FACTOR = (
    "SMS verification code cannot be used for MFA when SMS verification is enabled for sign-in."
)
_SIGN_IN_FACTOR = "SMS verification code cannot be used for sign-in when it is enabled for MFA."
ERRORS: Mapping[str, Row] = MappingProxyType(
    {
        "account_center.field_not_editable": Row(400, "Field is not editable."),
        "account_center.not_enabled": Row(400, "Account center is not enabled."),
        "auth.authorization_header_missing": Row(401, "Authorization header is missing."),
        "auth.authorization_token_type_not_supported": Row(
            401, "Authorization type is not supported."
        ),
        "auth.forbidden": Row(403, "Forbidden. Please check your user roles and permissions."),
        "auth.unauthorized": Row(401, "Unauthorized. Please check credentials and its scope."),
        "connector.authorization_failed": Row(
            401, "The user's authorization process is unsuccessful."
        ),
        "connector.cannot_overwrite_metadata_for_non_standard_connector": Row(
            400, "This connector's 'metadata' cannot be overwritten."
        ),
        "connector.general": Row(400, "Error occurred in connector: {{errorDescription}}"),
        "connector.insufficient_request_parameters": Row(
            400, "The request might miss some input parameters."
        ),
        "connector.invalid_certificate": Row(
            400,
            "The connector's certificate is invalid, please make sure the certificate is in PEM"
            " encoding.",
        ),
        "connector.invalid_config": Row(400, "The connector's config is invalid."),
        "connector.invalid_config_guard": Row(400, "The connector's config guard is invalid."),
        "connector.invalid_metadata": Row(400, "The connector's metadata is invalid."),
        "connector.invalid_request_parameters": Row(
            400, "The request is with wrong input parameter(s)."
        ),
        "connector.invalid_response": Row(400, "The connector's response is invalid."),
        "connector.invalid_type_for_syncing_profile": Row(
            422, "You can only sync user profile with social connectors."
        ),
        "connector.not_found": Row(501, "Cannot find any available connector for type: {{type}}."),
        "connector.not_found_with_connector_id": Row(
            422, "Can not find connector with given standard connector id."
        ),
        "connector.not_implemented": Row(501, "{{method}}: has not been implemented yet."),
        "connector.rate_limit_exceeded": Row(429, "Trigger rate limit. Please try again later."),
        "connector.social_auth_code_invalid": Row(
            401, "Unable to get access token, please check authorization code."
        ),
        "connector.social_invalid_access_token": Row(
            401, "The connector's access token is invalid."
        ),
        "connector.social_invalid_id_token": Row(401, "The connector's id token is invalid."),
        "connector.template_not_found": Row(
            400, "Unable to find correct template in connector config."
        ),
        "connector.unexpected_type": Row(400, "The connector's type is unexpected."),
        "connector.usage_limit_exceeded": Row(
            429, "The email service usage limit has been reached."
        ),
        "application.invalid_role_type": Row(
            422, "Can not assign user type role to machine to machine application."
        ),
        "application.invalid_type": Row(
            422, "Only machine to machine applications can have associated roles."
        ),
        "entity.not_exists_with_id": Row(404, "The {{name}} with ID `{{id}}` does not exist."),
        "entity.not_found": Row(404, "The resource does not exist."),
        "guard.invalid_pagination": Row(400, "The request pagination value is invalid."),
        "guard.invalid_input": Row(400, "The request {{type}} is invalid."),
        "oidc.access_denied": Row(403, "Access denied."),
        "oidc.invalid_target": Row(400, "Invalid resource indicator."),
        "oidc.key_required": Row(422, "At least one key is required."),
        "oidc.invalid_client": Row(400, "An OIDC error occurred: oidc.invalid_client."),
        "oidc.invalid_grant": Row(400, "Grant request is invalid."),
        "oidc.invalid_request": Row(400, "Request is invalid."),
        "oidc.invalid_scope": Row(400, "Invalid scope: {{error_description}}."),
        "oidc.invalid_redirect_uri": Row(
            400,
            "`redirect_uri` did not match any of the client's registered `redirect_uris`.",
        ),
        "oidc.invalid_token": Row(401, "Invalid token provided."),
        "oidc.unsupported_grant_type": Row(400, "Unsupported `grant_type` requested."),
        "password.rejected": Row(
            422, "Password rejected. Please check if your password meets the requirements."
        ),
        "request.feature_not_supported": Row(
            422, "This feature is not supported in the current environment."
        ),
        "request.message_rate_limited": Row(
            429, "Too many messages sent to this recipient. Please try again later."
        ),
        "role.name_in_use": Row(422, "This role name {{name}} is already in use"),
        "session.identifier_not_found": Row(
            404, "User identifier not found. Please go back and sign in again."
        ),
        "session.identity_conflict": Row(409, _CONFLICT),
        "session.interaction_not_found": Row(
            404, "Interaction session not found. Please go back and start the session again."
        ),
        "session.invalid_credentials": Row(
            422, "Incorrect account or password. Please check your input."
        ),
        "session.invalid_interaction_type": Row(400, _UNSUPPORTED),
        "session.mfa.mfa_factor_not_enabled": Row(400, "MFA factor is not enabled."),
        "session.mfa.require_mfa_verification": Row(
            403, "Mfa verification is required to sign in."
        ),
        "session.not_found": Row(400, "Session not found. Please go back and sign in again."),
        "session.not_supported_for_forgot_password": Row(
            422, "This operation is not supported for forgot password."
        ),
        "session.verification_blocked_too_many_attempts": Row(
            400, "Too many attempts in a short time. Please try again {{relativeTime}}."
        ),
        "session.verification_failed": Row(400, _RESTART),
        "session.verification_session_not_found": Row(404, _RESTART),
        "sign_in_experiences.at_least_one_authentication_factor": Row(
            400, "You have to select at least one authentication factor."
        ),
        "sign_in_experiences.backup_code_cannot_be_enabled_alone": Row(
            400, "Backup code cannot be enabled alone."
        ),
        "sign_in_experiences.code_sign_in_must_be_enabled": Row(
            400,
            "Verification code sign in must be enabled when set a password is not required in"
            " sign up.",
        ),
        "sign_in_experiences.duplicated_mfa_factors": Row(400, "Duplicated MFA factors."),
        "sign_in_experiences.duplicated_sign_up_identifiers": Row(
            400, "Duplicate sign-up identifiers detected."
        ),
        "sign_in_experiences.email_verification_code_cannot_be_used_for_mfa": Row(
            400,
            "Email verification code cannot be used for MFA when email verification is enabled for"
            " sign-in.",
        ),
        "sign_in_experiences.forgot_password_method_requires_connector": Row(
            400,
            "Forgot password method requires a corresponding {{method}} connector to be"
            " configured.",
        ),
        "sign_in_experiences.non_adaptive_mfa_requires_skippable_policy": Row(
            422,
            "When adaptive MFA is disabled, MFA prompt policy must be skippable. Do not use"
            " PromptOnlyAtSignInMandatory or PromptAtSignInAndSignUpMandatory.",
        ),
        "sign_in_experiences.passwordless_requires_verify": Row(
            400, "Must enable verify for email/phone sign up identifier."
        ),
        "sign_in_experiences.enabled_connector_not_found": Row(
            400, "Enabled {{type}} connector not found."
        ),
        "sign_in_experiences.phone_verification_code_cannot_be_used_for_mfa": Row(400, _MFA_FACTOR),
        "sign_in_experiences.phone_verification_code_cannot_be_used_for_sign_in": Row(
            400, _SIGN_IN_FACTOR
        ),
        "user.email_already_in_use": Row(422, "This email is associated with an existing account."),
        "user.invalid_role_type": Row(
            422, "Invalid role type, can not assign machine-to-machine role to user."
        ),
        "user.invalid_phone": Row(422, "Invalid phone number."),
        "user.last_sign_in_method_required": Row(
            400, "You need to keep at least one identifier in your account."
        ),
        "user.missing_mfa": Row(422, "You need to bind additional MFA before signing-in."),
        "user.missing_profile": Row(422, "You need to provide additional info before signing-in."),
        "user.new_password_required_in_profile": Row(422, "You need to set a new password."),
        "user.password_exists_in_profile": Row(422, "Password already exists in your profile."),
        "user.phone_already_in_use": Row(
            422, "This phone number is associated with an existing account."
        ),
        "user.phone_exists_in_profile": Row(
            422, "Your profile has already associated with a phone number."
        ),
        "user.same_password": Row(422, "New password cannot be the same as your old password."),
        "user.sign_in_method_not_enabled": Row(422, "This sign-in method is not enabled."),
        "user.suspended": Row(401, "This account is suspended."),
        "user.user_not_exist": Row(404, "User with {{ identifier }} does not exist."),
        "user.username_already_in_use": Row(422, "This username is already in use."),
        "user.username_exists_in_profile": Row(422, "Username already exists in your profile."),
        "verification_code.code_mismatch": Row(400, "Invalid verification code."),
        "verification_code.email_mismatch": Row(
            400, "Email mismatch. Please request a new verification code."
        ),
        "verification_code.exceed_max_try": Row(
            400,
            "Verification code retries limitation exceeded. Please request a new verification"
            " code.",
        ),
        "verification_code.expired": Row(
            400, "Verification code has expired. Please request a new verification code."
        ),
        "verification_code.not_found": Row(
            400, "Verification code not found. Please send verification code first."
        ),
        "verification_code.phone_email_empty": Row(400, "Both phone and email are empty."),
        "verification_code.phone_mismatch": Row(
            400, "Phone mismatch. Please request a new verification code."
        ),
        "verification_record.not_found": Row(404, "Verification record not found."),
        "verification_record.permission_denied": Row(
            401, "Permission denied, please re-authenticate."
        ),
    }
)


class Refused(Exception):
    """A request that is refused with a row of `ERRORS`. `data` goes into the body as it is,
    `extra` beside it, `words` into the text; `status` overrides the row's."""

    def __init__(
        self,
        code: str,
        data: Any = None,
        *,
        status: int = 0,
        details: str = "",
        extra: Mapping[str, str] = MappingProxyType({}),
        **words: str,
    ) -> None:
        super().__init__(code)
        row = ERRORS[code]
        self.code = code
        self.status = status or row.status
        self.words = words
        self.data = data
        self.details = details or _details(data)
        self.extra = dict(extra)
        self.headers: tuple[tuple[str, str], ...] = ()

    def document(self, language: str = languages.DEFAULT) -> dict[str, Any]:
        """The body of the answer, its message in that language where its text is known."""
        text = languages.phrase(language, self.code) or ERRORS[self.code].text
        found = {"message": _filled(text, self.words), "code": self.code, **self.extra}
        if self.data is not None:
            found["data"] = self.data
        if self.details:
            found["details"] = self.details
        return found


class OriginRefused(Refused):
    """One that the page which asked for it may not read."""


def from_connector(error: ConnectorError) -> Refused:
    """What the service answers when its connector raised: the connector's code with its data."""
    data = {"message": error.data} if isinstance(error.data, str) else error.data
    code = f"connector.{error.code}"
    if code in ERRORS and error.code != "general":
        return Refused(code, data)
    told = data.get("errorDescription") if isinstance(data, Mapping) else None
    if not isinstance(told, str):
        told = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    return Refused("connector.general", data, errorDescription=told)


def _filled(text: str, words: Mapping[str, str]) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda found: words.get(found[1], found[0]), text)


def _details(data: Any) -> str:
    if not isinstance(data, Mapping) or data.get("name") != "ZodError":
        return ""
    return "\n".join(_lines(data["issues"]))


def _lines(issues: list[dict[str, Any]]) -> Iterator[str]:
    for issue in issues:
        path = ".".join(map(str, issue["path"]))
        told = issue["message"]
        if issue["code"] == "invalid_type":
            told = f"Expected {issue['expected']} but received {issue['received']}."
        yield f'Error in key path "{path}": ({issue["code"]}) {told}'
