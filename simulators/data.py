"""Finds the data folders: inside the installed package first, beside it in a checkout."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_BROUGHT: dict[str, Path] = {}  # by provider: the contracts of those that are shipped by others


def data(folder: str) -> Path:
    """The folder `contracts` or `loadtests`, wherever this installation keeps it."""
    packaged = _PACKAGE / "_data" / folder
    return packaged if packaged.is_dir() else _PACKAGE.parent / folder


def contracts(provider: str) -> Path:
    """The folder of a provider's contracts: the one it brought, else that of its name here."""
    return _BROUGHT.get(provider) or data("contracts") / provider


def bring(provider: str, folder: Path) -> None:
    """Has a provider's contracts read from a folder of its own from now on."""
    _BROUGHT[provider] = folder
