"""Keys over the management API: made with their secret shown once, changed, rotated, ended."""

import json

import pytest

from accounts.api_keys import hash_secret
from accounts.models import ApiKey, Organization
from tests.api.programs import Program, document, problem

KEYS = "organizations/org_acme/keys"


def test_the_secret_is_in_one_answer_only(ours: Program, acme: Organization) -> None:
    made = document(ours.post(KEYS, {"name": "ci", "requests_per_minute": 60}))
    key = ApiKey.objects.get()
    assert bytes(key.secret_hash) == hash_secret(made["secret"])
    assert made["key"]["requests_per_minute"] == 60
    again = ours.get(f"{KEYS}/{key.pk}").content.decode() + ours.get(KEYS).content.decode()
    assert made["secret"] not in again


def test_money_is_a_string_of_nanos(ours: Program, acme: Organization) -> None:
    terms = {"name": "ci", "budget_nanos": "5000000000", "budget_period": "day"}
    assert document(ours.post(KEYS, terms))["key"]["budget_nanos"] == "5000000000"
    for wrong in (5_000_000_000, "5.0", "", "-1", "1" * 20):
        response = ours.post(KEYS, terms | {"budget_nanos": wrong})
        assert problem(response) == (400, "invalid_request"), wrong
        assert response.json()["errors"][0]["field"] == "budget_nanos"


def test_what_is_not_known_is_refused(ours: Program, acme: Organization) -> None:
    response = ours.post(KEYS, {"name": "ci", "budget": "5"})
    assert problem(response) == (400, "invalid_request")
    assert response.json()["errors"] == [
        {"field": "budget", "code": "unknown_field", "detail": "There is no such field."}
    ]
    assert problem(ours.get(KEYS, page="2")) == (400, "invalid_request")


def test_a_service_s_refusal_names_the_field(ours: Program, acme: Organization) -> None:
    response = ours.post(KEYS, {"name": "ci", "budget_nanos": "5"})
    assert problem(response) == (422, "refused")
    assert response.json()["errors"][0]["code"] == "budget_needs_period"


def test_a_change_leaves_the_rest_as_it_is(ours: Program, acme: Organization) -> None:
    made = document(ours.post(KEYS, {"name": "ci", "concurrency": 5}))["key"]
    changed = document(ours.patch(f"{KEYS}/{made['id']}", {"name": "cd", "is_active": False}))
    assert changed == made | {"name": "cd", "state": "disabled"}


def test_rotation_gives_a_new_secret(ours: Program, acme: Organization) -> None:
    made = document(ours.post(KEYS, {"name": "ci"}))
    path = f"{KEYS}/{made['key']['id']}"
    rotated = document(ours.post(f"{path}/rotate", {"overlap_hours": 1}))
    assert rotated["secret"] != made["secret"]
    assert document(ours.post(f"{path}/revoke"))["state"] == "revoked"
    assert problem(ours.post(f"{path}/rotate", {"overlap_hours": 0})) == (409, "key_ended")
    assert problem(ours.patch(path, {"name": "x"})) == (409, "key_ended")


def test_pages_lead_through_all_of_them(ours: Program, acme: Organization) -> None:
    names = [f"key {n}" for n in range(5)]
    for name in names:
        document(ours.post(KEYS, {"name": name}))
    seen, query = [], {"limit": "2"}
    while True:
        page = document(ours.get(KEYS, **query))
        seen += [each["name"] for each in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert seen == names[::-1]
    for cursor in ("x", "e30", "WzFd", "\u00e9"):
        assert problem(ours.get(KEYS, cursor=cursor)) == (400, "invalid_request")


def test_the_same_key_twice_is_done_once(ours: Program, acme: Organization) -> None:
    first = ours.post(KEYS, {"name": "ci"}, **{"Idempotency-Key": "a"})
    second = ours.post(KEYS, {"name": "ci"}, **{"Idempotency-Key": "a"})
    assert ApiKey.objects.count() == 1
    assert second.status_code == 201
    assert second.headers["Idempotency-Replayed"] == "true"
    assert json.loads(second.content) == json.loads(first.content) | {"secret": None}
    other = ours.post(KEYS, {"name": "cd"}, **{"Idempotency-Key": "a"})
    assert problem(other) == (422, "idempotency_key_reused")


def test_what_failed_may_be_tried_again(ours: Program, acme: Organization) -> None:
    for _ in range(2):
        wrong = ours.post(KEYS, {"name": "ci", "budget_nanos": "5"}, **{"Idempotency-Key": "a"})
        assert problem(wrong) == (422, "refused")


@pytest.mark.parametrize("body", [b"{", b"[1]", b'{"name": NaN}', b'{"name": "\\ud800"}', b"\xff"])
def test_nonsense_is_400(ours: Program, acme: Organization, body: bytes) -> None:
    response = ours._client.post(
        f"/api/v1/{KEYS}",
        body,
        content_type="application/json",
        headers={"Authorization": f"Bearer {ours.secret}"},
    )
    assert problem(response)[0] == 400


def test_a_body_too_long_is_413(ours: Program, acme: Organization) -> None:
    assert problem(ours.post(KEYS, {"name": "x" * 700_000})) == (413, "body_too_large")


def test_where_nothing_is_is_a_problem_too(ours: Program, acme: Organization) -> None:
    assert problem(ours.get("nowhere")) == (404, "not_found")
    assert problem(ours.delete(KEYS))[0] == 405
    assert problem(ours.get(f"{KEYS}/nothing")) == (404, "not_found")
