"""A cost or an adjustment that has not begun is taken back on its page; one that has is not."""

from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditRecord
from billing import adjustments
from billing.models import Model, Plan, PlanAdjustment
from relay import costs
from relay.models import Cost, Route, Upstream


@pytest.fixture
def route(model: Model, upstream: Upstream) -> Route:
    return Route.objects.create(model=model, upstream=upstream, name="gpt-4o-2024")


def version(route: Route, begins: datetime | None = None) -> Cost:
    row = costs.publish(costs.key_of(route), {"request": 7}, effective_from=begins)
    assert row is not None
    return row


def test_a_scheduled_cost_is_cancelled(operator: Client, route: Route) -> None:
    row = version(route, timezone.now() + timedelta(days=1))
    address, cancel = (
        reverse("ops_route", args=[route.pk]),
        reverse("ops_cost_cancel", args=[row.pk]),
    )
    assert cancel in operator.get(address).content.decode()
    assert operator.post(cancel).headers["Location"] == address
    assert operator.post(cancel).status_code == 302
    text = operator.get(address).content.decode()
    assert "cancelled" in text
    assert cancel not in text
    assert not Cost.objects.exists()
    told = AuditRecord.objects.get(action="cost.cancel")
    assert (told.target_id, told.before["upstream"]) == (route.model_id, "vendor")


def test_a_cost_that_has_begun_is_not(operator: Client, route: Route) -> None:
    cancel = reverse("ops_cost_cancel", args=[version(route).pk])
    assert "It has begun" in operator.post(cancel, follow=True).content.decode()
    assert Cost.objects.exists()


def test_a_cost_of_a_route_that_is_gone_is_cancelled(operator: Client, route: Route) -> None:
    row = version(route, timezone.now() + timedelta(days=1))
    route.delete()
    response = operator.post(reverse("ops_cost_cancel", args=[row.pk]))
    assert response.headers["Location"] == reverse("ops_model", args=[row.model])


def test_a_scheduled_adjustment_is_cancelled(operator: Client) -> None:
    plan, _ = Plan.objects.get_or_create(pk="default")
    begun = adjustments.publish(plan, adjustment_bp=100)
    begins = timezone.now() + timedelta(days=1)
    row = adjustments.publish(plan, adjustment_bp=-500, effective_from=begins)
    address = reverse("ops_plan", args=[plan.pk])
    cancel, not_this = (reverse("ops_adjustment_cancel", args=[each.pk]) for each in (row, begun))
    text = operator.get(address).content.decode()
    assert cancel in text
    assert not_this not in text
    assert operator.post(cancel).headers["Location"] == address
    assert "cancelled" in operator.get(address).content.decode()
    assert "It has begun" in operator.post(not_this, follow=True).content.decode()
    assert list(PlanAdjustment.objects.all()) == [begun]
    assert AuditRecord.objects.get(action="adjustment.cancel").target_id == "default"
    assert adjustments.publish(plan, adjustment_bp=-700, effective_from=begins).pk > row.pk
