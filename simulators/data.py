"""Finds the data folders: inside the installed package first, beside it in a checkout."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def data(folder: str) -> Path:
    """The folder `contracts` or `loadtests`, wherever this installation keeps it."""
    packaged = _PACKAGE / "_data" / folder
    return packaged if packaged.is_dir() else _PACKAGE.parent / folder
