"""Which Routes to try, in which order. Pure but for the random draw, which is handed in."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import groupby

from relay.proxy.health import CredentialKey, Health, Obstacle
from relay.proxy.types import Route
from relay.proxy.wire import Wire

# One Call is tried on at most so many Routes, inside one deadline (design, section 4.5).
ATTEMPTS_MAX = 3

# Where a conversation was served last: an Upstream, and the credential on it.
NOWHERE: CredentialKey = ("", "")


def ordered(routes: Iterable[Route], draw: Callable[[], float], first: str = "") -> Iterator[Route]:
    """By priority tier, and inside a tier by weighted chance without replacement.

    `routes` are sorted by priority; `draw` gives numbers in [0, 1). The Upstream `first` comes
    first in its tier.
    """
    for _, tier in groupby(routes, key=lambda route: route.priority):
        left = list(tier)
        if first:
            preferred = [route for route in left if route.upstream_id == first]
            yield from preferred
            left = [route for route in left if route.upstream_id != first]
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


class Selection:
    """The Routes of one Call as they come up, each with a credential. Not reusable."""

    __slots__ = (
        "_first",
        "_given",
        "_health",
        "_left",
        "_route",
        "_spent",
        "_tried",
        "passed_over",
    )

    def __init__(
        self,
        routes: Iterable[Route],
        health: Health,
        draw: Callable[[], float],
        first: CredentialKey = NOWHERE,
    ) -> None:
        self._health = health
        self._first = first
        self._left = ordered(routes, draw, first[0])
        self._route = next(self._left, None)
        self._spent: set[str] = set()
        self._tried: set[CredentialKey] = set()
        self._given: Route | None = None  # the one that `_route` was handed out as
        self.passed_over: list[tuple[Route, Obstacle]] = []

    def next(self, now: float) -> Route | None:
        """The one to try now; None when there is none left that may be."""
        while (route := self._route) is not None:
            if route.upstream_id not in self._spent:
                wanted = self._first[1] if route.upstream_id == self._first[0] else ""
                chosen = self._health.choose(route, now, self._tried, wanted)
                if chosen is not None:
                    self._tried.add((chosen.upstream_id, chosen.credential_id))
                    self._given = route
                    return chosen
                if self._given is not route:
                    self.passed_over.append((route, self._health.obstacle(route, now)))
            self._route = next(self._left, None)
        return None

    def spend(self, upstream_id: str) -> None:
        """Do not ask this Upstream again, under whichever name of the model or credential."""
        self._spent.add(upstream_id)


def with_credentials(route: Route, credentials: Iterable[tuple[str, Wire]]) -> Route:
    """The Route with each of its Upstream's credentials, which are told apart by the first part."""
    keyed = tuple(
        replace(route, credential_id=credential_id, wire=wire)
        for credential_id, wire in credentials
    )
    if len(keyed) < 2:
        return keyed[0] if keyed else route
    # Each knows of the others: one that is refused rests at once where others can go on.
    return replace(keyed[0], keyed=tuple(replace(each, keyed=keyed) for each in keyed))
