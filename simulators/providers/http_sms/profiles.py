"""In which forms messages come in: a profile for each system that sends to a service of one's own.

A profile says by which names a body is recognised, where in it recipient and text stand, what the
system takes for success and how it reads a refusal, and what its signature is over. A further one
is a row of `PROFILES`, with its contract `contracts/http_sms/send-NAME.*`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import orjson

from simulators.kernel.call import JSON, Call, Reply
from simulators.kernel.provider import Exchange, Failure
from simulators.providers.http_sms import receive, signatures
from simulators.providers.http_sms.receive import Reader, at, beside

SUPABASE = "https://supabase.com/docs/guides/auth/auth-hooks/send-sms-hook"
KRATOS = "https://github.com/ory/kratos/blob/master/courier/http_channel.go"
ZITADEL = "https://zitadel.com/docs/guides/manage/customize/notification-providers"
AUTHENTIK = "https://github.com/goauthentik/authentik/blob/main/authentik/stages/authenticator_sms/models.py"
AUTH0_ACTION = (
    "https://auth0.com/docs/customize/phone-messages/configure-phone-messaging-providers"
    "/configure-a-custom-phone-provider/actions-triggers-custom-phone-provider-event-object"
)
FUSIONAUTH = "https://fusionauth.io/docs/customize/email-and-messages/generic-messenger"
AUTHGEAR = "https://github.com/authgear/authgear-server/blob/main/docs/specs/sms_gateway.md"
CASDOOR = "https://github.com/casdoor/casdoor/blob/master/object/sms_custom_http.go"
KEYCLOAK = "https://github.com/netzbegruenung/keycloak-mfa-plugins/tree/main/sms-authenticator"
PARSE = "https://github.com/parse-community/parse-server/blob/alpha/src/Adapters/Auth/mfa.js"
LOGTO = "https://docs.logto.io/connectors/sms-connectors/http-sms"

LONGEST = 1 << 16  # bytes of a body that is recognised

Refuser = Callable[[Failure], Reply]
Verifier = Callable[[Exchange, str], None]


def plain(failure: Failure) -> Reply:
    """`{"error": code, "message": text}`: most show the body as it is, or read the status alone."""
    return _refused(failure.row.http_status, {"error": failure.row.code, "message": failure.text})


def _refused(status: int, body: Mapping[str, Any]) -> Reply:
    challenge = [("WWW-Authenticate", "Bearer")] if status == 401 else []
    return Reply.json(status, body, *challenge)


# What is wrong with a message and not with the request is an answer of Supabase's under HTTP 200:
# of any other status it reads the status alone.
_OF_THE_MESSAGE = frozenset({400, 402, 403})


def supabase(failure: Failure) -> Reply:
    """`{"error": {"http_code", "message"}}`, which its caller is answered."""
    row = failure.row
    of_the_message = row.http_status in _OF_THE_MESSAGE and row.key != "malformed"
    error = {"http_code": row.http_status, "message": failure.text}
    return _refused(200 if of_the_message else row.http_status, {"error": error})


_AUTHGEAR = {
    "invalid_phone_number": ("missing_recipient", "bad_recipient"),
    "rate_limited": ("throttled",),
    "authentication_failed": (
        *("no_credentials", "unknown_credentials", "unauthenticated", "expired", "replayed"),
        *("forbidden", "suspended", "unsigned", "bad_signature", "stale_signature"),
    ),
    "delivery_rejected": ("region_not_allowed", "opted_out", "no_credit"),
    "timeout": ("unavailable",),
    "unknown_error": ("internal",),
}
_AUTHGEAR_CODES = {key: code for code, keys in _AUTHGEAR.items() for key in keys}


def authgear(failure: Failure) -> Reply:
    """`{"code", "description", "info"}`, whatever the status; `info` is what its log shows."""
    row = failure.row
    code = _AUTHGEAR_CODES.get(row.key, "unsupported_request")
    info = {"provider_error_code": str(row.code)}
    body = {"code": code, "description": failure.text, "info": info}
    return _refused(row.http_status, body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How one system asks a service of one's own to send an SMS.

    * `name`: what an account chooses it by, and `send-NAME` is its contract; `title` is what it is.
    * `extent` and `reference`: how far it goes, and the page or the source that says so.
    * `names`: it is recognised by these in a JSON body, and by no others where `alone` names all
      there may be. Without any it is no system's own form, and taken only where it is chosen.
    * `read` finds recipient and text. `taken` is the answer where all is well, `refuse` spells a
      failure as the system reads one.
    * `verify` checks the signature, if the account has set a secret.
    """

    name: str
    title: str
    extent: str
    reference: str
    read: Reader
    names: tuple[str, ...] = ()
    alone: frozenset[str] = frozenset()
    taken: bytes = b"{}"
    refuse: Refuser = plain
    verify: Verifier | None = None
    methods: tuple[str, ...] = ("POST",)

    def recognises(self, call: Call) -> bool:
        """Whether a body is in this form. Most are not by one of the names, which is soon seen; a
        long one could be decoded for each profile, and is nobody's."""
        if not self.names or call.content_type != JSON or len(call.body) > LONGEST:
            return False
        if not all(b'"%b"' % name.encode() in call.body for name in self.names):
            return False
        try:
            found = orjson.loads(call.body)
        except orjson.JSONDecodeError:
            return False
        if not isinstance(found, dict) or not found.keys() >= {*self.names}:
            return False
        return not self.alone or found.keys() <= self.alone


GENERIC = Profile(
    name="generic",
    title="the generic form",
    extent="GET or POST; query, JSON, form or headers; field names configurable per account",
    reference=LOGTO,
    read=receive.generic,
    methods=("POST", "GET"),
)

# Each after those whose bodies could be taken for its own.
SYSTEMS = (
    Profile(
        name="supabase",
        title="Supabase Auth, Send SMS hook",
        extent="by its source: user.phone and sms.otp, Standard Webhooks signatures, errors under"
        " HTTP 200; that status for what is wrong with the message is our reading of its code",
        reference=SUPABASE,
        names=("user", "sms"),
        read=at(
            to=("sms.phone", "user.phone"),
            text=("sms.otp",),
            kind="sms.sms_type",
            ip="metadata.ip_address",
        ),
        refuse=supabase,
        verify=signatures.standard_webhooks,
    ),
    Profile(
        name="zitadel",
        title="Zitadel, HTTP SMS provider",
        extent="by its source: contextInfo, templateData and args, ZITADEL-Signature",
        reference=ZITADEL,
        names=("contextInfo", "templateData"),
        read=at(
            to=("contextInfo.recipientPhoneNumber",),
            text=("templateData.text", "args.code"),
            kind="contextInfo.eventType",
        ),
        verify=signatures.zitadel,
    ),
    Profile(
        name="kratos",
        title="Ory Kratos, HTTP courier channel",
        extent="by its source: what its Jsonnet gets (`function(ctx) ctx`), and from, to, body as"
        " its documentation shows; any other body is what its user writes",
        reference=KRATOS,
        names=("template_type", "body"),
        read=at(to=("recipient", "to"), text=("body",), sender="from", kind="template_type"),
    ),
    Profile(
        name="authgear",
        title="Authgear, custom SMS gateway",
        extent="by its source: the body, its signature, and its response codes by what they mean",
        reference=AUTHGEAR,
        names=("template_name", "app_id", "to"),
        read=at(to=("to",), text=("body", "template_variables.code"), kind="template_name"),
        taken=b'{"code":"ok"}',
        refuse=authgear,
        verify=signatures.authgear,
    ),
    Profile(
        name="authentik",
        title="Authentik, generic SMS provider",
        extent="by its source: From, To, Body and Message, bearer or (at a path of one's own) basic"
        " authentication; a mapping of one's own makes another body",
        reference=AUTHENTIK,
        names=("From", "To", "Body"),
        read=at(to=("To",), text=("Message", "Body"), sender="From"),
    ),
    Profile(
        name="fusionauth",
        title="FusionAuth, generic messenger",
        extent="by its documentation: phoneNumber, textMessage or (of a call) message, code, type",
        reference=FUSIONAUTH,
        names=("phoneNumber", "textMessage"),
        read=at(to=("phoneNumber",), text=("textMessage", "message", "code"), kind="type"),
    ),
    Profile(
        name="auth0-action",
        title="Auth0, custom phone provider",
        extent="by its documentation: event.notification, as an Action posts it whole",
        reference=AUTH0_ACTION,
        names=("as_text", "recipient"),
        read=at(to=("recipient",), text=("as_text", "code"), sender="from", kind="message_type"),
    ),
    Profile(
        name="auth0",
        title="Auth0, custom SMS gateway",
        extent="by its documentation: recipient, body, sender, req; its JSON Web Token by HS256",
        reference=signatures.AUTH0,
        names=("recipient", "body", "sender"),
        alone=frozenset({"recipient", "body", "sender", "req"}),
        read=at(to=("recipient",), text=("body",), sender="sender", ip="req.ip"),
        verify=signatures.auth0,
    ),
    Profile(
        name="parse",
        title="Parse Server, MFA adapter",
        extent="UNVERIFIED: the adapter calls a function of one's own, sendSMS(token, mobile); the"
        " body is those two by their names",
        reference=PARSE,
        names=("token", "mobile"),
        alone=frozenset({"token", "mobile"}),
        read=at(to=("mobile",), text=("token",)),
    ),
    Profile(
        name="casdoor",
        title="Casdoor, Custom HTTP SMS",
        extent="by its source, where it is chosen: phoneNumber and the text by any other name, as"
        " form, JSON or query; POST and GET",
        reference=CASDOOR,
        read=beside("phoneNumber"),
        methods=("POST", "GET"),
    ),
    Profile(
        name="keycloak",
        title="Keycloak, SMS authenticator of netzbegruenung",
        extent="by its source, where it is chosen: text, to and from, as JSON, form or query; other"
        " names are its administrator's, and the generic form's",
        reference=KEYCLOAK,
        read=at(to=("to",), text=("text",), sender="from"),
        methods=("POST", "GET"),
    ),
)

CONNECTOR = Profile(
    name="logto",
    title="the connector's webhook {to, type, payload, ip?}",
    extent="any path and host routed here; Authorization verbatim, or a path of one's own",
    reference=LOGTO,
    read=receive.logto,
)

# By the operation, which is named by the profile but for Logto's, the first that there was.
OPERATIONS: Mapping[str, Profile] = MappingProxyType(
    {"send-webhook": CONNECTOR}
    | {f"send-{profile.name}": profile for profile in (*SYSTEMS, GENERIC)}
)
PROFILES: Mapping[str, Profile] = MappingProxyType(
    {profile.name: profile for profile in OPERATIONS.values()}
)


def of(exchange: Exchange) -> Profile:
    """The profile of a request: of its operation or, where it has none, the account's."""
    if exchange.endpoint is not None:
        return OPERATIONS[exchange.endpoint.operation]
    return PROFILES[exchange.world.load(receive.SETTINGS, {}).get("profile", GENERIC.name)]
