"""Operators see plans with their limits, and publish what a plan takes off prices or adds."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing import adjustments
from billing.models import Model, Plan, PlanAdjustment

FORM = {"model": "", "percent": "-10", "effective_from": ""}


@pytest.fixture
def plan(operator: Client) -> Plan:
    return Plan.objects.create(pk="gold", requests_per_minute=1234)


@pytest.fixture
def address(plan: Plan) -> str:
    return reverse("ops_plan", args=[plan.pk])


def test_the_list_tells_limits_and_adjustments(
    operator: Client, plan: Plan, model: Model, address: str
) -> None:
    text = operator.get(reverse("ops_plans")).content.decode()
    assert "1,234" in text
    assert "as listed" in text
    operator.post(address, FORM)
    operator.post(address, FORM | {"model": model.pk, "percent": "+5.25"})
    text = operator.get(reverse("ops_plans")).content.decode()
    assert "all models -10 %" in text
    assert f"{model.pk} +5.25 %" in text


def test_one_is_published_by_whoever_did(
    operator: Client, plan: Plan, model: Model, address: str
) -> None:
    assert operator.post(address, FORM | {"percent": "-12.5"}).status_code == 302
    assert adjustments.in_force(plan, model, timezone.now()) == -1_250
    row = PlanAdjustment.objects.get()
    assert row.created_by is not None
    assert row.created_by.email == "op@example.com"


def test_one_can_begin_later(operator: Client, plan: Plan, model: Model, address: str) -> None:
    start = timezone.now() + timedelta(days=2)
    later = FORM | {"effective_from": start.strftime("%Y-%m-%dT%H:%M")}
    assert operator.post(address, later).status_code == 302
    assert adjustments.in_force(plan, model, timezone.now()) == 0
    assert adjustments.in_force(plan, model, start) == -1_000
    assert "scheduled" in operator.get(address).content.decode()
    assert operator.post(address, later | {"percent": "-11"}).status_code == 422


@pytest.mark.parametrize(
    "wrong",
    [
        {"percent": ""},
        {"percent": "ten"},
        {"percent": "1e2"},
        {"percent": "0.125"},
        {"percent": "-100.01"},
        {"percent": "1000.01"},
        {"model": "gone"},
        {"effective_from": "2020-01-01T00:00"},
    ],
)
def test_nonsense_is_refused(operator: Client, address: str, wrong: dict[str, str]) -> None:
    assert operator.post(address, FORM | wrong).status_code == 422
    assert not PlanAdjustment.objects.exists()
