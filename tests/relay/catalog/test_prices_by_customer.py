"""A catalog says what plans take off prices and what single customers pay by contract."""

from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Organization, Site
from billing import adjustments, prices
from billing.models import Model, Plan, PlanAdjustment
from relay.catalog import stored
from relay.catalog.export import export
from relay.catalog.problems import CatalogRefused
from tests.relay.catalog.conftest import CATALOG, Apply

ADJUSTED = """\
plans:
  - id: default
    adjustments: {all: "-10", gpt-4o: "5.5"}
"""
CONTRACT = """\
contracts:
  org_acme:
    gpt-4o: {input: "1.25", output: "5", image: {hd: "0.04"}, minimum: "0.0001"}
"""


@pytest.fixture
def org_acme(apply: Apply) -> Organization:
    apply(CATALOG)
    return Organization.objects.create(id="org_acme", name="Acme", site=Site.objects.get())


def shown(apply: Apply, text: str) -> list[dict[str, Any]]:
    return [change.shown() for change in apply(text)]


def test_a_plan_s_adjustments_are_published(apply: Apply, org_acme: Organization) -> None:
    changes = shown(apply, ADJUSTED)
    assert [(each["kind"], each["id"], each["fields"]) for each in changes] == [
        ("adjustment", "default for all", {"percent": {"before": "0", "after": "-10"}}),
        ("adjustment", "default for gpt-4o", {"percent": {"before": None, "after": "5.5"}}),
    ]
    plan, now = Plan.objects.get(), timezone.now()
    models = [Model.objects.get(pk=pk) for pk in ("gpt-4o", "gpt-4o-mini")]
    assert [adjustments.in_force(plan, model, now) for model in models] == [550, -1_000]
    assert apply(ADJUSTED) == []
    (change,) = shown(apply, ADJUSTED.replace("-10", "-12"))
    assert change["fields"] == {"percent": {"before": "-10", "after": "-12"}}


def test_a_contract_is_published_and_ended(apply: Apply, org_acme: Organization) -> None:
    (change,) = shown(apply, CONTRACT)
    assert (change["kind"], change["id"], change["action"]) == (
        "contract",
        "gpt-4o for org_acme",
        "publish",
    )
    assert change["fields"]["image"] == {"before": None, "after": {"hd": "0.04"}}
    assert change["fields"]["minimum"] == {"before": None, "after": "0.0001"}
    model = Model.objects.get(pk="gpt-4o")
    found = prices.for_organization(model, org_acme, timezone.now())
    assert found is not None
    assert found.components["input"] == 1_250_000_000
    assert apply(CONTRACT) == []
    ending = "contracts: {org_acme: {gpt-4o: {}}}"
    assert len(apply(ending)) == 1
    assert apply(ending) == []
    found = prices.for_organization(model, org_acme, timezone.now())
    assert found is not None
    assert found.components["input"] == 3_000_000_000


def test_applying_an_export_of_both_changes_nothing(apply: Apply, org_acme: Organization) -> None:
    apply(ADJUSTED + CONTRACT)
    text = export(stored.read(timezone.now()))
    assert "adjustments: {all: '-10', gpt-4o: '5.5'}" in text
    assert "org_acme:" in text
    assert apply(text) == []
    PlanAdjustment.objects.all().delete()
    assert len(apply(text)) == 2


def test_a_site_s_own_price_can_be_ended(apply: Apply, org_acme: Organization) -> None:
    ending = "sites: [{id: acme, prices: {gpt-4o: {}}}]"
    assert [change.id for change in apply(ending)] == ["gpt-4o on acme"]
    assert apply(ending) == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (ADJUSTED.replace("-10", "ten"), "3: plans.default.adjustments.all: not a percentage"),
        (ADJUSTED.replace("-10", "-101"), "3: plans.default.adjustments.all: an adjustment is"),
        (ADJUSTED.replace("gpt-4o", "gone"), "3: plans.default.adjustments.gone: no model 'gone'"),
        (ADJUSTED.replace('"-10"', "-10"), "3: plans.default.adjustments.all: expected text"),
        (CONTRACT.replace("org_acme", "org_gone"), "2: contracts.org_gone: no organization"),
        (CONTRACT.replace("gpt-4o", "gone"), "3: contracts.org_acme.gone: no model 'gone'"),
        (CONTRACT.replace("minimum", "minimal"), "3: contracts.org_acme.gpt-4o.minimal: unknown"),
        ("contracts: [org_acme]", "1: contracts: expected a mapping"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_line(
    apply: Apply, org_acme: Organization, text: str, complaint: str
) -> None:
    with pytest.raises(CatalogRefused, match=complaint.replace(".", r"\.")):
        apply(text)
