"""How much usage waits to be posted, and for how long: what tells first that workers are behind."""

from dataclasses import dataclass

from accounts.models import Site
from billing import connections

# Posting comes twice a second: what waits for longer, waits for a worker. Pages and monitors
# should tell of it from here on.
LATE_MS = 10_000


@dataclass(frozen=True, slots=True)
class SiteBacklog:
    """A site's events that are not in the books yet; the age of the oldest, 0 without any."""

    site_id: str
    events: int
    oldest_ms: int

    @property
    def is_late(self) -> bool:
        return self.oldest_ms > LATE_MS


def read() -> list[SiteBacklog]:
    """Every site's backlog now, by id. Raises GateError when Redis does not answer."""
    return [read_site(pk) for pk in Site.objects.order_by("pk").values_list("pk", flat=True)]


def read_site(site_id: str) -> SiteBacklog:
    """One site's backlog now. Raises GateError when Redis does not answer."""
    backlog = connections.usage_stream(site_id).read_backlog()
    return SiteBacklog(site_id, backlog.length, backlog.oldest_age_ms)
