"""The status page of a big site is worked out ahead, also where nothing of it is kept any more."""

from datetime import UTC, datetime

import pytest
from django.core.cache import cache

from accounts.models import Site
from billing.reports import days, status
from tests.factories import accounts, calls


@pytest.fixture
def big(db: None, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A site that counts as big from its first call on. No other test has it: what is kept
    outlives a test."""
    monkeypatch.setattr(status, "CALLS_MIN", 1)
    site = accounts.site("big-status")
    calls.record(accounts.organization("Many", on=site))
    return site


def test_the_worker_reads_what_is_no_longer_kept(big: Site) -> None:
    now = datetime.now(UTC)
    assert [family.name for family in status.families(big, now)] == ["small"]
    [kept] = _kept(big)
    cache.delete(kept)  # as when a day ends, or the worker was away for longer than it is kept
    status.renew()
    assert _kept(big) == [kept]


def _kept(site: Site) -> list[str]:
    name = status._history_name(site, days.last(status.DAYS))
    return [name] if cache.get(name) else []
