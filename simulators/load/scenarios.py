"""The scenarios there are: locustfiles that attach a run, told apart without importing them."""

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

_SENTENCE = re.compile(r"(.+?[.?!])(\s|$)", re.DOTALL)
_USUAL_NEEDS = "host sim"


class NoScenario(Exception):
    """There is none of that name; the message says which there are."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A locustfile: its name, its first sentence, and what it says that it needs."""

    name: str
    path: Path
    sentence: str
    needs: frozenset[str]


def find(name: str, folder: Path) -> Scenario:
    """By its name in the folder, or by the path of a file of one's own. Raises `NoScenario`."""
    path = Path(name)
    if path.suffix == ".py":
        if not path.is_file():
            raise NoScenario(f"there is no file {name}")
        own = read(path)
        if own is None:
            raise NoScenario(f"{name} is no scenario: it has no `run = attach()`")
        return own
    known = {scenario.name: scenario for scenario in every(folder)}
    wanted = name.replace("-", "_")
    if wanted not in known:
        near = get_close_matches(wanted, known, n=1)
        hint = f"did you mean '{near[0]}'? " if near else ""
        raise NoScenario(f"no scenario '{name}'; {hint}there are: {', '.join(known) or 'none'}")
    return known[wanted]


def every(folder: Path) -> list[Scenario]:
    """All of a folder, by name."""
    found = (read(path) for path in sorted(folder.glob("*.py")))
    return [scenario for scenario in found if scenario is not None]


def read(path: Path) -> Scenario | None:
    """What a locustfile says of itself; None for a file that attaches no run."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, UnicodeDecodeError):
        return None
    needs = _needs(tree.body)
    if needs is None:
        return None
    told = ast.get_docstring(tree) or ""
    first = _SENTENCE.match(told)
    sentence = " ".join((first[1] if first else told).split())
    return Scenario(path.stem, path, sentence, frozenset(needs.split()))


def _needs(body: Sequence[ast.stmt]) -> str | None:
    """What the call of `attach` says, at the top of the file; None if there is none."""
    for statement in body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call):
            call = statement.value
            name = getattr(call.func, "id", getattr(call.func, "attr", ""))
            if name == "attach":
                given = {keyword.arg: keyword.value for keyword in call.keywords}
                needs = given.get("needs")
                return str(needs.value) if isinstance(needs, ast.Constant) else _USUAL_NEEDS
    return None
