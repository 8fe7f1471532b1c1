"""A key's secret is shown on one answer and never again; what is ended stays ended."""

import re

from django.test import Client

from accounts import api_keys
from accounts.models import ApiKey, Organization
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
        expires_in="30",
    )
    key = ApiKey.objects.get(organization=acme)
    assert (key.budget_nanos, key.budget_period) == (12_500_000_000, "week")
    assert (key.requests_per_minute, key.tokens_per_minute) == (60, 90_000)
    assert key.allowed_models == ["small", "large"]
    assert key.expires_at is not None


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
    page_client.post(f"/app/keys/{acme_key.id}/revoke")
    page_client.post(f"/app/keys/{acme_key.id}/switch", {"active": "1"})
    acme_key.refresh_from_db()
    assert acme_key.revoked_at is not None
    assert "revoked" in page_client.get("/app/keys").content.decode()


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
    assert "402 × 37" in page
    assert "banner-bad" not in page  # the key's own budget stops that key only
