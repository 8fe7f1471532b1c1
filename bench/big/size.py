"""How much of each thing a big deployment has, and the instants that it lies between."""

from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta

SPAN = timedelta(days=90)
# The ledger's ids are worked out: charges come after every top-up (4_books.sql).
TOP_UPS_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Size:
    """Counts of rows; `since` and `now` are where the three months begin and end."""

    sites: int
    organizations: int
    models: int
    records: int
    refusals: int
    episodes: int
    changes: int
    checks: int
    batches: int
    objects: int
    first_charge: int
    since: datetime
    now: datetime

    @classmethod
    def at_scale(cls, scale: float, now: datetime | None = None) -> "Size":
        """Scale 1 is the whole; never so small that a page has nothing to show."""

        def some(count: int, least: int) -> int:
            return max(least, round(count * scale))

        ended = (now or datetime.now(UTC)).replace(microsecond=0)
        organizations = some(100_000, 60)
        return cls(
            sites=some(20, 3),
            organizations=organizations,
            models=some(10_000, 60),
            records=some(10_000_000, 1_000),
            refusals=some(500_000, 200),
            episodes=some(20_000, 100),
            changes=some(1_000_000, 200),
            checks=some(130_000, 10),
            batches=some(400, 3),
            objects=some(100_000, 60),
            first_charge=organizations + TOP_UPS_MAX,
            since=ended - SPAN,
            now=ended,
        )

    def literals(self) -> dict[str, str]:
        """Each as SQL says it."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: f"'{value.isoformat()}'::timestamptz"
            if isinstance(value, datetime)
            else f"{value}::bigint"
            for name, value in values.items()
        }
