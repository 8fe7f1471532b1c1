"""Keys are made and changed within their plan, each with one row in the trail; a budget that begins
counts what was spent already; a key never does more than its maker may."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from redis import Redis

from accounts import api_keys, audit, key_owners, members
from accounts.key_terms import KeyTerms, KeyTermsRefused
from accounts.models import ApiKey, AuditRecord, Membership, Organization, Role, User, Via
from billing import budgets, connections, keys
from billing.gate.keys import owner_key, rate_key
from billing.gate.types import RateUse, Scope
from billing.models import Plan, SiteTerms
from relay.adapters.key_rows import load_caller
from relay.proxy.types import Standing
from tests.factories import calls

pytestmark = pytest.mark.django_db(transaction=True)
BY = audit.command("test")
TERMS = KeyTerms(name="prod")


def test_a_key_is_made_by_whoever_acts_and_the_trail_says_so(acme: Organization) -> None:
    user = User.objects.create_user("dev@acme.example")
    by = audit.Actor(via=Via.PAGE, name=user.email, user=user)
    minted = keys.create(acme, replace(TERMS, requests_per_minute=5), by=by)
    assert minted.key.created_by == user
    row = AuditRecord.objects.get()
    assert (row.action, row.organization_id, row.actor) == ("key.create", acme.pk, user)
    assert row.after is not None
    assert row.after["requests_per_minute"] == 5
    assert minted.secret not in str(row.after)


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"name": " "}, "missing", "name"),
        ({"name": "x" * 101}, "not_a_name", "name"),
        ({"name": "two\nlines"}, "not_a_name", "name"),
        ({"requests_per_minute": 0}, "out_of_range", "requests_per_minute"),
        ({"requests_per_minute": 61}, "above_plan", "requests_per_minute"),
        ({"tokens_per_minute": 1_001}, "above_plan", "tokens_per_minute"),
        ({"concurrency": 3}, "above_plan", "concurrency"),
        ({"concurrency": 2**31}, "out_of_range", "concurrency"),
        ({"budget_nanos": 5}, "budget_needs_period", "budget_period"),
        ({"budget_period": "day"}, "budget_needs_period", "budget_period"),
        ({"budget_nanos": 5, "budget_period": "hour"}, "unknown", "budget_period"),
        ({"budget_nanos": 2**62, "budget_period": "day"}, "out_of_range", "budget_nanos"),
        ({"allowed_networks": ["10.0.0.0/33"]}, "not_a_network", "allowed_networks"),
        ({"allowed_networks": ["::ffff:10.0.0.0/120"]}, "not_a_network", "allowed_networks"),
        ({"allowed_networks": []}, "empty", "allowed_networks"),
        ({"allowed_networks": [f"10.0.0.{n}" for n in range(51)]}, "too_many", "allowed_networks"),
        ({"allowed_endpoints": ["fax"]}, "unknown", "allowed_endpoints"),
        ({"allowed_models": ["a b"]}, "not_a_model_id", "allowed_models"),
    ],
)
def test_what_makes_no_sense_or_exceeds_the_plan_is_refused_by_field(
    acme: Organization, change: dict[str, Any], code: str, field: str
) -> None:
    plan = Plan.objects.create(
        id="p", requests_per_minute=60, tokens_per_minute=1_000, concurrency=2
    )
    SiteTerms.objects.create(site=acme.site, plan=plan)
    with pytest.raises(KeyTermsRefused) as caught:
        keys.create(acme, replace(TERMS, **change), by=BY)
    assert (caught.value.code, caught.value.field) == (code, field)
    assert not ApiKey.objects.filter(name=change.get("name", TERMS.name)).exists()
    assert not AuditRecord.objects.exists()


def test_networks_and_endpoints_are_stored_in_one_form(acme: Organization) -> None:
    terms = replace(
        TERMS,
        allowed_networks=["203.0.113.7", "10.1.2.3/8", "10.0.0.0/8"],
        allowed_endpoints=["embeddings", "chat", "chat"],
    )
    key = keys.create(acme, terms, by=BY).key
    assert key.allowed_networks == ["203.0.113.7/32", "10.0.0.0/8"]
    assert key.allowed_endpoints == ["chat", "embeddings"]


def test_an_organization_has_so_many_keys(
    acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "KEYS_MAX", 1)
    key = keys.create(acme, TERMS, by=BY).key
    with pytest.raises(keys.TooManyKeys):
        keys.create(acme, TERMS, by=BY)
    api_keys.revoke(key, by=BY)
    keys.create(acme, TERMS, by=BY)


def test_changing_nothing_leaves_no_row_and_a_revoked_key_stays(acme: Organization) -> None:
    key = keys.create(acme, TERMS, by=BY).key
    keys.change(key, TERMS, by=BY)
    assert AuditRecord.objects.count() == 1
    changed = keys.change(key, replace(TERMS, concurrency=3), by=BY)
    assert changed.concurrency == 3
    assert AuditRecord.objects.get(action="key.change").before == {"concurrency": None}
    api_keys.revoke(key, by=BY)
    with pytest.raises(keys.KeyEnded):
        keys.change(key, TERMS, by=BY)


def test_an_end_that_has_passed_may_stay_but_not_be_set(acme: Organization) -> None:
    key = keys.create(acme, TERMS, by=BY).key
    past = timezone.now() - timedelta(days=1)
    with pytest.raises(KeyTermsRefused, match="in_the_past"):
        keys.change(key, replace(TERMS, expires_at=past), by=BY)
    ApiKey.objects.update(expires_at=past)
    keys.change(key, replace(TERMS, expires_at=past, name="old"), by=BY)


def test_a_budget_that_begins_counts_what_the_key_has_spent(
    gate: Redis, acme: Organization
) -> None:
    key = keys.create(acme, TERMS, by=BY).key
    calls.record(acme, api_key=key, charge_nanos=700)
    key = keys.change(key, replace(TERMS, budget_nanos=1_000, budget_period="day"), by=BY)
    use = budgets.read_keys(acme.site_id, [key])[key.pk]
    assert (use.spent_nanos, use.limit_nanos) == (700, 1_000)


def test_what_is_used_of_a_minute_can_be_read(gate: Redis, acme: Organization) -> None:
    steward = connections.steward()
    minute = int(gate.time()[0]) // 60  # type: ignore[index]
    rate = {f"requests:{n}": 3 for n in (minute, minute + 1)}
    rate |= {f"tokens:{n}": 40 for n in (minute, minute + 1)}
    gate.hset(rate_key(acme.site_id, Scope.KEY, "k"), mapping=rate)  # type: ignore[arg-type]
    gate.hset(owner_key(acme.site_id, Scope.KEY, "k"), "open", 2)  # type: ignore[arg-type]
    owners = [(Scope.KEY, "k"), (Scope.KEY, "other")]
    assert steward.read_rates(acme.site_id, owners) == [RateUse(3, 40, 2), RateUse(0, 0, 0)]


def test_a_member_who_leaves_leaves_no_key_that_works(acme: Organization) -> None:
    user, other = (User.objects.create_user(f"{n}@acme.example") for n in ("dev", "other"))
    Membership.objects.create(organization=acme, user=user, role=Role.DEVELOPER)
    theirs = [api_keys.mint(acme, name=f"k{n}", created_by=user).key for n in range(2)]
    api_keys.mint(acme, name="kept", created_by=other)
    assert api_keys.disable_keys_of(user, acme, by=BY, reason="left") == 2
    assert api_keys.disable_keys_of(user, acme, by=BY, reason="left") == 0
    active = ApiKey.objects.filter(is_active=True).values_list("name", flat=True)
    assert set(active) == {"kept"}
    rows = AuditRecord.objects.filter(action="key.disable", reason="left")
    assert set(rows.values_list("target_id", flat=True)) == {key.pk for key in theirs}


def test_a_members_keys_stop_with_the_membership_or_with_a_role_that_makes_none(
    acme: Organization,
) -> None:
    developer, viewer = (User.objects.create_user(f"{n}@acme.example") for n in ("dev", "viewer"))
    theirs = {}
    for user in (developer, viewer):
        membership = Membership.objects.create(organization=acme, user=user, role=Role.DEVELOPER)
        theirs[user] = membership, api_keys.mint(acme, name="k", created_by=user).key
    members.remove(theirs[developer][0], by=BY)
    members.change_role(theirs[viewer][0], Role.VIEWER, by=BY)
    reasons = AuditRecord.objects.filter(action="key.disable").values_list("reason", flat=True)
    assert set(reasons) == {key_owners.LEFT, key_owners.DEMOTED}
    assert not ApiKey.objects.filter(is_active=True).exists()


def test_a_key_stops_while_its_maker_is_suspended(acme: Organization) -> None:
    user = User.objects.create_user("dev@acme.example")
    minted = api_keys.mint(acme, name="k", created_by=user)
    for is_active, standing in ((False, Standing.DISABLED), (True, Standing.ACTIVE)):
        User.objects.filter(pk=user.pk).update(is_active=is_active)
        found = load_caller(api_keys.hash_secret(minted.secret))
        assert found is not None
        assert found.standing is standing
