"""Sites are made and changed by one service, which refuses what cannot be and leaves a trail."""

from typing import Any

import pytest

from accounts import audit, images, sites
from accounts.models import AuditRecord, Organization, Site, SiteDomain, SiteImage, SiteText
from accounts.site_values import SiteRefused
from tests.accounts.test_logos import drawn
from tests.factories import accounts

BY = audit.command("test")


def make(site_id: str = "north", **changes: Any) -> Site:
    fields = {
        "name": "North",
        "domains": ["north.example", "www.north.example"],
        "currency": "EUR",
        "language": "en",
        "time_zone": "Europe/Berlin",
    }
    return sites.create(site_id, **{**fields, **changes}, by=BY)


def trail(site: Site) -> list[str]:
    rows = AuditRecord.objects.filter(site=site).order_by("pk")
    return list(rows.values_list("action", flat=True))


def test_a_site_is_made_with_its_domains_in_order(db: None) -> None:
    site = make()
    assert [each.domain for each in site.domains.all()] == ["north.example", "www.north.example"]
    assert (site.currency, site.sign_up, site.languages[0]) == ("EUR", "open", "en")
    assert trail(site) == ["site.create"]


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"site_id": "No"}, "id", "bad_id"),
        ({"name": " "}, "name", "bad_text"),
        ({"name": "a\nb"}, "name", "bad_text"),
        ({"domains": []}, "domains", "bad_domain"),
        ({"domains": ["North.example"]}, "domains", "bad_domain"),
        ({"domains": ["north.example:80"]}, "domains", "bad_domain"),
        ({"domains": ["n.example", "n.example"]}, "domains", "bad_domain"),
        ({"currency": "eur"}, "currency", "bad_currency"),
        ({"language": "de"}, "languages", "bad_language"),
        ({"time_zone": "Mars/Olympus"}, "time_zone", "bad_time_zone"),
    ],
)
def test_what_cannot_be_is_refused(
    db: None, changes: dict[str, Any], field: str, code: str
) -> None:
    with pytest.raises(SiteRefused) as refused:
        make(**changes)
    assert (refused.value.field, refused.value.code) == (field, code)
    assert not Site.objects.exists()


def test_an_id_and_a_domain_belong_to_one_site(site: Site) -> None:
    SiteDomain.objects.create(domain="taken.example", site=site)
    with pytest.raises(SiteRefused, match="id_taken"):
        make(site.pk)
    with pytest.raises(SiteRefused, match="domain_taken"):
        make(domains=["taken.example"])
    north = make()
    with pytest.raises(SiteRefused, match="domain_taken"):
        sites.set_domains(north, ["north.example", "taken.example"], by=BY)
    assert SiteDomain.objects.get(pk="taken.example").site == site


def test_a_change_is_one_record_with_what_differs(site: Site) -> None:
    sites.change(site, {"name": "Acme AI", "support_contact": "help@acme.example"}, by=BY)
    record = AuditRecord.objects.get(site=site)
    assert (record.before, record.after) == (
        {"support_contact": ""},
        {"support_contact": "help@acme.example"},
    )
    sites.change(site, {"name": "Acme AI"}, by=BY)
    assert trail(site) == ["site.change"]


def test_the_currency_is_fixed_once_there_are_customers(site: Site) -> None:
    sites.change(site, {"currency": "EUR"}, by=BY)
    accounts.organization("Acme", on=site)
    with pytest.raises(SiteRefused, match="currency_fixed"):
        sites.change(site, {"currency": "USD"}, by=BY)
    sites.change(site, {"currency": "EUR", "name": "Same"}, by=BY)


def test_the_first_language_is_one_that_is_offered(site: Site) -> None:
    with pytest.raises(SiteRefused, match="language_not_offered"):
        sites.change(site, {"languages": ["zh-hant"]}, by=BY)
    changed = sites.change(site, {"languages": ["zh-hant"], "language": "zh-hant"}, by=BY)
    assert changed.languages == ["zh-hant"]


def test_domains_are_replaced_and_reordered(site: Site) -> None:
    sites.set_domains(site, ["a.example", "b.example"], by=BY)
    sites.set_domains(site, ["b.example", "c.example"], by=BY)
    assert [each.domain for each in site.domains.all()] == ["b.example", "c.example"]
    sites.set_domains(site, ["b.example", "c.example"], by=BY)
    assert trail(site) == ["site.domains", "site.domains"]


def test_a_logo_is_stored_with_its_icon_and_replaced(site: Site) -> None:
    sites.set_logo(site, images.encode_logo(drawn()), by=BY)
    first = Site.objects.get(pk=site.pk)
    assert {image.hash for image in SiteImage.objects.all()} == {first.logo_hash, first.icon_hash}
    sites.set_logo(site, images.encode_logo(drawn(colour="#b3261e")), by=BY)
    second = Site.objects.get(pk=site.pk)
    assert second.logo_hash != first.logo_hash
    assert SiteImage.objects.count() == 2
    sites.set_logo(site, None, by=BY)
    assert not SiteImage.objects.exists()
    assert trail(site) == ["site.brand"] * 3


def test_a_legal_text_is_kept_by_language_and_taken_away(site: Site) -> None:
    sites.set_text(site, "terms", "en", "# Terms\r\n\r\nBe nice.", by=BY)
    sites.set_text(site, "terms", "zh-hant", "請友善。", by=BY)
    sites.set_text(site, "terms", "en", "# Terms\n\nBe nice.", by=BY)  # the same: no record
    assert SiteText.objects.get(language="en").body == "# Terms\n\nBe nice."
    sites.set_text(site, "terms", "en", "", by=BY)
    assert [text.language for text in SiteText.objects.all()] == ["zh-hant"]
    assert trail(site) == ["site.text"] * 3


def test_a_site_is_suspended_with_a_reason_and_resumed(site: Site, acme: Organization) -> None:
    sites.set_active(site, is_active=False, by=BY, reason="unpaid")
    sites.set_active(site, is_active=False, by=BY)
    sites.set_active(site, is_active=True, by=BY)
    assert trail(site) == ["site.suspend", "site.resume"]
    assert AuditRecord.objects.get(action="site.suspend").reason == "unpaid"
