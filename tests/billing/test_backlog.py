"""The backlog tells how much usage waits and for how long, whoever should post it."""

import json
from io import StringIO

import pytest
from django.core.management import call_command
from redis import Redis

from accounts.models import Organization
from billing import backlog, posting
from billing.backlog import SiteBacklog
from tests.factories.billing import append_usage, usage_event

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_is_what_waits_until_it_is_posted(gate: Redis, acme: Organization) -> None:
    assert backlog.read() == [SiteBacklog(acme.site_id, 0, 0)]
    for _ in range(3):
        append_usage(usage_event(acme), debited_nanos=0)
    assert [site.events for site in backlog.read()] == [3]
    posting.drain(acme.site_id, "worker", until_s=0)
    assert backlog.read() == [SiteBacklog(acme.site_id, 0, 0)]


def test_what_waits_for_long_is_late(gate: Redis, acme: Organization) -> None:
    """An entry of a minute ago, by its id."""
    seconds, _ = gate.time()  # type: ignore[misc]
    gate.xadd(f"tg:{{{acme.site_id}}}:usage", {"a": "b"}, id=f"{(seconds - 60) * 1000}-0")
    out = StringIO()
    call_command("backlog", stdout=out)
    told = json.loads(out.getvalue())
    assert (told["events"], told["is_late"]) == (1, True)
    assert told["oldest_ms"] >= 59_000
    assert told["sites"] == [
        {"id": acme.site_id, "events": 1, "oldest_ms": told["sites"][0]["oldest_ms"]}
    ]
