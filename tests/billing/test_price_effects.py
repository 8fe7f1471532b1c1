"""The effect of a price on the last 30 days: of its scope's Calls, exactly, and within bounds."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Organization
from billing import adjustments, plans, price_effects, prices
from billing.models import Model, Plan, UsageRecord
from billing.preview import Used, buckets_of, replay
from billing.price_effects import effect
from billing.price_versions import ADJUSTMENT_UNIT, PriceError, PriceVersion
from tests.billing.test_many_charges import any_components
from tests.factories import accounts, billing, calls

pytestmark = pytest.mark.django_db
NEW = {"input": 3_000_000, "output": 7_000_000}
OTHER = ("characters", "seconds", "audio_input", "image:hd:1x1", "cache_write_5m", "request")


@pytest.fixture
def small() -> Model:
    return billing.default_price("small").model


@pytest.fixture
def now() -> datetime:
    """After every Call that a test makes."""
    return timezone.now() + timedelta(minutes=1)


def some_call(dice: random.Random, organization: Organization, **changes: Any) -> UsageRecord:
    output = dice.randrange(1_000)
    fields: dict[str, Any] = {
        "input_tokens": dice.choice((0, dice.randrange(30_000))),
        "cached_input_tokens": dice.choice((0, dice.randrange(30_000))),
        "output_tokens": output,
        "reasoning_tokens": dice.randrange(output + 1),
        "quantities": {dice.choice(OTHER): dice.randrange(9)} if dice.random() < 0.5 else {},
        "charge_nanos": dice.randrange(200_000),
        "written_off_nanos": dice.choice((0, 7)),
        "cost_nanos": dice.randrange(200_000),
    }
    return calls.record(organization, **(fields | changes))


def used(records: list[UsageRecord]) -> Iterator[Used]:
    for row in records:
        buckets = buckets_of(
            input=row.input_tokens,
            cached_input=row.cached_input_tokens,
            output=row.output_tokens,
            reasoning=row.reasoning_tokens,
            quantities=row.quantities,
        )
        yield Used(buckets, row.charge_nanos + row.written_off_nanos, row.cost_nanos)


def test_what_postgres_sums_is_what_the_arithmetic_gives(
    acme: Organization, small: Model, now: datetime
) -> None:
    dice = random.Random(8)
    records = [some_call(dice, acme) for _ in range(120)]
    for _ in range(25):
        components = any_components(dice)
        told = effect(small, components=components, now=now)
        assert told.by_currency == {"USD": replay(used(records), PriceVersion(0, components))}
        assert not told.is_capped


def test_a_half_nano_goes_to_the_even_one(acme: Organization, small: Model, now: datetime) -> None:
    for tokens in (1, 3, 5, 7):
        calls.record(acme, input_tokens=tokens, output_tokens=0)
    told = effect(small, components={"input": 500_000, "output": 0}, now=now)
    assert told.by_currency["USD"].would_be_nanos == 0 + 2 + 2 + 4


def test_a_plan_adjusts_what_its_customers_would_have_paid(
    acme: Organization, globex: Organization, small: Model, now: datetime
) -> None:
    plan = Plan.objects.create(pk="gold")
    plans.choose(acme, plan)
    adjustments.publish(plan, adjustment_bp=-5_000)
    dice = random.Random(5)
    ours = [some_call(dice, acme) for _ in range(10)]
    theirs = [some_call(dice, globex) for _ in range(10)]
    both = replay(used(ours), PriceVersion(0, NEW, -5_000)) + replay(
        used(theirs), PriceVersion(0, NEW)
    )
    assert effect(small, components=NEW, now=now).by_currency["USD"] == both
    contract = effect(small, organization=acme, components=NEW, now=now)
    assert contract.by_currency["USD"] == replay(used(ours), PriceVersion(0, NEW))
    assert ADJUSTMENT_UNIT == 10_000


def test_a_scope_leaves_out_who_has_a_price_of_their_own(
    acme: Organization, globex: Organization, small: Model, now: datetime
) -> None:
    other = accounts.organization("Far", on=accounts.site("far", name="Far", currency="CNY"))
    for organization in (acme, globex, other):
        calls.record(organization)
    calls.record(acme, model="large")
    calls.record(acme, at=now - timedelta(days=31))

    def counts(**scope: Any) -> dict[str, int]:
        told = effect(small, components=NEW, now=now, **scope).by_currency
        return {currency: preview.calls for currency, preview in told.items()}

    assert counts() == {"CNY": 1, "USD": 2}
    prices.publish(small, organization=globex, components=NEW)
    assert counts() == {"CNY": 1, "USD": 1}
    assert counts(site=acme.site) == {"USD": 1}
    assert counts(organization=globex) == {"USD": 1}
    prices.publish(small, site=acme.site, components=NEW)
    assert counts() == {"CNY": 1}


def test_the_end_of_a_price_is_tried_by_what_counts_then(
    acme: Organization, small: Model, now: datetime
) -> None:
    prices.publish(small, organization=acme, components=NEW)
    calls.record(acme, input_tokens=1_000_000, output_tokens=0)
    told = effect(small, organization=acme, components={}, now=now)
    assert told.by_currency["USD"].would_be_nanos == billing.PRICE["input"]
    with pytest.raises(PriceError, match="can't be sold"):
        effect(billing.model("unsold"), site=acme.site, components={}, now=now)


def test_only_the_newest_calls_are_looked_at_when_there_are_too_many(
    acme: Organization, small: Model, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for minutes in range(6):
        at = now - timedelta(minutes=minutes + 1)
        calls.record(acme, at=at)
        calls.record(acme, at=at, quantities={"seconds": 1})
    monkeypatch.setattr(price_effects, "REPLAYED_CALLS_MAX", 2)
    told = effect(small, components=NEW, now=now)
    assert told.is_capped
    assert told.by_currency["USD"].calls == 4, "both kinds, of the same time"
    assert told.since == now - timedelta(minutes=3)
    monkeypatch.setattr(price_effects, "AGGREGATED_CALLS_MAX", 1)
    assert effect(small, components=NEW, now=now).by_currency["USD"].calls == 2
