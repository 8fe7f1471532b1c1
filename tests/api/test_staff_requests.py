"""Staff's programs read the log of their customers' calls; upstreams are told to operators only."""

from accounts.models import ApiKey, Organization, Site
from billing.models import UsageRecord
from tests.api.programs import Program, document, problem
from tests.factories import accounts, calls

ATTEMPTS = [{"upstream": "vendor", "status": 200, "code": "", "latency_ms": 400}]


def test_staff_read_their_sites_calls_and_operators_all(
    acme: Organization, other_site: Site, keepers: Program, operators: Program
) -> None:
    ours = calls.record(acme, charge_nanos=5, cost_nanos=2, upstream="vendor", attempts=ATTEMPTS)
    UsageRecord.objects.filter(pk=ours.pk).update(passed=[["other", "full"]])
    theirs = calls.record(accounts.organization("Abroad", on=other_site))
    items = document(keepers.get("site/requests"))["items"]
    assert [each["id"] for each in items] == [ours.pk]
    assert (items[0]["margin_nanos"], "upstream" in items[0]) == ("3", False)
    everything = document(operators.get("ops/requests"))["items"]
    assert {each["id"] for each in everything} == {ours.pk, theirs.pk}
    assert document(operators.get("ops/requests", upstream="vendor"))["items"][0]["id"] == ours.pk
    assert problem(keepers.get(f"site/requests/{theirs.pk}")) == (404, "not_found")
    told = document(keepers.get(f"site/requests/{ours.pk}"))
    assert [set(each) for each in told["attempts"]] == [
        {"status", "code", "latency_ms", "cost_nanos"}
    ]
    assert [set(each) for each in told["passed_over"]] == [{"reason", "words"}]
    told = document(operators.get(f"ops/requests/{ours.pk}"))
    assert told["attempts"][0]["upstream"] == "vendor"
    assert told["passed_over"][0]["upstream"] == "other"


def test_refused_calls_are_among_them_and_pages_go_on(
    acme: Organization, acme_key: ApiKey, keepers: Program
) -> None:
    made = {calls.refusal(acme).pk, calls.record(acme, api_key=acme_key).pk}
    first = document(keepers.get("site/requests", limit=1))
    second = document(keepers.get("site/requests", limit=1, cursor=first["next_cursor"]))
    assert {first["items"][0]["id"], second["items"][0]["id"]} == made
    assert second["next_cursor"] is None
    found = document(keepers.get("site/requests", key_id=acme_key.pk))["items"]
    assert [each["key_id"] for each in found] == [acme_key.pk]
    assert document(keepers.get("site/requests", status="4xx"))["items"][0]["is_refused"]
    refused = next(each for each in made if each != found[0]["id"])
    assert document(keepers.get(f"site/requests/{refused}"))["attempts"] == []


def test_customers_have_no_such_place(acme: Organization, ours: Program) -> None:
    for path in ("site/requests", "ops/requests"):
        assert problem(ours.get(path))[0] in (403, 404)
