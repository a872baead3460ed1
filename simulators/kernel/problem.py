"""The closed list of things that can go wrong; every provider spells each in its own words."""

from enum import StrEnum


class Problem(StrEnum):
    """Why a request or one recipient's message is refused, in no provider's language."""

    MALFORMED = "malformed"
    TOO_LARGE = "too_large"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    NO_CREDENTIALS = "no_credentials"
    UNKNOWN_CREDENTIALS = "unknown_credentials"
    UNAUTHENTICATED = "unauthenticated"
    EXPIRED = "expired"
    REPLAYED = "replayed"
    FORBIDDEN = "forbidden"
    SUSPENDED = "suspended"
    NO_CREDIT = "no_credit"
    THROTTLED = "throttled"
    MISSING_RECIPIENT = "missing_recipient"
    BAD_RECIPIENT = "bad_recipient"
    TOO_MANY_RECIPIENTS = "too_many_recipients"
    REGION_NOT_ALLOWED = "region_not_allowed"
    OPTED_OUT = "opted_out"
    MISSING_SENDER = "missing_sender"
    BAD_SENDER = "bad_sender"
    MISSING_TEXT = "missing_text"
    TEXT_TOO_LONG = "text_too_long"
    TEMPLATE_UNKNOWN = "template_unknown"
    TEMPLATE_MISMATCH = "template_mismatch"
    INTERNAL = "internal"
    UNAVAILABLE = "unavailable"
