"""A key's secret is shown on one answer and never again; what is ended stays ended."""

import re
from datetime import UTC, datetime, timedelta

from django.test import Client
from django.utils import timezone

from accounts import api_keys, audit
from accounts.models import (
    ApiKey,
    AuditRecord,
    KeyAddress,
    Organization,
    RetiredSecret,
    Site,
    User,
)
from billing.models import Plan, SiteTerms
from tests.factories import calls

NEW = "/app/keys/new"


def form_id(client: Client) -> str:
    found = re.search(r'name="form_id" value="(\w+)"', client.get(NEW).content.decode())
    assert found
    return found[1]


def create(client: Client, **fields: str) -> str:
    data = {"form_id": form_id(client), "name": "prod", "budget_period": "month", **fields}
    response = client.post(NEW, data)
    assert response.status_code == 200, response.content.decode()
    assert response.headers["Cache-Control"] == "no-store"
    return response.content.decode()


def test_the_secret_is_shown_once(page_client: Client, acme: Organization) -> None:
    page = create(page_client)
    secret = re.search(r'id="secret" translate="no">(sk-\w+)<', page)
    assert secret
    key = ApiKey.objects.get(organization=acme)
    assert api_keys.hash_secret(secret[1]) == bytes(key.secret_hash)
    for path in ("/app/keys", NEW, "/app/"):
        assert secret[1] not in page_client.get(path).content.decode()


def test_sending_the_form_again_makes_no_second_key(
    page_client: Client, acme: Organization
) -> None:
    data = {"form_id": form_id(page_client), "name": "prod", "budget_period": "month"}
    assert page_client.post(NEW, data).status_code == 200
    again = page_client.post(NEW, data, follow=True)
    assert again.redirect_chain == [("/app/keys", 302)]
    assert "sk-" + ApiKey.objects.get(organization=acme).id not in again.content.decode()
    assert ApiKey.objects.filter(organization=acme).count() == 1


def test_limits_are_stored_as_they_were_typed(page_client: Client, acme: Organization) -> None:
    create(
        page_client,
        budget="12.50",
        budget_period="week",
        requests_per_minute="60",
        tokens_per_minute="90000",
        models="small\nlarge",
        expires_on="2999-12-30",
        concurrency="4",
        endpoints="chat",
        networks="203.0.113.7, 2001:db8::/32",
    )
    key = ApiKey.objects.get(organization=acme)
    assert (key.budget_nanos, key.budget_period) == (12_500_000_000, "week")
    assert (key.requests_per_minute, key.tokens_per_minute) == (60, 90_000)
    assert key.allowed_models == ["small", "large"]
    assert (key.concurrency, key.allowed_endpoints) == (4, ["chat"])
    assert key.allowed_networks == ["203.0.113.7/32", "2001:db8::/32"]
    assert key.expires_at == datetime(2999, 12, 31, tzinfo=UTC)  # when that day has ended


def test_limits_left_empty_are_not_set(page_client: Client, acme: Organization) -> None:
    create(page_client)
    key = ApiKey.objects.get(organization=acme)
    assert (key.budget_nanos, key.budget_period, key.allowed_models, key.expires_at) == (
        None,
        "",
        None,
        None,
    )


def test_nonsense_is_refused_and_what_was_typed_stays(page_client: Client) -> None:
    data = {"form_id": "x1", "name": "prod", "budget": "1e9", "budget_period": "month"}
    response = page_client.post(NEW, data)
    assert response.status_code == 422
    page = response.content.decode()
    assert 'value="1e9"' in page
    assert "Not an amount" in page
    assert not ApiKey.objects.exists()


def test_a_revoked_key_is_marked_and_cannot_come_back(
    page_client: Client, acme_key: ApiKey
) -> None:
    assert (
        "cannot be brought back"
        in page_client.get(f"/app/keys/{acme_key.id}/revoke").content.decode()
    )
    page_client.post(f"/app/keys/{acme_key.id}/revoke", {"name": acme_key.name})
    page_client.post(f"/app/keys/{acme_key.id}/switch", {"active": "1"})
    acme_key.refresh_from_db()
    assert acme_key.revoked_at is not None
    assert "acme-key" not in page_client.get("/app/keys").content.decode()
    assert acme_key.masked in page_client.get("/app/keys?state=revoked").content.decode()


def test_a_key_is_disabled_and_enabled(page_client: Client, acme_key: ApiKey) -> None:
    page_client.post(f"/app/keys/{acme_key.id}/switch", {"active": "0"})
    acme_key.refresh_from_db()
    assert not acme_key.is_active
    page_client.post(f"/app/keys/{acme_key.id}/switch", {"active": "1"})
    acme_key.refresh_from_db()
    assert acme_key.is_active


def test_the_list_shows_what_a_key_spends_and_why_it_is_refused(
    page_client: Client, acme: Organization, acme_key: ApiKey
) -> None:
    calls.record(acme, api_key=acme_key, charge_nanos=1_234_500_000)
    calls.episode(acme, acme_key, code="key_budget_exceeded")
    page = page_client.get("/app/keys").content.decode()
    assert page.count("$1.2345") == 2  # today and this month
    assert "402 budget spent" in page
    assert "banner-bad" not in page  # the key's own budget stops that key only


def test_what_the_service_refuses_is_said_at_its_field(page_client: Client, site: Site) -> None:
    SiteTerms.objects.create(site=site, plan=Plan.objects.create(id="p", requests_per_minute=60))
    data = {
        "form_id": "x1",
        "name": "prod",
        "budget_period": "month",
        "networks": "everywhere",
    }
    page = page_client.post(NEW, data).content.decode()
    assert "“everywhere” is no address or network" in page
    data |= {"networks": "", "requests_per_minute": "61"}
    page = page_client.post(NEW, data).content.decode()
    assert "Your plan allows 60 at most." in page
    assert not ApiKey.objects.exists()


def test_the_form_says_where_its_reader_is(page_client: Client) -> None:
    page = page_client.get(NEW, REMOTE_ADDR="203.0.113.7").content.decode()
    assert "You are at <code>203.0.113.7</code> now" in page


def test_a_key_is_changed_and_what_was_not_touched_stays(
    page_client: Client, acme_key: ApiKey
) -> None:
    ends_at = datetime(2999, 1, 1, 12, 30, tzinfo=UTC)  # no form can say this
    ApiKey.objects.filter(pk=acme_key.pk).update(expires_at=ends_at, tokens_per_minute=5)
    page = page_client.get(f"/app/keys/{acme_key.pk}/edit").content.decode()
    assert 'value="2999-01-01"' in page
    data = {
        "form_id": "x1",
        "name": "renamed",
        "budget_period": "month",
        "expires_on": "2999-01-01",
        "tokens_per_minute": "5",
        "requests_per_minute": "7",
    }
    assert page_client.post(f"/app/keys/{acme_key.pk}/edit", data).status_code == 302
    acme_key.refresh_from_db()
    assert (acme_key.name, acme_key.expires_at) == ("renamed", ends_at)
    assert (acme_key.tokens_per_minute, acme_key.requests_per_minute) == (5, 7)
    entry = AuditRecord.objects.get(action="key.change")
    assert entry.after == {"name": "renamed", "requests_per_minute": 7}
    page = page_client.get(f"/app/keys/{acme_key.pk}").content.decode()
    assert "prod-web</span> → renamed" in page


def rotate(client: Client, key: ApiKey, **fields: str) -> str:
    page = client.get(f"/app/keys/{key.pk}/rotate").content.decode()
    found = re.search(r'name="form_id" value="(\w+)"', page)
    assert found
    data = {"form_id": found[1], "overlap": "24", **fields}
    response = client.post(f"/app/keys/{key.pk}/rotate", data)
    assert response.headers["Cache-Control"] == "no-store"
    shown = re.search(r'id="secret" translate="no">(sk-\w+)<', response.content.decode())
    assert shown
    again = client.post(f"/app/keys/{key.pk}/rotate", data, follow=True)
    assert shown[1] not in again.content.decode()
    return shown[1]


def test_a_new_secret_is_shown_once_and_the_old_one_can_be_ended(
    page_client: Client, acme_key: ApiKey
) -> None:
    secret = rotate(page_client, acme_key)
    acme_key.refresh_from_db()
    assert bytes(acme_key.secret_hash) == api_keys.hash_secret(secret)
    old = RetiredSecret.objects.get()
    RetiredSecret.objects.update(last_used_at=timezone.now() - timedelta(minutes=3))
    page = page_client.get(f"/app/keys/{acme_key.pk}").content.decode()
    assert "Old secret still used 3\xa0minutes ago." in page
    assert secret not in page
    page_client.post(f"/app/keys/{acme_key.pk}/secrets/{old.pk}/end")
    old.refresh_from_db()
    assert old.expires_at <= timezone.now()
    assert "End it now" not in page_client.get(f"/app/keys/{acme_key.pk}").content.decode()


def test_another_keys_old_secret_is_not_found(
    page_client: Client, acme_key: ApiKey, acme: Organization
) -> None:
    rotate(page_client, acme_key)
    other = api_keys.mint(acme, name="other").key
    path = f"/app/keys/{other.pk}/secrets/{RetiredSecret.objects.get().pk}/end"
    assert page_client.post(path).status_code == 404


def test_a_key_is_revoked_only_by_its_name(page_client: Client, acme_key: ApiKey) -> None:
    response = page_client.post(f"/app/keys/{acme_key.pk}/revoke", {"name": "prod"})
    assert response.status_code == 422
    acme_key.refresh_from_db()
    assert acme_key.revoked_at is None


def test_several_are_revoked_only_by_their_number(
    page_client: Client, acme: Organization, stranger: User, globex: Organization
) -> None:
    ours = [api_keys.mint(acme, name=f"k{n}").key for n in range(3)]
    theirs = api_keys.mint(globex, name="theirs").key
    data = {"act": "revoke", "key": [ours[0].pk, ours[1].pk, theirs.pk]}
    page = page_client.post("/app/keys/change", data).content.decode()
    assert "Revoke 2 keys?" in page
    assert "theirs" not in page
    assert page_client.post("/app/keys/change", data | {"count": "3"}).status_code == 422
    assert not ApiKey.objects.filter(revoked_at__isnull=False).exists()
    page_client.post("/app/keys/change", data | {"count": "2"})
    revoked = ApiKey.objects.filter(revoked_at__isnull=False)
    assert set(revoked.values_list("name", flat=True)) == {"k0", "k1"}
    assert AuditRecord.objects.filter(action="key.revoke").count() == 2


def test_the_list_is_found_by_state_creator_and_text(
    page_client: Client, acme: Organization, owner: User
) -> None:
    mine = api_keys.mint(acme, name="alpha", created_by=owner).key
    off = api_keys.mint(acme, name="beta").key
    api_keys.set_active(off, is_active=False, by=audit.command("test"))
    queries = {
        "state=active": {"alpha"},
        "state=disabled": {"beta"},
        f"creator={owner.pk}": {"alpha"},
        "creator=nonsense": {"alpha", "beta"},
        "q=ALPH": {"alpha"},
        f"q=sk-{off.pk[:6]}": {"beta"},
        f"q={mine.last_four}": {"alpha"},
        "q=%00": {"alpha", "beta"},
    }
    for query, names in queries.items():
        page = page_client.get(f"/app/keys?{query}").content.decode()
        found = {name for name in ("alpha", "beta") if f"<strong>{name}</strong>" in page}
        assert found == names, query


def test_a_spent_budget_says_when_it_begins_anew(
    page_client: Client, acme: Organization, acme_key: ApiKey
) -> None:
    ApiKey.objects.filter(pk=acme_key.pk).update(budget_nanos=10**9, budget_period="day")
    calls.record(acme, api_key=acme_key, charge_nanos=10**9)
    calls.episode(acme, acme_key, code="key_budget_exceeded")
    tomorrow = timezone.localdate() + timedelta(days=1)
    for path in ("/app/keys", f"/app/keys/{acme_key.pk}"):
        assert (
            f"402 budget, resets {tomorrow:%m-%d} 00:00" in page_client.get(path).content.decode()
        )


def test_the_page_of_a_key_says_what_refused_it_and_where_it_was_used(
    page_client: Client, acme: Organization, acme_key: ApiKey, django_assert_max_num_queries: object
) -> None:
    calls.refusal(acme, api_key=acme_key, code="ip_not_allowed", rule="networks of the key")
    calls.refusal(
        acme, api_key=acme_key, code="ip_not_allowed", rule="networks of the key", multiplier=9
    )
    now = timezone.now()
    KeyAddress.objects.create(api_key=acme_key, ip="203.0.113.7", first_at=now, last_at=now)
    with django_assert_max_num_queries(15):  # type: ignore[operator]
        page = page_client.get(f"/app/keys/{acme_key.pk}").content.decode()
    assert re.search(r'networks of the key</code></td><td class="num">10<', page)
    assert "203.0.113.7" in page
