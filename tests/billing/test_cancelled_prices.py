"""A version that has not begun can be taken back; then it counts nowhere."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import audit
from accounts.models import AuditRecord, Organization, Site
from billing import prices
from billing.cancelling import CANCEL_LEAD_S, VersionBegun
from billing.models import Price
from tests.factories.billing import PRICE, default_price, model

pytestmark = pytest.mark.django_db
BY = audit.command("test")
LATER = {"input": 7, "output": 7}


def test_a_cancelled_version_never_takes_force_and_stays_in_sight(site: Site) -> None:
    default_price()
    start = timezone.now() + timedelta(days=1)
    row = prices.publish(model(), site=site, components=LATER, effective_from=start)
    for _ in range(2):
        prices.cancel(row, by=BY, reason="typo")
    version = prices.in_force(model(), site, start)
    assert version is not None
    assert version.components == PRICE
    assert Price.every.get(pk=row.pk).cancelled_at is not None
    told = AuditRecord.objects.get(action="price.cancel")
    assert (told.site_id, told.reason, told.before["input"]) == (site.pk, "typo", 7)


def test_the_instant_of_a_cancelled_version_is_free_again(site: Site) -> None:
    start = timezone.now() + timedelta(days=1)
    row = prices.publish(model(), site=site, components=LATER, effective_from=start)
    prices.cancel(row, by=BY)
    other = prices.publish(model(), site=site, components=PRICE, effective_from=start)
    assert other.pk != row.pk


def test_what_calls_may_be_charged_by_cannot_be_cancelled(site: Site) -> None:
    begun = default_price()
    soon = timezone.now() + timedelta(seconds=CANCEL_LEAD_S - 1)
    for row in (begun, prices.publish(model(), components=LATER, effective_from=soon)):
        with pytest.raises(VersionBegun):
            prices.cancel(row, by=BY)


def test_going_back_is_a_new_version_of_the_same_scope(acme: Organization) -> None:
    default_price()
    first = prices.publish(model(), organization=acme, components={"request": 1})
    prices.publish(model(), organization=acme, components={"request": 2})
    again = prices.revert(first, by=BY, reason="agreed otherwise")
    assert again.pk > first.pk
    assert (again.organization, again.components) == (acme, {"request": 1})
    assert prices.revert(first, by=BY) == again
    row = AuditRecord.objects.get(action="contract.publish")
    assert (row.reason, row.organization) == ("agreed otherwise", acme)
