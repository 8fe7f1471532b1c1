"""Write notes and tags of a customer, for staff's eyes. Never changes what the customer may do."""

from django.db import transaction

from accounts import audit
from accounts.errors import AccountsError
from accounts.models import CustomerNote, CustomerTag, Organization

TEXT_CHARS_MAX = 2000  # the column's
TAG_CHARS_MAX = 40  # the column's
# Words to sort customers by, not a description.
TAGS_MAX = 10
# What one customer's page can list; beyond it notes belong into a system of tickets.
NOTES_MAX = 500


class NoteRefused(AccountsError):
    """Too long, too many, or nothing."""

    code = "note_refused"


@transaction.atomic
def add(organization: Organization, text: str, *, by: audit.Actor) -> CustomerNote:
    """One more note. Raises NoteRefused."""
    clean = text.replace("\0", "").strip()
    is_full = organization.notes.count() >= NOTES_MAX
    if not 0 < len(clean) <= TEXT_CHARS_MAX or is_full:
        raise NoteRefused(f"a note has 1 to {TEXT_CHARS_MAX} characters")
    row = CustomerNote.objects.create(organization=organization, text=clean, author=by.user)
    audit.record(by, "note.add", organization, organization=organization)
    return row


@transaction.atomic
def set_tags(organization: Organization, names: list[str], *, by: audit.Actor) -> list[str]:
    """The whole list, lower case, sorted; the same again is no change. Raises NoteRefused."""
    wanted = sorted({name.replace("\0", "").strip().lower() for name in names} - {""})
    if len(wanted) > TAGS_MAX or any(len(name) > TAG_CHARS_MAX for name in wanted):
        raise NoteRefused(f"at most {TAGS_MAX} tags of {TAG_CHARS_MAX} characters")
    Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
    before = tags_of(organization)
    if wanted != before:
        CustomerTag.objects.filter(organization=organization).delete()
        CustomerTag.objects.bulk_create(
            CustomerTag(organization=organization, name=name) for name in wanted
        )
        audit.record(
            by,
            "customer.tag",
            organization,
            organization=organization,
            before={"tags": before},
            after={"tags": wanted},
        )
    return wanted


def tags_of(organization: Organization) -> list[str]:
    """Sorted."""
    return sorted(organization.tags.values_list("name", flat=True))
