"""The spans in which budgets count follow the organization's own clock."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.periods import current

SHANGHAI, BERLIN, NEW_YORK = map(ZoneInfo, ("Asia/Shanghai", "Europe/Berlin", "America/New_York"))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def ms(text: str) -> int:
    return int(at(text).timestamp()) * 1000


@pytest.mark.parametrize(
    ("kind", "now", "name", "ends"),
    [
        ("day", "2026-11-20T15:59:59", "2026-11-20", "2026-11-20T16:00"),
        ("day", "2026-11-20T16:00:00", "2026-11-21", "2026-11-21T16:00"),
        ("week", "2026-11-22T15:59:59", "2026-W47", "2026-11-22T16:00"),
        ("week", "2026-11-22T16:00:00", "2026-W48", "2026-11-29T16:00"),
        ("week", "2027-01-01T00:00:00", "2026-W53", "2027-01-03T16:00"),
        ("month", "2026-11-30T15:59:59", "2026-11", "2026-11-30T16:00"),
        ("month", "2026-12-31T16:00:00", "2027-01", "2027-01-31T16:00"),
        ("month", "2028-02-10T00:00:00", "2028-02", "2028-02-29T16:00"),
    ],
)
def test_a_period_turns_at_midnight_in_shanghai(kind: str, now: str, name: str, ends: str) -> None:
    assert current(kind, SHANGHAI, at(now)) == (name, ms(ends))


@pytest.mark.parametrize(
    ("zone", "now", "hours"),
    [
        (BERLIN, "2026-03-29T10:00", 23),  # the clock goes forward
        (BERLIN, "2026-10-25T10:00", 25),  # and back
        (NEW_YORK, "2026-03-08T12:00", 23),
        (NEW_YORK, "2026-11-01T12:00", 25),
        (BERLIN, "2026-07-01T10:00", 24),
    ],
)
def test_a_day_is_as_long_as_the_clock_makes_it(zone: ZoneInfo, now: str, hours: int) -> None:
    period = current("day", zone, at(now))
    before = current("day", zone, at(now) - timedelta(days=1))
    assert period.ends_at_ms - before.ends_at_ms == hours * 3_600_000


def test_a_total_never_ends() -> None:
    assert current("total", BERLIN, at("2026-11-20T00:00")) == ("total", 0)


def test_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="year"):
        current("year", BERLIN, at("2026-11-20T00:00"))


MOMENTS = st.integers(946_684_800, 4_102_444_800).map(lambda s: datetime.fromtimestamp(s, UTC))


@given(
    MOMENTS,
    st.sampled_from([SHANGHAI, BERLIN, NEW_YORK]),
    st.sampled_from(["day", "week", "month"]),
)
def test_a_period_holds_until_its_end_and_not_longer(
    now: datetime, zone: ZoneInfo, kind: str
) -> None:
    period = current(kind, zone, now)
    end = datetime.fromtimestamp(period.ends_at_ms / 1000, UTC)
    assert now < end
    assert current(kind, zone, max(now, end - timedelta(seconds=1))) == period
    assert current(kind, zone, end).name != period.name
