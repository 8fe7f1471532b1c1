"""What Calls of the past would have cost by another price. Pure: no database, clock or float."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from billing.price_versions import Bucket, PriceVersion
from billing.pricing import Buckets, price


class Used(NamedTuple):
    """One Call: its buckets, what it came to (written off or not), and what it cost us."""

    buckets: Buckets
    charged_nanos: int
    cost_nanos: int


@dataclass(frozen=True, slots=True)
class Preview:
    """Calls as they were charged, and as they would have been. Sums of one currency."""

    calls: int = 0
    charged_nanos: int = 0
    would_be_nanos: int = 0
    dearer_calls: int = 0
    cheaper_calls: int = 0
    below_cost_calls: int = 0

    @property
    def difference_nanos(self) -> int:
        """More than zero: customers would have paid more."""
        return self.would_be_nanos - self.charged_nanos

    def __add__(self, other: "Preview") -> "Preview":
        return Preview(
            self.calls + other.calls,
            self.charged_nanos + other.charged_nanos,
            self.would_be_nanos + other.would_be_nanos,
            self.dearer_calls + other.dearer_calls,
            self.cheaper_calls + other.cheaper_calls,
            self.below_cost_calls + other.below_cost_calls,
        )


def replay(rows: Iterable[Used], version: PriceVersion) -> Preview:
    """Every Call priced anew, each rounded by itself as it would have been."""
    calls = charged = would_be = dearer = cheaper = below_cost = 0
    for used in rows:
        nanos = price(used.buckets, version).nanos
        calls += 1
        charged += used.charged_nanos
        would_be += nanos
        dearer += nanos > used.charged_nanos
        cheaper += nanos < used.charged_nanos
        below_cost += nanos < used.cost_nanos
    return Preview(calls, charged, would_be, dearer, cheaper, below_cost)


def buckets_of(
    *, input: int, cached_input: int, output: int, reasoning: int, quantities: Mapping[str, int]
) -> Buckets:
    """A record's figures as the arithmetic takes them; `output` includes the reasoning.

    A record counts the request only where its price did: what used anything was one.
    """
    if input or cached_input or output or quantities:
        quantities = {Bucket.REQUEST.value: 1, **quantities}
    return Buckets(input, cached_input, output - reasoning, reasoning, quantities)
