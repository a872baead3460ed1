"""What an application gets for a signed-in person: opaque access tokens, and ID tokens as signed
JWTs (ES384, as Logto's)."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import orjson

from simulators.otp.users import User

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

    from simulators.otp.service import Service

LIFE = 3600
_SIZE = 48


@dataclass(frozen=True, slots=True)
class Grant:
    """Who signed in, by which OIDC request."""

    user: str
    request: Mapping[str, str]


class Signer:
    """A key of the process: made once it is needed."""

    @cached_property
    def _key(self) -> "EllipticCurvePrivateKey":
        from cryptography.hazmat.primitives.asymmetric import ec  # loaded by who signs in

        return ec.generate_private_key(ec.SECP384R1())

    @cached_property
    def public(self) -> dict[str, str]:
        """The key that verifies, as a JWK."""
        numbers = self._key.public_key().public_numbers()
        point = {"x": _text(numbers.x.to_bytes(_SIZE)), "y": _text(numbers.y.to_bytes(_SIZE))}
        return {"kty": "EC", "crv": "P-384", **point, "kid": "otp", "use": "sig", "alg": "ES384"}

    def sign(self, claims: Mapping[str, Any]) -> str:
        """A JWT."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec, utils

        head = {"alg": "ES384", "typ": "JWT", "kid": "otp"}
        text = f"{_text(orjson.dumps(head))}.{_text(orjson.dumps(claims))}"
        pair = utils.decode_dss_signature(self._key.sign(text.encode(), ec.ECDSA(hashes.SHA384())))
        return f"{text}.{_text(b''.join(number.to_bytes(_SIZE) for number in pair))}"


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def issuer(root: str) -> str:
    """The issuer of tokens, given the service's own address."""
    return f"{root}/oidc"


def configuration(root: str) -> dict[str, Any]:
    """The discovery document."""
    known = issuer(root)
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


def issue(service: "Service", grant: Grant, root: str) -> dict[str, Any]:
    """The answer of the token endpoint."""
    token, now, request = service.id(43), service.now(), grant.request
    service.state.tokens.put(token, grant, now)
    identity = {
        **claims(service, grant),
        "iss": issuer(root),
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


def claims(service: "Service", grant: Grant) -> dict[str, Any]:
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
