"""OpenID Connect: tokens for an authorization code or a refresh token, and whom they stand for.

The order of the checks and the words of the refusals are those of Logto's provider (oidc-provider);
what it does not tell apart ("grant request is invalid") is not told apart here.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus, urlsplit

from simulators.otp import cors
from simulators.otp.api.entrance import ALL, MANAGEMENT, bearer
from simulators.otp.cors import is_of
from simulators.otp.errors import OriginRefused, Refused
from simulators.otp.route import Ask, Route, Said
from simulators.otp.service import Service
from simulators.otp.state import Grant, Refresh, User

LIFE = 3600
MACHINES = "client_credentials"
PUBLIC = ("SPA", "Native")  # they have no secret that they could keep
_WEB = ("SPA", "Traditional")
_FORM = "application/x-www-form-urlencoded"
_VERIFIER = re.compile(r"[A-Za-z0-9_.~-]{43,128}")
_ROTATED_AFTER = 0.7  # of its life, a confidential client's refresh token is replaced
_CLIENT = ("client_id", "client_secret")
_ERROR_URIS = {"invalid_grant": "https://openid.sh/debug/invalid_grant"}
_GRANT_INVALID = "grant request is invalid"


def invalid(error: str, described: str, status: int = 400, **more: str) -> Refused:
    """A refusal in the words of OAuth and in Logto's."""
    told = {"error": error, "error_description": described, **more}
    if error in _ERROR_URIS:
        told = {"error_uri": _ERROR_URIS[error], **told}
    return Refused(f"oidc.{error}", status=status, extra=told)


def issuer(root: str) -> str:
    """The issuer of tokens, given the service's own address."""
    return f"{root}/oidc"


def _token(ask: Ask) -> Said:
    form = _form(ask)
    client = _client(ask, form)
    wanted = _needed(form, "grant_type")["grant_type"]
    grants = {
        "authorization_code": _by_code,
        "refresh_token": _by_refresh_token,
        MACHINES: _by_own_credentials,
    }
    if wanted not in grants:
        raise invalid("unsupported_grant_type", "unsupported grant_type requested")
    if (client["type"] == "MachineToMachine") is not (wanted == MACHINES):
        raise invalid("invalid_request", "requested grant type is not allowed for this client")
    _once(form, form)
    issued = grants[wanted](ask, form, client)
    return Said(200, issued, (("Cache-Control", "no-store"),))


def _form(ask: Ask) -> dict[str, Any]:
    kind = ask.headers.get("content-type", "")
    if kind.partition(";")[0].strip().lower() == _FORM:
        return dict(ask.body)
    if kind:
        told = f"only {_FORM} content-type bodies are supported on POST /token"
        raise invalid("invalid_request", told)
    return {}


def _once(form: Mapping[str, Any], names: Any) -> None:
    twice = [f"'{name}'" for name in form if name in names and isinstance(form[name], list)]
    if twice:
        many = "s" if len(twice) > 1 else ""
        told = f"{_listed(twice)} parameter{many} must not be provided twice"
        raise invalid("invalid_request", told)


def _needed(form: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    """The form. Raises `Refused` unless it has all of these."""
    lacking = [f"'{name}'" for name in names if name not in form]
    if lacking:
        many = "s" if len(lacking) > 1 else ""
        told = f"missing required parameter{many} {_listed(lacking)}"
        raise invalid("invalid_request", told)
    return form


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _client(ask: Ask, form: Mapping[str, Any]) -> Mapping[str, Any]:
    """The application that asks, which has proven to be it where it has a secret."""
    _once(form, _CLIENT)
    by_header = "authorization" in ask.headers
    name, secret = _basic(ask, form) if by_header else (form.get("client_id"), None)
    if not name:
        raise invalid("invalid_request", "no client authentication mechanism provided")
    secret = form.get("client_secret") or secret
    client = ask.service.state.applications.get(name, ask.service.now())
    known = client is not None and (
        not secret
        if client["type"] in PUBLIC
        else bool(secret) and hmac.compare_digest(str(secret).encode(), client["secret"].encode())
    )
    if client is None or not known:
        described = "client authentication failed"
        refused = invalid("invalid_client", described, 401)
        if by_header:
            challenge = f'Basic realm="{issuer(ask.root)}", error="invalid_client"'
            challenge += f', error_description="{described}"'
            refused.headers = (("WWW-Authenticate", challenge),)
        raise refused
    _hold_to_origin(ask, client)
    return client


def _hold_to_origin(ask: Ask, client: Mapping[str, Any]) -> None:
    """Raises `OriginRefused` for a page that is none of the application's."""
    origin = ask.headers.get("origin", "")
    if origin and origin != ask.root and not is_of(origin, client):
        told = f"origin {origin} not allowed for client: {client['id']}"
        refused = invalid("invalid_request", told)
        raise OriginRefused(refused.code, status=refused.status, extra=refused.extra)


def _basic(ask: Ask, form: Mapping[str, Any]) -> tuple[str, str]:
    scheme, _, token = ask.headers["authorization"].partition(" ")
    try:
        pair = base64.b64decode(token + "=" * (-len(token) % 4)).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        pair = ""
    name, colon, secret = pair.partition(":")
    if scheme.lower() != "basic" or not colon:
        raise invalid("invalid_request", "invalid authorization header value format")
    name, secret = unquote_plus(name), unquote_plus(secret)
    if form.get("client_id", name) != name:
        raise invalid("invalid_request", "mismatch in body and authorization client ids")
    if not secret:
        told = "client_secret must be provided in the Authorization header"
        raise invalid("invalid_request", told)
    if "client_secret" in form:
        told = "client authentication must only be provided using one mechanism"
        raise invalid("invalid_request", told)
    return name, secret


def _by_code(ask: Ask, form: Mapping[str, Any], client: Mapping[str, Any]) -> dict[str, Any]:
    """A code works once, for who knows the verifier; a wrong one does not use it up. One that is
    shown again takes back what was given for it: somebody may have stolen it."""
    service, now = ask.service, ask.service.now()
    _needed(form, "code", "redirect_uri")
    grant = service.state.grants.get(form["code"], now)
    if grant is None or grant.request["client_id"] != client["id"]:
        raise invalid("invalid_grant", _GRANT_INVALID)
    _hold_to_verifier(form.get("code_verifier", ""), grant.request.get("code_challenge", ""))
    if form["redirect_uri"] != grant.request["redirect_uri"]:
        raise invalid("invalid_grant", _GRANT_INVALID)
    if grant.consumed:
        grant.revoked = True
        raise invalid("invalid_grant", _GRANT_INVALID)
    grant.consumed = True
    if service.state.users.find(grant.user) is None:
        raise invalid("invalid_grant", _GRANT_INVALID)
    refresh = ""
    always = client["customClientMetadata"].get("alwaysIssueRefreshToken")
    if "offline_access" in grant.scopes or (always and client["type"] in _WEB):
        refresh = _new_refresh_token(service, grant)
    return _issue(service, grant, grant.scopes, refresh, ask.root)


def _by_own_credentials(
    ask: Ask, form: Mapping[str, Any], client: Mapping[str, Any]
) -> dict[str, Any]:
    """A program's own token for the Management API. There are no other resources here, and no
    organizations; whatever its roles, it may have the one scope there is."""
    service, now = ask.service, ask.service.now()
    resource = form.get("resource", "")
    if form.get("organization_id"):
        raise invalid("access_denied", "app has not associated with the organization", 403)
    if not resource:
        raise invalid("invalid_target", "both `resource` and `organization_id` are not provided")
    if resource != MANAGEMENT:
        known = bool(urlsplit(resource).scheme)
        told = "resource indicator is missing, or unknown"
        raise invalid(
            "invalid_target", told if known else "resource indicator must be an absolute URI"
        )
    scope = {"scope": ALL} if ALL in form.get("scope", "").split(" ") else {}
    claims = {
        "jti": service.id(21),
        "sub": client["id"],
        "iat": int(now),
        "exp": int(now) + LIFE,
        **scope,
        "client_id": client["id"],
        "iss": issuer(ask.root),
        "aud": resource,
    }
    token = service.signer.sign(claims, kind="at+jwt")
    return {"access_token": token, "expires_in": LIFE, "token_type": "Bearer", **scope}


def _hold_to_verifier(verifier: str, challenge: str) -> None:
    if verifier and not _VERIFIER.fullmatch(verifier):
        told = "contains invalid characters"
        if len(verifier) < 43:
            told = "must be a string with a minimum length of 43 characters"
        elif len(verifier) > 128:
            told = "must be a string with a maximum length of 128 characters"
        raise invalid("invalid_request", f"code_verifier {told}")
    if not verifier and not challenge:
        return
    digest = hashlib.sha256(verifier.encode()).digest()
    if not verifier or not hmac.compare_digest(_text(digest), challenge.encode()):
        raise invalid("invalid_grant", _GRANT_INVALID)


def _new_refresh_token(service: Service, grant: Grant) -> str:
    token, now = service.id(43), service.now()
    service.state.refreshes.put(token, Refresh(grant, now), now)
    return token


def _by_refresh_token(
    ask: Ask, form: Mapping[str, Any], client: Mapping[str, Any]
) -> dict[str, Any]:
    """A public client gets another refresh token each time; the old one, shown again, takes all
    back."""
    service, now = ask.service, ask.service.now()
    token = _needed(form, "refresh_token")["refresh_token"]
    found = service.state.refreshes.get(token, now)
    if found is None or not _is_good(service, found.grant):
        raise invalid("invalid_grant", _GRANT_INVALID)
    if found.grant.request["client_id"] != client["id"]:
        raise invalid("invalid_grant", _GRANT_INVALID)
    wanted = form.get("scope", "").split()
    missing = [scope for scope in wanted if scope not in found.grant.scopes]
    if missing:
        many = "s" if len(missing) > 1 else ""
        told = f"refresh token missing requested scope{many}"
        raise invalid("invalid_scope", told, scope=" ".join(missing))
    if service.state.users.find(found.grant.user) is None:
        raise invalid("invalid_grant", _GRANT_INVALID)
    if found.consumed:
        found.grant.revoked = True
        raise invalid("invalid_grant", _GRANT_INVALID)
    life = service.state.refreshes.seconds
    rotates = client["customClientMetadata"].get("rotateRefreshToken", True)
    if rotates and (client["type"] in PUBLIC or now - found.born >= life * _ROTATED_AFTER):
        found.consumed = True
        token = _new_refresh_token(service, found.grant)
    return _issue(service, found.grant, wanted or found.grant.scopes, token, ask.root)


def _is_good(service: Service, grant: Grant) -> bool:
    """Whether neither a theft took it back nor a sign-out that it was not meant to outlast."""
    if grant.revoked:
        return False
    whose = (grant.user, grant.request["client_id"])
    ended = service.state.ended.get(whose, service.now())
    return ended is None or ended < grant.at or "offline_access" in grant.scopes


def _issue(
    service: Service, grant: Grant, scopes: list[str], refresh: str, root: str
) -> dict[str, Any]:
    """The answer of the token endpoint."""
    token, now, request = service.id(43), service.now(), grant.request
    service.state.tokens.put(token, grant, now)
    issued: dict[str, Any] = {"access_token": token, "expires_in": LIFE}
    if "openid" in scopes:
        half = hashlib.sha384(token.encode()).digest()[:24]
        identity = {
            **_claims(service, grant, scopes),
            "auth_time": int(grant.at),
            "at_hash": _text(half).decode(),
            "iss": issuer(root),
            "aud": request["client_id"],
            "iat": int(now),
            "exp": int(now) + LIFE,
        }
        if "nonce" in request:
            identity["nonce"] = request["nonce"]
        issued["id_token"] = service.signer.sign(identity)
    if refresh:
        issued["refresh_token"] = refresh
    return issued | {"scope": " ".join(scopes), "token_type": "Bearer"}


def _text(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def _claims(service: Service, grant: Grant, scopes: list[str]) -> dict[str, Any]:
    """What the scopes tell of a person; nothing but the id once there is none."""
    user = service.state.users.find(grant.user)
    told: dict[str, Any] = {"sub": grant.user}
    if user is not None and "profile" in scopes:
        told |= _profile(user)
    if user is not None and "phone" in scopes:
        told |= {"phone_number": user.phone, "phone_number_verified": user.phone is not None}
    return told


def _profile(user: User) -> dict[str, Any]:
    created = round(user.created * 1000)
    name, picture = user.about.get("name"), user.about.get("avatar")
    named = {"name": name, "picture": picture, "username": user.username}
    return {**named, "created_at": created, "updated_at": created}


def _me(ask: Ask) -> Any:
    grant = bearer_token(ask)
    client = ask.service.state.applications.get(grant.request["client_id"], ask.service.now())
    if client is not None:
        _hold_to_origin(ask, client)
    return _claims(ask.service, grant, grant.scopes)


def bearer_token(ask: Ask) -> Grant:
    """What the access token of a request stands for. Raises `Refused` (oidc.invalid_token)."""
    grant = ask.service.state.tokens.get(bearer(ask), ask.service.now())
    if grant is None or not _is_good(ask.service, grant):
        raise invalid("invalid_token", "invalid token provided", 401)
    return grant


ROUTES = (
    Route(method="POST", path="/oidc/token", view=_token, shared=cors.TOKEN),
    Route(method="GET", path="/oidc/me", view=_me, shared=cors.USER),
    Route(method="POST", path="/oidc/me", view=_me, shared=cors.USER),
)
