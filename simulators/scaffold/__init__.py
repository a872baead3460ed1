"""Writes a new provider that works: `sms-simulators provider new NAME`.

`acme` beside this file is that provider, whole: one send, errors, limits, receipts, replies. What
is written is a copy under another name, so that the first answer is a minute away and everything
that a provider has stands where it belongs; a newcomer changes it, and takes out what the vendor
lacks.
"""

import re
import shutil
from pathlib import Path

from simulators.data import data

_ACME = Path(__file__).parent / "acme"
_BROUGHT = 'catalogue.load("acme", Path(__file__).parent / "contracts")'
_PROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "sms-simulators-{dashed}"
version = "0.1.0"
dependencies = ["sms-simulators"]

[project.entry-points."sms_simulators.providers"]
{name} = "sms_{name}:PROVIDER"

[tool.hatch.build.targets.wheel]
packages = ["sms_{name}"]
"""


class CannotWrite(ValueError):
    """The provider cannot be written there; the message says why."""


def is_checkout() -> bool:
    """Whether this is the project's own checkout, where a provider joins the others."""
    return (data("contracts").parent / "pyproject.toml").is_file()


def write(name: str, title: str, into: Path | None) -> list[Path]:
    """Writes the provider, into this checkout or as a distribution of its own into a folder.
    Returns the files. Raises `CannotWrite`, and then nothing is written."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{1,30}", name):
        raise CannotWrite(
            f"'{name}' is no name; expected a letter and up to 30 more letters, digits or _, as"
            " 'acme' or 'acme_cloud'"
        )
    if not re.fullmatch(r"[^\"\\\x00-\x1f]{1,60}", title):
        raise CannotWrite(
            f"'{title}' is no title; expected up to 60 characters on one line, as 'Acme'"
        )
    package = _package(name, into)
    facts = package / "contracts" if into else data("contracts") / name
    for folder in (package, facts, data("contracts") / name):  # the last is ours, also elsewhere
        if folder.exists():
            raise CannotWrite(f"{folder} is there already; expected a name that is free")
    written = [package / "__init__.py"]
    package.mkdir(parents=True)
    source = (_ACME / "__init__.py").read_text(encoding="utf-8")
    if not into:
        source = source.replace(_BROUGHT, 'catalogue.load("acme")')
        source = source.replace("from pathlib import Path\n", "")
    written[0].write_text(_renamed(source, name, title), encoding="utf-8")
    shutil.copytree(_ACME / "contracts", facts)
    for path in sorted(facts.iterdir()):
        path.write_text(_renamed(path.read_text("utf-8"), name, title), encoding="utf-8")
        written.append(path)
    if into:
        written += _project(into, name)
    return written


def _package(name: str, into: Path | None) -> Path:
    if into is not None:
        return into / f"sms_{name}"
    if not is_checkout():
        raise CannotWrite("this is no checkout; --into names the folder of a project of your own")
    return data("contracts").parent / "simulators" / "providers" / name


def _project(into: Path, name: str) -> list[Path]:
    path = into / "pyproject.toml"
    if path.exists():
        return []
    dashed = name.replace("_", "-")
    path.write_text(_PROJECT.format(name=name, dashed=dashed), encoding="utf-8")
    return [path]


def _renamed(text: str, name: str, title: str) -> str:
    words = {
        "Acme SMS": title,
        "acme.example": f"{name.replace('_', '-')}.example",
        "Acme": "".join(part.title() for part in name.split("_")),
        "acme": name,
    }
    return re.sub("|".join(map(re.escape, words)), lambda found: words[found[0]], text)
