"""Who may use the control API: no web page of another origin, and off loopback only who has the
token. Which Host names lead here at all is the gateway's business."""

from simulators.control.errors import Bad, shown
from simulators.control.route import Route
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


def check_token(call: Call, route: Route | None, host: str, token: str) -> None:
    """Refuses whoever lacks the token; without one only loopback is served."""
    if (route is not None and route.public) or (not token and is_loopback(host)):
        return
    if not token:
        raise Bad(
            403,
            f"bound to {host}, which others can reach, the control API needs a token",
            "a server started with a token, or bound to loopback",
            "no token set",
        )
    scheme, _, given = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not same(token, given.strip()):
        got = "another token" if given else "none"
        raise Bad(401, "the control API needs its token", "Authorization: Bearer TOKEN", got)
