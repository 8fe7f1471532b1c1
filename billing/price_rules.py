"""How many prices move at once: each component by a percentage or to an amount, then rounded.
Pure: no database, no clock, no float."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from billing.money import format_nanos, parse_nanos, round_half_even
from billing.percent import format_percent, parse_percent
from billing.price_versions import (
    ABOVE_TOKENS,
    ADJUSTMENT_UNIT,
    IMAGE,
    MINIMUM,
    TIERS,
    UNIT_BUCKETS,
    Bucket,
    PriceError,
    check_components,
)

# A tenth to eleven times the price: beyond that it is a slip (as `adjustments`).
STEP_BP_MIN, STEP_BP_MAX = -9_000, 100_000
_PERCENT = re.compile(r"([+-]?[0-9.]+) ?%", re.ASCII)


class Direction(StrEnum):
    """Where a price goes that lies between two steps of the rounding."""

    NEAREST = "nearest"
    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Percent:
    """So much more (or less): 1,000 basis points are a tenth."""

    basis_points: int

    def __str__(self) -> str:
        sign = "+" if self.basis_points > 0 else ""
        return f"{sign}{format_percent(self.basis_points)}%"


@dataclass(frozen=True, slots=True)
class Amount:
    """So many nanos, whatever it was."""

    nanos: int

    def __str__(self) -> str:
        return format_nanos(self.nanos)


Step = Percent | Amount


def parse_step(text: str) -> Step:
    """`+10%` or `-2.5 %` is a change, `0.15` an amount. Raises ValueError for anything else."""
    if (match := _PERCENT.fullmatch(text.strip())) is not None:
        step = Percent(parse_percent(match[1]))
        if not STEP_BP_MIN <= step.basis_points <= STEP_BP_MAX:
            raise PriceError("a change is between -90 % and +1000 %")
        return step
    nanos = parse_nanos(text)
    if nanos < 0:
        raise PriceError("no price is below zero")
    return Amount(nanos)


@dataclass(frozen=True, slots=True)
class Rule:
    """What is done to each price. `steps` are by component; what has none moves by `others`, but
    for the minimum, which moves only by its own. An amount never adds what a price has not."""

    steps: Mapping[str, Step] = field(default_factory=dict)
    others: Percent = Percent(0)
    # Prices per million are rounded to multiples of it; what is priced each stays exact.
    rounding_nanos: int = 1
    direction: Direction = Direction.NEAREST

    def apply(self, components: Mapping[str, Any]) -> dict[str, Any]:
        """The components that come of it. Raises PriceError where they are no price, as where a
        tier would be cheaper than what is below it."""
        moved: dict[str, Any] = self._buckets(components)
        if images := components.get(IMAGE):
            step = self.steps.get(IMAGE, self.others)
            moved[IMAGE] = {kind: self._moved(nanos, step, 1) for kind, nanos in images.items()}
        if tiers := components.get(TIERS):
            moved[TIERS] = [{ABOVE_TOKENS: tier[ABOVE_TOKENS]} | self._tier(tier) for tier in tiers]
        if minimum := components.get(MINIMUM):
            moved[MINIMUM] = self._moved(minimum, self.steps.get(MINIMUM, Percent(0)), 1)
        return check_components(moved)

    def _buckets(self, components: Mapping[str, Any]) -> dict[str, int]:
        return {
            name: self._moved(components[name], self.steps.get(name, self.others), self._unit(name))
            for name in (bucket.value for bucket in Bucket)
            if name in components
        }

    def _tier(self, tier: Mapping[str, int]) -> dict[str, int]:
        """An amount is that of the price below any tier: the tier keeps its own."""
        found = {}
        for name, nanos in tier.items():
            if name != ABOVE_TOKENS:
                step = self.steps.get(name, self.others)
                step = step if isinstance(step, Percent) else Percent(0)
                found[name] = self._moved(nanos, step, self._unit(name))
        return found

    def _unit(self, name: str) -> int:
        return 1 if name in UNIT_BUCKETS else self.rounding_nanos

    def _moved(self, nanos: int, step: Step, rounding_nanos: int) -> int:
        if isinstance(step, Amount):
            return step.nanos
        if not step.basis_points:
            return nanos
        grown = nanos * (ADJUSTMENT_UNIT + step.basis_points)
        steps = _to_steps(grown, ADJUSTMENT_UNIT * rounding_nanos, self.direction)
        # Nothing that costs something is given away by rounding.
        return max(steps, 1 if nanos else 0) * rounding_nanos


def _to_steps(numerator: int, denominator: int, direction: Direction) -> int:
    if direction is Direction.UP:
        return -(-numerator // denominator)
    if direction is Direction.DOWN:
        return numerator // denominator
    return round_half_even(numerator, denominator)
