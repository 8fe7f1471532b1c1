"""What each relay reports of its Upstreams, as it stands in Redis: the format, and the reading side
for pages. A report is a hint for people, never a fact that money or routing depends on.
"""

import time
from collections.abc import Iterable
from typing import Any

import msgspec

from billing import connections
from billing.gate.blocking import command
from billing.gate.errors import GateError
from relay.proxy.breaker import State, Trip
from relay.proxy.health import Health

# One hash for all relays: a field each.
KEY = "relay:health"
# A relay reports at least so often, and is taken for gone after three of them are missing.
REPORT_S = 5.0
FRESH_S = 15.0
# Nobody reports any more: the hash goes by itself.
KEY_LIFETIME_S = 3_600
# What a page can show; a deployment has dozens of Upstreams.
TRIPS_MAX = 500


class TripReport(msgspec.Struct, frozen=True):
    """An Upstream (`credential` is "") or credential that is left alone. Times are Unix seconds."""

    upstream: str
    credential: str
    state: str
    reason: str
    failures: int
    since: float
    until: float

    def as_trip(self) -> Trip:
        """As the breaker had it. How it ends is not told: with a probe, then."""
        state = State(self.state)
        return Trip(state, self.reason, self.failures, self.since, self.until, is_pause=False)


class Report(msgspec.Struct, frozen=True):
    """One relay process, as of `at` (Unix seconds)."""

    relay: str
    at: float
    trips: tuple[TripReport, ...] = ()
    busy: dict[str, int] = {}  # tries under way by Upstream

    def health(self, *, share: int) -> Health:
        """What the relay knew, on the clock of Unix; `share` is the number of relays."""
        trips = {(trip.upstream, trip.credential): trip.as_trip() for trip in self.trips}
        return Health.restored(trips, self.busy, share=share)


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Report)


def encode(report: Report) -> bytes:
    """For Redis."""
    return _encoder.encode(report)


def decode(values: Iterable[bytes]) -> list[Report]:
    """What can be read of the values, by relay; another release's may not be."""
    found = []
    for value in values:
        try:
            found.append(_decoder.decode(value))
        except msgspec.DecodeError:
            continue
    return sorted(found, key=lambda report: report.relay)


def is_fresh(report: Report, now: float) -> bool:
    """Whether its relay is alive, as far as this tells; `now` is Unix seconds."""
    return now - report.at < FRESH_S


def read() -> list[Report]:
    """The reports of the relays that are alive; none while Redis does not answer."""
    try:
        fields: dict[bytes, Any] = command(connections.redis(), "hgetall", KEY)
    except GateError:
        return []
    return [report for report in decode(fields.values()) if is_fresh(report, time.time())]
