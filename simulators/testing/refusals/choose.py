"""Which refusals a test runs through: by provider, class and code."""

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from simulators import catalog
from simulators.kernel.catalogue import ErrorRow, Place, UnknownRow
from simulators.kernel.provider import Provider
from simulators.testing.refusals.case import Absent, RefusalCase, RefusalClass, Unfit, of_row
from simulators.testing.refusals.classes import CLASSES, OTHER, PROBLEMS

_BY_ID = {kind.id: kind for kind in (*CLASSES, OTHER)}
_OPTIONS = ("classes", "codes")


class UnknownRefusal(Unfit, LookupError):
    """No refusal has this class or code; the message lists near ones."""


def cases(
    provider: Provider,
    classes: Collection[str] | str | None = None,
    codes: Collection[str | int] | str | None = None,
) -> list[RefusalCase]:
    """The cases of a provider: with no choice one for each class that it has.

    `classes` chooses by class, "all" for every one; `codes` adds rows of the catalogue by key or
    code, "all" for every row. Raises `UnknownRefusal`, `Absent` for a class that is asked for.
    """
    chosen: list[RefusalCase] = []
    if classes == "all" or (classes is None and codes is None):
        chosen += _present(provider)
    elif classes is not None:
        names = [classes] if isinstance(classes, str) else classes
        chosen += [_named(name).case(provider) for name in names]
    if codes == "all":
        chosen += [of_row(class_of(provider, row), provider, row) for row in provider.catalogue]
    elif codes is not None:
        keys = [codes] if isinstance(codes, str) else codes
        chosen += [_coded(provider, str(key)) for key in keys]
    return list({case.id: case for case in chosen}.values())


def absent(provider: Provider) -> dict[str, str]:
    """The classes that a provider cannot have, each with the reason."""
    reasons: dict[str, str] = {}
    for kind in CLASSES:
        try:
            kind.case(provider)
        except Absent as reason:
            reasons[kind.id] = str(reason)
    return reasons


def class_of(provider: Provider, row: ErrorRow) -> RefusalClass:
    """The class that a row of the catalogue is in."""
    if row.place is Place.RECEIPT:
        return _BY_ID["late_failure"]
    for problem, name in PROBLEMS.items():
        if provider.row(problem).key == row.key and name not in absent(provider):
            return _BY_ID[name]
    if row.key in {limit.error for limit in provider.limits}:
        return _BY_ID["throttled"]
    by_status: Mapping[int, str] = {
        200: "inside_200",
        401: "unauthenticated",
        402: "no_credit",
        429: "throttled",
        500: "http_500",
    }
    return _BY_ID[by_status.get(row.http_status, OTHER.id)]


def _present(provider: Provider) -> Iterator[RefusalCase]:
    without = absent(provider)
    yield from (kind.case(provider) for kind in CLASSES if kind.id not in without)


def _named(name: str) -> RefusalClass:
    known = [kind.id for kind in CLASSES]
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3) or known
        raise UnknownRefusal(f"no class of refusals '{name}'; near: {', '.join(near)}")
    return _BY_ID[name]


def _coded(provider: Provider, key: str) -> RefusalCase:
    try:
        row = provider.catalogue[key]
    except UnknownRow as error:
        raise UnknownRefusal(str(error)) from None
    return of_row(class_of(provider, row), provider, row)


def chosen(choices: Iterable[tuple[tuple[str, ...], Mapping[str, Any]]]) -> list[RefusalCase]:
    """The cases of several choices: names of providers each, with `classes` and `codes` as `cases`
    takes them. Raises `Unfit`."""
    found: list[RefusalCase] = []
    for providers, options in choices:
        if not providers:
            raise Unfit(f"names no provider; there are: {', '.join(catalog.PROVIDERS)}")
        for name in options:
            if name not in _OPTIONS:
                raise Unfit(f"no option '{name}'; there are: {', '.join(_OPTIONS)}")
        for name in providers:
            try:
                provider = catalog.find(name)
            except catalog.UnknownProvider as error:
                raise Unfit(str(error)) from None
            found += cases(provider, **options)
    return list({(case.provider, case.id): case for case in found}.values())
