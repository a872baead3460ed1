"""What was forgotten, given back bit by bit: to free a million messages takes a tenth of a second,
for which nobody should have to wait."""

from collections import deque
from collections.abc import Iterable
from typing import Any

FEW = 1000  # items are freed at once
_CONTAINERS = (dict, list, deque)

Container = dict[Any, Any] | list[Any] | deque[Any]


class Discarded:
    """Containers that nobody else looks at any more, their items and those inside them."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left: list[Any] = []

    def __bool__(self) -> bool:
        return bool(self._left)

    def put(self, containers: Iterable[Container]) -> None:
        """Takes them over. Whoever gave them up holds no reference to them from now on."""
        self._left += [one for one in containers if len(one) > FEW or _nested(one)]

    def some(self, most: int) -> None:
        """Frees so many items."""
        left = self._left
        for _ in range(most):
            if not left:
                return
            if not left[-1]:
                left.pop()
                continue
            item = left[-1].popitem()[1] if isinstance(left[-1], dict) else left[-1].pop()
            if isinstance(item, _CONTAINERS):
                left.append(item)


def _nested(container: Container) -> bool:
    """Whether what it holds may be more than it looks."""
    values = container.values() if isinstance(container, dict) else container
    return isinstance(next(iter(values), None), _CONTAINERS)
