"""The overview of a big site is worked out ahead; a small one's is always of this moment."""

import pytest

from accounts.models import Organization, Site
from billing.reports import kept_overviews
from tests.factories import accounts, calls


@pytest.fixture
def big(db: None, monkeypatch: pytest.MonkeyPatch) -> Organization:
    """A customer of a site that counts as big from its second call on. No other test has it: what
    is kept outlives a test."""
    monkeypatch.setattr(kept_overviews, "CALLS_MIN", 2)
    return accounts.organization("Many", on=accounts.site("big-site"))


def calls_of(site: Site) -> int:
    return kept_overviews.overview(site, 30).figures.calls


def test_what_is_kept_stays_until_the_worker_comes(big: Organization) -> None:
    calls.record(big)
    assert [calls_of(big.site), kept_overviews.renew()] == [1, 0]
    calls.record(big)
    assert calls_of(big.site) == 2
    calls.record(big)
    kept = kept_overviews.overview(big.site, 30)
    assert kept.figures.calls == 2
    assert kept.kept_at is not None
    assert [row.calls for row in kept.customers] == [2]
    assert kept_overviews.renew() == 1
    assert calls_of(big.site) == 3
