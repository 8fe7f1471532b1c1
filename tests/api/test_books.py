"""Operators' programs mind the books: freezes, events set aside, the whole audit; and plans."""

from accounts.models import AuditRecord, Organization, Site
from billing.models import Freeze, Model, QuarantinedEvent
from tests.api.programs import Program, document, problem
from tests.factories import calls


def test_a_freeze_is_lifted_with_a_reason(operators: Program, acme: Organization) -> None:
    calls.trouble(acme)
    (row,) = document(operators.get("ops/freezes"))["items"]
    assert row["organization"] == acme.pk
    lift = f"ops/freezes/{acme.pk}/lift"
    assert problem(operators.post(lift, {})) == (400, "invalid_request")
    assert operators.post(lift, {"reason": "corrected"}).status_code == 204
    assert problem(operators.post(lift, {"reason": "again"})) == (409, "not_frozen")
    assert Freeze.objects.get().lift_reason == "corrected"


def test_an_event_is_given_up_once(operators: Program, acme: Organization) -> None:
    calls.trouble(acme)
    event = QuarantinedEvent.objects.get()
    (row,) = document(operators.get("ops/events"))["items"]
    assert row["id"] == event.pk
    discard = f"ops/events/{event.pk}/discard"
    told = document(operators.post(discard, {"reason": "test traffic"}))
    assert told["outcome"] == "discarded"
    assert problem(operators.post(discard, {"reason": "again"})) == (409, "already_decided")
    assert document(operators.get("ops/events"))["items"] == []


def test_the_books_tell_what_waits(operators: Program, acme: Organization, site: Site) -> None:
    calls.trouble(acme)
    told = document(operators.get("ops/books"))
    assert told["events_waiting"] == 1
    assert [each["site"] for each in told["backlogs"]] == [site.pk]


def test_an_adjustment_is_published_for_a_plan(operators: Program) -> None:
    Model.objects.create(pk="m/one")
    path = "ops/plans/default/adjustments"
    made = document(operators.post(path, {"model": "m/one", "adjustment_bp": -1000}))
    assert document(operators.get(path))["items"] == [made]
    assert problem(operators.post(path, {"adjustment_bp": -10_001})) == (400, "invalid_request")
    assert problem(operators.post("ops/plans/none/adjustments", {"adjustment_bp": 1}))[0] == 404


def test_a_model_gets_another_name(operators: Program) -> None:
    Model.objects.create(pk="m/one")
    new = {"alias": "latest", "model": "m/one"}
    made = document(operators.post("ops/aliases", new))
    assert problem(operators.post("ops/aliases", new)) == (409, "alias_taken")
    assert document(operators.get("ops/aliases"))["items"] == [made]
    assert operators.delete(f"ops/aliases/{made['id']}").status_code == 204


def test_the_whole_audit_is_queued_and_on_the_trail(acme: Organization, operators: Program) -> None:
    assert operators.post("ops/books/audit").status_code == 202
    assert AuditRecord.objects.get(action="job.start").target_id == "billing.tasks.audit_books"
