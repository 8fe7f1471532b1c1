"""A key gets a new secret; the old one opens until its end, and no longer, and never after the
key's own."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from accounts import api_keys, audit, key_rotation
from accounts.key_rotation import LIVE_MAX, OVERLAPS, RotationRefused
from accounts.models import AuditRecord, RetiredSecret
from relay.adapters.key_rows import load_caller
from relay.proxy.types import Caller, Standing
from tests.factories import accounts

pytestmark = pytest.mark.django_db
BY = audit.command("test")
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def minted() -> api_keys.Minted:
    return api_keys.mint(accounts.organization("Acme"), name="k")


def find(secret: str) -> Caller:
    found = load_caller(api_keys.hash_secret(secret))
    assert found is not None
    return found


def test_both_secrets_open_the_same_key_until_the_old_ones_end(minted: api_keys.Minted) -> None:
    fresh = key_rotation.rotate(minted.key, overlap=HOUR, by=BY, now=NOW)
    assert fresh.secret != minted.secret
    assert fresh.secret.startswith("sk-" + minted.key.pk)
    new, old = find(fresh.secret), find(minted.secret)
    assert new.key_id == old.key_id == minted.key.pk
    assert (new.expires_at, new.retired_secret) == (None, 0)
    assert old.expires_at == (NOW + HOUR).timestamp()
    assert old.retired_secret == RetiredSecret.objects.get().pk


def test_the_keys_own_end_comes_first(minted: api_keys.Minted) -> None:
    minted.key.expires_at = NOW + HOUR
    minted.key.save()
    key_rotation.rotate(minted.key, overlap=timedelta(days=1), by=BY, now=NOW)
    assert find(minted.secret).expires_at == (NOW + HOUR).timestamp()


def test_without_overlap_the_old_secret_has_ended_at_once(minted: api_keys.Minted) -> None:
    key_rotation.rotate(minted.key, overlap=timedelta(0), by=BY, now=NOW)
    assert find(minted.secret).expires_at == NOW.timestamp()


def test_an_old_secret_can_be_ended_early_and_only_once(minted: api_keys.Minted) -> None:
    key_rotation.rotate(minted.key, overlap=timedelta(days=7), by=BY, now=NOW)
    old = RetiredSecret.objects.get()
    for hours in (1, 2):
        key_rotation.end_old_secret(minted.key, old.pk, by=BY, now=NOW + hours * HOUR)
    assert find(minted.secret).expires_at == (NOW + HOUR).timestamp()
    assert AuditRecord.objects.filter(action="key.end_old_secret").count() == 1


def test_a_strangers_old_secret_is_not_found(minted: api_keys.Minted) -> None:
    key_rotation.rotate(minted.key, overlap=HOUR, by=BY, now=NOW)
    other = accounts.api_key(accounts.organization("Globex"))
    with pytest.raises(RetiredSecret.DoesNotExist):
        key_rotation.end_old_secret(other, RetiredSecret.objects.get().pk, by=BY, now=NOW)


def test_revoking_ends_all_secrets_of_a_key(minted: api_keys.Minted) -> None:
    fresh = key_rotation.rotate(minted.key, overlap=HOUR, by=BY, now=NOW)
    api_keys.revoke(minted.key, by=BY)
    standings = [find(secret).standing for secret in (minted.secret, fresh.secret)]
    assert standings == [Standing.REVOKED] * 2


def test_a_key_that_has_ended_gets_no_secret(minted: api_keys.Minted) -> None:
    api_keys.revoke(minted.key, by=BY)
    with pytest.raises(RotationRefused, match="key_ended"):
        key_rotation.rotate(minted.key, overlap=HOUR, by=BY, now=NOW)


def test_any_other_overlap_is_refused(minted: api_keys.Minted) -> None:
    assert timedelta(days=8) not in OVERLAPS
    with pytest.raises(RotationRefused, match="unknown_overlap"):
        key_rotation.rotate(minted.key, overlap=timedelta(days=8), by=BY, now=NOW)


def test_only_so_many_secrets_open_at_once_but_a_leak_can_always_be_closed(
    minted: api_keys.Minted,
) -> None:
    for _ in range(LIVE_MAX):
        key_rotation.rotate(minted.key, overlap=HOUR, by=BY, now=NOW)
    with pytest.raises(RotationRefused, match="too_many_live"):
        key_rotation.rotate(minted.key, overlap=HOUR, by=BY, now=NOW)
    key_rotation.rotate(minted.key, overlap=timedelta(0), by=BY, now=NOW)


def test_secrets_that_ended_long_ago_are_forgotten(
    minted: api_keys.Minted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_rotation, "KEPT_MAX", 2)
    for hours in range(4):
        at = NOW + hours * HOUR
        key_rotation.rotate(minted.key, overlap=timedelta(0), by=BY, now=at)
    ends = RetiredSecret.objects.values_list("expires_at", flat=True)
    assert list(ends) == [NOW + 3 * HOUR, NOW + 2 * HOUR]


def test_the_trail_has_one_row_and_no_secret(minted: api_keys.Minted) -> None:
    fresh = key_rotation.rotate(minted.key, overlap=HOUR, by=BY, now=NOW)
    row = AuditRecord.objects.get()
    assert (row.action, row.target_id) == ("key.rotate", minted.key.pk)
    told = json.dumps([row.before, row.after])
    for secret in (minted.secret, fresh.secret):
        assert secret not in told
        assert secret[-4:] in told
