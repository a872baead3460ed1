"""Where a provider is served: the URLs a client can be pointed at."""

from typing import TYPE_CHECKING

from simulators.server.gateway import local_host

if TYPE_CHECKING:
    from simulators.app import Simulators


def places(simulators: "Simulators", provider: str) -> dict[str, str | None]:
    """By prefix on the simulators' own address, by `<provider>.localhost`, by prefix over https,
    and on a port of its own; None where that is not served."""
    ports = simulators.ports
    address = simulators.url.rpartition(":")[0]
    secure, own = ports.get("https"), ports.get(provider)
    return {
        "prefix": simulators.base_url(provider),
        "localhost": f"http://{local_host(provider)}:{ports['http']}",
        "https": f"https://{address.partition('://')[2]}:{secure}/{provider}" if secure else None,
        "port": f"{address}:{own}" if own else None,
    }
