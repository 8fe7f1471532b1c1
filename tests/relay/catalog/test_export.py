"""An export can be applied again, anywhere, and holds no secret."""

import io
import json
from pathlib import Path

from django.core.management import call_command
from django.utils import timezone

from accounts.models import Site
from billing.models import Model, Plan, Price, SiteTerms
from relay.catalog import stored
from relay.catalog.export import export
from relay.models import Upstream
from tests.relay.catalog.conftest import CATALOG, Apply


def test_applying_an_export_changes_nothing(apply: Apply) -> None:
    apply(CATALOG)
    assert apply(export(stored.read(timezone.now()))) == []


def test_an_export_round_trips_pauses_limits_and_selections(apply: Apply) -> None:
    apply(CATALOG)
    apply(
        "upstreams: [{id: acme-openai, is_active: false}]\n"
        "plans: [{id: default, concurrency: null}]\n"
        "sites: [{id: acme, models: [gpt-4o], no_credit_status: 403, language: zh-hant}]\n"
    )
    before = stored.read(timezone.now())
    text = export(before)
    assert "is_active: false" in text
    assert "concurrency: null" in text
    assert apply(text) == []
    assert stored.read(timezone.now()) == before


def test_a_fresh_deployment_gets_all_of_an_export(apply: Apply, tmp_path: Path) -> None:
    apply(CATALOG)
    before = stored.read(timezone.now())
    text = export(before)
    for table in (Price, SiteTerms, Site, Upstream, Model, Plan):
        table.objects.all().delete()
    apply(text)
    after = stored.read(timezone.now())
    assert (after.models, after.plans, after.sites) == (before.models, before.plans, before.sites)


def test_an_export_holds_no_credential_and_applying_it_keeps_the_stored_one(apply: Apply) -> None:
    apply(CATALOG)
    text = export(stored.read(timezone.now()))
    assert "sk-upstream-secret" not in text
    assert "credential:" not in text.replace("`credential: env:NAME`", "")
    apply(text)
    assert Upstream.objects.get().credential() == "sk-upstream-secret"


def test_money_is_exported_as_exact_decimal_strings(apply: Apply) -> None:
    apply(CATALOG.replace('"0.15"', '"0.0375"'))
    assert "{input: '0.0375', cached_input: '0.075', output: '0.60'}" in export(
        stored.read(timezone.now())
    )


def test_the_command_writes_a_file_and_prints_one_object(apply: Apply, tmp_path: Path) -> None:
    apply(CATALOG)
    output, file = io.StringIO(), tmp_path / "export.yaml"
    call_command("catalog", "export", str(file), stdout=output)
    assert json.loads(output.getvalue())["models"] == 2
    on_screen = io.StringIO()
    call_command("catalog", "export", stdout=on_screen)
    assert on_screen.getvalue() == file.read_text(encoding="utf-8")
