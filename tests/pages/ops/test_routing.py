"""Operators order a model's routes, see where a call would go, and where one went."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditRecord, Organization
from billing import prices
from billing.models import Model, UsageRecord
from relay.models import Route, Upstream
from tests.factories import calls


@pytest.fixture
def routed(model: Model, upstream: Upstream) -> list[Route]:
    """The model with two routes, one of them over an upstream that is paused."""
    prices.publish(model, components={"input": 1, "output": 1})
    other = Upstream.objects.create(
        pk="other", base_url="https://api.example.org/v1", is_active=False, pause_reason="quota"
    )
    return [
        Route.objects.create(model=model, upstream=each, name="gpt-4o", priority=at)
        for at, each in enumerate((upstream, other))
    ]


def order(routed: list[Route], **changes: Any) -> dict[str, Any]:
    """The form of the order as the page has it, with the first route changed."""
    given: dict[str, Any] = {}
    for route in routed:
        given |= {f"route-{route.pk}-priority": route.priority}
        given |= {f"route-{route.pk}-weight": route.weight}
        given |= {f"route-{route.pk}-is_active": "on"}
    return given | {f"route-{routed[0].pk}-{name}": value for name, value in changes.items()}


def test_the_order_is_changed_at_once_and_on_the_trail_as_one(
    operator: Client, model: Model, routed: list[Route]
) -> None:
    address = reverse("ops_routing", args=[model.pk])
    changed = order(routed, priority=2, weight=7)
    assert operator.post(address, changed).status_code == 302
    assert operator.post(address, changed).status_code == 302  # again changes nothing
    routed[0].refresh_from_db()
    assert (routed[0].priority, routed[0].weight, routed[0].is_active) == (2, 7, True)
    row = AuditRecord.objects.get()
    assert row.action == "route.reorder"
    assert row.after == {"vendor/gpt-4o": {"priority": 2, "weight": 7, "is_active": True}}
    off = order(routed)
    del off[f"route-{routed[1].pk}-is_active"]
    operator.post(address, off)
    assert not Route.objects.get(pk=routed[1].pk).is_active


@pytest.mark.parametrize("wrong", [{"priority": -1}, {"weight": "many"}, {"weight": 99_999}])
def test_nonsense_changes_nothing(
    operator: Client, model: Model, routed: list[Route], wrong: dict[str, Any]
) -> None:
    address = reverse("ops_routing", args=[model.pk])
    assert operator.post(address, order(routed, **wrong)).status_code == 422
    assert not AuditRecord.objects.exists()


def test_a_call_is_tried_without_making_it(
    operator: Client, model: Model, routed: list[Route]
) -> None:
    page = operator.get(reverse("ops_routing", args=[model.pk])).content.decode()
    assert "100 %" in page
    assert "the upstream is paused" in page
    assert "quota" in page
    wished = {"header": "nobody"}
    page = operator.get(reverse("ops_routing", args=[model.pk]), wished).content.decode()
    assert "its wishes leave no route" in page


@pytest.mark.parametrize("wish", ["{", '{"order": 7}', '{"colour": "red"}', "[1]"])
def test_wishes_that_a_relay_would_refuse_are_said_so(
    operator: Client, model: Model, routed: list[Route], wish: str
) -> None:
    page = operator.get(reverse("ops_routing", args=[model.pk]), {"provider": wish})
    assert page.status_code == 200
    assert 'aria-invalid="true"' in page.content.decode()


def test_a_page_of_routing_takes_few_queries(
    operator: Client, model: Model, routed: list[Route], django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(20):
        operator.get(reverse("ops_routing", args=[model.pk]))


def attempt(upstream: str, status: int, code: str = "") -> dict[str, Any]:
    return {"upstream": upstream, "status": status, "code": code, "latency_ms": 9}


def test_each_attempt_of_a_request_has_its_reason(operator: Client, acme: Organization) -> None:
    record = calls.record(acme)
    UsageRecord.objects.filter(pk=record.pk).update(
        attempts=[
            attempt("vendor", 503, "status_503"),
            attempt("vendor", 0, "AddressRefused"),
            attempt("other", 200),
        ]
    )
    page = operator.get(reverse("ops_explain", args=[record.pk])).content.decode()
    for text in ("answered with status 503", "address is private", "next route was asked"):
        assert text in page
    assert "Its answer went to the caller" in page


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "left alone"), ("zh-hans", "上游暂停使用"), ("zh-hant", "上游暫停使用")],
)
def test_what_a_request_passed_over_has_its_reason(
    operator: Client, acme: Organization, language: str, words: str
) -> None:
    record = calls.record(acme, passed=[["vendor", "upstream_rests"]])
    operator.post("/preferences/language", {"language": language})
    for name in ("ops_explain", "ops_request"):
        page = operator.get(reverse(name, args=[record.pk])).content.decode()
        assert words in page
        assert reverse("ops_upstream", args=["vendor"]) in page


def test_a_refused_request_names_its_rule(operator: Client, acme: Organization) -> None:
    assert operator.get(reverse("ops_explain", args=["req_nobody"])).status_code == 404
    refusal = calls.refusal(acme, code="rate_limit_exceeded", status=429)
    page = operator.get(reverse("ops_explain", args=[refusal.pk])).content.decode()
    assert "No route was asked" in page
    assert "rate_limit_exceeded" in page
