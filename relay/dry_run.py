"""Where a call would go now, and why not elsewhere: the relay's own choice, run on what the
catalog says and on what one relay has reported. Sends nothing and changes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from random import Random

from accounts.models import Site
from billing import site_models
from billing.models import Model
from relay.adapters import price_lists, retirements
from relay.adapters import routes as snapshots
from relay.health_reports import Report
from relay.models import Route as RouteRow
from relay.proxy import preferences, routing
from relay.proxy.errors import ApiError
from relay.proxy.health import Health, Obstacle
from relay.proxy.passing import Skip
from relay.proxy.preferences import Wishes
from relay.proxy.types import Route

# The draw is by chance: so many calls tell shares to the percent, in some milliseconds.
RUNS = 1_000
# The same question has the same answer.
SEED = 2_026

Key = tuple[str, str]  # the upstream and its name of the model: tells a model's routes apart


class Verdict(StrEnum):
    """What keeps a route from being asked; TRIED for nothing."""

    TRIED = "tried"
    SPARE = "spare"  # others come first, and a call is tried on a few only
    ROUTE_OFF = Skip.ROUTE_OFF.value
    UPSTREAM_PAUSED = Skip.UPSTREAM_PAUSED.value
    UNUSABLE = Skip.UNUSABLE.value
    NOT_WANTED = Skip.NOT_WANTED.value
    UPSTREAM_RESTS = Obstacle.UPSTREAM.value
    CREDENTIALS_REST = Obstacle.CREDENTIALS.value
    FULL = Obstacle.FULL.value


class Closed(StrEnum):
    """Why a call is refused before any route is looked at."""

    SITE_SUSPENDED = "site_suspended"
    MODEL_OFF = "model_off"
    RETIRED = "retired"
    NOT_SOLD = "not_sold"
    NO_PRICE = "no_price"


@dataclass(frozen=True, slots=True)
class Question:
    """A call that nobody makes. `report` is of the relay that would serve it; None: one that has
    just started and knows of no failure."""

    model: Model
    site: Site
    wishes: Wishes = preferences.NONE
    report: Report | None = None
    relays: int = 1
    now: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class Line:
    """One route, and what would come of it. `percents`: of a hundred calls so many ask it first,
    second, third, where those before it fail."""

    route: RouteRow
    verdict: Verdict
    percents: Sequence[int] = ()
    until: datetime | None = None  # when one that rests is asked again


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call would meet; `refused` is the code of its error, if its wishes bring one."""

    lines: Sequence[Line]
    closed: Closed | None
    refused: str
    tries_max: int


@dataclass(frozen=True, slots=True)
class _Drawn:
    """What came of many calls: how often each route was asked at each place, and what was passed
    over, why, until when (Unix seconds)."""

    counts: Mapping[Key, list[int]]
    obstacles: Mapping[Key, tuple[Obstacle, float]]


def run(asked: Question) -> Outcome:
    """The outcome; a handful of queries."""
    usable = snapshots.of_model(asked.model, asked.now)
    wanted, refused = _wanted(usable, asked.wishes)
    tries_max = 1 if preferences.is_single_try(asked.wishes) else routing.ATTEMPTS_MAX
    health = asked.report.health(share=asked.relays) if asked.report else Health()
    drawn = _draw(wanted, health, asked.now.timestamp(), tries_max)
    keys = {_key(route) for route in usable}
    rows = RouteRow.objects.filter(model=asked.model).select_related("upstream")
    lines = [_line(row, keys, drawn) for row in rows.order_by("priority", "-weight", "id")]
    return Outcome(lines, _closed(asked), refused, tries_max)


def _wanted(usable: tuple[Route, ...], wishes: Wishes) -> tuple[tuple[Route, ...], str]:
    """What the caller's wishes leave, and the code of the error where that is nothing."""
    try:
        return preferences.narrowed(usable, wishes), ""
    except ApiError as error:
        return (), error.cause.value.code


def _draw(routes: tuple[Route, ...], health: Health, now: float, tries_max: int) -> _Drawn:
    draw = Random(SEED).random  # noqa: S311 - the relay's own draw is no secret either
    counts = {_key(route): [0] * tries_max for route in routes}
    for _ in range(RUNS):
        selection = routing.Selection(routes, health, draw)
        for place in range(tries_max):
            if (route := selection.next(now)) is None:
                break
            counts[_key(route)][place] += 1
            selection.spend(route.upstream_id)
    # Once more to the end, for what is passed over behind the last that is asked.
    selection = routing.Selection(routes, health, draw)
    while (route := selection.next(now)) is not None:
        selection.spend(route.upstream_id)
    obstacles = {
        _key(route): (obstacle, now + health.rest_s(route, now))
        for route, obstacle in selection.passed_over
    }
    return _Drawn(counts, obstacles)


def _line(row: RouteRow, usable: set[Key], drawn: _Drawn) -> Line:
    key = (row.upstream_id, row.name)
    if not row.is_active:
        return Line(row, Verdict.ROUTE_OFF)
    if not row.upstream.is_active:
        return Line(row, Verdict.UPSTREAM_PAUSED)
    if key not in usable:
        return Line(row, Verdict.UNUSABLE)
    if key not in drawn.counts:
        return Line(row, Verdict.NOT_WANTED)
    if key in drawn.obstacles:
        obstacle, until = drawn.obstacles[key]
        ends = None if obstacle is Obstacle.FULL else datetime.fromtimestamp(until, UTC)
        return Line(row, Verdict(obstacle.value), until=ends)
    percents = [round(count * 100 / RUNS) for count in drawn.counts[key]]
    return Line(row, Verdict.TRIED if any(drawn.counts[key]) else Verdict.SPARE, percents)


def _closed(asked: Question) -> Closed | None:
    """By the same look-ups that make a snapshot."""
    if not asked.site.is_active:
        return Closed.SITE_SUSPENDED
    if not asked.model.is_active:
        return Closed.MODEL_OFF
    if retirements.has_retired(asked.model, asked.now):
        return Closed.RETIRED
    if not site_models.sold(asked.site).filter(pk=asked.model.pk).exists():
        return Closed.NOT_SOLD
    is_priced = price_lists.is_priced(asked.model.pk, asked.site.pk, asked.now)
    return None if is_priced else Closed.NO_PRICE


def _key(route: Route) -> Key:
    return route.upstream_id, route.name
