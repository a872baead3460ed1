"""Who may use the control API and the inbox: no web page of another origin, and off loopback only
who has the token, or the cookie that the inbox gives for it. Which Host names lead here at all is
the gateway's business.
"""

import hashlib
import hmac

from werkzeug.http import parse_cookie

from simulators.control.errors import Bad, shown
from simulators.kernel.call import Call
from simulators.kernel.credentials import same
from simulators.loopback import is_loopback


def check_origin(call: Call) -> None:
    """Refuses what a browser sends on behalf of another origin's page."""
    site = call.headers.get("sec-fetch-site", "none").lower()
    if site not in ("none", "same-origin"):
        raise Bad(403, "another site's page may not use this", "same-origin", shown(site))
    origin = call.headers.get("origin")
    own = f"{call.scheme}://{call.host}"
    if origin is not None and origin.lower() != own.lower():
        raise Bad(403, "another site's page may not use this", f"Origin {own}", shown(origin))


def check_token(call: Call, host: str, token: str) -> None:
    """Refuses whoever has neither the token nor its cookie; without one only loopback is served."""
    if not token and is_loopback(host):
        return
    if not token:
        raise Bad(
            403,
            f"bound to {host}, which others can reach, the control API needs a token",
            "a server started with a token, or bound to loopback",
            "no token set",
        )
    if same(session(token), parse_cookie(call.headers.get("cookie", "")).get(cookie(call), "")):
        return
    scheme, _, given = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not same(token, given.strip()):
        got = "another token" if given else "none"
        raise Bad(401, "the control API needs its token", "Authorization: Bearer TOKEN", got)


def cookie(call: Call) -> str:
    """The name of the cookie that stands for the token. A browser gives a host's cookies to all of
    its ports, so each port has one of its own."""
    return f"sms_simulators_{call.host.rpartition(':')[2]}"


def session(token: str) -> str:
    """The value of that cookie: whoever sees it does not know the token."""
    return hmac.new(token.encode(), b"a session of the inbox", hashlib.sha256).hexdigest()
