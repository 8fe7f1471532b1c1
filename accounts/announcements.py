"""Draft, publish and resolve announcements, and find those that a site's readers see now.

An announcement without a site is the operators' and shows on every site; a site's staff only ever
change their own. Each change leaves one audit record.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone, translation

from accounts import audit, site_values
from accounts.models import Announcement, Site
from accounts.models.sites import LANGUAGES
from accounts.site_values import SiteRefused

TITLE_CHARS_MAX = 120
BODY_CHARS_MAX = 4_000
MODELS_MAX = 50
# A reader takes in two; the status page has the rest.
BANNERS_MAX = 2
# What a page of the past shows.
LISTED_MAX = 100
_FIELDS = ("kind", "title", "body", "model_ids", "starts_at", "ends_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What an announcement says. Texts are by language; one of them is enough."""

    kind: str
    title: Mapping[str, str]
    body: Mapping[str, str] = field(default_factory=dict)
    model_ids: Sequence[str] = ()
    starts_at: datetime
    ends_at: datetime | None = None


@transaction.atomic
def create(
    site: Site | None, draft: Draft, *, by: audit.Actor, announcement_id: str = ""
) -> Announcement:
    """A draft, which nobody sees yet. Raises SiteRefused."""
    row = Announcement(site=site, **_checked(draft))
    if announcement_id:
        row.pk = site_values.slug(announcement_id)
    row.save(force_insert=True)
    audit.record(by, "announcement.create", row, site=site, after=audit.fields_of(row, *_FIELDS))
    return row


@transaction.atomic
def change(announcement: Announcement, draft: Draft, *, by: audit.Actor) -> Announcement:
    """Say something else; also while it is published. Raises SiteRefused."""
    row = _locked(announcement)
    before = audit.fields_of(row, *_FIELDS)
    for name, value in _checked(draft).items():
        setattr(row, name, value)
    after = audit.fields_of(row, *_FIELDS)
    if after != before:
        row.save()
        audit.record(by, "announcement.change", row, site=row.site, before=before, after=after)
    return row


@transaction.atomic
def set_state(announcement: Announcement, state: str, *, by: audit.Actor) -> None:
    """Publish, resolve, or take back to a draft. Repeating it changes nothing."""
    if state not in Announcement.State.values:
        raise SiteRefused("state", "bad_state")
    row = _locked(announcement)
    if row.state == state:
        return
    before = audit.fields_of(row, "state")
    row.state = state
    row.resolved_at = timezone.now() if state == Announcement.State.RESOLVED else None
    row.save(update_fields=["state", "resolved_at"])
    after = audit.fields_of(row, "state")
    audit.record(by, "announcement.state", row, site=row.site, before=before, after=after)


def shown(site: Site, now: datetime) -> list[Announcement]:
    """Published ones of this site and of all that have begun and not ended; incidents first."""
    rows = _of(site).filter(state=Announcement.State.PUBLISHED, starts_at__lte=now)
    rows = rows.filter(Q(ends_at=None) | Q(ends_at__gt=now)).order_by("-starts_at")
    rank = {Announcement.Kind.INCIDENT: 0, Announcement.Kind.MAINTENANCE: 1}
    return sorted(rows[:LISTED_MAX], key=lambda row: rank.get(Announcement.Kind(row.kind), 2))


def told(site: Site, since: datetime, now: datetime) -> list[Announcement]:
    """What the status page tells: everything published or resolved since, the latest first, and
    maintenance to come."""
    rows = _of(site).exclude(state=Announcement.State.DRAFT)
    rows = rows.filter(
        Q(starts_at__gte=since) | Q(state=Announcement.State.PUBLISHED, ends_at=None)
    )
    is_to_come = Q(starts_at__gt=now) & ~Q(kind=Announcement.Kind.MAINTENANCE)
    return list(rows.exclude(is_to_come).order_by("-starts_at")[:LISTED_MAX])


def of_staff(site: Site | None) -> QuerySet[Announcement]:
    """Those that a site's staff may change; None: every one, for operators."""
    rows = Announcement.objects.select_related("site").order_by("-created_at")
    return rows if site is None else rows.filter(site=site)


def worded(texts: Mapping[str, str], site: Site) -> str:
    """In the reader's language, else the site's, else whichever there is."""
    wanted = (translation.get_language() or "", site.language, *texts)
    return next((texts[language] for language in wanted if texts.get(language)), "")


def _of(site: Site) -> QuerySet[Announcement]:
    return Announcement.objects.filter(Q(site=site) | Q(site=None))


def _checked(draft: Draft) -> dict[str, Any]:
    if draft.kind not in Announcement.Kind.values:
        raise SiteRefused("kind", "bad_kind")
    if draft.ends_at is not None and draft.ends_at <= draft.starts_at:
        raise SiteRefused("ends_at", "ends_before_it_starts")
    title = {
        language: site_values.line("title", text, TITLE_CHARS_MAX)
        for language, text in _texts("title", draft.title)
    }
    if not any(title.values()):
        raise SiteRefused("title", "bad_text")
    if len(draft.model_ids) > MODELS_MAX:
        raise SiteRefused("model_ids", "too_many")
    return {
        "kind": draft.kind,
        "title": {language: text for language, text in title.items() if text},
        "body": {
            language: site_values.body(text, "body", BODY_CHARS_MAX)
            for language, text in _texts("body", draft.body)
            if text.strip()
        },
        "model_ids": sorted(set(draft.model_ids)),
        "starts_at": draft.starts_at,
        "ends_at": draft.ends_at,
    }


def _texts(name: str, texts: Mapping[str, str]) -> list[tuple[str, str]]:
    known = [code for code, _name in LANGUAGES]
    if not set(texts) <= set(known):
        raise SiteRefused(name, "bad_language")
    return [(code, texts[code]) for code in known if code in texts]


def _locked(announcement: Announcement) -> Announcement:
    rows = Announcement.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("site").get(pk=announcement.pk)
