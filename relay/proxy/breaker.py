"""When an Upstream, or one of its credentials, is left alone, for how long and why. Pure: the clock
(the loop's, in seconds) is handed in.

    closed ── enough failures ──> open ── back-off over ──> half-open: one probe
       ^                           ^                            │
       │                           └────────── it failed ───────┤
       └────────────────────────────────── it answered ─────────┘

A pause that the vendor itself asked for ends without a probe: it said when to come back.
"""

from dataclasses import dataclass
from enum import StrEnum

# So many failures, and at least half of the tries, inside one window open it: a vendor that fails
# one call in a hundred is still the best we have, however many calls there are.
FAILURES_MIN = 10
WINDOW_S = 30.0
# The back-off before the first probe; it doubles with each probe that fails.
BACK_OFF_S = 5.0
BACK_OFF_S_MAX = 60.0
# A probe that has not ended by then (a long answer that is read whole) does not block the next.
PROBE_S = 10.0
# An Upstream that says Retry-After is left alone so long, at most: a vendor's hour-long quota
# must not take a Route out for good when the operator has raised it meanwhile.
PAUSE_S_MAX = 60.0


class State(StrEnum):
    """What may be sent there."""

    CLOSED = "closed"  # everything
    OPEN = "open"  # nothing
    HALF_OPEN = "half-open"  # one probe at a time


@dataclass(frozen=True, slots=True)
class Trip:
    """What keeps a breaker from being closed, for staff to read."""

    state: State
    reason: str  # the code of the last failed attempt
    failures: int  # that opened it, or the probes that failed since
    since: float
    until: float  # the next probe, or the end of a pause
    is_pause: bool


class Breaker:
    """One Upstream's, or one credential's."""

    __slots__ = (
        "_back_off_s",
        "_failures",
        "_is_pause",
        "_probe_at",
        "_reason",
        "_since",
        "_tries",
        "_until",
        "_window_from",
    )

    def __init__(self) -> None:
        self._until = 0.0  # 0: closed
        self._is_pause = False
        self._since = 0.0
        self._reason = ""
        self._probe_at: float | None = None
        self._back_off_s = BACK_OFF_S
        self._window_from = 0.0
        self._failures = 0
        self._tries = 0

    def restore(self, trip: Trip) -> None:
        """Stand as another one did."""
        self._until, self._since, self._is_pause = trip.until, trip.since, trip.is_pause
        self._reason, self._failures = trip.reason, trip.failures

    def is_ready(self, now: float) -> bool:
        """Whether something may be sent there now."""
        if not self._until:
            return True
        if now < self._until:
            return False
        if self._is_pause:
            self._close(now)
            return True
        return self._probe_at is None or now - self._probe_at >= PROBE_S

    def begin(self, now: float) -> bool:
        """A try begins; True says that it is the probe. One that is ready must be asked for."""
        if not self._until:
            return False
        self._probe_at = now
        return True

    def succeeded(self, now: float, *, is_probe: bool) -> None:
        """It answered. A try that began before the breaker opened does not close it."""
        if is_probe:
            self._close(now)
        elif not self._until:
            self._count(now)

    def failed(self, reason: str, now: float, *, is_probe: bool) -> None:
        """It did not; `reason` is an attempt's code."""
        if is_probe:
            self._back_off_s = min(self._back_off_s * 2, BACK_OFF_S_MAX)
            self._open(reason, now, self._back_off_s)
        elif not self._until:
            self._count(now)
            self._failures += 1
            if self._failures >= FAILURES_MIN and self._failures * 2 >= self._tries:
                self._open(reason, now, self._back_off_s)

    def abandoned(self, *, is_probe: bool) -> None:
        """The try ended without telling anything: the client left, or the request was no good."""
        if is_probe:
            self._probe_at = None

    def trip(self, reason: str, now: float) -> None:
        """Open at once: the reason leaves no doubt."""
        if not self._until:
            self._failures = max(self._failures, 1)
            self._open(reason, now, self._back_off_s)

    def pause(self, reason: str, now: float, wait_s: float) -> None:
        """Leave alone for `wait_s`, and then take up again without a probe."""
        self._open(reason, now, min(wait_s, PAUSE_S_MAX))
        self._is_pause = True

    def wait_s(self, now: float) -> float:
        """Seconds until something may be sent; 0 when it may be now."""
        if self.is_ready(now):
            return 0.0
        return self._until - now if now < self._until else PROBE_S

    def seen(self, now: float) -> Trip | None:
        """How it stands; None while it is closed."""
        if not self._until or (self._is_pause and now >= self._until):
            return None
        state = State.OPEN if now < self._until else State.HALF_OPEN
        return Trip(state, self._reason, self._failures, self._since, self._until, self._is_pause)

    def _count(self, now: float) -> None:
        if now - self._window_from >= WINDOW_S:
            self._window_from, self._failures, self._tries = now, 0, 0
        self._tries += 1

    def _open(self, reason: str, now: float, wait_s: float) -> None:
        if not self._until:
            self._since = now
        self._until = max(now + wait_s, self._until)
        self._reason, self._is_pause, self._probe_at = reason, False, None

    def _close(self, now: float) -> None:
        self._until, self._probe_at, self._back_off_s = 0.0, None, BACK_OFF_S
        self._window_from, self._failures, self._tries = now, 0, 0
