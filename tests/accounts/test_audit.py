"""The trail of changes holds what differs and is never rewritten."""

import pytest
from django.db import IntegrityError, transaction
from django.test import RequestFactory

from accounts import audit
from accounts.models import AuditRecord, Organization, User, Via

pytestmark = pytest.mark.django_db


def test_only_the_fields_that_differ_are_kept(acme: Organization) -> None:
    before = audit.fields_of(acme, "name", "time_zone")
    acme.time_zone = "Asia/Shanghai"
    row = audit.record(
        audit.command("rename"),
        "organization.change",
        acme,
        organization=acme,
        before=before,
        after=audit.fields_of(acme, "name", "time_zone"),
    )
    row.refresh_from_db()
    assert (row.before, row.after) == ({"time_zone": "UTC"}, {"time_zone": "Asia/Shanghai"})
    assert (row.target_id, row.target_name, row.site_id) == (acme.pk, acme.name, acme.site_id)


def test_who_acted_outlives_the_user(acme: Organization) -> None:
    user = User.objects.create_user("ann@acme.test")
    request = RequestFactory().get("/", REMOTE_ADDR="203.0.113.7")
    request.user = user
    audit.record(audit.actor_of(request), "key.create", organization=acme)
    user.delete()
    row = AuditRecord.objects.get()
    assert (row.actor_name, row.via, row.ip) == ("ann@acme.test", Via.PAGE, "203.0.113.7")


@pytest.mark.parametrize("act", ["update", "delete"])
def test_a_row_is_neither_changed_nor_deleted(act: str) -> None:
    audit.record(audit.command("try"), "nothing.much")
    rows = AuditRecord.objects.all()
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.update(reason="other") if act == "update" else rows.delete()
    assert AuditRecord.objects.get().reason == ""
