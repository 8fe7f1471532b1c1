"""What a call leaves behind for later ones: stored responses, videos in the making. Bounded."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

ITEMS_MAX = 2_000  # of each kind; a test suite leaves some hundreds

Item = TypeVar("Item")


class Kept(Generic[Item]):
    """Items of one kind by id; the oldest is forgotten first."""

    def __init__(self) -> None:
        self._items: OrderedDict[str, Item] = OrderedDict()

    def put(self, key: str, item: Item) -> None:
        """Keep an item, in place of one with its id."""
        self._items[key] = item
        if len(self._items) > ITEMS_MAX:
            self._items.popitem(last=False)

    def find(self, key: str) -> Item | None:
        """The item, or None."""
        return self._items.get(key)

    def drop(self, key: str) -> Item | None:
        """Forget the item; returns it."""
        return self._items.pop(key, None)


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """A Response object as JSON, and the items that it was asked with."""

    body: bytes
    items: list[dict[str, Any]]


class Shelf:
    """Everything that one demo upstream keeps between calls."""

    def __init__(self) -> None:
        self.responses: Kept[StoredResponse] = Kept()
