"""What Verify tells the application: an event when a channel ended, and a summary of it all.

https://developer.vonage.com/en/verify/guides/callbacks
Only of what was asked for with an application's token, and only by version 2. Which events come of
an SMS is UNVERIFIED: the one with which the verification ends, before its summary.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from simulators.kernel.clock import iso
from simulators.kernel.receipts import Callback, Receipts, Report
from simulators.kernel.verifications import Verification
from simulators.kernel.world import World
from simulators.providers.vonage import application
from simulators.providers.vonage_verify import workflow

SOURCE = "https://developer.vonage.com/en/verify/guides/callbacks"

# What a message's status is on the wire: of an event about its channel, or of the summary.
EVENTS = MappingProxyType({"verified": "completed", "refused": "failed"})
SUMMARIES = frozenset({"completed", "failed", "expired", "blocked"})


def build(world: World, url: str, reports: Sequence[Report]) -> Callback:
    """JSON, signed as everything is that an application is sent."""
    (report,) = reports
    event = EVENTS.get(report.step.status)
    found = workflow.kept(world).find(report.message.details["request_id"])
    fields = _summary(report, found) if event is None else _event(report, event)
    if found is not None and found.details["client_ref"]:
        fields["client_ref"] = found.details["client_ref"]
    return application.webhook(world, workflow.NAME, url, fields)


def _event(report: Report, status: str) -> dict[str, Any]:
    message = report.message
    return {
        "request_id": message.details["request_id"],
        "triggered_at": iso(message.at),
        "type": "event",
        "channel": message.details["channel"],
        "status": status,
        "finalized_at": iso(report.since),
    }


def _summary(report: Report, found: Verification | None) -> dict[str, Any]:
    """Of one that is kept no more it says what its last message knows."""
    message, status = report.message, report.step.status
    last = message.details["step"]
    alone = [{"channel": message.details["channel"], "at": message.at}]
    steps: Sequence[Mapping[str, Any]] = found.details["steps"] if found else alone
    told: dict[str, Any] = {
        "request_id": message.details["request_id"],
        "submitted_at": iso(found.opened if found else message.at),
        "status": status,
        "type": "summary",
        "channel_timeout": found.details["wait"] if found else 0,
        "workflow": [_channel(step, at, last, status) for at, step in enumerate(steps)],
    }
    if report.row is not None:
        told["workflow"][last]["reason"] = report.row.text(
            {"network": workflow.network(message.to)}
        )
        told["finalized_at"] = iso(report.since)
    return told


def _channel(step: Mapping[str, Any], at: int, last: int, status: str) -> dict[str, Any]:
    told = {"channel": step["channel"]}
    if at > last:
        return {**told, "status": "unused"}
    return {**told, "initiated_at": iso(step["at"]), "status": "expired" if at < last else status}


def expects(status: int, _body: bytes) -> str:
    """Any 2xx acknowledges."""
    return "" if 200 <= status <= 299 else f"a status of 200 or 204, not {status}"


RECEIPTS = Receipts(
    statuses=frozenset({*EVENTS, *SUMMARIES}),
    build=build,
    expects=expects,
    retries=(60.0, 300.0, 900.0),  # UNVERIFIED
    timeout=10.0,
    source=SOURCE,
)
