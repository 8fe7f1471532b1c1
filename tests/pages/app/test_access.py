"""Every dashboard page: visitors log in first, strangers see nothing of others, roles are kept."""

import pytest
from django.test import Client

from accounts import api_keys
from accounts.models import ApiKey, Organization, Role, User
from tests.factories import calls
from tests.pages.people import logged_in, member_of

PAGES = [
    "/app/",
    "/app/keys",
    "/app/keys/new",
    "/app/usage",
    "/app/requests",
    "/app/balance",
    "/app/team",
    "/app/settings",
]


@pytest.mark.parametrize("path", PAGES)
def test_a_visitor_is_sent_to_log_in(client: Client, acme: Organization, path: str) -> None:
    response = client.get(path)
    assert response.headers["Location"] == f"/accounts/login/?next={path}"


@pytest.mark.parametrize("path", PAGES)
def test_a_member_opens_it_within_its_queries(
    page_client: Client, path: str, django_assert_max_num_queries: object
) -> None:
    page_client.get("/app/team")  # once in five minutes a page notes that its reader was here
    with django_assert_max_num_queries(15):  # type: ignore[operator]
        assert page_client.get(path).status_code == 200


@pytest.mark.parametrize("path", PAGES)
def test_nothing_of_acme_shows_to_globex(
    acme: Organization, owner: User, stranger: User, path: str
) -> None:
    key = api_keys.mint(acme, name="acme-only", created_by=owner).key
    record = calls.record(acme, api_key=key, model="acme-model")
    calls.episode(acme, key)
    page = logged_in(stranger).get(path).content.decode()
    for secret in ("acme-only", "acme-model", record.request_id, acme.pk, owner.email):
        assert secret not in page


def test_others_requests_and_keys_do_not_exist(
    acme: Organization, acme_key: ApiKey, stranger: User
) -> None:
    client = logged_in(stranger)
    record = calls.record(acme)
    refusal = calls.refusal(acme)
    assert client.get(f"/app/requests/{record.request_id}").status_code == 404
    assert client.get(f"/app/requests/{refusal.id}").status_code == 404
    assert client.get(f"/app/keys/{acme_key.id}").status_code == 404
    assert client.get(f"/app/keys/{acme_key.id}/edit").status_code == 404
    assert client.get(f"/app/keys/{acme_key.id}/rotate").status_code == 404
    assert client.get(f"/app/keys/{acme_key.id}/revoke").status_code == 404
    client.post("/app/keys/change", {"act": "disable", "key": acme_key.id})
    assert client.post(f"/app/keys/{acme_key.id}/revoke").status_code == 404
    assert client.post(f"/app/keys/{acme_key.id}/switch", {"active": "0"}).status_code == 404
    assert client.post("/app/switch-organization", {"organization": acme.pk}).status_code == 404
    acme_key.refresh_from_db()
    assert acme_key.revoked_at is None
    assert acme_key.is_active


def test_a_viewer_may_look_but_not_make_or_end_keys(acme: Organization, acme_key: ApiKey) -> None:
    client = logged_in(member_of(acme, "viewer@acme.example", Role.VIEWER))
    assert client.get("/app/keys").status_code == 200
    assert client.get(f"/app/keys/{acme_key.id}").status_code == 200
    assert client.get("/app/keys/new").status_code == 403
    assert client.post("/app/keys/change", {"act": "disable"}).status_code == 403
    for act in ("edit", "rotate", "revoke", "switch"):
        assert client.post(f"/app/keys/{acme_key.id}/{act}").status_code == 403
    client.post("/app/settings", {"name": "Mine now", "time_zone": "UTC"})
    acme.refresh_from_db()
    assert acme.name == "Acme"


def test_a_developer_ends_only_keys_of_their_own(acme: Organization, acme_key: ApiKey) -> None:
    developer = member_of(acme, "dev@acme.example", Role.DEVELOPER)
    own = api_keys.mint(acme, name="own", created_by=developer).key
    client = logged_in(developer)
    for act in ("edit", "rotate", "revoke", "switch"):
        assert client.post(f"/app/keys/{acme_key.id}/{act}").status_code == 404
    assert client.get(f"/app/keys/{acme_key.id}").status_code == 404
    client.post("/app/keys/change", {"act": "disable", "key": [acme_key.id, own.id]})
    acme_key.refresh_from_db()
    assert acme_key.is_active
    page = client.get("/app/keys").content.decode()
    assert (own.masked in page, acme_key.masked in page) == (True, False)
    assert client.post(f"/app/keys/{own.id}/revoke", {"name": "own"}).status_code == 302


def test_the_gallery_is_for_operators(page_client: Client, operator: User) -> None:
    assert page_client.get("/ops/ui").status_code == 404
    assert logged_in(operator).get("/ops/ui").status_code == 200


def test_a_fragment_reloads_the_page_when_the_session_is_over(client: Client, owner: User) -> None:
    response = client.get("/app/", headers={"HX-Request": "true", "HX-Target": "figures"})
    assert (response.status_code, response.headers["HX-Refresh"]) == (204, "true")
