"""Documents that people write in files, JSON or YAML, and the line that something is on."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml


class BadFile(ValueError):
    """The file cannot be used; the message is `file:line: what was expected`."""


def read(path: Path, kind: str) -> tuple[Any, yaml.Node | None]:
    """The document of a file, and its tree of nodes, which know their lines. `kind` is what the
    file is called in errors. Raises `BadFile`."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadFile(f"{path}: {error.strerror}; expected a readable {kind} file") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise BadFile(f"{path}:{line}: expected UTF-8 text") from None
    return _parsed(path, text, kind)


def _parsed(path: Path, text: str, kind: str) -> tuple[Any, yaml.Node | None]:
    try:
        if path.suffix in (".yaml", ".yml"):
            return yaml.safe_load(text), yaml.compose(text, yaml.SafeLoader)
        # JSON is YAML but for the tabs between its tokens; inside strings it has none.
        return json.loads(text), yaml.compose(text.replace("\t", " "), yaml.SafeLoader)
    except json.JSONDecodeError as error:
        raise BadFile(f"{path}:{error.lineno}: expected JSON: {error.msg}") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadFile(f"{path}:{line}: expected YAML: {error.problem}") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        said = " ".join(str(error).split())
        raise BadFile(f"{path}: not readable as a {kind} file: {said}") from None


def line(node: yaml.Node | None, where: Sequence[str | int]) -> int:
    """The line of the node that the keys lead to, or of the last one found on the way."""
    found = 1
    for step in where:
        if isinstance(node, yaml.MappingNode):
            pair = next((p for p in node.value if p[0].value == str(step)), None)
            if pair is None:
                return found
            found, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            node = node.value[step]
            found = node.start_mark.line + 1
    return found
