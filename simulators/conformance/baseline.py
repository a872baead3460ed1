"""The good send that comes first: refusals mean something only if a message would have gone."""

import time
from typing import Any

from simulators.conformance.stand import Entry, Stand
from simulators.conformance.trigger import Ran, Trigger
from simulators.conformance.values import Values

POLL_SECONDS = 0.05


class NothingTested(Exception):
    """The good send was not accepted, or not reported as success; the message says why."""


def sent_well(stand: Stand, trigger: Trigger, values: Values, timeout: float) -> tuple[Ran, float]:
    """What the application said, and by how many seconds it said so before its message came.

    Raises `NothingTested`.
    """
    requests, strange = stand.journal(), stand.strangers_mark()
    newest = stand.newest()
    ran = trigger(values, timeout)
    told = time.monotonic()
    while True:
        found = [sent for sent in stand.sent(newest) if sent["provider"] == stand.provider]
        lag = time.monotonic() - told
        if any(sent["to"] == values["to"] for sent in found):
            break
        came = stand.requests(requests), stand.strangers(strange)
        if ran.crash or ran.hung or any(came) or not ran.success or lag > timeout:
            raise NothingTested(_why(ran, values, found, *came))
        time.sleep(POLL_SECONDS)
    if ran.crash or not ran.success:
        raise NothingTested(
            f"{stand.provider} accepted a good message, and the application reports no success:"
            f" {ran.said}; --success-when says what a success looks like"
        )
    return ran, lag


def _why(
    ran: Ran, values: Values, found: list[Entry], came: list[Entry], strangers: list[Entry]
) -> str:
    said = f"the application said: {ran.said}"
    provider = values["provider"]
    if found:
        return (
            f"a good message went to {found[0]['to']} and not to {values['to']}, the number given"
            f" as {{to}} and SMS_TO; {said}"
        )
    of_ours = [entry for entry in came if entry["provider"] == provider]
    if of_ours:
        return f"{provider} refused a good message: {_refusal(of_ours[-1])}; {said}"
    if strangers:
        return (
            f"a request came for {strangers[-1]['provider']} whose credentials are no account's;"
            f" those of '{values['account']}' are in {{name}} and SMS_NAME; {said}"
        )
    if came:
        return f"a request came for {came[-1]['provider']}, not for {provider}; {said}"
    return f"the trigger made no request to {values['base_url']}; {said}"


def _refusal(entry: dict[str, Any]) -> str:
    """The answer of a refused request, with what its contract says of it."""
    error = f" {entry['error']}" if entry["error"] else ""
    return ": ".join([f"{entry['status']}{error}", *entry["sentences"][:1]])
