"""The announcements of a file. Times are ISO 8601 with an offset, in quotes."""

from collections.abc import Callable
from datetime import datetime

from accounts import announcements
from accounts.models import Announcement
from relay.catalog import values
from relay.catalog.document import AnnouncementSpec, Unset
from relay.catalog.sections import Section
from relay.catalog.site_section import by_language


def read(section: Section, announcement_id: str) -> AnnouncementSpec:
    """An entry of `announcements`."""
    return AnnouncementSpec(
        id=announcement_id,
        site=_site(section),
        kind=section.text("kind", _one_of(Announcement.Kind.values)),
        state=section.text("state", _one_of(Announcement.State.values)),
        title=by_language(section, "title", values.text(announcements.TITLE_CHARS_MAX)),
        body=by_language(section, "body", _body),
        model_ids=section.texts("models", values.model_id),
        starts_at=section.text("starts_at", values.instant),
        ends_at=_end(section),
    )


def _site(section: Section) -> str | Unset | None:
    return None if section.is_null("site") else section.text("site", values.slug)


def _end(section: Section) -> datetime | Unset | None:
    return None if section.is_null("ends_at") else section.text("ends_at", values.instant)


def _body(text: str) -> str:
    if len(text) > announcements.BODY_CHARS_MAX:
        raise ValueError(f"longer than {announcements.BODY_CHARS_MAX} characters")
    return text.strip()


def _one_of(options: list[str]) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in options:
            raise ValueError(f"{value!r} is not one of {', '.join(options)}")
        return value

    return parse
