"""What is posted to `callbackUrl`: each change of a message's status.

That there is a callback, that it is a form unless `callbackFormat` is JSON, and that it wants a 200
is said in https://github.com/smsaero/smsaero_golang. The names of its fields, the method and the
retries are UNVERIFIED: they are this simulator's proposal.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import orjson

from simulators.kernel.receipts import Callback, Receipts, Report
from simulators.kernel.world import World
from simulators.providers.smsaero import messages


def build(_world: World, url: str, reports: Sequence[Report]) -> Callback:
    """A form, or JSON where the message asked for it."""
    (report,) = reports
    found = fields(report)
    if report.message.details.get("json"):
        return Callback("POST", url, (("Content-Type", "application/json"),), orjson.dumps(found))
    headers = (("Content-Type", "application/x-www-form-urlencoded"),)
    return Callback("POST", url, headers, urlencode(found).encode())


def fields(report: Report) -> dict[str, Any]:
    """The fields, named as those of the message object."""
    message, status = report.message, messages.wire_status(report.step.status)
    return {
        "id": int(message.id),
        "status": status,
        "extendStatus": messages.WORDS[status],
        "number": message.to.removeprefix("+"),
        "cost": f"{message.details['cost']:.2f}",
        "dateSend": message.details.get("dateSend") or int(message.at),
        "dateAnswer": int(report.since),
    }


def expects(status: int, _body: bytes) -> str:
    """200 acknowledges, nothing else."""
    return "" if status == 200 else f"status 200, not {status}"


RECEIPTS = Receipts(
    statuses=frozenset({"0", "1", "2", "3", "4", "6"}),
    build=build,
    expects=expects,
    retries=(60.0, 300.0, 900.0),
    timeout=10.0,
    source="https://github.com/smsaero/smsaero_golang",
)
