"""The numbers that want no messages: a set that the store keeps, whoever adds to it.

A settings document would be read, changed and written whole for each reply of "STOP".
"""

from collections.abc import Iterable

from simulators.kernel.world import World

NAME = "optouts"
MOST = 100_000  # by replies; one more is as if it had not been said


def contains(world: World, number: str) -> bool:
    """Whether this number wants no messages."""
    return world.store.includes(world.id, NAME, number)


def add(world: World, numbers: Iterable[str], most: int | None = None) -> bool:
    """Adds numbers in E.164: all or, where there would be more than `most`, none and False. Those
    that are there already need no room."""
    return world.store.include(world.id, NAME, list(numbers), MOST if most is None else most)


def remove(world: World, number: str) -> bool:
    """Takes one out; False if it was not there."""
    return world.store.exclude(world.id, NAME, number)


def replace(world: World, numbers: Iterable[str]) -> None:
    """These and no others from now on."""
    given = list(numbers)
    world.store.include(world.id, NAME, given, len(given), anew=True)


def listed(world: World, start: int = 0, limit: int | None = None) -> list[str]:
    """The numbers in order, from a place on."""
    return world.store.members(world.id, NAME, start, MOST if limit is None else limit)


def count(world: World) -> int:
    """How many there are."""
    return world.store.size(world.id, NAME)
