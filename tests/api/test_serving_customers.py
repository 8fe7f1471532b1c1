"""A site's program serves its customers as staff do on pages: budgets, plan, notes, disputes."""

import pytest
from redis import Redis

from accounts.models import AuditRecord, Organization, SiteStaff, StaffRole
from billing.models import Plan
from tests.api.programs import Program, document, problem

CUSTOMER = "site/customers/org_acme"
BUDGET = {"limit_nanos": "5000000000"}
DISPUTE = {"amount_nanos": "150000000000", "reason": "chargeback 9", "external_id": "cb-9"}


def test_a_budget_is_set_and_removed(gate: Redis, keepers: Program, ours: Program) -> None:
    (told,) = document(keepers.put(f"{CUSTOMER}/budgets/month", BUDGET))["items"]
    assert (told["period"], told["limit_nanos"]) == ("month", "5000000000")
    assert document(ours.get("organizations/org_acme/budgets"))["items"] == [told]
    assert keepers.delete(f"{CUSTOMER}/budgets/month").status_code == 204
    assert document(keepers.get(f"{CUSTOMER}/budgets"))["items"] == []
    assert problem(keepers.put(f"{CUSTOMER}/budgets/minute", BUDGET))[0] == 404
    much = {"limit_nanos": str(2**62)}
    assert problem(keepers.put(f"{CUSTOMER}/budgets/day", much)) == (400, "invalid_request")


def test_a_plan_of_their_own_ends_with_null(acme: Organization, keepers: Program) -> None:
    Plan.objects.create(pk="big")
    told = document(keepers.put(f"{CUSTOMER}/plan", {"plan": "big", "reason": "deal 7"}))
    assert told["plan"] == "big"
    assert document(keepers.put(f"{CUSTOMER}/plan", {"plan": None}))["plan"] == "default"
    reasons = AuditRecord.objects.filter(action="organization.plan").values_list("reason")
    assert sorted(reasons) == [("",), ("deal 7",)]


def test_tags_and_notes_are_for_staff_alone(
    acme: Organization, keepers: Program, ours: Program
) -> None:
    told = document(keepers.put(f"{CUSTOMER}/tags", {"tags": ["VIP", "edu"]}))
    assert told["tags"] == ["edu", "vip"]
    assert document(keepers.get(CUSTOMER))["tags"] == ["edu", "vip"]
    note = document(keepers.post(f"{CUSTOMER}/notes", {"text": "pays by wire"}))
    assert note["author"] == "keeper@acme-ai.example"
    assert document(keepers.get(f"{CUSTOMER}/notes"))["items"] == [note]
    assert b"wire" not in ours.get("organizations/org_acme").content
    assert problem(keepers.post(f"{CUSTOMER}/notes", {"text": "x" * 2001}))[0] == 400


def test_a_dispute_takes_more_than_there_is_and_is_won_back(gate: Redis, keepers: Program) -> None:
    for is_replay in (False, True):
        moved = document(keepers.post(f"{CUSTOMER}/dispute", DISPUTE))
        assert moved["is_replay"] is is_replay
        assert moved["balance"]["posted_nanos"] == "-50000000000"
    won = document(keepers.post(f"{CUSTOMER}/dispute-won", DISPUTE))
    assert won["balance"]["posted_nanos"] == "100000000000"
    actions = AuditRecord.objects.filter(action__startswith="balance.dispute")
    assert sorted(actions.values_list("action", flat=True)) == [
        "balance.dispute",
        "balance.dispute_won",
    ]
    other = keepers.post(f"{CUSTOMER}/dispute", DISPUTE | {"amount_nanos": "1"})
    assert problem(other) == (409, "external_id_reused")


@pytest.mark.parametrize("path", ["budgets/month", "tags", "notes", "dispute"])
def test_who_only_looks_serves_nobody(acme: Organization, keepers: Program, path: str) -> None:
    SiteStaff.objects.update(role=StaffRole.VIEWER)
    method = "POST" if path in ("notes", "dispute") else "PUT"
    response = keepers.call(method, f"{CUSTOMER}/{path}", {})
    assert problem(response) == (403, "not_allowed")


def test_codes_are_shown_once_and_redeemed_once(
    gate: Redis, keepers: Program, ours: Program, strangers: Program
) -> None:
    draft = {"name": "Fair", "amount_nanos": "2000000000", "count": 2, "prefix": "FAIR"}
    made = document(keepers.post("site/codes", draft, **{"Idempotency-Key": "a"}))
    again = document(keepers.post("site/codes", draft, **{"Idempotency-Key": "a"}))
    assert again == made | {"codes": None}
    first, second = made["codes"]
    redeem = "organizations/org_acme/redeem"
    told = document(ours.post(redeem, {"code": first.lower()}))
    assert told["amount_nanos"] == "2000000000"
    assert told["balance"]["posted_nanos"] == "102000000000"
    assert problem(ours.post(redeem, {"code": first})) == (409, "code_used")
    assert problem(ours.post(redeem, {"code": second})) == (409, "code_one_per_organization")
    assert problem(ours.post(redeem, {"code": "FAIR-0"})) == (422, "code_unknown")
    (row,) = document(keepers.get("site/codes"))["items"]
    assert (row["made"], row["used"]) == (2, 1)
    ended = document(keepers.post(f"site/codes/{row['id']}/withdraw", {"reason": "leaked"}))
    assert ended["withdrawn_at"]
    late = strangers.post("organizations/org_globex/redeem", {"code": second})
    assert problem(late) == (422, "code_unknown")


def test_codes_are_tried_so_often_an_hour(gate: Redis, ours: Program) -> None:
    answers = [
        ours.post("organizations/org_acme/redeem", {"code": f"WRONG-{n}"}).status_code
        for n in range(21)
    ]
    assert answers == [422] * 20 + [429]


def test_a_statement_is_a_month_s(ours: Program, keepers: Program, strangers: Program) -> None:
    path = "organizations/org_acme/statement"
    (line,) = document(ours.get(path))["items"]
    month = line["at"][:7]
    told = document(ours.get(f"organizations/org_acme/statements/{month}"))
    assert (told["opening_nanos"], told["closing_nanos"]) == ("0", "100000000000")
    assert [each["amount_nanos"] for each in told["items"]] == ["100000000000"]
    assert document(keepers.get(f"{CUSTOMER}/statements/{month}")) == told
    for wrong in ("2026-13", "2026", "0000-01", "9999-12"):
        assert problem(ours.get(f"organizations/org_acme/statements/{wrong}"))[0] == 404
    assert problem(strangers.get(f"organizations/org_acme/statements/{month}"))[0] == 404
