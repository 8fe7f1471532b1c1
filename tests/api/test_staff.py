"""What a site's and the deployment's programs do: move money, suspend, price, add upstreams."""

from datetime import timedelta

import pytest
from django.utils import timezone
from redis import Redis

from accounts import audit
from accounts.models import AuditRecord, Organization, Site, SiteStaff, StaffRole
from billing import bulk_prices, prices
from billing.models import Model, Price
from relay import routes
from relay.models import Route, Upstream
from tests.api.programs import Program, document, problem
from tests.factories import calls

CUSTOMER = "site/customers/org_acme"
MOVE = {"amount_nanos": "5000000000", "reason": "invoice 7", "external_id": "inv-7"}


def test_money_moves_once_for_one_external_id(gate: Redis, keepers: Program) -> None:
    for is_replay in (False, True):
        moved = document(keepers.post(f"{CUSTOMER}/credit", MOVE | {"kind": "top_up"}))
        assert moved["is_replay"] is is_replay
        assert moved["balance"]["posted_nanos"] == "105000000000"
    assert AuditRecord.objects.filter(action="balance.credit").count() == 1
    moved = document(keepers.post(f"{CUSTOMER}/debit", MOVE))
    assert moved["balance"]["posted_nanos"] == "100000000000"


def test_a_debit_takes_no_more_than_there_is(gate: Redis, keepers: Program) -> None:
    too_much = MOVE | {"amount_nanos": "200000000000"}
    response = keepers.post(f"{CUSTOMER}/debit", too_much, **{"Idempotency-Key": "a"})
    assert problem(response)[0] == 422


@pytest.mark.parametrize("role", [StaffRole.VIEWER, StaffRole.SUPPORT])
def test_only_those_who_may_move_money_do(acme: Organization, keepers: Program, role: str) -> None:
    SiteStaff.objects.update(role=role)
    response = keepers.post(f"{CUSTOMER}/credit", MOVE | {"kind": "grant"})
    assert problem(response) == (403, "not_allowed")


def test_a_customer_is_suspended_and_resumed(acme: Organization, keepers: Program) -> None:
    assert document(keepers.post(f"{CUSTOMER}/suspend", {"reason": "abuse"}))["is_active"] is False
    assert problem(keepers.post(f"{CUSTOMER}/suspend", {})) == (400, "invalid_request")
    assert document(keepers.post(f"{CUSTOMER}/resume", {"reason": "mended"}))["is_active"] is True
    assert AuditRecord.objects.get(action="organization.suspend").reason == "abuse"


def test_a_site_sets_its_price(keepers: Program) -> None:
    Model.objects.create(pk="m/one")
    draft = {"model": "m/one", "components": {"input": 150_000_000, "output": 600_000_000}}
    made = document(keepers.post("site/prices", draft))
    assert document(keepers.get("site/prices", model="m/one"))["items"] == [made]
    wrong = keepers.post("site/prices", draft | {"components": {"input": 1}})
    assert problem(wrong) == (422, "invalid_price")


def test_a_credential_goes_in_and_never_comes_out(operators: Program) -> None:
    new = {"id": "vendor", "dialect": "openai", "base_url": "https://api.example.com/v1"}
    made = operators.post("ops/upstreams", new | {"credential": "sk-vendor-12345678"})
    assert document(made)["credentials"][0]["label"] == ""
    everything = made.content + operators.get("ops/upstreams/vendor").content
    assert b"12345678" not in everything
    moved = operators.patch("ops/upstreams/vendor", {"base_url": "https://evil.example/v1"})
    assert problem(moved) == (422, "refused")
    assert Upstream.objects.get().base_url == new["base_url"]
    assert problem(operators.post("ops/upstreams", new))[0] == 409


def test_an_upstream_is_paused_with_a_reason_and_looked_at(operators: Program) -> None:
    Upstream.objects.create(pk="vendor", base_url="http://127.0.0.1:1/v1")
    paused = {"is_active": False, "reason": "contract ended"}
    told = document(operators.put("ops/upstreams/vendor/active", paused))
    assert (told["is_active"], told["pause_reason"]) == (False, "contract ended")
    health = document(operators.get("ops/upstreams/vendor/health"))
    assert (health["is_active"], health["state"], health["findings"]) == (False, "closed", [])
    tested = document(operators.post("ops/upstreams/vendor/test", {"name": "one"}))
    assert (tested["ok"], tested["status"]) == (False, 0)
    assert AuditRecord.objects.filter(action="upstream.test", target_id="vendor").exists()


def test_a_call_is_tried_without_making_it(operators: Program, site: Site) -> None:
    vendor = Upstream.objects.create(pk="vendor", base_url="https://a.example/v1", provider="a")
    model = Model.objects.create(pk="m/one")
    Route.objects.create(model=model, upstream=vendor, name="one")
    asked = {"model": "m/one", "site": site.pk}
    told = document(operators.post("ops/routing/dry-run", asked))
    (line,) = told["lines"]
    assert (told["closed"], line["verdict"], line["percents"]) == ("no_price", "tried", [100, 0, 0])
    told = document(operators.post("ops/routing/dry-run", asked | {"x_ai_provider": "b"}))
    assert (told["refused"], told["lines"][0]["verdict"]) == ("invalid_request", "not_wanted")
    wrong = operators.post("ops/routing/dry-run", asked | {"provider": {"order": 7}})
    assert problem(wrong) == (422, "refused")


def test_a_calls_attempts_are_told_with_their_reasons(
    operators: Program, acme: Organization
) -> None:
    tried = {"upstream": "vendor", "status": 503, "code": "status_503", "latency_ms": 9}
    passed = [["other", "full"]]
    record = calls.record(acme, attempts=[tried], passed=passed, ending="upstream_failed")
    told = document(operators.get(f"ops/routing/requests/{record.pk}"))
    (over,) = told["passed_over"]
    assert (over["upstream"], over["reason"]) == ("other", "full")
    assert told["steps"][0]["reason"] == "The upstream answered with status 503."
    assert problem(operators.get("ops/routing/requests/req_nobody")) == (404, "not_found")


def test_models_are_taken_over_switched_off(operators: Program) -> None:
    Upstream.objects.create(pk="vendor", base_url="http://127.0.0.1:1/v1")
    made = document(operators.post("ops/upstreams/vendor/models", {"names": ["m/one", "no id!"]}))
    assert made == {"models": ["m/one"], "routes": []}
    assert not Model.objects.get().is_active
    assert problem(operators.get("ops/upstreams/vendor/models")) == (409, "upstream_failed")


def test_a_model_gets_a_route_with_its_cost(operators: Program) -> None:
    Upstream.objects.create(pk="vendor", base_url="https://api.example.com/v1")
    model = {"id": "m/one", "context_tokens": 8000, "max_output_tokens": 1000}
    document(operators.post("ops/models", model))
    cost = {"input": 1_000, "output": 2_000}
    route = {"model": "m/one", "upstream": "vendor", "name": "one", "cost": cost}
    made = document(operators.post("ops/routes", route))
    assert made["cost"] == cost
    changed = document(operators.patch(f"ops/routes/{made['id']}", {"weight": 3}))
    assert (changed["weight"], changed["cost"]) == (3, cost)
    assert operators.delete(f"ops/routes/{made['id']}").status_code == 204
    assert document(operators.get("ops/models/m/one"))["id"] == "m/one"


def test_a_scheduled_price_is_cancelled_and_a_former_one_comes_back(keepers: Program) -> None:
    Model.objects.create(pk="m/one")
    draft = {"model": "m/one", "components": {"request": 1}}
    first = document(keepers.post("site/prices", draft | {"reason": "autumn"}))
    later = {"components": {"request": 2}, "effective_from": "2999-01-01T00:00:00Z"}
    second = document(keepers.post("site/prices", draft | later))
    assert problem(keepers.delete(f"site/prices/{first['id']}")) == (409, "price_begun")
    assert keepers.delete(f"site/prices/{second['id']}").status_code == 204
    listed = document(keepers.get("site/prices"))["items"]
    assert [each["cancelled_at"] is None for each in listed] == [False, True]
    third = document(keepers.post("site/prices", draft | {"components": {"request": 3}}))
    again = document(keepers.post(f"site/prices/{first['id']}/revert", {"reason": "no"}))
    assert again["components"] == {"request": 1}
    assert again["id"] > third["id"]


def test_a_sites_program_reaches_no_other_sites_prices(
    keepers: Program, operators: Program, other_site: Site
) -> None:
    model = Model.objects.create(pk="m/one")
    row = prices.publish(model, site=other_site, components={"request": 1})
    assert problem(keepers.delete(f"site/prices/{row.pk}"))[0] == 404
    assert problem(keepers.post(f"site/prices/{row.pk}/revert"))[0] == 404
    assert document(operators.post(f"ops/prices/{row.pk}/revert"))["id"] == row.pk


def test_a_scheduled_cost_is_in_the_audit_log(operators: Program) -> None:
    upstream = Upstream.objects.create(pk="vendor", base_url="https://api.example.com/v1")
    route = routes.add(
        Model.objects.create(pk="m/one"), upstream, name="one", by=audit.command("test")
    )
    start = timezone.now() + timedelta(days=1)
    given = {"name": "one", "priority": 0, "weight": 1, "is_active": True}
    for cost_from in (None, start, start):
        routes.update(
            route, **given, cost={"request": 5}, cost_from=cost_from, by=audit.command("test")
        )
    (row,) = AuditRecord.objects.filter(action="route.change")
    assert row.after["cost"] == {"request": 5}
    routes.update(route, **given, cost={"request": 6}, cost_from=start, by=audit.command("test"))
    last = AuditRecord.objects.filter(action="route.change").latest("pk")
    assert (last.before["cost"], last.after["cost"]) == ({"request": 5}, {"request": 6})
    assert last.after["cost_from"] == start.isoformat()


def test_many_prices_are_shown_first_and_then_published(keepers: Program, site: Site) -> None:
    for name in ("m/one", "m/two"):
        model = Model.objects.create(pk=name)
        prices.publish(model, components={"input": 1_000, "output": 4_000})
    change = {"others": "+10%", "steps": {"output": "0.000009"}, "models": ["m/one"]}
    shown = document(keepers.post("site/prices/change", change))
    assert (shown["is_published"], shown["unchanged"]) == (False, 0)
    (line,) = shown["lines"]
    assert line["after"] == {"input": 1_100, "output": 9_000}
    assert Price.objects.filter(site=site).count() == 0
    document(keepers.post("site/prices/change", change | {"is_published": True}))
    assert Price.objects.get(site=site).components == line["after"]
    wrong = keepers.post("site/prices/change", {"steps": {"inputs": "+1%"}})
    assert problem(wrong) == (422, "refused")


def test_a_change_of_more_prices_than_it_may_have_changes_none(operators: Program) -> None:
    Model.objects.bulk_create(Model(pk=f"m/{n}") for n in range(bulk_prices.MODELS_MAX + 1))
    change = {"others": "+10%"}
    assert problem(operators.post("ops/prices/change", change)) == (422, "refused")
    assert document(operators.post("ops/prices/change", change | {"models": ["m/1"]}))


def test_prices_below_cost_are_published_only_if_accepted(operators: Program) -> None:
    upstream = Upstream.objects.create(pk="vendor", base_url="https://api.example.com/v1")
    model = Model.objects.create(pk="m/one")
    by = audit.command("test")
    routes.add(model, upstream, name="one", cost={"request": 8}, by=by)
    prices.publish(model, components={"request": 10})
    change = {"others": "-50%", "is_published": True}
    assert problem(operators.post("ops/prices/change", change)) == (409, "below_cost")
    document(operators.post("ops/prices/change", change | {"accepts_loss": True}))
    assert Price.objects.latest("pk").components == {"request": 5}


def test_a_site_takes_a_model_off_and_lists_it_in_its_own_words(
    keepers: Program, operators: Program, site: Site, other_site: Site
) -> None:
    Model.objects.create(pk="m/one")
    change = {"shown_as": "best", "description": {"en": "Quick."}, "position": 2}
    told = document(keepers.patch("site/models/m/one", change))
    assert (told["shown_as"], told["is_offered"], told["position"]) == ("best", True, 2)
    assert document(keepers.patch("site/models/m/one", {"is_offered": False}))["shown_as"] == "best"
    (row,) = document(keepers.get("site/models"))["items"]
    assert row["is_offered"] is False
    (theirs,) = document(operators.get(f"ops/sites/{other_site.pk}/models"))["items"]
    assert (theirs["is_offered"], theirs["shown_as"]) == (True, "")
    off = operators.patch(f"ops/sites/{other_site.pk}/models/m/one", {"is_offered": False})
    assert document(off)["is_offered"] is False
    assert document(keepers.put("site/range", {"sells_all_models": False}))
    wrong = keepers.patch("site/models/m/one", {"description": {"tlh": "Qap"}})
    assert problem(wrong) == (422, "refused")


def test_a_model_ends_and_names_what_follows(operators: Program) -> None:
    for name in ("m/one", "m/two"):
        Model.objects.create(pk=name)
    change = {"retires_at": "2999-01-01T00:00:00Z", "successor": "m/two", "capabilities": ["tools"]}
    told = document(operators.patch("ops/models/m/one", change))
    assert {name: told[name] for name in change} == change
    for name in ("m/one", "gone"):
        wrong = operators.patch("ops/models/m/one", {"successor": name})
        assert problem(wrong)[0] == 422
    assert document(operators.patch("ops/models/m/one", {"successor": None}))["successor"] is None
