"""From whom a message goes out: From by its rules, or a sender picked from a service's pool; and
how many messages may wait for each.

https://www.twilio.com/docs/messaging/api/message-resource#request-body-parameters and, for the
codes, https://www.twilio.com/en-us/changelog/updates-to-the-error-code-dictionary-to-clarify-number-validatio
The queue is ten hours of segments at the sender's rate: https://www.twilio.com/docs/api/errors/21611.
"""

import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from simulators.kernel import phone
from simulators.kernel.catalogue import Problem
from simulators.kernel.flow import Limit
from simulators.kernel.provider import Draft, Exchange, Failure, Refusal
from simulators.kernel.reading import Fields, first
from simulators.providers.twilio import account
from simulators.providers.twilio.account import Service

_SERVICE = re.compile(r"MG[0-9a-fA-F]{32}")
ALPHANUMERIC = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 +_&-]{1,11}")
_SHORT_CODE = re.compile(r"[0-9]{3,6}")

# Where an alphanumeric sender never arrives: https://www.twilio.com/docs/glossary/what-alphanumeric-sender-id
NO_ALPHANUMERIC = frozenset({"US", "CA"})
# The fictional block that every account of the simulators gets its number from.
_OURS = "+1500555"


def named(form: Fields) -> tuple[str, str]:
    """From and MessagingServiceSid. A service may be named in From too."""
    sender, service = first(form, "From"), first(form, "MessagingServiceSid")
    if not service and _SERVICE.fullmatch(sender):
        return "", sender
    return sender, service


def service_of(exchange: Exchange, sid: str) -> Service:
    """The service to send with."""
    if not _SERVICE.fullmatch(sid):
        raise Refusal("21705")
    service = account.find_service(exchange, sid)
    if service is None:
        raise Refusal("21701")
    if not service["senders"]:
        raise Refusal("21704")
    return service


def use_service(exchange: Exchange, draft: Draft, service: Service, sender: str) -> None:
    """Sends with a service: by the sender named in From, or by one that it picks."""
    draft.details["service"] = service["sid"]
    draft.deferred = True
    draft.lifecycle = "service"
    draft.callback = draft.callback or service["status_callback"] or ""
    if sender:
        if sender not in [item["value"] for item in service["senders"]]:
            raise Refusal("21711")
        draft.sender = sender
    else:
        draft.sender = _picked(service["senders"], draft)
    _fits(exchange, draft)


def use_number(exchange: Exchange, draft: Draft, sender: str) -> None:
    """Sends from a number, short code or name. Raises `Refusal` if it cannot be a sender."""
    if sender == exchange.credentials["number"] and not exchange.world.load("twilio/numbers"):
        draft.sender = sender
    elif sender.startswith("+") or sender.isdigit():
        draft.sender = _own(exchange, sender, draft.details.get("channel", ""))
    elif ALPHANUMERIC.fullmatch(sender):
        draft.sender = sender
    else:
        raise Refusal("21212")
    _fits(exchange, draft)


def reachable(exchange: Exchange, draft: Draft) -> Failure | None:
    """21703 where no sender of the pool can reach the number."""
    return None if draft.sender else exchange.fail("21703", to=draft.number)


def _own(exchange: Exchange, sender: str, channel: str) -> str:
    number = phone.parse(sender, "US")
    value = sender
    if not _SHORT_CODE.fullmatch(sender):
        if number is None or not number.possible:
            raise Refusal("21212")
        value = number.e164
    capabilities = account.numbers(exchange).get(value)
    if capabilities is None:
        if channel == "whatsapp:":
            raise Refusal("63007")
        raise Refusal("21660" if value.startswith(_OURS) else "21659")
    if "SMS" not in capabilities:
        raise Refusal("21661")
    return value


def _fits(exchange: Exchange, draft: Draft) -> None:
    sender = draft.sender
    if sender == draft.number:
        raise Refusal("21266")
    if is_name(sender):
        if exchange.world.load("twilio/trial") is not None:
            raise Refusal("21267")
        if draft.region in NO_ALPHANUMERIC:
            raise Refusal("21612")
    if draft.details.get("media"):
        able = account.numbers(exchange).get(sender)
        if able is not None and "MMS" not in able:
            raise Refusal("21621")


def is_name(sender: str) -> bool:
    """Whether a sender is alphanumeric."""
    return bool(sender) and not sender.startswith("+") and not sender.isdigit()


def _picked(pool: Sequence[dict[str, Any]], draft: Draft) -> str:
    """The same sender for the same number: a service's senders are sticky."""
    usable = [item["value"] for item in pool if _reaches(item["kind"], draft.region)]
    if len(usable) < 2:
        return usable[0] if usable else ""
    picked: str = usable[zlib.crc32(draft.number.encode()) % len(usable)]
    return picked


def _reaches(kind: str, region: str) -> bool:
    return kind == "PhoneNumbers" or (kind == "AlphaSenders") is (region not in NO_ALPHANUMERIC)


def missing(sender: str, service: str) -> None:
    """Refuses a message from nobody."""
    if not sender and not service:
        raise Refusal(Problem.MISSING_SENDER)


# https://www.twilio.com/docs/api/errors/20429 publishes no figure; this one is often quoted.
CONCURRENCY = 100


def is_long_code(draft: Draft) -> bool:
    """A number of the United States or Canada: one segment a second."""
    return draft.sender.startswith("+1") and "test" not in draft.details


def is_short_code(draft: Draft) -> bool:
    """Digits alone: a hundred segments a second."""
    return draft.sender.isdigit()


def is_other(draft: Draft) -> bool:
    """Numbers elsewhere and names: ten segments a second."""
    return bool(draft.sender) and not draft.sender.startswith("+1") and not draft.sender.isdigit()


def queue(
    rate: int, applies: Callable[[Draft], bool], name: str, where: Mapping[str, str]
) -> Limit:
    """Ten hours of segments at a sender's rate, in segments a second."""
    return Limit(
        name=f"queue-{name}",
        permits=36_000 * rate,
        seconds=36_000,
        kind="queue",
        key=("sender",),
        error="21611",
        source="https://www.twilio.com/docs/api/errors/21611",
        applies=applies,
        where=where,
    )


LIMITS = (
    queue(1, is_long_code, "long-code", {"sender": r"^\+1", "details.test": "^$"}),
    queue(100, is_short_code, "short-code", {"sender": "^[0-9]+$"}),
    queue(10, is_other, "other", {"sender": r"^(?!\+1)(?![0-9]+$)."}),
    Limit(
        name="trial-day",
        permits=50,
        seconds=86_400,
        key=("lifecycle",),
        error="63038",
        source="https://www.twilio.com/docs/api/errors/63038",
        applies=lambda draft: "trial" in draft.details,
        where={"details.trial": "."},
    ),
)
