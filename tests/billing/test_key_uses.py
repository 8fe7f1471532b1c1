"""What posting notes of a key's use: when, from where, for what; and of its old secrets."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis

from accounts import audit, key_rotation
from accounts.models import ApiKey, KeyAddress, Organization, RetiredSecret
from billing import key_uses, posting
from billing.pricing import Buckets
from tests.factories.billing import append_usage, default_price, usage_event

pytestmark = pytest.mark.django_db(transaction=True)
LONG_AGO = datetime(2026, 11, 20, tzinfo=UTC)


def call(organization: Organization, key: ApiKey, *, ended_s: int = 0, **changes: object) -> None:
    now_ms = time.time_ns() // 1_000_000
    event = usage_event(
        organization,
        key=key,
        version=default_price(),
        tokens=Buckets(input=10),
        ended_at_ms=now_ms + ended_s * 1000,
        **changes,  # type: ignore[arg-type]
    )
    append_usage(event, debited_nanos=0)


def drain(organization: Organization) -> None:
    posting.drain(organization.site_id, "worker-1", until_s=time.monotonic() + 30)


def test_the_newest_call_says_when_from_where_and_for_which_model(
    gate: Redis, acme: Organization, acme_key: ApiKey
) -> None:
    call(acme, acme_key, ended_s=2, ip="2001:db8::1")
    call(acme, acme_key, ended_s=1, ip="203.0.113.7")
    drain(acme)
    acme_key.refresh_from_db()
    assert acme_key.last_used_ip == "2001:db8::1"
    assert acme_key.last_used_model == "small"
    call(acme, acme_key, ended_s=-60, ip="203.0.113.9")  # posted late
    drain(acme)
    acme_key.refresh_from_db()
    assert acme_key.last_used_ip == "2001:db8::1"
    found = set(acme_key.addresses.values_list("ip", flat=True))
    assert found == {"2001:db8::1", "203.0.113.7", "203.0.113.9"}


def test_two_forms_of_one_address_are_one(
    gate: Redis, acme: Organization, acme_key: ApiKey
) -> None:
    for ip in ("203.0.113.7", "::ffff:203.0.113.7"):
        call(acme, acme_key, ip=ip)
    drain(acme)
    assert KeyAddress.objects.get().ip == "203.0.113.7"


def test_without_an_address_nothing_is_noted_of_it(
    gate: Redis, acme: Organization, acme_key: ApiKey
) -> None:
    for ip in ("", "unix:"):
        call(acme, acme_key, ip=ip)
    drain(acme)
    acme_key.refresh_from_db()
    assert (acme_key.last_used_ip, acme_key.last_used_at is None) == (None, False)
    assert not KeyAddress.objects.exists()


def test_only_the_newest_addresses_of_a_key_are_kept(
    gate: Redis, acme: Organization, acme_key: ApiKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_uses, "ADDRESSES_KEPT", 2)
    for number in range(4):
        call(acme, acme_key, ended_s=number, ip=f"203.0.113.{number}")
        drain(acme)
    found = set(KeyAddress.objects.values_list("ip", flat=True))
    assert found == {"203.0.113.2", "203.0.113.3"}


def test_an_address_that_comes_back_keeps_its_first_time(
    gate: Redis, acme: Organization, acme_key: ApiKey
) -> None:
    KeyAddress.objects.create(
        api_key=acme_key, ip="203.0.113.7", first_at=LONG_AGO, last_at=LONG_AGO
    )
    call(acme, acme_key, ip="203.0.113.7")
    drain(acme)
    row = KeyAddress.objects.get()
    assert (row.first_at, row.last_at > LONG_AGO) == (LONG_AGO, True)


def test_an_old_secret_that_is_still_used_says_so(
    gate: Redis, acme: Organization, acme_key: ApiKey
) -> None:
    key_rotation.rotate(acme_key, overlap=timedelta(days=1), by=audit.command("test"))
    old = RetiredSecret.objects.get()
    call(acme, acme_key)
    drain(acme)
    old.refresh_from_db()
    assert old.last_used_at is None
    call(acme, acme_key, retired_secret=old.pk)
    drain(acme)
    old.refresh_from_db()
    assert old.last_used_at is not None
