"""The application (`SmsSdkAppId`) a request names.

An account here has one. One that could be another account's is refused as not belonging to the
key; one that cannot exist is refused as such.
"""

import re

from simulators.kernel.provider import Exchange, Failure, Refusal
from simulators.providers.tencent import settings

_WELL_FORMED = re.compile(r"14[0-9]{8}")


def of(exchange: Exchange, app: str) -> Failure | None:
    """Why no number can be sent to from this application, None if nothing is wrong.

    Raises `Refusal` for one of another account.
    """
    if app != exchange.credentials["app_id"]:
        if _WELL_FORMED.fullmatch(app):
            raise Refusal("UnauthorizedOperation.SmsSdkAppIdVerifyFail")
        return exchange.fail("InvalidParameterValue.SdkAppIdNotExist")
    if settings.app_disabled(exchange):
        return exchange.fail("UnauthorizedOperation.SdkAppIdIsDisabled")
    return None


def own(exchange: Exchange, app: str) -> None:
    """Raises `Refusal` unless the application is the account's, for all that does not send."""
    failure = of(exchange, app)
    if failure is not None:
        raise Refusal(failure.row.key)
