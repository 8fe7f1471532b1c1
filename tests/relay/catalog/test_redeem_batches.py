"""A catalog makes batches of redeem codes once, tells their codes once, and can withdraw them."""

import csv
import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from redis import Redis

from accounts import audit
from accounts.models import AuditRecord, Site
from billing import redeem_codes
from billing.models import RedeemBatch, RedeemCode
from relay.catalog import stored
from relay.catalog.export import export
from relay.catalog.problems import CatalogRefused
from tests.factories import accounts
from tests.relay.catalog.conftest import CATALOG, Apply, Command

BATCH = 'name: Spring fair, amount: "2.50", count: 3, prefix: FAIR'


def said(batch: str) -> str:
    return f"sites: [{{id: acme, redeem_batches: [{{id: spring, {batch}}}]}}]"


@pytest.fixture
def site(apply: Apply) -> Site:
    apply(CATALOG)
    return Site.objects.get(pk="acme")


def test_a_batch_is_made_once_and_its_codes_are_told_once(
    gate: Redis, site: Site, command: Command
) -> None:
    answer = command("apply", said(BATCH))
    (change,) = answer["changes"]
    assert (change["kind"], change["id"], change["action"]) == (
        "redeem_batch",
        "spring on acme",
        "create",
    )
    assert change["fields"]["amount"] == {"before": None, "after": "2.50"}
    codes = answer["codes"]["acme/spring"]
    assert len(codes) == 3
    assert all(code.startswith("FAIR-") for code in codes)
    customer = accounts.organization("Initech", on=site)
    by = audit.command("test")
    assert redeem_codes.redeem(customer, codes[0], by=by) == 2_500_000_000
    assert command("apply", said(BATCH)) == {"changes": []}
    assert RedeemCode.objects.count() == 3
    assert AuditRecord.objects.filter(action="codes.create").count() == 1


def test_codes_go_to_a_file_of_their_own(site: Site, tmp_path: Path) -> None:
    file, codes = tmp_path / "catalog.yaml", tmp_path / "codes.csv"
    file.write_text(said(BATCH))

    def run() -> dict[str, Any]:
        output = io.StringIO()
        call_command("catalog", "apply", str(file), codes=codes, stdout=output)
        answer: dict[str, Any] = json.loads(output.getvalue())
        return answer

    assert "codes" not in run()
    assert codes.stat().st_mode & 0o777 == 0o600
    head, *rows = csv.reader(codes.read_text().splitlines())
    assert head == ["site", "batch", "code"]
    assert [row[:2] for row in rows] == [["acme", "spring"]] * 3
    with pytest.raises(CommandError, match="cannot be made"):
        run()
    assert len(codes.read_text().splitlines()) == 4


def test_a_refused_file_leaves_no_file_of_codes(site: Site, tmp_path: Path) -> None:
    file, codes = tmp_path / "catalog.yaml", tmp_path / "codes.csv"
    file.write_text(said("name: Half"))
    with pytest.raises(CommandError, match="a new one needs amount"):
        call_command("catalog", "apply", str(file), codes=codes)
    assert not codes.exists()


def test_an_export_holds_the_terms_and_never_a_code(site: Site, apply: Apply) -> None:
    ends = timezone.now() + timedelta(days=5)
    by = audit.command("test")
    made = redeem_codes.create(
        site, name="By page", amount_nanos=1, count=2, expires_at=ends, prefix="P", by=by
    )
    text = export(stored.read(timezone.now()))
    assert f"id: {made.batch.slug}" in text
    assert ends.isoformat() in text
    assert not any(code in text for code in made.codes)
    assert apply(text) == []


def test_a_batch_is_withdrawn_by_the_file(site: Site, apply: Apply) -> None:
    apply(said(BATCH))
    (change,) = apply(said("withdrawn: true"))
    assert change.shown()["fields"] == {"withdrawn": {"before": False, "after": True}}
    assert RedeemBatch.objects.get().withdrawn_at is not None
    assert AuditRecord.objects.filter(action="codes.withdraw").count() == 1
    assert apply(said("withdrawn: true")) == []
    assert apply(export(stored.read(timezone.now()))) == []
    with pytest.raises(CatalogRefused, match="withdrawn, for good"):
        apply(said("withdrawn: false"))


@pytest.mark.parametrize("over", ["withdrawn: true", "expires_at: '2001-01-01T00:00:00Z'"])
def test_a_batch_that_is_over_is_not_made(site: Site, apply: Apply, over: str) -> None:
    assert apply(said(f"{BATCH}, {over}")) == []
    assert not RedeemBatch.objects.exists()


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ('amount: "3"', "amount"),
        ("count: 4", "count"),
        ("prefix: FAIRY", "prefix"),
        ("name: Autumn fair", "name"),
        ("expires_at: '2099-01-01T00:00:00Z'", "expires_at"),
    ],
)
def test_terms_that_changed_are_refused_with_their_line(
    site: Site, apply: Apply, changed: str, field: str
) -> None:
    apply(said(BATCH))
    with pytest.raises(CatalogRefused, match=rf"1: .*spring\.{field}: its codes are given away"):
        apply(said(changed))
    assert RedeemCode.objects.count() == 3


@pytest.mark.parametrize(
    ("batch", "complaint"),
    [
        ("name: Half", "a new one needs amount"),
        (BATCH.replace('"2.50"', '"0"'), "more than 0"),
        (BATCH.replace("3", "10001"), "from 1 to 10000"),
        (BATCH.replace("FAIR", "fair"), "capital letters"),
        (f"{BATCH}, code: AAA", "unknown field"),
        (f"{BATCH}}}, {{id: spring, {BATCH}", "there twice"),
    ],
)
def test_nonsense_makes_no_codes(site: Site, apply: Apply, batch: str, complaint: str) -> None:
    with pytest.raises(CatalogRefused, match=complaint):
        apply(said(batch))
    assert not RedeemBatch.objects.exists()


def test_one_apply_makes_only_so_many_codes(site: Site, apply: Apply) -> None:
    many = ", ".join(f'{{id: b{n}, name: B, amount: "1", count: 10000}}' for n in range(6))
    with pytest.raises(CatalogRefused, match="more than 50000 codes"):
        apply(f"sites: [{{id: acme, redeem_batches: [{many}]}}]")
