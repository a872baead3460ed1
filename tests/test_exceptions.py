"""Every exception of the package is one that Python can raise, chain, send and print."""

import ast
import builtins
import concurrent.futures
import contextlib
import copy
import importlib
import json
import pickle
import pkgutil
import subprocess
import sys
import traceback
from pathlib import Path

import simulators
from simulators.control.errors import Bad
from simulators.kernel.accounts import BadAccount
from simulators.kernel.checks import BadValue, Unacceptable
from simulators.kernel.provider import Refusal
from simulators.otp.connector import ConnectorError
from simulators.otp.errors import ERRORS, Refused

PACKAGE = Path(simulators.__file__).parent
MADE = {
    Bad: ((400, "not a time", "an ISO time", "noon"), {}),
    BadAccount: (("no name 'x'", "credentials", "twilio"), {}),
    BadValue: (("match.to", "a text", {"a": 1}), {}),
    ConnectorError: (("general", {"message": "no"}), {}),
    Refusal: (("21211",), {"to": "+1", "detail": "no"}),
    Refused: ((next(iter(ERRORS)), {"a": 1}), {"details": "no"}),
    Unacceptable: (("not a time", "an ISO time", "noon"), {}),
}


def exceptions():
    for module in pkgutil.walk_packages(simulators.__path__, "simulators."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    todo, found = [BaseException], set()
    while todo:
        below = [cls for cls in todo.pop().__subclasses__() if cls not in found]
        found.update(below)
        todo += below
    ours = [cls for cls in found if cls.__module__.startswith("simulators.")]
    return sorted(ours, key=lambda cls: f"{cls.__module__}.{cls.__name__}")


def made(cls):
    """One of this class, as its `__init__` wants it, or with a sentence."""
    own = next((base for base in cls.__mro__ if base in MADE), None)
    args, kwargs = MADE.get(own, (("expected this, got that",), {}))
    return cls(*args, **kwargs)


@contextlib.contextmanager
def passed_through():
    yield


def throw(error):
    with passed_through():
        try:
            raise KeyError("the cause")
        except KeyError as cause:
            raise error from cause


def caught(work, *given):
    try:
        work(*given)
    except BaseException as error:
        return error
    return None


def wrong_with(cls):
    """What does not work with an exception of this class, by what was tried."""
    try:
        return _wrong_with(made(cls))
    except Exception as fault:
        return [repr(fault)]


def _wrong_with(error):
    cls = type(error)
    said = str(error)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        far = caught(pool.submit(throw, error).result)
    printed = "".join(traceback.format_exception(error)).rstrip().splitlines()[-1]
    error.add_note("a note")
    copies = [caught(lambda: pickle.loads(pickle.dumps(error))), copy.copy(error)]  # noqa: S301
    sent = pickle.loads(pickle.dumps(error)) if copies.pop(0) is None else None  # noqa: S301
    tried = {
        "raise": caught(throw, error) is error,
        "chain": isinstance(error.__cause__, KeyError),
        "raise in a thread": far is error,
        "print": bool(said) and printed.endswith(said) and 1 == len(said.splitlines()),
        "note": ["a note"] == error.__notes__,
        "pickle": sent is not None
        and (cls, said, vars(error)) == (type(sent), str(sent), vars(sent)),
        "copy": all((cls, said) == (type(one), str(one)) for one in copies),
        "without its traceback": error.with_traceback(None).__traceback__ is None,
    }
    return [name for name, works in tried.items() if not works]


def defined():
    """The classes of the package that are named by, or built on, what Python calls exceptions."""
    below = {"Exception", "BaseException"}
    below |= {name for name in vars(builtins) if name.endswith(("Error", "Warning", "Exit"))}
    trees = [ast.parse(path.read_text()) for path in PACKAGE.rglob("*.py")]
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    found = set()
    for _ in range(3):  # as deep as they are built on each other
        for node in classes:
            if {base.id for base in node.bases if isinstance(base, ast.Name)} & (below | found):
                found.add(node.name)
    return found


def test_each_can_be_raised_chained_noted_sent_and_printed():
    """A frozen or slotted one cannot take its traceback, and a TypeError about that is then the
    last line. In a process of its own, as Locust changes the one that imports it."""
    command = [sys.executable, __file__]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    wrong = json.loads(done.stdout)

    assert defined() == {name.rpartition(".")[2] for name in wrong}
    assert {} == {name: tried for name, tried in wrong.items() if tried}


def test_what_is_said_of_a_value_is_one_line():
    """Whatever the value is."""
    for got in ("a\nb", ["x" * 1000], {"a": "\u2028"}):
        assert 1 == len(str(BadValue("match\nto", "a text", got)).splitlines())
        assert len(str(BadValue("match", "a text", got))) < 200


if __name__ == "__main__":
    sys.stdout.write(
        json.dumps({f"{c.__module__}.{c.__name__}": wrong_with(c) for c in exceptions()})
    )
