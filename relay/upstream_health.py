"""How the relays find an upstream, in words: what is left alone, why, since when, until when."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils.translation import gettext as _

from relay import upstream_checks
from relay.health_reports import Report, TripReport
from relay.models import Upstream
from relay.proxy.breaker import State

_SLOW = frozenset({"ConnectTimeout", "FirstByteTimeout", "ReadTimeout", "deadline"})
NO_ANSWER = frozenset({"not_an_answer", "not_a_stream", "empty_stream", "error_event"})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that one relay leaves alone."""

    relay: str
    credential: str  # its label, or ""
    is_credential: bool
    state: str
    reason: str
    failures: int
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """An upstream over all relays."""

    state: str  # the worst of any relay's, of the upstream as a whole
    findings: Sequence[Finding]
    busy: int
    relays: int

    @property
    def is_drained(self) -> bool:
        """Whether nothing is under way there, as far as the relays tell."""
        return not self.busy

    @property
    def first(self) -> Finding | None:
        """What a list has room for."""
        return next(iter(self.findings), None)


def standing_of(upstream: Upstream, reports: Iterable[Report]) -> Standing:
    """What the reports say of one upstream; those that leave it alone as a whole come first."""
    given = list(reports)
    labels = {held.id: held.label or held.id for held in upstream.held()}
    findings = [
        _finding(report.relay, trip, labels)
        for report in given
        for trip in report.trips
        if trip.upstream == upstream.pk and (not trip.credential or trip.credential in labels)
    ]
    findings.sort(key=lambda finding: (finding.is_credential, finding.state != State.OPEN))
    whole = [finding.state for finding in findings if not finding.is_credential]
    return Standing(
        state=whole[0] if whole else State.CLOSED.value,
        findings=findings,
        busy=sum(report.busy.get(upstream.pk, 0) for report in given),
        relays=len(given),
    )


def worded(code: str) -> str:
    """The code of a failed attempt as a sentence for staff."""
    if code.startswith("status_") and code[7:].isdigit():
        return upstream_checks.meaning_of(int(code[7:]))
    if code in _SLOW:
        return _("The upstream did not answer in time.")
    if code in NO_ANSWER:
        return _("The answer is not what such an API gives.")
    if code == "ConnectFailed":
        return _("Nothing answers at that address.")
    if code == "TlsError":
        return _("The upstream's certificate or TLS is not acceptable.")
    return _("The upstream broke off, or what it sent is not HTTP.")


def _finding(relay: str, trip: TripReport, labels: dict[str, str]) -> Finding:
    return Finding(
        relay=relay,
        credential=labels.get(trip.credential, ""),
        is_credential=bool(trip.credential),
        state=trip.state,
        reason=worded(trip.reason),
        failures=trip.failures,
        since=datetime.fromtimestamp(trip.since, UTC),
        until=datetime.fromtimestamp(trip.until, UTC),
    )
