"""Prices of a file below cost are told, and refused for who wants that."""

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import Organization, Site
from relay.catalog import reader, store
from relay.catalog.problems import CatalogRefused
from tests.relay.catalog.conftest import CATALOG, Apply

# Cached input follows input where it has no price of its own, so that only input is told.
CHEAP = 'price: {input: "0.05", output: "0.60"}'
MINI = f"models: [{{id: gpt-4o-mini, {CHEAP}}}]"
SOON = (timezone.now() + timedelta(days=2)).isoformat()


@pytest.fixture(autouse=True)
def catalog(apply: Apply) -> None:
    apply(CATALOG)
    Organization.objects.create(id="org_acme", name="Acme", site=Site.objects.get())


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (MINI, "models.gpt-4o-mini.price"),
        (f"sites: [{{id: acme, prices: {{gpt-4o-mini: {CHEAP[7:]}}}}}]", "sites.acme.prices"),
        (f"contracts: {{org_acme: {{gpt-4o-mini: {CHEAP[7:]}}}}}", "contracts.org_acme"),
        (
            f"scheduled_prices: [{{model: gpt-4o-mini, from: '{SOON}', {CHEAP}}}]",
            "scheduled_prices.gpt-4o-mini",
        ),
    ],
)
def test_a_price_below_cost_is_told_with_its_line(text: str, path: str) -> None:
    document = reader.read_text(text, file="catalog.yaml", folder=Path())
    with pytest.raises(CatalogRefused, match=rf"yaml:1: {path}.*: below cost: Input"):
        store.apply(document, file="catalog.yaml", accepts_loss=False)
    applied = store.apply(document, file="catalog.yaml")
    ((told, losses),) = applied.losses.items()
    assert told.startswith(path)
    assert losses[0] == "Input"


def test_costs_count_as_the_file_leaves_them() -> None:
    route = "upstream: acme-openai, name: gpt-4o-mini-2024-07-18"
    cheaper = f'routes: [{{{route}, cost: {{input: "0.04", output: "0.40"}}}}]'
    idle = f"routes: [{{{route}, is_active: false}}]"
    for routes in (cheaper, idle):
        file = f"models: [{{id: gpt-4o-mini, {CHEAP}, {routes}}}]"
        document = reader.read_text(file, file="catalog.yaml", folder=Path())
        compared = store.compare(document, file="catalog.yaml")
        assert compared.changes
        assert compared.losses == {}


def test_ending_a_price_of_its_own_and_what_is_in_force_are_not_asked(apply: Apply) -> None:
    apply(MINI)
    for text in (MINI, "sites: [{id: acme, prices: {gpt-4o: {}}}]"):
        document = reader.read_text(text, file="catalog.yaml", folder=Path())
        assert store.apply(document, file="catalog.yaml", accepts_loss=False).losses == {}


def test_the_command_lists_them_and_refuses_them_if_told(tmp_path: Path) -> None:
    file = tmp_path / "catalog.yaml"
    file.write_text(MINI)

    def run(act: str, **more: bool) -> dict[str, Any]:
        output = StringIO()
        call_command("catalog", act, str(file), stdout=output, **more)
        answer: dict[str, Any] = json.loads(output.getvalue())
        return answer

    assert run("diff")["below_cost"] == {"models.gpt-4o-mini.price": ["Input"]}
    with pytest.raises(CommandError, match="below cost"):
        run("apply", refuse_below_cost=True)
    told = run("apply")
    assert len(told["changes"]) == 1
    assert told["below_cost"] == {"models.gpt-4o-mini.price": ["Input"]}
    assert run("diff") == {"changes": []}
