"""OpenID Connect: the browser's part of a sign-in, from the application to it and back, and
signing out.

Paths, redirects and cookies are those of Logto's provider (oidc-provider); `/consent` agrees by
itself, as for applications of one's own.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from simulators.otp.api import entrance
from simulators.otp.api.tokens import PUBLIC, invalid, issuer
from simulators.otp.cors import ANYBODY
from simulators.otp.errors import Refused
from simulators.otp.route import Ask, Route, Said
from simulators.otp.state import Grant, Interaction

_NO_STORE = (("Cache-Control", "no-store"),)
_LEAVING = """<!DOCTYPE html><title>Signing out</title>
<form id="op.logoutForm" method="post" action="{0}/session/end/confirm">
<input type="hidden" name="xsrf" value="{1}"><input type="hidden" name="logout" value="yes">
<noscript><button>Sign out</button></noscript></form>
<script>document.forms[0].submit()</script>"""
_KEPT = ("client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge", "ui_locales")


def _begin(ask: Ask) -> Said:
    """Sends the browser to the sign-in page, in an interaction of its own."""
    query, service = ask.query, ask.service
    app = service.state.applications.get(query.get("client_id", ""), service.now())
    if app is None:
        raise invalid("invalid_client", "client is invalid")
    if query.get("redirect_uri") not in app["oidcClientMetadata"]["redirectUris"]:
        told = "redirect_uri did not match any of the client's registered redirect_uris"
        raise invalid("invalid_redirect_uri", told)
    wrong = _wrong(query, app["type"] in PUBLIC)
    if wrong is not None:
        error, described = wrong
        return _back(ask, query, {"error": error, "error_description": described})
    request = {name: query[name] for name in _KEPT if name in query}
    if "consent" not in query.get("prompt", "").split():  # offline access is for who agrees to it
        scopes = query["scope"].split()
        request["scope"] = " ".join(scope for scope in scopes if scope != "offline_access")
    made = Interaction(service.id(), request)
    service.state.interactions.put(made.id, made, service.now())
    headers = (("Location", f"/sign-in?app_id={app['id']}"), *entrance.given(made))
    return Said(303, headers=headers)


def _wrong(query: Mapping[str, str], public: bool) -> tuple[str, str] | None:
    """What the application's request lacks: an error and its description."""
    if query.get("response_type") != "code":
        return "unsupported_response_type", "unsupported response_type requested"
    if "openid" not in query.get("scope", "").split(" "):
        return "invalid_request", "openid scope must be requested for this request"
    challenge, method = query.get("code_challenge"), query.get("code_challenge_method")
    if (public or challenge) and (not challenge or method != "S256"):
        told = "Authorization Server policy requires PKCE to be used for this request"
        return "invalid_request", told
    return None


def _gone() -> Refused:
    told = {"error": "invalid_request", "error_description": "authorization request has expired"}
    return Refused("session.not_found", extra=told)


def _back(ask: Ask, request: Mapping[str, str], told: Mapping[str, str]) -> Said:
    """Sends the browser back to the application."""
    state = {"state": request["state"]} if "state" in request else {}
    answer = urlencode({**told, **state, "iss": issuer(ask.root)})
    uri = request["redirect_uri"]
    separator = "&" if urlsplit(uri).query else "?"
    return Said(303, headers=(("Location", f"{uri}{separator}{answer}"),))


def _resume(ask: Ask) -> Said:
    """After the sign-in to the consent, and after that to the application with a code."""
    service, found = ask.service, entrance.resumed(ask)
    if found.id != ask.params["id"] or not found.done:
        raise _gone()
    app = found.request["client_id"]
    if not found.consented:
        return Said(303, headers=(("Location", f"/consent?app_id={app}"),))
    service.state.interactions.pop(found.id, service.now())
    code = service.id(43)
    user = service.state.users.find(found.user)
    at = user.signed_in if user and user.signed_in else service.now()
    grant = Grant(found.user, dict(found.request), at)
    service.state.grants.put(code, grant, service.now())
    return _back(ask, found.request, {"code": code})


def _consent(ask: Ask) -> Said:
    service, found = ask.service, entrance.session(ask)
    if not found.done:
        raise _gone()
    service.state.interactions.pop(found.id, service.now())
    found.id, found.consented = service.id(), True
    service.state.interactions.put(found.id, found, service.now())
    location = f"{ask.root}/oidc/auth/{found.id}"
    return Said(302, headers=(("Location", location), *entrance.given(found)))


def _end(ask: Ask) -> Said:
    """Signing out: a page whose form goes on by itself, as an end that another page asked for
    must not be carried out at once."""
    asked = ask.body if ask.method == "POST" and isinstance(ask.body, dict) else ask.query
    hint, named = asked.get("id_token_hint"), asked.get("client_id")
    claims: dict[str, Any] = {}
    if hint:
        read = ask.service.signer.read(str(hint))
        if read is None:
            raise invalid("invalid_request", "could not validate id_token_hint")
        claims = read
        if named and named != claims["aud"]:
            told = "client_id does not match the provided id_token_hint"
            raise invalid("invalid_request", told)
        named = claims["aud"]
    client = ask.service.state.applications.get(str(named), ask.service.now()) if named else None
    if named and client is None:
        told = "unrecognized id_token_hint audience" if hint else "client is invalid"
        raise invalid("invalid_client", told)
    back = asked.get("post_logout_redirect_uri")
    if client is None:
        back = None
    elif back is not None and back not in client["oidcClientMetadata"]["postLogoutRedirectUris"]:
        raise invalid("invalid_request", "post_logout_redirect_uri not registered")
    secret = ask.service.id(48)
    leaving = {"back": back, "state": asked.get("state"), "user": claims.get("sub"), "app": named}
    ask.service.state.leaving.put(secret, leaving, ask.service.now())
    return Said(200, _LEAVING.format(issuer(ask.root), secret), _NO_STORE)


def _end_confirmed(ask: Ask) -> Said:
    form, now = ask.body if isinstance(ask.body, dict) else {}, ask.service.now()
    leaving = ask.service.state.leaving.pop(str(form.get("xsrf", "")), now)
    if leaving is None:
        raise invalid("invalid_request", "could not find logout details")
    if leaving["user"]:
        ask.service.state.ended.put((leaving["user"], leaving["app"]), now, now)
    target = leaving["back"] or f"{issuer(ask.root)}/session/end/success"
    if leaving["back"] and leaving["state"] is not None:
        separator = "&" if urlsplit(target).query else "?"
        target = f"{target}{separator}{urlencode({'state': leaving['state']})}"
    return Said(303, headers=(("Location", target), *_NO_STORE))


def _ended(_ask: Ask) -> Said:
    return Said(200, "<!DOCTYPE html><title>Signed out</title><p>You have signed out.")


def _discovery(root: str) -> dict[str, Any]:
    """The discovery document."""
    known = issuer(root)
    return {
        "issuer": known,
        "authorization_endpoint": f"{known}/auth",
        "token_endpoint": f"{known}/token",
        "userinfo_endpoint": f"{known}/me",
        "jwks_uri": f"{known}/jwks",
        "response_types_supported": ["code"],
        "end_session_endpoint": f"{known}/session/end",
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "scopes_supported": ["openid", "offline_access", "profile", "phone"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES384"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": [
            "none",
            "client_secret_basic",
            "client_secret_post",
        ],
    }


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
        ("GET", "/oidc/session/end", _end),
        ("POST", "/oidc/session/end", _end),
        ("POST", "/oidc/session/end/confirm", _end_confirmed),
        ("GET", "/oidc/session/end/success", _ended),
    )
) + tuple(
    Route(method="GET", path=path, view=view, shared=ANYBODY)
    for path, view in (
        ("/oidc/jwks", _keys),
        ("/oidc/.well-known/openid-configuration", _configuration),
    )
)
