"""What an account's console or history decides, kept as the world's settings document `tencent`.

* `strict`: the signature must be over the Host header as sent and the service `sms`. Off: what
  the SDKs sign when they are pointed at a local address is accepted too.
* `variable_length`: the most characters of a template variable; 6 for accounts opened since
  2024-01-25, 12 before.
* `app_disabled`: the application may not send.
* `callback`: the URL that the application's status reports are posted to.
"""

from typing import Any

from simulators.kernel.provider import Exchange

NAME = "tencent"
_DEFAULTS = {"strict": False, "variable_length": 6, "app_disabled": False, "callback": ""}


def _setting(exchange: Exchange, name: str) -> Any:
    return (exchange.world.load(NAME) or _DEFAULTS).get(name, _DEFAULTS[name])


def strict(exchange: Exchange) -> bool:
    """Whether a signature over another host than the Host header is refused."""
    return bool(_setting(exchange, "strict"))


def variable_length(exchange: Exchange) -> int:
    """The most characters of a template variable."""
    return int(_setting(exchange, "variable_length"))


def app_disabled(exchange: Exchange) -> bool:
    """Whether the application may not send."""
    return bool(_setting(exchange, "app_disabled"))


def callback(exchange: Exchange) -> str:
    """Where status reports go, "" for nowhere."""
    return str(_setting(exchange, "callback"))
