"""A catalog schedules prices, costs and adjustments, and takes back what has not begun."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditRecord
from billing.models import PlanAdjustment, Price
from relay import costs
from relay.catalog import stored
from relay.catalog.export import export
from relay.catalog.problems import CatalogRefused
from relay.costs import RouteKey
from relay.models import Cost
from tests.relay.catalog.conftest import CATALOG, Apply

SOON = (timezone.now() + timedelta(days=2)).replace(microsecond=0).isoformat()
LATER = (timezone.now() + timedelta(days=4)).replace(microsecond=0).isoformat()
ROUTE = "model: gpt-4o, upstream: acme-openai, name: gpt-4o-2024-11-20"
LISTS = {
    "scheduled_prices": ("model: gpt-4o", 'price: {input: "2", output: "8"}'),
    "scheduled_costs": (ROUTE, 'cost: {input: "1", output: "4"}'),
    "scheduled_adjustments": ("plan: default", 'percent: "-5"'),
}
OTHERS = {
    "scheduled_prices": 'price: {input: "3", output: "8"}',
    "scheduled_costs": 'cost: {input: "2", output: "4"}',
    "scheduled_adjustments": 'percent: "5"',
}
TABLES = {
    "scheduled_prices": Price,
    "scheduled_costs": Cost,
    "scheduled_adjustments": PlanAdjustment,
}
KINDS = pytest.mark.parametrize("kind", list(LISTS))


def said(kind: str, value: str, at: str = SOON) -> str:
    return f'{kind}: [{{{LISTS[kind][0]}, from: "{at}", {value}}}]'


@pytest.fixture(autouse=True)
def catalog(apply: Apply) -> None:
    apply(CATALOG)


@KINDS
def test_a_version_is_scheduled_once_and_exported(apply: Apply, kind: str) -> None:
    text = said(kind, LISTS[kind][1])
    (change,) = apply(text)
    assert f"{change.kind}s" == kind
    assert change.action == "publish"
    assert apply(text) == []
    told = AuditRecord.objects.get(action=f"{change.kind}.publish")
    assert told.after["effective_from"] == SOON
    exported = export(stored.read(timezone.now()))
    assert SOON in exported
    assert apply(exported) == []


@KINDS
def test_one_that_has_not_begun_is_taken_back_and_its_instant_is_free(
    apply: Apply, kind: str
) -> None:
    apply(said(kind, LISTS[kind][1]))
    (change,) = apply(said(kind, "cancelled: true"))
    assert (f"{change.kind}s", change.action) == (kind, "cancel")
    assert apply(said(kind, "cancelled: true")) == []
    assert SOON not in export(stored.read(timezone.now()))
    row = TABLES[kind].every.get(effective_from=SOON)
    assert row.cancelled_at is not None
    assert AuditRecord.objects.filter(action__endswith=".cancel").count() == 1
    assert len(apply(said(kind, OTHERS[kind]))) == 1


@KINDS
def test_another_version_at_a_taken_instant_is_refused(apply: Apply, kind: str) -> None:
    apply(said(kind, LISTS[kind][1]))
    with pytest.raises(CatalogRefused, match=r"cancel it first \(cancelled: true\)"):
        apply(said(kind, OTHERS[kind]))


@KINDS
def test_what_changes_nothing_when_it_begins_is_not_published(apply: Apply, kind: str) -> None:
    apply(said(kind, LISTS[kind][1]))
    assert apply(said(kind, LISTS[kind][1], LATER)) == []


@KINDS
def test_one_that_has_begun_is_not_taken_back(apply: Apply, kind: str) -> None:
    apply(said(kind, LISTS[kind][1]))
    begun = timezone.now() - timedelta(hours=1)
    TABLES[kind].objects.filter(effective_from=SOON).update(effective_from=begun)
    with pytest.raises(CatalogRefused, match="it has begun"):
        apply(said(kind, "cancelled: true", begun.isoformat()))
    long_ago = (begun - timedelta(days=9)).isoformat()
    assert apply(said(kind, "cancelled: true", long_ago)) == []


@KINDS
@pytest.mark.parametrize("value", ["", "cancelled: false", "cancelled: true, {}"])
def test_an_entry_says_one_of_two_things(apply: Apply, kind: str, value: str) -> None:
    with pytest.raises(CatalogRefused, match=r"missing|either this or cancelled"):
        apply(said(kind, value.replace("{}", LISTS[kind][1])))


def test_a_scheduled_cost_counts_from_then_on(apply: Apply) -> None:
    apply(said("scheduled_costs", LISTS["scheduled_costs"][1]))
    key = RouteKey("gpt-4o", "acme-openai", "gpt-4o-2024-11-20")
    after = timezone.now() + timedelta(days=3)
    assert key not in costs.in_force(timezone.now())
    assert costs.in_force(after)[key].components == {"input": 10**9, "output": 4 * 10**9}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (f"scheduled_costs: [{{{ROUTE}-x, from: '{SOON}', cost: {{}}}}]", "has no route to"),
        (f"scheduled_adjustments: [{{plan: gone, from: '{SOON}', percent: '1'}}]", "no plan"),
        (
            f"scheduled_adjustments: [{{plan: default, model: m, from: '{SOON}', percent: '1'}}]",
            "no model",
        ),
        (
            f"scheduled_adjustments: [{{plan: default, from: '{SOON}', percent: '-101'}}]",
            "between -100",
        ),
    ],
)
def test_what_fits_nothing_is_refused(apply: Apply, text: str, complaint: str) -> None:
    with pytest.raises(CatalogRefused, match=complaint):
        apply(text)
