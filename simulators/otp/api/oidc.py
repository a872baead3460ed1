"""OpenID Connect: the authorization code flow with PKCE, as far as a sign-in needs it.

Paths, redirects and cookies are those of Logto's provider (oidc-provider); `/consent` agrees by
itself, as for applications of one's own.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from simulators.otp.api import entrance
from simulators.otp.api.entrance import bearer
from simulators.otp.errors import Refused
from simulators.otp.route import Ask, Route, Said
from simulators.otp.service import Service
from simulators.otp.state import Grant, Interaction, User

LIFE = 3600
_KEPT = ("client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge", "ui_locales")


def _begin(ask: Ask) -> Said:
    """Sends the browser to the sign-in page, in an interaction of its own."""
    query, service = ask.query, ask.service
    app = service.state.applications.get(query.get("client_id", ""), service.now())
    if app is None:
        raise _invalid("oidc.invalid_client", "invalid_client", "client is invalid")
    if query.get("redirect_uri") not in app["oidcClientMetadata"]["redirectUris"]:
        told = "redirect_uri did not match any of the client's registered redirect_uris"
        raise _invalid("oidc.invalid_redirect_uri", "invalid_redirect_uri", told)
    wrong = _wrong(query)
    if wrong is not None:
        error, described = wrong
        return _back(ask, query, {"error": error, "error_description": described})
    made = Interaction(service.id(), {name: query[name] for name in _KEPT if name in query})
    service.state.interactions.put(made.id, made, service.now())
    headers = (("Location", f"/sign-in?app_id={app['id']}"), *entrance.given(made))
    return Said(303, headers=headers)


def _wrong(query: Mapping[str, str]) -> tuple[str, str] | None:
    """What the application's request lacks: an error and its description."""
    if query.get("response_type") != "code":
        return "unsupported_response_type", "unsupported response_type requested"
    if "openid" not in query.get("scope", "").split(" "):
        return "invalid_request", "openid scope must be requested for this request"
    if not query.get("code_challenge") or query.get("code_challenge_method") != "S256":
        told = "Authorization Server policy requires PKCE to be used for this request"
        return "invalid_request", told
    return None


def _back(ask: Ask, request: Mapping[str, str], told: Mapping[str, str]) -> Said:
    """Sends the browser back to the application."""
    state = {"state": request["state"]} if "state" in request else {}
    answer = urlencode({**told, **state, "iss": _issuer(ask.root)})
    uri = request["redirect_uri"]
    separator = "&" if urlsplit(uri).query else "?"
    return Said(303, headers=(("Location", f"{uri}{separator}{answer}"),))


def _resume(ask: Ask) -> Said:
    """After the sign-in to the consent, and after that to the application with a code."""
    service, found = ask.service, entrance.resumed(ask)
    if found.id != ask.params["id"] or not found.done:
        raise _invalid("session.not_found", "invalid_request", "authorization request has expired")
    app = found.request["client_id"]
    if not found.consented:
        return Said(303, headers=(("Location", f"/consent?app_id={app}"),))
    service.state.interactions.pop(found.id, service.now())
    code = service.id(43)
    grant = Grant(found.user, dict(found.request))
    service.state.grants.put(code, grant, service.now())
    return _back(ask, found.request, {"code": code})


def _consent(ask: Ask) -> Said:
    service, found = ask.service, entrance.session(ask)
    if not found.done:
        raise _invalid("session.not_found", "invalid_request", "authorization request has expired")
    service.state.interactions.pop(found.id, service.now())
    found.id, found.consented = service.id(), True
    service.state.interactions.put(found.id, found, service.now())
    location = f"{ask.root}/oidc/auth/{found.id}"
    return Said(302, headers=(("Location", location), *entrance.given(found)))


def _token(ask: Ask) -> Any:
    """Tokens for a code, which works once."""
    service, form = ask.service, ask.body if isinstance(ask.body, dict) else {}
    if form.get("grant_type") != "authorization_code":
        told = "unsupported grant_type requested"
        raise _invalid("oidc.unsupported_grant_type", "unsupported_grant_type", told)
    grant = service.state.grants.pop(str(form.get("code", "")), service.now())
    if grant is None or not _fits(grant.request, form):
        raise _invalid("oidc.invalid_grant", "invalid_grant", "grant request is invalid")
    return Said(200, _issue(service, grant, ask.root), (("Cache-Control", "no-store"),))


def _fits(request: Mapping[str, str], form: Mapping[str, Any]) -> bool:
    same = all(form.get(name) == request[name] for name in ("client_id", "redirect_uri"))
    digest = hashlib.sha256(str(form.get("code_verifier", "")).encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=")
    return same and hmac.compare_digest(challenge, request["code_challenge"].encode())


def _me(ask: Ask) -> Any:
    return _claims(ask.service, bearer_token(ask))


def bearer_token(ask: Ask) -> Grant:
    """What the access token of a request stands for. Raises `Refused` (oidc.invalid_token)."""
    grant = ask.service.state.tokens.get(bearer(ask), ask.service.now())
    if grant is None:
        raise _invalid("oidc.invalid_token", "invalid_token", "invalid token provided")
    return grant


def _issue(service: Service, grant: Grant, root: str) -> dict[str, Any]:
    """The answer of the token endpoint."""
    token, now, request = service.id(43), service.now(), grant.request
    service.state.tokens.put(token, grant, now)
    identity = {
        **_claims(service, grant),
        "iss": _issuer(root),
        "aud": request["client_id"],
        "iat": int(now),
        "exp": int(now) + LIFE,
    }
    if "nonce" in request:
        identity["nonce"] = request["nonce"]
    return {
        "access_token": token,
        "expires_in": LIFE,
        "id_token": service.signer.sign(identity),
        "scope": request["scope"],
        "token_type": "Bearer",
    }


def _claims(service: Service, grant: Grant) -> dict[str, Any]:
    """What the scopes tell of a person; nothing but the id once there is none."""
    user = service.state.users.find(grant.user)
    scopes = grant.request["scope"].split(" ")
    told: dict[str, Any] = {"sub": grant.user}
    if user is not None and "profile" in scopes:
        told |= _profile(user)
    if user is not None and "phone" in scopes:
        told |= {"phone_number": user.phone, "phone_number_verified": user.phone is not None}
    return told


def _profile(user: User) -> dict[str, Any]:
    created = round(user.created * 1000)
    named = {"name": None, "picture": None, "username": user.username}
    return {**named, "created_at": created, "updated_at": created}


def _issuer(root: str) -> str:
    """The issuer of tokens, given the service's own address."""
    return f"{root}/oidc"


def _discovery(root: str) -> dict[str, Any]:
    """The discovery document."""
    known = _issuer(root)
    return {
        "issuer": known,
        "authorization_endpoint": f"{known}/auth",
        "token_endpoint": f"{known}/token",
        "userinfo_endpoint": f"{known}/me",
        "jwks_uri": f"{known}/jwks",
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code"],
        "scopes_supported": ["openid", "profile", "phone"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES384"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none"],
    }


def _invalid(code: str, error: str, described: str) -> Refused:
    return Refused(code, extra={"error": error, "error_description": described})


def _configuration(ask: Ask) -> Any:
    return _discovery(ask.root)


def _keys(ask: Ask) -> Any:
    return {"keys": [ask.service.signer.public]}


ROUTES = tuple(
    Route(method=method, path=path, view=view)
    for method, path, view in (
        ("GET", "/oidc/auth", _begin),
        ("GET", "/oidc/auth/<id>", _resume),
        ("GET", "/consent", _consent),
        ("POST", "/oidc/token", _token),
        ("GET", "/oidc/me", _me),
        ("GET", "/oidc/jwks", _keys),
        ("GET", "/oidc/.well-known/openid-configuration", _configuration),
    )
)
