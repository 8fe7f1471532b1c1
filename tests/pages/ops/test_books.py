"""The page of the books shows what differs, who is frozen, what waits, and the way out of each."""

from typing import Any

import pytest
from django.test import Client
from redis import Redis

from accounts.models import AuditRecord, Organization
from billing import connections, drift, events, posting, quarantine, tasks
from billing.gate.types import HoldState, UsageEvent
from billing.models import Freeze, QuarantinedEvent, UsageRecord
from billing.pricing import Buckets
from billing.reports import jobs
from tests.factories import calls
from tests.factories.billing import default_price, usage_event

PAGE = "/ops/books"


def text_of(client: Client, path: str = PAGE) -> str:
    return client.get(path).content.decode()


def test_it_shows_differences_frozen_organizations_and_quarantine(
    operator: Client, gate: Redis, acme: Organization
) -> None:
    calls.trouble(acme)
    page = text_of(operator)
    for words in ("1 difference", "4 nanos available", "Frozen organizations", "req_spoiled"):
        assert words in page
    assert "It has not run yet." in page  # the full audit


def test_it_opens_with_redis_out_of_reach(
    operator: Client, acme: Organization, settings: Any
) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    connections.redis.cache_clear()
    try:
        assert "no answer" in text_of(operator)
    finally:
        connections.redis.cache_clear()


def test_the_button_has_a_worker_audit_the_books(operator: Client, gate: Redis) -> None:
    waiting = jobs.queued() or 0
    assert operator.post(f"{PAGE}/audit").status_code == 302
    assert jobs.queued() == waiting + 1
    assert AuditRecord.objects.get(action="job.start").target_id == tasks.audit_books.name
    tasks.audit_books()  # the worker's part, run here
    assert "agrees" in text_of(operator)


def test_a_frozen_organization_is_let_go_with_a_reason_only(
    operator: Client, gate: Redis, acme: Organization
) -> None:
    calls.trouble(acme)
    address = f"{PAGE}/frozen/{acme.pk}/lift"
    operator.post(address, {"reason": " "})
    acme.refresh_from_db()
    assert acme.is_frozen
    operator.post(address, {"reason": "gate rebuilt"})
    acme.refresh_from_db()
    assert not acme.is_frozen
    freeze = Freeze.objects.get()
    assert freeze.lifted_by is not None
    assert (freeze.lift_reason, freeze.lifted_by.email) == ("gate rebuilt", "op@example.com")
    assert (
        "Somebody else did that already."
        in operator.post(address, {"reason": "again"}, follow=True).content.decode()
    )


def test_a_customer_sees_that_it_is_frozen(owner: Client, gate: Redis, acme: Organization) -> None:
    calls.trouble(acme)
    page = text_of(owner, "/app/")
    assert "This organization is frozen." in page
    assert "4 nanos" not in page


def set_aside(organization: Organization, *, spoil: bool = False) -> QuarantinedEvent:
    """A sound event that an earlier version could not read, say."""
    version = default_price()
    event = usage_event(organization, version=version, tokens=Buckets(input=1000))
    payload = b"{}" if spoil else events.encode(event)
    gate_event = UsageEvent(
        stream_id="1-1",
        request_id=event.request_id,
        organization=organization.pk,
        key="key",
        debited_nanos=100_000,
        written_off_nanos=0,
        state=HoldState.SETTLED,
        ending="completed",
        event=payload,
    )
    for _ in range(2):
        quarantine.put(organization.site_id, [(gate_event, "unreadable")])
    return QuarantinedEvent.objects.get(request_id=event.request_id)


@pytest.mark.django_db(transaction=True)
def test_a_retried_event_is_charged_once(operator: Client, gate: Redis, acme: Organization) -> None:
    row = set_aside(acme)
    for _ in range(2):
        operator.post(f"{PAGE}/events/{row.pk}/retry")
    posting.drain(acme.site_id, "worker", until_s=0)
    assert UsageRecord.objects.get().charge_nanos == 100_000
    row.refresh_from_db()
    assert row.outcome == "retried"
    assert drift.audit_all().is_ok


@pytest.mark.django_db(transaction=True)
def test_an_event_that_is_still_spoiled_comes_back_and_nobody_pays(
    operator: Client, gate: Redis, acme: Organization
) -> None:
    row = set_aside(acme, spoil=True)
    operator.post(f"{PAGE}/events/{row.pk}/retry")
    posting.drain(acme.site_id, "worker", until_s=0)
    assert QuarantinedEvent.objects.filter(outcome="").count() == 1
    assert UsageRecord.objects.count() == 0
    assert drift.audit_all().is_ok


def test_a_retry_while_the_gate_remembers_the_call_has_to_wait(
    operator: Client, gate: Redis, acme: Organization
) -> None:
    row = set_aside(acme)
    gate.hset(
        f"tg:{{{acme.site_id}}}:hold:{row.request_id}",
        mapping={"state": "settled", "organization": acme.pk, "key": "key", "budgets": "x"},
    )
    page = operator.post(f"{PAGE}/events/{row.pk}/retry", follow=True).content.decode()
    assert "wait until five minutes" in page
    row.refresh_from_db()
    assert row.outcome == ""


def test_an_event_is_discarded_with_a_reason_only(
    operator: Client, gate: Redis, acme: Organization
) -> None:
    row = set_aside(acme)
    address = f"{PAGE}/events/{row.pk}/discard"
    operator.post(address)
    row.refresh_from_db()
    assert row.outcome == ""
    operator.post(address, {"reason": "a test of ours"})
    row.refresh_from_db()
    assert (row.outcome, row.decision_reason) == ("discarded", "a test of ours")
    assert gate.xlen(f"tg:{{{acme.site_id}}}:usage") == 0
