"""Test credentials: magic numbers, and nothing ever sent, charged or reported.

https://www.twilio.com/docs/iam/test-credentials#test-sms-messages
"""

from types import MappingProxyType

from simulators.kernel.provider import Draft, Refusal

SENDER = "+15005550006"

# What From means, before and after the questions about To.
_FROM = MappingProxyType({"+15005550001": "21212", SENDER: "", "+15005550008": "21611"})
_TO_FIRST = MappingProxyType({"+15005550001": "21211", "+15005550009": "21614"})
_TO = MappingProxyType({"+15005550003": "21408", "+15005550002": "21612", "+15005550004": "21610"})


def use(draft: Draft, sender: str, service: str) -> None:
    """Sends under test credentials. Raises `Refusal` as the magic numbers say."""
    if service:
        raise Refusal("20008")
    keys = (
        _TO_FIRST.get(draft.number, ""),
        "" if sender == "+15005550008" else _FROM.get(sender, "21606"),
        _TO.get(draft.number, ""),
        _FROM.get(sender, ""),
    )
    for key in keys:
        if key:
            raise Refusal(key)
    draft.sender = sender
    draft.life = "test"
    draft.callback = ""
    draft.details["test"] = True
