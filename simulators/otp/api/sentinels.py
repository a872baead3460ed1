"""Management API: forgive a recipient."""

from simulators.otp import sentinel
from simulators.otp.api.management import TEXT, enter
from simulators.otp.bodies import Guard, obj
from simulators.otp.route import DONE, Ask, Route, Said

_TARGETS = {"type": "array", "items": TEXT, "minItems": 1}
_DELETE = Guard(
    obj(["targetType", "targets"], targetType={"enum": ["User", "App"]}, targets=_TARGETS)
)


def _delete(ask: Ask) -> Said:
    for target in ask.body["targets"]:
        sentinel.forgive(ask.service, target)
    return DONE


ROUTES = (
    Route(
        method="POST",
        path="/api/sentinel-activities/delete",
        view=_delete,
        guard=_DELETE,
        enter=enter,
    ),
)
