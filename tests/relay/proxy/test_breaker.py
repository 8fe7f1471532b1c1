"""When an Upstream is left alone for its failures, and how it comes back."""

from relay.proxy.breaker import (
    BACK_OFF_S,
    BACK_OFF_S_MAX,
    FAILURES_MIN,
    PAUSE_S_MAX,
    PROBE_S,
    WINDOW_S,
    Breaker,
    State,
)


def opened(at: float = 100.0) -> Breaker:
    breaker = Breaker()
    for _ in range(FAILURES_MIN):
        breaker.failed("status_500", at, is_probe=breaker.begin(at))
    return breaker


def test_it_opens_after_so_many_failures_in_a_window() -> None:
    breaker = Breaker()
    for _ in range(FAILURES_MIN - 1):
        breaker.failed("status_500", 100.0, is_probe=False)
    assert breaker.is_ready(100.0)
    breaker.failed("FirstByteTimeout", 101.0, is_probe=False)
    assert not breaker.is_ready(101.0)
    seen = breaker.seen(101.0)
    assert seen is not None
    assert (seen.state, seen.reason, seen.failures) == (
        State.OPEN,
        "FirstByteTimeout",
        FAILURES_MIN,
    )
    assert (seen.since, seen.until) == (101.0, 101.0 + BACK_OFF_S)


def test_failures_of_long_ago_do_not_count() -> None:
    breaker = Breaker()
    for number in range(3 * FAILURES_MIN):
        breaker.failed("status_500", 100.0 + number * WINDOW_S / 5, is_probe=False)
    assert breaker.is_ready(100.0 + 3 * FAILURES_MIN * WINDOW_S)


def test_an_upstream_that_mostly_answers_stays_in_use() -> None:
    breaker = Breaker()
    for _ in range(10 * FAILURES_MIN):
        breaker.succeeded(100.0, is_probe=False)
        breaker.succeeded(100.0, is_probe=False)
        breaker.failed("status_500", 100.0, is_probe=False)
    assert breaker.is_ready(100.0)


def test_after_the_back_off_one_probe_goes_and_closes_it() -> None:
    breaker, now = opened(), 100.0 + BACK_OFF_S
    assert not breaker.is_ready(now - 0.1)
    assert breaker.is_ready(now)
    assert breaker.begin(now)
    assert not breaker.is_ready(now), "one probe at a time"
    breaker.succeeded(now + 1, is_probe=True)
    assert breaker.is_ready(now + 1)
    assert breaker.seen(now + 1) is None


def test_each_probe_that_fails_doubles_the_back_off_up_to_a_bound() -> None:
    breaker, now, wait_s = opened(), 100.0, BACK_OFF_S
    for _ in range(8):
        now += wait_s
        assert breaker.is_ready(now)
        breaker.failed("status_502", now, is_probe=breaker.begin(now))
        wait_s = min(wait_s * 2, BACK_OFF_S_MAX)
        assert not breaker.is_ready(now + wait_s - 0.1)
        assert breaker.wait_s(now) == wait_s
    assert wait_s == BACK_OFF_S_MAX


def test_a_probe_that_tells_nothing_makes_way_for_the_next() -> None:
    breaker, now = opened(), 100.0 + BACK_OFF_S
    breaker.abandoned(is_probe=breaker.begin(now))
    assert breaker.is_ready(now)
    breaker.begin(now)
    assert breaker.is_ready(now + PROBE_S), "a long one does not block the next"


def test_tries_that_began_before_it_opened_change_nothing() -> None:
    breaker = opened()
    breaker.succeeded(101.0, is_probe=False)
    breaker.failed("status_500", 101.0, is_probe=False)
    assert not breaker.is_ready(101.0)
    assert breaker.is_ready(100.0 + BACK_OFF_S)


def test_a_pause_that_was_asked_for_ends_by_itself() -> None:
    breaker = Breaker()
    breaker.pause("status_429", 100.0, 5.0)
    assert not breaker.is_ready(104.9)
    seen = breaker.seen(104.9)
    assert seen is not None
    assert seen.is_pause
    assert breaker.seen(105.0) is None
    assert breaker.is_ready(105.0)
    assert not breaker.begin(105.0)


def test_no_pause_is_longer_than_the_bound() -> None:
    breaker = Breaker()
    breaker.pause("status_429", 0.0, 3_600.0)
    assert breaker.is_ready(PAUSE_S_MAX)
