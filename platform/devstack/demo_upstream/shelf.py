"""What a call leaves behind for later ones: stored responses, videos in the making. Bounded."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from devstack.demo_upstream.directives import Directive

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

    def all(self) -> list[Item]:
        """Everything that is kept, oldest first."""
        return list(self._items.values())

    def drop(self, key: str) -> Item | None:
        """Forget the item; returns it."""
        return self._items.pop(key, None)


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """A Response object as JSON, and the items that it was asked with."""

    body: bytes
    items: list[dict[str, Any]]


@dataclass(slots=True)
class StoredVideo:
    """A video's job as it stands; it is ready after `polls` looks."""

    job: dict[str, Any]
    polls: int
    directive: Directive
    is_failing: bool
    polls_seen: int = 0


class Shelf:
    """Everything that one demo upstream keeps between calls."""

    def __init__(self) -> None:
        self.responses: Kept[StoredResponse] = Kept()
        self.videos: Kept[StoredVideo] = Kept()
