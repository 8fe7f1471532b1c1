"""Versions of prices: the latest that has begun, a site's own first, none ever edited."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Site
from billing import prices
from billing.models import Price
from billing.price_versions import PriceError
from billing.signals import price_published
from tests.factories import accounts, billing

CHEAP = {"input": 1, "output": 2}
DEAR = {"input": 10, "output": 20}


@pytest.mark.django_db
def test_the_site_s_own_price_goes_before_a_newer_default(site: Site) -> None:
    model = billing.model()
    own = prices.publish(model, site=site, components=DEAR)
    default = prices.publish(model, site=None, components=CHEAP)
    now = timezone.now()
    assert prices.in_force(model, site, now) == own
    assert prices.in_force(model, accounts.site("other", name="Other"), now) == default


@pytest.mark.django_db
def test_a_version_counts_from_its_instant_on(site: Site) -> None:
    model = billing.model()
    now = timezone.now()
    first = prices.publish(model, site=None, components=CHEAP)
    later = prices.publish(
        model, site=None, components=DEAR, effective_from=now + timedelta(hours=1)
    )
    assert prices.in_force(model, site, now - timedelta(hours=1)) is None
    assert prices.in_force(model, site, now + timedelta(minutes=59)) == first
    assert prices.in_force(model, site, now + timedelta(hours=2)) == later
    assert prices.chain(model, None) == [later, first]


@pytest.mark.django_db
def test_publishing_what_is_in_force_adds_no_version(site: Site) -> None:
    model = billing.model()
    first = prices.publish(model, site=None, components=CHEAP)
    assert prices.publish(model, site=None, components=CHEAP) == first
    assert prices.publish(model, site=site, components=CHEAP) != first
    assert Price.objects.count() == 2


@pytest.mark.django_db
def test_a_price_can_not_begin_in_the_past_or_at_a_taken_instant() -> None:
    model = billing.model()
    tomorrow = timezone.now() + timedelta(days=1)
    prices.publish(model, site=None, components=CHEAP, effective_from=tomorrow)
    with pytest.raises(PriceError, match="very instant"):
        prices.publish(model, site=None, components=DEAR, effective_from=tomorrow)
    with pytest.raises(PriceError, match="past"):
        prices.publish(
            model, site=None, components=DEAR, effective_from=tomorrow - timedelta(days=2)
        )


@pytest.mark.django_db(transaction=True)
def test_listeners_hear_of_a_new_version_after_the_commit() -> None:
    heard: list[str] = []

    def listen(model_id: str, **_: object) -> None:
        heard.append(model_id)

    price_published.connect(listen)
    try:
        billing.default_price("small")
        billing.default_price("small")
    finally:
        price_published.disconnect(listen)
    assert heard == ["small"]
