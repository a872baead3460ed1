"""The providers by name; the only list of them."""

from collections.abc import Mapping
from types import MappingProxyType

from simulators.kernel.provider import Provider
from simulators.providers import (
    aliyun,
    gatewayapi,
    http_sms,
    smsaero,
    tencent,
    twilio,
    vonage,
)

PROVIDERS: Mapping[str, Provider] = MappingProxyType(
    {
        module.PROVIDER.name: module.PROVIDER
        for module in (aliyun, gatewayapi, http_sms, smsaero, tencent, twilio, vonage)
    }
)


class UnknownProvider(LookupError):
    """There is no provider of that name; the message lists those there are."""


def find(name: str) -> Provider:
    """The provider of that name. Raises `UnknownProvider`."""
    if name not in PROVIDERS:
        raise UnknownProvider(f"no provider '{name}'; there are: {', '.join(sorted(PROVIDERS))}")
    return PROVIDERS[name]
