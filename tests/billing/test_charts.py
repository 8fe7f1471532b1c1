"""Charts are laid out in integers: nothing is lost, nothing leaves the frame."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from billing.charts import COLOURS, HEIGHT, ceiling, chart_of, colours_of

FIRST = date(2026, 1, 1)
SPAN = [FIRST + timedelta(days=n) for n in range(5)]
AMOUNTS = st.dictionaries(
    st.tuples(st.sampled_from(SPAN), st.sampled_from([f"model-{n}" for n in range(12)])),
    st.integers(min_value=1, max_value=10**15),
)


@given(AMOUNTS)
def test_sums_agree_and_bars_stay_inside(amounts: dict[tuple[date, str], int]) -> None:
    chart = chart_of(SPAN, amounts)
    total = sum(amounts.values())
    assert chart.nanos == total
    assert sum(column.nanos for column in chart.columns) == total
    assert len(chart.series) <= COLOURS
    for column in chart.columns:
        assert sum(column.by_series) == column.nanos
        hairs = len(column.segments) * (HEIGHT // 200)
        assert all(segment.y >= -hairs for segment in column.segments)


@given(st.integers(min_value=1, max_value=10**18))
def test_the_axis_ends_above_the_highest_bar(nanos: int) -> None:
    assert nanos <= ceiling(nanos) <= 2 * nanos + 1


def test_a_model_keeps_its_colour_and_none_is_shared() -> None:
    names = [f"model-{n}" for n in range(COLOURS)]
    assert sorted(colours_of(names).values()) == list(range(1, COLOURS + 1))
    assert colours_of(["model-3"]) == colours_of(["model-3"])
