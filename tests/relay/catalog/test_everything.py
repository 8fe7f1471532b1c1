"""Everything that pages can set stands in an export, and applying it changes nothing."""

import io
from dataclasses import fields
from datetime import timedelta

import pytest
from django.utils import timezone
from PIL import Image

from accounts.images import encode_logo
from accounts.models import AuditRecord, BudgetPeriod, Organization, Site
from billing import budgets, prices
from billing.models import (
    Model,
    OrganizationPlan,
    Plan,
    PlanAdjustment,
    Price,
    SiteTerms,
)
from relay.catalog import stored
from relay.catalog.document import UNSET
from relay.catalog.export import DEFAULTS, export
from relay.catalog.problems import CatalogRefused
from relay.catalog.site_section import data_uri
from relay.models import Upstream
from tests.factories import accounts
from tests.relay.catalog.conftest import CATALOG, Apply

BEGINS = (timezone.now() + timedelta(days=3)).replace(microsecond=0).isoformat()
LATER = (timezone.now() + timedelta(days=9)).replace(microsecond=0).isoformat()

SCHEDULED_LISTS = ("scheduled_prices", "scheduled_costs", "scheduled_adjustments")
SCHEDULED, IN_2099 = "scheduled_prices: [{model:", "from: '2099-01-01T00:00:00Z'"
PRICE = "price: {input: '1', output: '1'}"


def picture() -> str:
    made = io.BytesIO()
    Image.new("RGB", (64, 64), "#0b62d6").save(made, "PNG")
    return data_uri(encode_logo(made.getvalue()))


def everything(organization: str) -> str:
    """A file in which every field says something of its own."""
    return f"""
upstreams:
  - id: acme-openai
    provider: openai
    concurrency_max: 20
    quirks: {{lacks: [stream_options]}}
  - {{id: idle, dialect: anthropic, base_url: "https://api.example.org/v1", is_active: false,
     pause_reason: a spare}}
models:
  - id: gpt-4o
    name: GPT-4o
    owned_by: openai
    aliases: [gpt-4o-latest]
    price: {{input: "2.50", output: "10", cache_write_5m: "3.1", image: {{default: "0.04"}},
      tiers: [{{above_tokens: 200000, input: "5", output: "15"}}], minimum: "0.0001"}}
    routes: [{{upstream: acme-openai, name: gpt-4o, priority: 1, weight: 3, is_active: false,
      cost: {{input: "2", output: "8"}}}}]
  - {{id: gpt-4o-mini, is_active: false, capabilities: [tools, vision], retires_at: "{LATER}",
     successor: gpt-4o}}
plans:
  - {{id: default, adjustments: {{all: "-5", gpt-4o: "10"}}}}
  - {{id: pro, requests_per_minute: 6000, tokens_per_minute: null, concurrency: 10}}
sites:
  - id: acme
    time_zone: Asia/Shanghai
    no_credit_status: 403
    cors_origins: ["https://app.example.com"]
    support_contact: help@acme.example
    is_active: false
    languages: [en, zh-hans]
    sign_up: invite
    accent: "#0b62d6"
    accent_dark: "#6ba8ff"
    logo: "{picture()}"
    legal: {{terms: {{en: Be kind., zh-hans: 请友善。}}}}
    footer: {{en: Acme Inc.}}
    sender_name: Acme
    sender_address: mail@acme.example
    trial_credit: "0.50"
    models: [gpt-4o]
    aliases: {{house: gpt-4o}}
    offers: {{gpt-4o: {{hidden: true, position: 2, shown_as: house, description: {{en: Big.}}}}}}
    errors: {{NO_CREDIT: {{status: 403, message: {{en: Pay first.}}}}}}
    redeem_batches:
      - {{id: spring, name: Spring fair, amount: "2.50", count: 3, prefix: FAIR,
         expires_at: "{LATER}"}}
{_beside_sites(organization)}"""


def _beside_sites(organization: str) -> str:
    return f"""
announcements:
  - {{id: move, site: acme, kind: maintenance, state: published, title: {{en: We move}},
     body: {{en: Soon.}}, models: [gpt-4o], starts_at: "{BEGINS}", ends_at: "{LATER}"}}
contracts:
  {organization}: {{gpt-4o: {{input: "1", output: "4"}}}}
scheduled_prices:
  - {{model: gpt-4o, from: "{BEGINS}", price: {{input: "2", output: "8"}}}}
  - {{model: gpt-4o, from: "{LATER}", price: {{input: "1.5", output: "6"}}}}
  - {{model: gpt-4o, site: acme, from: "{BEGINS}", price: {{}}}}
  - {{model: gpt-4o, organization: {organization}, from: "{BEGINS}",
     price: {{input: "0.9", output: "3"}}}}
scheduled_costs:
  - {{model: gpt-4o, upstream: acme-openai, from: "{BEGINS}", cost: {{input: "1.8", output: "7"}}}}
  - {{model: gpt-4o, upstream: acme-openai, from: "{LATER}", cost: {{}}}}
scheduled_adjustments:
  - {{plan: default, from: "{BEGINS}", percent: "-7.5"}}
  - {{plan: default, model: gpt-4o, from: "{LATER}", percent: "0"}}
customers:
  {organization}: {{plan: pro, budgets: {{day: "5.00", month: "100"}}}}
"""


@pytest.fixture
def customer(apply: Apply) -> Organization:
    apply(CATALOG)
    return accounts.organization("Initech", on=Site.objects.get(pk="acme"))


def test_applying_an_export_of_everything_changes_nothing(
    apply: Apply, customer: Organization
) -> None:
    apply(everything(customer.pk))
    before = stored.read(timezone.now())
    assert apply(everything(customer.pk)) == []
    assert apply(export(before)) == []
    assert stored.read(timezone.now()) == before


def test_a_fresh_deployment_gets_everything(apply: Apply, customer: Organization) -> None:
    apply(everything(customer.pk))
    before = stored.read(timezone.now())
    text = export(before)
    for period in (BudgetPeriod.DAY, BudgetPeriod.MONTH):
        budgets.remove(customer, period)
    OrganizationPlan.objects.all().delete()
    for table in (Price, SiteTerms, PlanAdjustment, Upstream, Model, Plan):
        table.objects.all().delete()
    apply(text)
    after = stored.read(timezone.now())
    for name in ("models", "plans", "sites", "contracts", "customers", *SCHEDULED_LISTS):
        assert getattr(after, name) == getattr(before, name), name


def test_every_field_of_a_catalog_says_something_in_the_file_above(
    apply: Apply, customer: Organization
) -> None:
    """So that whoever adds a field adds it here, and so to what an export is proved to hold."""
    apply(everything(customer.pk))
    found = stored.read(timezone.now())
    lists = (found.upstreams, found.models, found.plans, found.sites, found.announcements)
    silent = []
    batches = found.sites["acme"].redeem_batches
    assert isinstance(batches, dict)
    for rows in (*lists, found.customers, batches):
        (kind,) = {type(row) for row in rows.values()}
        for each in fields(kind):
            said = [getattr(row, each.name) for row in rows.values()]
            if all(
                value in (UNSET, None, DEFAULTS.get(each.name, UNSET), (), {}) for value in said
            ):
                silent.append(f"{kind.__name__}.{each.name}")
    assert silent == []


def test_scheduled_prices_are_versions_that_begin_then(
    apply: Apply, customer: Organization
) -> None:
    changes = apply(everything(customer.pk))
    assert {change.kind for change in changes} >= {"scheduled_price", "customer"}
    model = Model.objects.get(pk="gpt-4o")
    newest = prices.chain(model, None)[0]
    assert newest.effective_from.isoformat() == LATER
    assert newest.components == {"input": 1_500_000_000, "output": 6_000_000_000}
    records = AuditRecord.objects.filter(action="scheduled_price.publish")
    assert {record.organization_id for record in records} == {None, customer.pk}


def test_budgets_and_the_plan_of_a_customer_are_the_whole_set(
    apply: Apply, customer: Organization
) -> None:
    apply(everything(customer.pk))
    apply(f'customers: {{{customer.pk}: {{plan: null, budgets: {{week: "7"}}}}}}')
    assert budgets.limits_of(customer.pk) == (("week", 7_000_000_000),)
    assert not OrganizationPlan.objects.exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{SCHEDULED} nothing, {IN_2099}, {PRICE}}}]", "no model"),
        (f"{SCHEDULED} gpt-4o, from: '2001-01-01T00:00:00Z', {PRICE}}}]", "begun already"),
        (f"{SCHEDULED} gpt-4o, {IN_2099}, price: {{}}}}]", "replaced"),
        (f"{SCHEDULED} gpt-4o, from: '2099-01-01T00:00:00'}}]", "no offset"),
        ("customers: {org_nobody: {plan: default}}", "no organization"),
        ("customers: {org_nobody: {budgets: {decade: '1'}}}", "decade"),
        ("customers: {org_nobody: {budgets: {day: '0'}}}", "above 0"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_line(
    apply: Apply, customer: Organization, text: str, said: str
) -> None:
    with pytest.raises(CatalogRefused, match=said) as refused:
        apply(text)
    assert "catalog.yaml:1" in str(refused.value)


def test_another_version_at_a_taken_instant_is_refused(
    apply: Apply, customer: Organization
) -> None:
    apply(everything(customer.pk))
    text = (
        f'scheduled_prices: [{{model: gpt-4o, from: "{BEGINS}",'
        ' price: {input: "7", output: "7"}}]'
    )
    with pytest.raises(CatalogRefused, match="cancel it first"):
        apply(text)
