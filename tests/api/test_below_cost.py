"""A single price below cost is published only by a program that accepts the loss."""

import pytest

from accounts import audit
from accounts.models import Organization
from billing import prices
from billing.models import Model, Price
from relay import routes
from relay.models import Upstream
from tests.api.programs import Program, document, problem

BELOW = {"model": "m/one", "components": {"request": 5}}


@pytest.fixture
def model(db: None) -> Model:
    upstream = Upstream.objects.create(pk="vendor", base_url="https://api.example.com/v1")
    row = Model.objects.create(pk="m/one")
    routes.add(row, upstream, name="one", cost={"request": 8}, by=audit.command("test"))
    return row


@pytest.mark.parametrize("path", ["ops/prices", "site/prices", "site/customers/org_acme/prices"])
def test_it_is_asked_in_every_scope(
    operators: Program, keepers: Program, acme: Organization, model: Model, path: str
) -> None:
    program = operators if path.startswith("ops") else keepers
    assert problem(program.post(path, BELOW)) == (409, "below_cost")
    assert not Price.objects.filter(model=model).exists()
    made = document(program.post(path, BELOW | {"accepts_loss": True}))
    assert made["components"] == {"request": 5}


def test_going_back_to_one_below_cost_is_asked_too(operators: Program, model: Model) -> None:
    old = prices.publish(model, components={"request": 5})
    prices.publish(model, components={"request": 10})
    path = f"ops/prices/{old.pk}/revert"
    assert problem(operators.post(path, {"reason": ""})) == (409, "below_cost")
    document(operators.post(path, {"reason": "", "accepts_loss": True}))
    assert prices.chain(model, None)[0].components == {"request": 5}


def test_nonsense_is_told_as_such(operators: Program, model: Model) -> None:
    wrong = BELOW | {"components": {"request": "cheap"}}
    assert problem(operators.post("ops/prices", wrong)) == (422, "invalid_price")
