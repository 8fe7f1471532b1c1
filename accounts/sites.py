"""Make and change sites: what they are called, where they answer, how they look, who may join.

Every change is validated here, is one transaction and leaves one audit record; relays hear of it
from Postgres. What a site sells and charges is billing's, how it words errors the relay's.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db import transaction

from accounts import audit, images, site_values
from accounts.models import Site, SiteDomain, SiteImage, SiteText
from accounts.models.sites import LANGUAGES
from accounts.site_values import SiteRefused

# Field → what checks it. Nothing else of a site is changed by `change`.
CHECKS: Mapping[str, Callable[[Any], Any]] = {
    "name": lambda value: site_values.line(
        "name", value, site_values.NAME_CHARS_MAX, is_required=True
    ),
    "currency": site_values.currency,
    "time_zone": site_values.time_zone,
    "language": lambda value: site_values.languages([value])[0],
    "languages": site_values.languages,
    "sign_up": site_values.sign_up,
    "support_contact": lambda value: site_values.line(
        "support_contact", value, site_values.CONTACT_CHARS_MAX
    ),
    "footer": site_values.footer,
    "sender_name": lambda value: site_values.line("sender_name", value, site_values.NAME_CHARS_MAX),
    "sender_address": site_values.address,
}


@transaction.atomic
def create(
    site_id: str,
    *,
    name: str,
    domains: Sequence[str],
    currency: str,
    language: str,
    time_zone: str,
    by: audit.Actor,
) -> Site:
    """A new site, which sells nothing yet. Raises SiteRefused."""
    if Site.objects.filter(pk=site_values.slug(site_id)).exists():
        raise SiteRefused("id", "id_taken")
    values = {"name": name, "currency": currency, "language": language, "time_zone": time_zone}
    site = Site.objects.create(
        pk=site_id, **{field: CHECKS[field](value) for field, value in values.items()}
    )
    _write_domains(site, site_values.domains(domains))
    audit.record(by, "site.create", site, site=site, after={**values, "domains": list(domains)})
    return site


@transaction.atomic
def change(site: Site, changes: Mapping[str, Any], *, by: audit.Actor) -> Site:
    """Set the named fields (of CHECKS) and answer the site as it is now; the same again is no
    change. Raises SiteRefused, also for a currency once there are customers."""
    row = _locked(site)
    values = {field: CHECKS[field](value) for field, value in changes.items()}
    if values.get("currency", row.currency) != row.currency and row.organizations.exists():
        raise SiteRefused("currency", "currency_fixed")
    before = audit.fields_of(row, *values)
    for field, value in values.items():
        setattr(row, field, value)
    if row.language not in row.languages:
        raise SiteRefused("language", "language_not_offered")
    _save(row, "site.change", before, by=by)
    return row


@transaction.atomic
def set_domains(site: Site, domains: Sequence[str], *, by: audit.Actor) -> None:
    """The whole list, the one for links first. Raises SiteRefused if one is another site's."""
    wanted = site_values.domains(domains)
    row = _locked(site)
    before = [domain.domain for domain in row.domains.all()]
    if wanted == before:
        return
    if SiteDomain.objects.filter(domain__in=wanted).exclude(site=row).exists():
        raise SiteRefused("domains", "domain_taken")
    row.domains.all().delete()
    _write_domains(row, wanted)
    after = {"domains": wanted}
    audit.record(by, "site.domains", row, site=row, before={"domains": before}, after=after)


@transaction.atomic
def set_accent(site: Site, light: str, dark: str = "", *, by: audit.Actor) -> None:
    """The accent of both themes; two empty ones bring ours back. Raises SiteRefused where it could
    not be read."""
    accent = site_values.accent(light, dark)
    row = _locked(site)
    before = audit.fields_of(row, "accent", "accent_dark")
    row.accent, row.accent_dark = (accent.light, accent.dark) if accent else ("", "")
    _save(row, "site.brand", before, by=by)


@transaction.atomic
def set_logo(site: Site, logo: images.Logo | None, *, by: audit.Actor) -> None:
    """A logo of `images.encode_logo`, and the icon made from it; None takes both away."""
    row = _locked(site)
    before = audit.fields_of(row, "logo_hash", "icon_hash")
    place_logo(row, logo)
    _save(row, "site.brand", before, by=by)


def place_logo(row: Site, logo: images.Logo | None) -> None:
    """Keep these pictures and no others. The row is the caller's to save and to put on record."""
    pictures = [logo.logo, logo.icon] if logo else []
    row.logo_hash = logo.logo.hash if logo else ""
    row.icon_hash = logo.icon.hash if logo else ""
    row.images.exclude(hash__in=[picture.hash for picture in pictures]).delete()
    for picture in pictures:
        SiteImage.objects.get_or_create(
            site=row, hash=picture.hash, defaults={"content": picture.content}
        )


@transaction.atomic
def set_text(site: Site, kind: str, language: str, body: str, *, by: audit.Actor) -> None:
    """A legal text in one language; an empty one takes it away. Raises SiteRefused."""
    text = site_values.body(body)
    if kind not in SiteText.Kind.values:
        raise SiteRefused("kind", "bad_kind")
    if language not in dict(LANGUAGES):
        raise SiteRefused("language", "bad_language")
    row = _locked(site)
    found = SiteText.objects.filter(site=row, kind=kind, language=language)
    before = found.values_list("body", flat=True).first() or ""
    if text == before:
        return
    if text:
        SiteText.objects.update_or_create(
            site=row, kind=kind, language=language, defaults={"body": text}
        )
    else:
        found.delete()
    name = f"{kind}.{language}"
    audit.record(by, "site.text", row, site=row, before={name: before}, after={name: text})


@transaction.atomic
def set_active(site: Site, *, is_active: bool, by: audit.Actor, reason: str = "") -> None:
    """Suspend a site (its pages say so, its keys are refused with 403 within a second; calls under
    way finish) or resume it. Repeating it changes nothing."""
    row = _locked(site)
    before = audit.fields_of(row, "is_active")
    row.is_active = is_active
    action = "site.resume" if is_active else "site.suspend"
    _save(row, action, before, by=by, reason=reason)


def _locked(site: Site) -> Site:
    """The row as it is now: two who change a site at once do it one after the other."""
    return Site.objects.select_for_update(no_key=True).get(pk=site.pk)


def _write_domains(site: Site, domains: Sequence[str]) -> None:
    if SiteDomain.objects.filter(domain__in=domains).exists():
        raise SiteRefused("domains", "domain_taken")
    SiteDomain.objects.bulk_create(
        SiteDomain(domain=domain, site=site, position=position)
        for position, domain in enumerate(domains)
    )


def _save(
    row: Site, action: str, before: Mapping[str, Any], *, by: audit.Actor, reason: str = ""
) -> None:
    """Store the fields of `before` and say who changed them; nothing when none differs."""
    after = audit.fields_of(row, *before)
    if after == before:
        return
    row.save(update_fields=list(before))
    audit.record(by, action, row, site=row, before=before, after=after, reason=reason)
