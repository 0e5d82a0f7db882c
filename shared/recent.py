"""A memory of what was used last, bounded by its weight."""

from collections import OrderedDict
from typing import Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """Things by key; the ones used longest ago go first when the weights together are too large."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._things: OrderedDict[str, tuple[T, int]] = OrderedDict()
        self._weight = 0

    def get(self, key: str) -> T | None:
        """What is remembered under the key."""
        thing = self._things.get(key)
        return None if thing is None else thing[0]

    def keep(self, key: str, thing: T, weight: int) -> None:
        """Remember it, as used now."""
        self.forget(key)
        self._things[key] = thing, weight
        self._weight += weight
        while self._weight > self._limit and len(self._things) > 1:
            _, (_, oldest) = self._things.popitem(last=False)
            self._weight -= oldest

    def forget(self, key: str) -> None:
        """As if it had never been kept."""
        _, weight = self._things.pop(key, (None, 0))
        self._weight -= weight

    def __len__(self) -> int:
        return len(self._things)
