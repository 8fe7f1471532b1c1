"""Which Routes a Call passed over, and why. Nothing is noted while none was: the ordinary Call
pays nothing for it."""

from collections.abc import Iterable
from enum import StrEnum

from relay.proxy.health import Obstacle
from relay.proxy.types import Call, Passed, Route

# More would say no more: a model has a handful of Routes.
PASSED_MAX = 8


class Skip(StrEnum):
    """Why a Route is no choice at all; why one rests is a `health.Obstacle`."""

    ROUTE_OFF = "route_off"
    UPSTREAM_PAUSED = "upstream_paused"
    UNUSABLE = "unusable"  # its address, credential, quirks or cost cannot be read
    NOT_WANTED = "not_wanted"  # by the caller's wishes
    NOT_ABLE = "not_able"  # it does not serve the endpoint


def note(
    call: Call,
    rested: Iterable[tuple[Route, Obstacle]],
    able: tuple[Route, ...],
    answered: Route | None,
    why_unable: Skip = Skip.NOT_WANTED,
) -> None:
    """Write into `call.passed` what would have come before the Route that answered, or all that
    there was where none did. `able` is what was chosen among; the bound keeps the first noted."""
    found = [Passed(route.upstream_id, obstacle.value) for route, obstacle in rested]
    last = None if answered is None else _priority(call, answered)
    chosen_among = {(route.upstream_id, route.name) for route in able}
    found += [
        Passed(route.upstream_id, why_unable.value)
        for route in call.offer.routes
        if (last is None or route.priority <= last)
        and (route.upstream_id, route.name) not in chosen_among
    ]
    found += [
        Passed(each.upstream_id, each.reason)
        for each in call.offer.left_out
        if last is None or each.priority <= last
    ]
    call.passed = tuple(dict.fromkeys((*call.passed, *found)))[:PASSED_MAX]


def _priority(call: Call, answered: Route) -> int:
    """As the catalog has it: a caller's own order changes it."""
    same = (route for route in call.offer.routes if route.name == answered.name)
    found = (route.priority for route in same if route.upstream_id == answered.upstream_id)
    return next(found, answered.priority)
