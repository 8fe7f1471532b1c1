"""Stacked bars of money per day, laid out in integers; templates/ui/bars.html draws them.

Pure: no database, no markup. Colours belong to models, not to places in a chart.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from zlib import crc32

# The drawing's own units; the browser stretches it to the card.
HEIGHT = 1000
SLOT_WIDTH = 10
BAR_WIDTH = 7
# Colours that stay apart on both themes; more models than that share "other".
COLOURS = 8
OTHER = 0
# Tops of the axis, as tenths of a power of ten; each can be halved into a round number.
AXIS_TENTHS = (1, 2, 4, 6, 8, 10, 12, 16, 20, 24, 30, 40, 50, 60, 80, 100)


@dataclass(frozen=True, slots=True)
class Series:
    """One model: its colour (0 is "other", whose name is empty) and its sum."""

    name: str
    colour: int
    nanos: int


@dataclass(frozen=True, slots=True)
class Segment:
    """One piece of a bar, in drawing units from the top."""

    y: int
    height: int
    colour: int


@dataclass(frozen=True, slots=True)
class Column:
    """One day."""

    day: date
    nanos: int
    slot_x: int
    bar_x: int
    segments: list[Segment]
    by_series: list[int]


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything that the drawing and its table need."""

    columns: list[Column]
    series: list[Series]
    nanos: int
    top_nanos: int
    width: int
    height: int = HEIGHT
    slot_width: int = SLOT_WIDTH
    bar_width: int = BAR_WIDTH

    @property
    def half_nanos(self) -> int:
        return self.top_nanos // 2


def chart_of(span: list[date], amounts: Mapping[tuple[date, str], int]) -> Chart:
    """Lay out the amounts (nanos by day and model) over the days of `span`."""
    series = series_of(amounts)
    colour_of = {one.name: one.colour for one in series}
    places = {one.colour: place for place, one in enumerate(series)}
    table: dict[date, list[int]] = defaultdict(lambda: [0] * len(series))
    for (day, model), nanos in amounts.items():
        table[day][places[colour_of.get(model, OTHER)]] += nanos
    top = ceiling(max((sum(row) for row in table.values()), default=0))
    columns = [
        column(day, index, table[day], series=series, top_nanos=top)
        for index, day in enumerate(span)
    ]
    return Chart(
        columns=columns,
        series=series,
        nanos=sum(one.nanos for one in series),
        top_nanos=top,
        width=len(span) * SLOT_WIDTH,
    )


def series_of(amounts: Mapping[tuple[date, str], int]) -> list[Series]:
    """Models by what they cost; from the eighth on they are summed up as "other". What has no name
    was summed up before."""
    sums: dict[str, int] = defaultdict(int)
    for (_day, model), nanos in amounts.items():
        sums[model] += nanos
    unnamed = sums.pop("", 0)
    ranked = sorted(sums, key=lambda model: (-sums[model], model))
    shown = ranked if len(ranked) <= COLOURS else ranked[: COLOURS - 1]
    colours = colours_of(shown)
    series = [Series(model, colours[model], sums[model]) for model in shown]
    rest = unnamed + sum(sums[model] for model in ranked[len(shown) :])
    return [*series, Series("", OTHER, rest)] if rest else series


def colours_of(models: list[str]) -> dict[str, int]:
    """A colour from 1 to 8 each: by the name's hash, or the next free one if two would share it."""
    taken: dict[int, str] = {}
    for model in sorted(models):
        slot = crc32(model.encode()) % COLOURS
        while slot in taken:
            slot = (slot + 1) % COLOURS
        taken[slot] = model
    return {model: slot + 1 for slot, model in taken.items()}


def column(
    day: date, index: int, row: list[int], *, series: list[Series], top_nanos: int
) -> Column:
    """One day's bar, drawn from the bottom up. Something spent is at least a hair high."""
    segments: list[Segment] = []
    y = HEIGHT
    for one, nanos in zip(series, row, strict=True):
        if not nanos:
            continue
        height = max(HEIGHT // 200, nanos * HEIGHT // top_nanos)
        y -= height
        segments.append(Segment(y, height, one.colour))
    slot_x = index * SLOT_WIDTH
    return Column(
        day=day,
        nanos=sum(row),
        slot_x=slot_x,
        bar_x=slot_x + (SLOT_WIDTH - BAR_WIDTH) // 2,
        segments=segments,
        by_series=row,
    )


def ceiling(nanos: int) -> int:
    """The next round number that is not below, as an axis wants it; 0 stays 0."""
    if nanos <= 0:
        return 0
    tenth: int = 10 ** max(0, len(str(nanos)) - 2)
    return next(step * tenth for step in AXIS_TENTHS if step * tenth >= nanos)
