"""From whom a message goes out: From by its rules, or a sender picked from a service's pool.

https://www.twilio.com/docs/messaging/api/message-resource#request-body-parameters and, for the
codes, https://www.twilio.com/en-us/changelog/updates-to-the-error-code-dictionary-to-clarify-number-validatio
"""

import re
import zlib
from collections.abc import Sequence
from typing import Any

from simulators.kernel import phone
from simulators.kernel.catalogue import Problem
from simulators.kernel.provider import Draft, Exchange, Failure, Refusal
from simulators.kernel.reading import Fields, first
from simulators.providers.twilio import encoding, registry
from simulators.providers.twilio.registry import Service

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
    service = registry.find(exchange, sid)
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
    if service["smart_encoding"]:
        draft.text = encoding.smart(draft.text)
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
        draft.sender = _own(exchange, sender)
    elif ALPHANUMERIC.fullmatch(sender):
        draft.sender = sender
    else:
        raise Refusal("21212")
    _fits(exchange, draft)


def reachable(exchange: Exchange, draft: Draft) -> Failure | None:
    """21703 where no sender of the pool can reach the number."""
    return None if draft.sender else exchange.fail("21703", to=draft.number)


def _own(exchange: Exchange, sender: str) -> str:
    number = phone.parse(sender, "US")
    value = sender
    if not _SHORT_CODE.fullmatch(sender):
        if number is None or not number.possible:
            raise Refusal("21212")
        value = number.e164
    capabilities = registry.numbers(exchange).get(value)
    if capabilities is None:
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
        able = registry.numbers(exchange).get(sender)
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
