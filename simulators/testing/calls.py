"""Calls that a test makes: what is wrong with one is a sentence at the test's own line.

Every public method of a class that is `plain` holds its arguments to their annotations, and an
error that is meant for people comes without the frames in which it was found.
"""

import functools
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from simulators.kernel.checks import shown

_T = TypeVar("_T")
_WORDS: Mapping[object, str] = {
    str: "a text",
    float: "a number",
    int: "a whole number",
    bool: "True or False",
    datetime: "a datetime",
    NoneType: "None",
    dict: "a dict",
    Mapping: "a dict",
    Sequence: "a list",
}


class BadArgument(TypeError):
    """A call that cannot be: the method, the argument, what was expected and what came."""


def plain(cls: type[_T]) -> type[_T]:
    """Has the public methods of a class validate what they are given, and fail in one line."""
    for name, method in list(vars(cls).items()):
        if inspect.isfunction(method) and not name.startswith("_"):
            setattr(cls, name, _plain(method))
    return cls


def _plain(method: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(method)

    @functools.cache
    def hints() -> Mapping[str, object]:  # once it is called: a class may name itself
        return get_type_hints(method)

    @functools.wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        try:
            _validate(method, signature, hints(), args, kwargs)
            return method(*args, **kwargs)
        except Exception as error:
            if not _for_people(error):
                raise
            raise error.with_traceback(None) from None

    return call


def _for_people(error: Exception) -> bool:
    ours = type(error).__module__.startswith("simulators.")
    return ours or isinstance(error, AssertionError) or type(error) is LookupError


def _validate(
    method: Callable[..., Any],
    signature: inspect.Signature,
    hints: Mapping[str, object],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> None:
    name = method.__qualname__
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as error:
        taken = [str(parameter) for parameter in list(signature.parameters.values())[1:]]
        expected = f"({', '.join(taken)})" if taken else "no argument"
        raise BadArgument(f"{name}: expected {expected}, but {error}") from None
    for parameter, value in bound.arguments.items():
        kind = signature.parameters[parameter].kind
        values = {parameter: value}
        if kind is inspect.Parameter.VAR_POSITIONAL:
            values = {f"{parameter}[{at}]": one for at, one in enumerate(value)}
        elif kind is inspect.Parameter.VAR_KEYWORD:
            values = value
        wanted = hints.get(parameter, Any)
        for where, one in values.items():
            if not _fits(one, wanted):
                expected, got = _told(wanted), shown(repr(one))
                raise BadArgument(f"{name}: {where}: expected {expected}, but got {got}")


def _fits(value: object, wanted: Any) -> bool:
    origin, parts = get_origin(wanted) or wanted, get_args(wanted)
    if origin is Any:
        return True
    if origin in (Union, UnionType):
        return any(_fits(value, part) for part in parts)
    if origin is Literal:
        return isinstance(value, str) and value in parts
    if origin in (float, int):
        return isinstance(value, (int, origin)) and not isinstance(value, bool) and _finite(value)
    if isinstance(value, str):  # not as a sequence of texts, which nobody means
        return origin is str and _is_unicode(value)
    if not isinstance(value, origin):
        return False
    if origin is Sequence:
        assert isinstance(value, Sequence)  # noqa: S101 - for the types' sake
        return all(_fits(one, part) for one in value for part in parts)
    return True


def _is_unicode(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return True


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number that no float can be
        return False


def _told(wanted: Any) -> str:
    origin, parts = get_origin(wanted) or wanted, get_args(wanted)
    if origin in (Union, UnionType):
        return " or ".join(_told(part) for part in parts)
    if origin is Literal:
        return f"one of {', '.join(map(str, parts))}"
    if origin is Sequence:
        return f"a list, each {_told(parts[0])}"
    return _WORDS.get(origin, str(getattr(origin, "__name__", origin)))
