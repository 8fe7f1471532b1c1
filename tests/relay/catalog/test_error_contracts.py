"""A site's own errors, its status for spent balances and its CORS origins, in the catalog file."""

from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Site
from relay.catalog import reader, stored
from relay.catalog.export import export
from relay.catalog.problems import CatalogRefused
from relay.proxy.causes import Cause
from relay.storefronts import contract_of, storefront
from tests.relay.catalog.conftest import CATALOG, Apply, Command

OWN = """\
sites:
  - id: acme
    cors_origins: [https://app.example.com, "http://localhost:3000"]
    errors:
      NO_CREDIT: {status: 429, code: out_of_money, message: {zh-hans: 没钱了}}
      UNKNOWN_KEY: {type: invalid_request_error, message: "Bad key. "}
"""


@pytest.fixture
def acme(apply: Apply) -> Site:
    apply(CATALOG)
    apply(OWN)
    return Site.objects.get(pk="acme")


def test_a_sites_own_errors_take_effect(acme: Site) -> None:
    spent = contract_of(acme).of(Cause.NO_CREDIT)
    assert (spent.status, spent.type, spent.code) == (429, "insufficient_quota", "out_of_money")
    assert spent.message("zh-hans", "") == "没钱了"
    assert spent.message("en", "").startswith("Your balance")
    for language in ("en", "zh-hans", "zh-hant"):
        assert contract_of(acme).of(Cause.UNKNOWN_KEY).message(language, "") == "Bad key. "


def test_applying_them_again_changes_nothing(acme: Site, apply: Apply) -> None:
    assert apply(OWN) == []
    assert apply(export(stored.read(timezone.now()))) == []


def test_an_export_takes_them_elsewhere(acme: Site, apply: Apply) -> None:
    text = export(stored.read(timezone.now()))
    acme.error_overrides, acme.cors_origins, acme.no_credit_status = {}, None, 403
    acme.save()
    apply(text)
    again = Site.objects.get(pk="acme")
    assert contract_of(again).of(Cause.NO_CREDIT).code == "out_of_money"
    assert storefront(again).cors_origins == {"https://app.example.com", "http://localhost:3000"}


def test_a_difference_is_shown_in_full(apply: Apply, command: Command) -> None:
    apply(CATALOG)
    (change,) = command("diff", OWN)["changes"]
    shown: dict[str, Any] = change["fields"]["error_overrides"]
    assert shown["before"] == {}
    assert shown["after"]["NO_CREDIT"]["status"] == 429
    assert shown["after"]["NO_CREDIT"]["message"] == {"zh-hans": "没钱了"}


def test_an_empty_mapping_takes_them_back(acme: Site, apply: Apply) -> None:
    apply("sites: [{id: acme, errors: {}, cors_origins: null}]\n")
    acme.refresh_from_db()
    assert (acme.error_overrides, acme.cors_origins) == ({}, None)


def test_null_leaves_the_status_of_a_spent_balance_to_the_preset(apply: Apply) -> None:
    apply(CATALOG)
    apply("sites: [{id: acme, preset: qingcheng, no_credit_status: 429}]\n")
    assert contract_of(Site.objects.get()).status(Cause.NO_CREDIT) == 429
    apply("sites: [{id: acme, no_credit_status: null}]\n")
    assert contract_of(Site.objects.get()).status(Cause.NO_CREDIT) == 403


def test_an_own_list_of_origins_replaces_the_presets(apply: Apply) -> None:
    apply(CATALOG)
    apply("sites: [{id: acme, preset: qingcheng}]\n")
    assert storefront(Site.objects.get()).cors_origins == {"*"}
    apply("sites: [{id: acme, cors_origins: []}]\n")
    assert storefront(Site.objects.get()).cors_origins == set()


ROWS = [
    ("NO_MONEY: {status: 402}", "no cause 'NO_MONEY' (known: BAD_REQUEST"),
    ("BAD_REQUEST: {status: 200}", "BAD_REQUEST is answered with a status from 400 to 499"),
    ("BAD_REQUEST: {status: 401}", "other than 401, 402, 403 and 429"),
    ("NO_CREDIT: {status: 500}", "NO_CREDIT is answered with 402, 403 or 429, not 500"),
    ("GATE_UNAVAILABLE: {status: 401}", "a status from 500 to 599"),
    ('NO_CREDIT: {status: "402"}', "expected a whole number"),
    ("NO_CREDIT: {code: 402}", "expected text in quotes"),
    ("NO_CREDIT: {stauts: 402}", "stauts: unknown field (known: code, message, status, type)"),
    ("NO_CREDIT: {message: {fr: Non}}", "fr: unknown field (known: en, zh-hans, zh-hant)"),
    ('NO_CREDIT: {message: ""}', "expected 1 to 500 printable characters"),
    ("NO_CREDIT: 402", "NO_CREDIT: expected a mapping"),
]


@pytest.mark.parametrize(("row", "message"), ROWS)
def test_a_row_that_makes_no_sense_is_refused_with_its_line(row: str, message: str) -> None:
    text = f"sites:\n  - id: s\n    errors:\n      {row}\n"
    with pytest.raises(CatalogRefused) as refused:
        reader.read_text(text, file="catalog.yaml", folder=Path())
    assert str(refused.value).startswith("catalog.yaml:4: ")
    assert message in str(refused.value)


@pytest.mark.parametrize("origin", ["app.example.com", "https://app.example.com/", "https://*.x/"])
def test_what_is_no_origin_is_refused(origin: str) -> None:
    with pytest.raises(CatalogRefused, match="is no origin such as"):
        reader.read_text(
            f"sites:\n  - id: s\n    cors_origins: ['{origin}']\n", file="c.yaml", folder=Path()
        )


def test_a_row_of_another_release_is_left_out_and_told(
    apply: Apply, caplog: pytest.LogCaptureFixture
) -> None:
    apply(CATALOG)
    Site.objects.update(error_overrides={"GONE": {}, "NO_CREDIT": {"status": 403}}, preset="lost")
    assert contract_of(Site.objects.get()).status(Cause.NO_CREDIT) == 403
    assert "no cause 'GONE'" in caplog.text
    assert "has the default error contract" in caplog.text
