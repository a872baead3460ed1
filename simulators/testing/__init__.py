"""What a project's own tests use: the pytest plugin, an account as a test sees it,
`contract_server` and the table of refusals.

pytest loads the plugin in every run, so importing this package must cost nothing: each name comes
from its module when it is asked for.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulators.testing.sms import Sms, TestClock

__all__ = ["Sms", "TestClock"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    from simulators.testing import sms

    return getattr(sms, name)
