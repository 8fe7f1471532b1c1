"""A site's error contract as its staff change it: the preset, and what differs from it by cause.

What the rows mean is `relay.proxy.error_contract`; running relays take a change within a second.
"""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from accounts import audit
from accounts.models import Site
from accounts.models.sites import LANGUAGES
from accounts.site_values import SiteRefused, line
from relay.catalog import values
from relay.catalog.error_rows import MESSAGE_CHARS_MAX, WORD_CHARS_MAX
from relay.proxy import error_contract


@transaction.atomic
def set_preset(site: Site, preset: str, *, by: audit.Actor) -> None:
    """Another file of deploy/sites/. What differs by cause stays. Raises SiteRefused."""
    if preset not in values.known_presets():
        raise SiteRefused("preset", "no_such_preset")
    _set(site, {"preset": preset}, by=by)


@transaction.atomic
def set_no_credit_status(site: Site, status: int | None, *, by: audit.Actor) -> None:
    """402, 403 or 429 for a spent balance or budget; None leaves it to the preset."""
    if status is not None and status not in Site.NoCreditStatus.values:
        raise SiteRefused("no_credit_status", "bad_status")
    _set(site, {"no_credit_status": status}, by=by)


@transaction.atomic
def set_override(site: Site, cause: str, row: Mapping[str, Any], *, by: audit.Actor) -> None:
    """What the site says of one cause: status, type, code, message by language. An empty row takes
    it back to the preset's. Raises SiteRefused."""
    checked = check_row(cause, row)
    stored = Site.objects.select_for_update(no_key=True).get(pk=site.pk).error_overrides
    overrides = {name: kept for name, kept in stored.items() if name != cause}
    if checked:
        overrides[cause] = checked
    _set(site, {"error_overrides": overrides}, by=by)


def check_row(cause: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """The row as it is stored, without what is empty. Raises SiteRefused."""
    message = row.get("message") or {}
    if not set(message) <= {code for code, _name in LANGUAGES}:
        raise SiteRefused("message", "bad_language")
    checked = {
        "status": row.get("status") or None,
        "type": line("type", row.get("type") or "", WORD_CHARS_MAX),
        "code": line("code", row.get("code") or "", WORD_CHARS_MAX),
        "message": {
            language: text
            for language, said in message.items()
            if (text := line("message", said, MESSAGE_CHARS_MAX))
        },
    }
    kept = {name: value for name, value in checked.items() if value}
    try:
        error_contract.from_plain(cause, kept)
    except ValueError as error:
        raise SiteRefused("status", "bad_status") from error
    return kept


def _set(site: Site, fields: Mapping[str, Any], *, by: audit.Actor) -> None:
    row = Site.objects.select_for_update(no_key=True).get(pk=site.pk)
    before = audit.fields_of(row, *fields)
    if before == fields:
        return
    for name, value in fields.items():
        setattr(row, name, value)
    row.save(update_fields=list(fields))
    audit.record(by, "site.errors", row, site=row, before=before, after=dict(fields))
