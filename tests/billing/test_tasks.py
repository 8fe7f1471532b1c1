"""The tasks do the whole site's round, and wait out an outage without an error."""

import time

import pytest
from django.conf import settings
from redis import Redis

from accounts.models import Organization
from billing import connections, tasks
from billing.gate.keys import holds_key
from billing.models import BlockEpisode, CreditOutbox, UsageRecord
from config.celery import app
from tests.factories import accounts
from tests.factories.billing import append_usage, default_price, usage_event
from tests.factories.refusals import append, refusal

transactional = pytest.mark.django_db(transaction=True)


@transactional
def test_every_tick_of_the_schedule_is_a_task_that_runs(gate: Redis, acme: Organization) -> None:
    append_usage(usage_event(acme, version=default_price()), debited_nanos=0)
    append(acme.site_id, refusal(acme))
    CreditOutbox.objects.update(applied_at=None)
    app.loader.import_default_modules()  # as a worker does when it starts
    names = [str(tick["task"]) for tick in settings.CELERY_BEAT_SCHEDULE.values()]
    for name in names:
        app.tasks[name].run()
    assert UsageRecord.objects.count() == 1
    assert BlockEpisode.objects.count() == 1
    assert not CreditOutbox.objects.filter(applied_at=None).exists()


@transactional
def test_one_site_s_closed_gate_holds_up_no_other(gate: Redis, acme: Organization) -> None:
    """`a-closed` comes first in every order."""
    elsewhere = accounts.organization("Elsewhere", on=accounts.site("a-closed", name="A"))
    append_usage(usage_event(elsewhere), debited_nanos=0)
    gate.zadd(holds_key("a-closed"), {"req_x": 1})
    append_usage(usage_event(acme), debited_nanos=0)
    tasks.reap_holds()
    tasks.post_usage()
    assert UsageRecord.objects.get().organization == acme


@transactional
def test_with_redis_out_of_reach_a_tick_ends_soon_and_quietly(
    acme: Organization, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(settings, "REDIS_URL", "redis://127.0.0.1:1/0")
    connections.redis.cache_clear()
    began = time.monotonic()
    try:
        for task in (tasks.post_usage, tasks.post_refusals, tasks.apply_credits):
            task()
        tasks.reap_holds()
        tasks.open_gates()
    finally:
        connections.redis.cache_clear()
    assert time.monotonic() - began < 10
    assert "must wait" in caplog.text
