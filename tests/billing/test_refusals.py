"""Refusals become episodes and a sampled log, each counted once, and end when they are cured."""

from datetime import timedelta

import pytest
from django.db.models import Sum
from redis import Redis

from accounts.models import ApiKey, Organization
from billing import connections, credits, posting, reaper, refusals
from billing.events import REFUSALS_STREAM
from billing.models import BlockEpisode, Refusal
from billing.refusal_log import RefusalLog
from billing.signals import refusals_posted
from tests.factories import accounts
from tests.factories.billing import UNIT, append_usage, usage_event
from tests.factories.refusals import NOON, append, refusal
from tests.factories.threads import together

transactional = pytest.mark.django_db(transaction=True)


def count(organization: Organization) -> int:
    return refusals.drain(organization.site_id)


def pass_call(
    organization: Organization, key: ApiKey | None = None, *, seconds: int, model: str = "small"
) -> None:
    """A Call admitted at noon + `seconds` completes and is posted."""
    at_ms = int((NOON + timedelta(seconds=seconds)).timestamp()) * 1000
    event = usage_event(organization, key=key, admitted_at_ms=at_ms, model=model, cost_nanos=0)
    append_usage(event, debited_nanos=0)
    posting.drain(organization.site_id, "worker", until_s=0)


@pytest.fixture
def other_key(acme: Organization) -> ApiKey:
    return accounts.api_key(acme, name="other")


@transactional
def test_an_episode_opens_with_the_first_refusal_and_counts_the_rest(
    gate: Redis, acme: Organization, acme_key: ApiKey, other_key: ApiKey
) -> None:
    append(acme.site_id, refusal(acme, acme_key), refusal(acme, other_key, seconds=9, times=36))
    assert count(acme) == 2
    episode = BlockEpisode.objects.get()
    assert (episode.code, episode.status, episode.refused_count) == (
        "credit_balance_exhausted",
        402,
        37,
    )
    assert (episode.opened_at, episode.last_at) == (NOON, NOON + timedelta(seconds=9))
    assert (episode.api_key, episode.model, episode.closed_at) == (None, "", None)
    assert episode.refusals.latest("at").api_key == other_key


@transactional
def test_causes_of_a_key_or_a_model_make_episodes_of_their_own(
    gate: Redis, acme: Organization, acme_key: ApiKey, other_key: ApiKey
) -> None:
    for key in (acme_key, other_key):
        append(acme.site_id, refusal(acme, key, code="key_budget_exceeded"))
        for model in ("small", "large"):
            append(acme.site_id, refusal(acme, key, code="model_not_allowed", model=model))
    count(acme)
    scopes = BlockEpisode.objects.values_list("code", "api_key", "model")
    assert set(scopes) == {
        (code, key.pk, model)
        for key in (acme_key, other_key)
        for code, model in (
            ("key_budget_exceeded", ""),
            ("model_not_allowed", "small"),
            ("model_not_allowed", "large"),
        )
    }


@transactional
def test_the_log_keeps_five_rows_and_then_one_a_minute_that_stands_for_all(
    gate: Redis, acme: Organization
) -> None:
    for second in (*range(30), *range(60, 70)):
        append(acme.site_id, refusal(acme, seconds=second))
        if second % 7 == 0:
            count(acme)
    count(acme)
    rows = list(Refusal.objects.order_by("at").values_list("multiplier", flat=True))
    assert rows == [1, 1, 1, 1, 1, 25, 10]
    assert BlockEpisode.objects.get().refused_count == 40


@transactional
def test_the_caller_s_own_errors_are_logged_thinly_and_block_nobody(
    gate: Redis, acme: Organization
) -> None:
    for number in range(20):
        event = refusal(acme, code="model_not_found", status=404, model=f"typo-{number}")
        append(acme.site_id, event)
    count(acme)
    assert BlockEpisode.objects.count() == 0
    assert Refusal.objects.count() == 6
    assert Refusal.objects.aggregate(Sum("multiplier"))["multiplier__sum"] == 20


@transactional
def test_nothing_counts_twice_when_a_worker_dies_before_it_clears_the_stream(
    gate: Redis, acme: Organization
) -> None:
    append(acme.site_id, refusal(acme, times=3))
    stream = REFUSALS_STREAM % acme.site_id
    kept = gate.dump(stream) or b""
    count(acme)
    gate.restore(stream, 0, kept, replace=True)
    assert count(acme) == 0
    assert BlockEpisode.objects.get().refused_count == 3


@transactional
def test_nothing_is_lost_when_a_worker_dies_before_the_commit(
    gate: Redis, acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(acme.site_id, refusal(acme, times=3))

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(RefusalLog, "save", die)
        with pytest.raises(KeyboardInterrupt):
            count(acme)
    assert BlockEpisode.objects.count() == 0
    assert count(acme) == 1
    assert BlockEpisode.objects.get().refused_count == 3


@transactional
def test_many_workers_count_each_refusal_once(gate: Redis, acme: Organization) -> None:
    append(acme.site_id, *(refusal(acme, seconds=each) for each in range(50)))
    together([lambda: count(acme)] * 6)
    count(acme)
    assert BlockEpisode.objects.get().refused_count == 50


@transactional
def test_an_entry_that_makes_no_sense_is_passed_over_with_an_alarm(
    gate: Redis, acme: Organization, caplog: pytest.LogCaptureFixture
) -> None:
    gate.xadd(REFUSALS_STREAM % acme.site_id, {"event": b"{"})
    gate.xadd(REFUSALS_STREAM % acme.site_id, {"event": b'{"organization": 1}'})
    append(acme.site_id, refusal(acme))
    count(acme)
    assert BlockEpisode.objects.get().refused_count == 1
    assert "can't be read" in caplog.text


@transactional
def test_a_refusal_of_another_site_s_organization_or_an_unknown_key_changes_nothing_of_theirs(
    gate: Redis, acme: Organization, globex: Organization
) -> None:
    stranger = accounts.organization("Elsewhere", on=accounts.site("other", name="Other"))
    globex_key = accounts.api_key(globex)
    append(acme.site_id, refusal(stranger))
    append(acme.site_id, refusal(acme, globex_key, code="key_budget_exceeded"))
    count(acme)
    assert BlockEpisode.objects.get().organization == acme
    assert Refusal.objects.get().api_key is None


@transactional
def test_a_call_that_passes_after_the_last_refusal_ends_the_episode(
    gate: Redis, acme: Organization
) -> None:
    append(acme.site_id, refusal(acme, seconds=10))
    count(acme)
    pass_call(acme, seconds=5)
    assert BlockEpisode.objects.get().closed_at is None
    pass_call(acme, seconds=15)
    assert BlockEpisode.objects.get().closed_at is not None


@transactional
def test_a_call_that_was_posted_before_the_refusal_was_counted_ends_it_too(
    gate: Redis, acme: Organization
) -> None:
    pass_call(acme, seconds=15)
    append(acme.site_id, refusal(acme, seconds=10))
    count(acme)
    assert BlockEpisode.objects.get().closed_at is not None


@transactional
def test_only_the_key_or_model_that_was_refused_ends_its_episode(
    gate: Redis, acme: Organization, acme_key: ApiKey, other_key: ApiKey
) -> None:
    append(acme.site_id, refusal(acme, acme_key, code="key_budget_exceeded"))
    append(acme.site_id, refusal(acme, code="no_upstream_available", status=503, model="large"))
    count(acme)
    pass_call(acme, other_key, seconds=1)
    assert BlockEpisode.objects.filter(closed_at=None).count() == 2
    pass_call(acme, acme_key, seconds=2)
    assert BlockEpisode.objects.get(closed_at=None).code == "no_upstream_available"
    pass_call(acme, other_key, seconds=3, model="large")
    assert BlockEpisode.objects.filter(closed_at=None).count() == 0


@transactional
def test_a_rate_limit_is_no_news_after_a_quarter_of_an_hour_and_not_before(
    gate: Redis, acme: Organization, acme_key: ApiKey
) -> None:
    append(acme.site_id, refusal(acme, acme_key, code="rate_limit_exceeded", status=429))
    append(acme.site_id, refusal(acme))
    count(acme)
    pass_call(acme, acme_key, seconds=1)
    assert BlockEpisode.objects.filter(code="rate_limit_exceeded", closed_at=None).exists()
    reaper.close_silent_episodes()
    assert not BlockEpisode.objects.filter(code="rate_limit_exceeded", closed_at=None).exists()


@transactional
def test_a_top_up_ends_the_episode_of_an_empty_balance(gate: Redis, zero: Organization) -> None:
    append(zero.site_id, refusal(zero))
    count(zero)
    credits.top_up(zero, amount_nanos=UNIT, reason="paid", external_id="pay-1")
    assert BlockEpisode.objects.get().closed_at is not None
    append(zero.site_id, refusal(zero, seconds=1))  # from before the top-up, counted late
    count(zero)
    assert BlockEpisode.objects.get().refused_count == 2


@transactional
def test_pages_hear_of_refusals(gate: Redis, acme: Organization) -> None:
    heard: list[frozenset[str]] = []

    def listen(organization_ids: frozenset[str], **_: object) -> None:
        heard.append(organization_ids)

    refusals_posted.connect(listen)
    try:
        append(acme.site_id, refusal(acme))
        count(acme)
    finally:
        refusals_posted.disconnect(listen)
    assert heard == [frozenset({acme.pk})]
    assert connections.redis().xlen(REFUSALS_STREAM % acme.site_id) == 0
