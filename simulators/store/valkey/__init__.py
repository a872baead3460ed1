"""Worlds in a Valkey or Redis engine that any number of processes share."""

from typing import TYPE_CHECKING

from simulators.kernel.store import Unavailable
from simulators.store.log import Unusable

if TYPE_CHECKING:
    from simulators.store.valkey.store import ValkeyStore


def shared(url: str, keep: int) -> "ValkeyStore":
    """The store in the engine at a URL. Raises `Unusable`."""
    try:  # nobody else needs what it needs
        from simulators.store.valkey import address
        from simulators.store.valkey.line import UnfitEngine
        from simulators.store.valkey.store import ValkeyStore
    except ImportError as error:
        told = f"--store needs {error.name}: install sms-simulators with its extra 'valkey'"
        raise Unusable(told) from None
    try:
        store = ValkeyStore(address.read(url), keep)
    except address.BadAddress as error:
        raise Unusable(f"--store: {error}") from None
    try:
        store.accounts()
    except (address.BadAddress, UnfitEngine, Unavailable) as error:
        store.close()
        raise Unusable(f"--store: {error}") from None
    return store
