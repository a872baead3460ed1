"""Our JavaScript: small, without a build, and checked by TypeScript by its JSDoc types."""

import json
import subprocess
from pathlib import Path

import pytest

import simulators.inbox

pytestmark = pytest.mark.slow

STATIC = Path(simulators.inbox.__file__).parent / "static"
MOST_LINES = 500


def test_it_is_small():
    """What one person reads at once."""
    lines = sum(len(path.read_text().splitlines()) for path in STATIC.glob("*.js"))

    assert lines < MOST_LINES


def test_typescript_has_nothing_to_say(node, npm, tmp_path):
    """In its strict mode."""
    package = {"private": True, "dependencies": {"typescript": "5.x"}}
    (tmp_path / "package.json").write_text(json.dumps(package))
    npm(tmp_path)
    command = [node, str(tmp_path / "node_modules/typescript/bin/tsc"), "--checkJs", "--allowJs"]
    command += ["--noEmit", "--strict", "--target", "es2022", "--module", "es2022"]
    command += ["--lib", "es2022,dom,dom.iterable", *map(str, sorted(STATIC.glob("*.js")))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, cwd=tmp_path)

    assert (0, "") == (done.returncode, done.stdout)
