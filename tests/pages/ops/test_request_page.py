"""Staff see where a call went and what that cost; its customer never does."""

from django.test import Client

from accounts.models import Organization
from billing import prices
from tests.factories import calls
from tests.factories.billing import model

ATTEMPTS = [
    {"upstream": "hidden-vendor", "status": 500, "code": "upstream_error", "latency_ms": 90},
    {
        "upstream": "hidden-vendor-2",
        "status": 200,
        "code": "",
        "latency_ms": 400,
        "cost_nanos": 77_000,
    },
]


def test_staff_see_attempts_costs_and_margin_and_customers_do_not(
    operator: Client, owner: Client, acme: Organization
) -> None:
    record = calls.record(
        acme,
        charge_nanos=225_001,
        cost_nanos=77_000,
        hold_nanos=5_000_000,
        upstream="hidden-vendor-2",
        attempts=ATTEMPTS,
        lines=[
            {"bucket": "input", "quantity": 1500, "nanos_per_mtok": 150_000_000},
            {"bucket": "output", "quantity": 1, "nanos_per_mtok": 1_400_000},
        ],
    )
    staff = operator.get(f"/ops/requests/{record.pk}").content.decode()
    customer = owner.get(f"/app/requests/{record.pk}").content.decode()
    for words in ("hidden-vendor-2", "$0.000077", "$0.000148001"):
        assert words in staff
        assert words not in customer
    assert "hidden-vendor" not in customer
    for page in (staff, customer):
        for words in ("$0.000225", "Sum, before rounding", "$0.0002250014", "$0.000225001"):
            assert f">{words}<" in page
        assert "$0.005" in page  # the Hold


def test_every_kind_of_line_is_told_in_words_with_its_unit(
    operator: Client, owner: Client, acme: Organization
) -> None:
    components = {"input": 1, "output": 1, "tiers": [{"above_tokens": 5, "input": 2}]}
    version = prices.publish(model("small"), organization=acme, components=components)
    lines = [
        {"bucket": "image:hd:1024x1024", "quantity": 2, "nanos_per_unit": 40_000_000},
        {"bucket": "cache_write_5m", "quantity": 7, "nanos_per_mtok": 3_000_000},
        {"bucket": "seconds", "quantity": 9, "nanos_per_unit": 1_000},
        {"bucket": "minimum", "quantity": 1, "nanos_per_mtok": 979_000_000},
    ]
    record = calls.record(
        acme, price=version, adjustment_bp=550, charge_nanos=80_010_000, lines=lines
    )
    for client, address in ((operator, "/ops/requests/"), (owner, "/app/requests/")):
        text = client.get(address + record.pk).content.decode()
        for words in (
            "Image hd 1024x1024",
            '$0.04</span> <span class="muted small">per image</span>',
            "Cache write, 5 minutes",
            "per 1M tokens",
            "per second",
            "Up to the minimum",
            "contract",
            "+5.5 %",
            "above 5 tokens of prompt; here 8",
        ):
            assert words in text
        assert "does not give the charge" not in text


def test_staff_are_told_when_the_arithmetic_fails(operator: Client, acme: Organization) -> None:
    record = calls.record(acme, charge_nanos=1)
    page = operator.get(f"/ops/requests/{record.pk}").content.decode()
    assert "does not give the charge" in page


def test_a_refused_call_has_its_page_too(operator: Client, acme: Organization) -> None:
    refusal = calls.refusal(acme)
    page = operator.get(f"/ops/requests/{refusal.pk}").content.decode()
    assert "never charged" in page
