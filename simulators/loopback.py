"""Which hosts and addresses are this machine's own, without asking anybody."""

import ipaddress


def is_loopback(host: str) -> bool:
    """Whether a host, as a URL or an option has it, is this machine's loopback for certain."""
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost":
        return True
    try:
        return is_loopback_address(name)
    except ValueError:
        return False


def is_loopback_address(address: str) -> bool:
    """The same of an IP address; an IPv4 one may be written as IPv6. Raises `ValueError`."""
    found = ipaddress.ip_address(address)
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return (mapped or found).is_loopback
