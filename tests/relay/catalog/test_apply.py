"""Applying a catalog makes the database say what the file says."""

import pytest
from django.test import TestCase
from django.utils import timezone

from accounts.models import Site
from billing.models import Model, Plan, Price
from relay import costs
from relay.models import Route, Upstream
from relay.signals import catalog_changed
from tests.relay.catalog.conftest import CATALOG, Apply, Command


def in_force(model_id: str, site_id: str | None = None) -> dict[str, int]:
    row = Price.objects.filter(model_id=model_id, site_id=site_id).latest("effective_from")
    components: dict[str, int] = row.components
    return components


def test_everything_of_the_file_is_stored(apply: Apply) -> None:
    apply(CATALOG)
    upstream = Upstream.objects.get(pk="acme-openai")
    assert (upstream.base_url, upstream.provider) == ("https://api.example.com/v1", "openai")
    assert upstream.credential() == "sk-upstream-secret"
    model = Model.objects.get(pk="gpt-4o-mini")
    assert (model.max_output_tokens, model.context_tokens) == (16384, 128000)
    route = model.routes.get()
    assert (route.upstream_id, route.name) == ("acme-openai", "gpt-4o-mini-2024-07-18")
    assert Plan.objects.get(pk="default").tokens_per_minute == 1_000_000
    site = Site.objects.get(pk="acme")
    assert [row.domain for row in site.domains.all()] == ["acme.localhost", "api.acme.localhost"]
    assert site.terms.plan_id == "default"
    assert site.terms.offers_all_models


def test_money_becomes_nanos_per_million_tokens(apply: Apply) -> None:
    apply(CATALOG)
    assert in_force("gpt-4o-mini") == {
        "input": 150_000_000,
        "cached_input": 75_000_000,
        "output": 600_000_000,
    }
    assert in_force("gpt-4o", "acme") == {"input": 3_000_000_000, "output": 12_000_000_000}
    route = Route.objects.get(model_id="gpt-4o-mini")
    assert costs.components_of(route) == {"input": 100_000_000, "output": 400_000_000}


def test_a_second_apply_changes_nothing(apply: Apply) -> None:
    assert apply(CATALOG)
    assert apply(CATALOG) == []
    assert Price.objects.count() == 3


def test_a_changed_price_is_a_new_version_in_force_from_now(apply: Apply) -> None:
    apply(CATALOG)
    before = timezone.now()
    changes = apply(CATALOG.replace('"0.60"', '"0.70"'))
    assert [change.shown() for change in changes] == [
        {
            "kind": "price",
            "id": "gpt-4o-mini",
            "action": "publish",
            "fields": {"output": {"before": "0.60", "after": "0.70"}},
        }
    ]
    versions = Price.objects.filter(model_id="gpt-4o-mini").order_by("effective_from")
    assert [row.components["output"] for row in versions] == [600_000_000, 700_000_000]
    assert [row.effective_from > before for row in versions] == [False, True]


def test_a_price_that_loses_a_component_is_a_new_version(apply: Apply) -> None:
    apply(CATALOG)
    apply(CATALOG.replace(' cached_input: "0.075",', ""))
    assert "cached_input" not in in_force("gpt-4o-mini")


def test_routes_that_a_model_no_longer_lists_end(apply: Apply) -> None:
    apply(CATALOG)
    (deleted, created) = apply(CATALOG.replace("gpt-4o-2024-11-20", "gpt-4o-2025"))
    assert (deleted.action, created.action) == ("delete", "create")
    assert [row.name for row in Route.objects.filter(model_id="gpt-4o")] == ["gpt-4o-2025"]


def test_what_the_file_does_not_name_is_left_alone(apply: Apply) -> None:
    apply(CATALOG)
    assert apply("models:\n  - {id: gpt-4o, owned_by: openai}\n")
    model = Model.objects.get(pk="gpt-4o")
    assert model.owned_by == "openai"
    assert model.routes.count() == 1
    assert Model.objects.filter(pk="gpt-4o-mini").exists()


def test_a_limit_of_null_is_no_limit(apply: Apply) -> None:
    apply(CATALOG)
    apply("plans:\n  - {id: default, concurrency: null}\n")
    plan = Plan.objects.get(pk="default")
    assert plan.concurrency is None
    assert plan.requests_per_minute == 600


def test_a_domain_can_move_between_sites_of_one_file(apply: Apply) -> None:
    apply(CATALOG)
    apply(
        "sites:\n"
        "  - {id: acme, domains: [acme.localhost]}\n"
        "  - {id: globex, name: Globex, domains: [api.acme.localhost], plan: default}\n"
    )
    assert Site.objects.get(domains__domain="api.acme.localhost").pk == "globex"


def test_a_site_may_offer_a_list_of_models(apply: Apply) -> None:
    apply(CATALOG)
    apply("sites:\n  - {id: acme, models: [gpt-4o]}\n")
    terms = Site.objects.get(pk="acme").terms
    assert not terms.offers_all_models
    assert [model.pk for model in terms.models.all()] == ["gpt-4o"]
    assert apply("sites:\n  - {id: acme, models: [gpt-4o]}\n") == []


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}\n", "models: []\n"])
def test_an_empty_file_changes_nothing(apply: Apply, text: str) -> None:
    assert apply(text) == []


def test_relays_hear_of_it_once_after_commit_and_only_of_changes(apply: Apply) -> None:
    heard: list[object] = []

    def listener(**event: object) -> None:
        heard.append(event["sender"])

    catalog_changed.connect(listener)
    try:
        with TestCase.captureOnCommitCallbacks(execute=True):
            apply("plans:\n  - {id: default}\n")
            assert heard == []
        assert len(heard) == 1
        with TestCase.captureOnCommitCallbacks(execute=True):
            apply("plans:\n  - {id: default}\n")
        assert len(heard) == 1
    finally:
        catalog_changed.disconnect(listener)


def test_diff_shows_the_changes_and_makes_none(command: Command) -> None:
    shown = command("diff", CATALOG)
    assert not Upstream.objects.exists()
    assert command("apply", CATALOG) == shown
    assert command("apply", CATALOG) == {"changes": []}
