"""Which Routes to try, in which order. Pure but for the random draw, which is handed in."""

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

from relay.proxy.types import Route

# One Call is tried on at most so many Routes, inside one deadline (design, section 4.5).
ATTEMPTS_MAX = 3
# An Upstream that says Retry-After is left alone so long, at most: a vendor's hour-long quota
# must not take a Route out for good when the operator has raised it meanwhile.
COOLDOWN_S_MAX = 60.0


def ordered(routes: Iterable[Route], draw: Callable[[], float]) -> Iterator[Route]:
    """By priority tier, and inside a tier by weighted chance without replacement.

    `routes` are sorted by priority; `draw` gives numbers in [0, 1).
    """
    for _, tier in groupby(routes, key=lambda route: route.priority):
        left = list(tier)
        while len(left) > 1:
            left_weight = sum(route.weight for route in left)
            yield left.pop(_pick(left, draw() * left_weight))
        yield from left


def _pick(routes: list[Route], mark: float) -> int:
    for index, route in enumerate(routes):
        mark -= route.weight
        if mark < 0:
            return index
    return len(routes) - 1


class Cooldowns:
    """Upstreams that asked to be left alone for a while. Clock is the loop's, in seconds."""

    __slots__ = ("_until",)

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def note(self, upstream_id: str, *, now: float, retry_after_s: float) -> None:
        """Leave `upstream_id` alone for `retry_after_s`."""
        self._until[upstream_id] = now + min(retry_after_s, COOLDOWN_S_MAX)

    def is_cool(self, upstream_id: str, now: float) -> bool:
        """Whether it may be called."""
        until = self._until.get(upstream_id)
        if until is None:
            return True
        if until <= now:
            del self._until[upstream_id]
            return True
        return False

    def wait_s(self, routes: Iterable[Route], now: float) -> int:
        """Whole seconds until the first of `routes` may be called again, at least 1."""
        waits = [self._until.get(route.upstream_id, now) - now for route in routes]
        return max(1, -(-int(min(waits, default=0.0) * 1000) // 1000))
