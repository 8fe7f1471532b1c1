"""Costs and adjustments that begin later: scheduled, listed and taken back by programs."""

from billing.models import Model, Plan
from relay.models import Upstream
from tests.api.programs import Program, document, problem

IN_2999 = "2999-01-01T00:00:00Z"


def test_a_cost_is_scheduled_and_cancelled(operators: Program) -> None:
    Model.objects.create(pk="m/one")
    Upstream.objects.create(pk="vendor", base_url="https://api.example.com/v1")
    route = {"model": "m/one", "upstream": "vendor", "name": "one", "cost": {"request": 1}}
    made = document(operators.post("ops/routes", route))
    later = {"cost": {"request": 2}, "cost_from": IN_2999}
    assert document(operators.patch(f"ops/routes/{made['id']}", later))["cost"] == {"request": 1}
    taken = later | {"cost": {"request": 3}}
    refused = operators.patch(f"ops/routes/{made['id']}", taken)
    assert problem(refused) == (422, "invalid_price")
    second, first = document(operators.get(f"ops/routes/{made['id']}/costs"))["items"]
    assert (second["effective_from"], second["components"]) == (IN_2999, {"request": 2})
    assert problem(operators.delete(f"ops/costs/{first['id']}")) == (409, "price_begun")
    assert operators.delete(f"ops/costs/{second['id']}").status_code == 204
    listed = document(operators.get(f"ops/routes/{made['id']}/costs"))["items"]
    assert [each["cancelled_at"] is None for each in listed] == [False, True]


def test_an_adjustment_is_scheduled_and_cancelled(operators: Program) -> None:
    Plan.objects.get_or_create(pk="default")
    path = "ops/plans/default/adjustments"
    first = document(operators.post(path, {"adjustment_bp": 100}))
    later = {"adjustment_bp": -500, "effective_from": IN_2999}
    second = document(operators.post(path, later))
    assert problem(operators.delete(f"ops/adjustments/{first['id']}")) == (409, "price_begun")
    assert operators.delete(f"ops/adjustments/{second['id']}").status_code == 204
    listed = document(operators.get(path))["items"]
    assert [each["cancelled_at"] is None for each in listed] == [False, True]
