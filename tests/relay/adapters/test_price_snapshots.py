"""A running relay charges by the version that billing finds for the customer and the instant."""

import random
import time
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest
from channels.db import database_sync_to_async
from django.utils import timezone

from accounts import audit
from accounts.models import ApiKey, Organization, SiteDomain
from billing import adjustments, plans, prices
from billing.models import Model, Plan, PlanAdjustment, Price, SiteTerms
from relay import costs, routes
from relay.adapters import price_lists
from relay.adapters.changes import Listener
from relay.adapters.key_rows import load_caller
from relay.adapters.keys import CachedKeyDirectory
from relay.adapters.routes import SnapshotTable
from relay.models import Route, Upstream
from relay.proxy.types import Caller
from tests.factories import accounts, billing
from tests.patience import promised
from tests.relay.adapters.listening import database_url
from tests.relay.upstream.scripted_server import until

HEARD_S_MAX = promised(1.0)
ROWS = 60
INSTANTS = 12


def caller_of(organization: Organization) -> Caller:
    key: ApiKey = accounts.api_key(organization)
    caller = load_caller(bytes(key.secret_hash))
    assert caller is not None
    return caller


def some_rows(dice: random.Random, organizations: list[Organization], now: datetime) -> list[Model]:
    """Prices of every scope, ends among them, and adjustments, of the past and to come."""
    models = [billing.model(name) for name in ("a", "b", "c")]
    gold, plain = (Plan.objects.create(pk=pk) for pk in ("gold", "plain"))
    SiteTerms.objects.create(site=organizations[0].site, plan=plain)
    plans.choose(dice.choice(organizations), gold)
    for number in range(ROWS):
        # Each at an instant of its own, on both sides of now.
        start = now + timedelta(minutes=dice.randrange(-500, 500), microseconds=number)
        organization = dice.choice(organizations)
        scope: dict[str, Any] = dice.choice(
            ({}, {"site": organization.site}, {"organization": organization})
        )
        nanos = dice.randrange(1, 10**9)
        is_end = bool(scope) and dice.random() < 0.3
        components = {} if is_end else {"input": nanos, "output": nanos}
        Price.objects.create(
            model=dice.choice(models), components=components, effective_from=start, **scope
        )
        PlanAdjustment.objects.create(
            plan=dice.choice((gold, plain)),
            model=dice.choice((None, *models)),
            adjustment_bp=dice.randrange(-10_000, 5_000),
            effective_from=start,
        )
    return models


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(6))
def test_both_find_the_same_version_for_any_rows(seed: int) -> None:
    dice, now = random.Random(seed), timezone.now()
    shops = [accounts.site(), accounts.site("far", name="Far")]
    names = ("Acme", "Globex", "Initech", "Umbrella")
    organizations = [accounts.organization(n, on=shops[i % 2]) for i, n in enumerate(names)]
    models = some_rows(dice, organizations, now)
    callers = {each: caller_of(each) for each in organizations}
    for _ in range(INSTANTS):
        at = now + timedelta(minutes=dice.randrange(-520, 520))
        unusable: list[str] = []
        book = price_lists.read(at, unusable)
        assert unusable == []
        for (organization, caller), model in product(callers.items(), models):
            listed = book.price_list(model.pk, organization.site_id)
            found = listed.version_for(caller) if listed else None
            wanted = prices.for_organization(model, organization, at)
            assert found == wanted, (seed, at, organization.pk, model.pk)


@pytest.mark.django_db
def test_the_next_change_is_the_first_of_what_is_scheduled(
    model: Model, acme: Organization
) -> None:
    now = timezone.now()
    assert price_lists.next_change(now) is None
    start = now + timedelta(hours=3)
    prices.publish(model, components={"input": 1, "output": 1}, effective_from=start)
    assert price_lists.next_change(now) == start
    plan = Plan.objects.create(pk="gold")
    sooner = now + timedelta(hours=2)
    adjustments.publish(plan, adjustment_bp=-1, effective_from=sooner)
    assert price_lists.next_change(now) == sooner
    soonest = now + timedelta(hours=1)
    costs.publish(costs.RouteKey("a", "b", "c"), {"request": 1}, effective_from=soonest)
    assert price_lists.next_change(now) == soonest
    assert price_lists.next_change(soonest) == sooner


@pytest.fixture
def model(db: None) -> Model:
    return billing.model()


@pytest.fixture
def customer(transactional_db: None) -> Organization:
    """On a plan, of a site that sells one model by one route."""
    organization = accounts.organization("Acme")
    site, plan = organization.site, Plan.objects.create(pk="gold")
    SiteDomain.objects.create(domain="acme.localhost", site=site)
    SiteTerms.objects.create(site=site, plan=plan)
    upstream = Upstream.objects.create(id="demo", base_url="http://127.0.0.1:1/v1")
    listed = billing.default_price("small", {"input": 1_000, "output": 1_000})
    routes.add(
        listed.model, upstream, name="m", cost={"input": 10, "output": 10}, by=audit.command("test")
    )
    return organization


class Relay:
    """The snapshot of a running relay, told of changes by Postgres alone."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.table = SnapshotTable()
        self.keys = CachedKeyDirectory()
        self.listener = Listener(database_url(), self.keys, self.table.want_reload)

    def paid(self) -> int | None:
        """Nanos for a million tokens of input; None before the first snapshot."""
        offers = self.table.snapshot().offers_by_site.get(self.caller.site_id, {})
        version = offers["small"].price.version_for(self.caller) if offers else None
        return version.table(0)["input"] if version else None

    def cost(self) -> int:
        offers = self.table.snapshot().offers_by_site[self.caller.site_id]
        found: int = offers["small"].routes[0].cost.table(0)["input"]
        return found


@pytest.fixture
async def relay(customer: Organization) -> AsyncIterator[Relay]:
    made = Relay(await database_sync_to_async(caller_of)(customer))
    await made.table.start()
    await made.listener.start()
    await until(lambda: made.keys.is_pushed and made.paid() == 1_000)
    yield made
    await made.listener.stop()
    await made.table.stop()


async def test_a_new_adjustment_contract_and_cost_reach_a_relay_within_a_second(
    relay: Relay, customer: Organization
) -> None:
    async def heard_s(change: Callable[[], None], is_there: Callable[[], bool]) -> float:
        started = time.monotonic()
        await database_sync_to_async(change)()
        await until(is_there)
        return time.monotonic() - started

    def adjust() -> None:
        adjustments.publish(Plan.objects.get(), adjustment_bp=-1_000)

    def agree() -> None:
        prices.publish(
            Model.objects.get(), organization=customer, components={"input": 5, "output": 5}
        )

    def pay_more() -> None:
        costs.publish(costs.key_of(Route.objects.get()), {"input": 20, "output": 20})

    assert await heard_s(adjust, lambda: relay.paid() == 900) < HEARD_S_MAX
    assert await heard_s(agree, lambda: relay.paid() == 5) < HEARD_S_MAX
    assert await heard_s(pay_more, lambda: relay.cost() == 20) < HEARD_S_MAX


async def test_what_is_scheduled_takes_force_by_itself(relay: Relay) -> None:
    def schedule() -> datetime:
        start = timezone.now() + timedelta(milliseconds=700)
        adjustments.publish(Plan.objects.get(), adjustment_bp=-5_000, effective_from=start)
        return start

    start = await database_sync_to_async(schedule)()
    assert relay.paid() == 1_000
    await until(lambda: relay.paid() == 500)
    assert timezone.now() >= start
