"""What Twilio's error texts speak of."""

from simulators.kernel.provider import Draft, Exchange, basic_placeholders
from simulators.kernel.reading import first


def masked(number: str) -> str:
    """A number with its last four digits hidden, as error texts show it."""
    return f"{number[:-4]}XXXX"


def placeholders(exchange: Exchange, draft: Draft | None) -> dict[str, object]:
    """The values of every placeholder in the catalogue."""
    form = exchange.document.get("body") or {}
    to = draft.number if draft is not None else first(form, "To")
    own = exchange.credentials.get("account_sid", "")
    return {
        **basic_placeholders(exchange, draft),
        "path": exchange.call.path.removeprefix("/v1"),
        "to": to,
        "to_masked": masked(to),
        "from": (draft.sender if draft is not None else "") or first(form, "From"),
        "sid": first(form, "MessagingServiceSid"),
        "url": first(form, "StatusCallback"),
        "account_sid": exchange.params.get("account_sid", own),
        "limit": 50,  # the daily cap seen on trial accounts, row 63038
    }
