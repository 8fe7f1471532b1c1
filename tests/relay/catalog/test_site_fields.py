"""A site's looks, words and rules are in the file too; an export brings them back as they were."""

import base64
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Announcement, Site, SiteImage
from billing.models import SiteTerms
from relay.catalog import reader, stored
from relay.catalog.export import export
from relay.catalog.problems import CatalogRefused
from tests.accounts.test_logos import bomb, drawn
from tests.relay.catalog.conftest import CATALOG, Apply

LOGO = "data:image/jpeg;base64," + base64.b64encode(drawn(kind="JPEG")).decode()
FULL = f"""\
sites:
  - id: acme
    languages: [zh-hant, en]
    sign_up: invite
    trial_credit: "2.50"
    accent: "#0F766E"
    logo: {LOGO}
    legal:
      terms: {{en: "# Terms\\n\\nBe nice.", zh-hant: 請友善。}}
      privacy: {{en: We keep nothing.}}
    footer: {{en: "Acme GmbH, Berlin"}}
    sender_name: Acme Help
    sender_address: help@acme.example
announcements:
  - id: slow
    site: acme
    kind: incident
    state: published
    models: [gpt-4o]
    title: {{en: Slow answers, zh-hant: 回應緩慢}}
    starts_at: "2026-11-20T10:00:00+08:00"
  - {{id: move, kind: maintenance, title: {{en: We move}}, starts_at: "2026-12-01T00:00:00Z",
     ends_at: "2026-12-01T02:00:00Z"}}
"""


def test_everything_of_a_site_is_applied(apply: Apply) -> None:
    apply(CATALOG)
    apply(FULL)
    site = Site.objects.get(pk="acme")
    assert (site.languages, site.sign_up) == (["en", "zh-hant"], "invite")
    assert (site.accent, bool(site.accent_dark)) == ("#0f766e", True)
    assert SiteTerms.objects.get(site=site).trial_credit_nanos == 2_500_000_000
    hashes = set(SiteImage.objects.values_list("hash", flat=True))
    assert hashes == {site.logo_hash, site.icon_hash}
    assert site.texts.count() == 3
    assert site.footer == {"en": "Acme GmbH, Berlin"}
    assert (site.sender_name, site.sender_address) == ("Acme Help", "help@acme.example")
    slow, move = Announcement.objects.order_by("starts_at")
    assert (slow.site, slow.state, slow.starts_at.hour) == (site, "published", 2)
    assert (move.site, move.state) == (None, "draft")


def test_a_second_time_and_an_export_change_nothing(apply: Apply) -> None:
    apply(CATALOG)
    apply(FULL)
    assert apply(FULL) == []
    before = stored.read(timezone.now())
    assert apply(export(before)) == []
    assert stored.read(timezone.now()) == before


def test_a_fresh_deployment_gets_all_of_an_export(apply: Apply) -> None:
    apply(CATALOG)
    apply(FULL)
    text = export(stored.read(timezone.now()))
    Announcement.objects.all().delete()
    site = Site.objects.get(pk="acme")
    site.texts.all().delete()
    site.images.all().delete()
    blank: dict[str, Any] = {"logo_hash": "", "icon_hash": "", "accent": "", "accent_dark": ""}
    Site.objects.update(**blank, footer={}, sign_up="open")
    assert {change.id for change in apply(text)} == {"acme", "slow", "move"}
    assert apply(text) == []


def test_a_difference_is_shown_without_the_pixels(apply: Apply) -> None:
    apply(CATALOG)
    (change,) = (change for change in apply(FULL) if change.id == "acme")
    fields: Any = change.shown()["fields"]
    assert fields["logo"]["before"] is None
    assert len(fields["logo"]["after"]) == 32
    assert fields["trial_credit"] == {"before": "0.00", "after": "2.50"}


def test_what_is_taken_away_is_gone(apply: Apply) -> None:
    apply(CATALOG)
    apply(FULL)
    apply('sites: [{id: acme, accent: "", logo: null, legal: {privacy: {en: Still.}}, footer: {}}]')
    site = Site.objects.get(pk="acme")
    assert (site.accent, site.accent_dark, site.logo_hash, site.footer) == ("", "", "", {})
    assert [text.body for text in site.texts.all()] == ["Still."]
    assert not SiteImage.objects.exists()
    apply("announcements: [{id: slow, state: resolved}]")
    assert Announcement.objects.get(pk="slow").resolved_at is not None


def test_a_logo_is_a_file_beside_the_catalog(apply: Apply, tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(drawn())
    text = "sites: [{id: acme, logo: logo.png}]"
    document = reader.read_text(text, file="c.yaml", folder=tmp_path)
    assert document.sites["acme"].logo


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ('accent: "#ffd400"', "accent: the contrast is below 4.5"),
        ("accent: red", "accent: expected a colour"),
        ('accent_dark: "#6ba8ff"', "accent_dark: needs accent"),
        ("logo: nowhere.png", "logo: nowhere.png cannot be read"),
        ("logo: 'data:image/png;base64,%%'", "logo: the data is not base64"),
        (
            "logo: data:image/png;base64," + base64.b64encode(bomb(50_000, 50_000)).decode(),
            "logo: the picture has more than",
        ),
        ("sign_up: maybe", "sign_up: bad_sign_up"),
        ("languages: [de]", "languages: 'de' is not one of"),
        ("languages: [zh-hans]", "languages: 'en', the first, is not offered"),
        ('trial_credit: "-1"', "trial_credit: a price is between"),
        ("legal: {imprint: {en: x}}", "legal.imprint: unknown field"),
        ("footer: {de: x}", "footer.de: unknown field"),
        ("sender_address: nobody", "sender_address: expected a mail address"),
    ],
)
def test_what_cannot_be_is_refused_with_its_line(apply: Apply, field: str, said: str) -> None:
    apply(CATALOG)
    with pytest.raises(CatalogRefused) as refused:
        apply(f"sites:\n  - id: acme\n    {field}\n")
    message = str(refused.value)
    assert ":3: " in message
    assert said in message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{id: a, kind: news, title: {en: x}}", "a new one needs starts_at"),
        ('{id: a, kind: news, title: {en: x}, starts_at: "2026-11-20T10:00"}', "has no offset"),
        ("{id: a, kind: rumour}", "'rumour' is not one of"),
        (
            '{id: a, site: gone, kind: news, title: {en: x}, starts_at: "2026-11-20T10:00Z"}',
            "no site 'gone'",
        ),
    ],
)
def test_an_announcement_that_cannot_be_is_refused(apply: Apply, text: str, said: str) -> None:
    apply(CATALOG)
    with pytest.raises(CatalogRefused, match=said):
        apply(f"announcements: [{text}]\n")
