"""Staff see where a call went and what that cost; its customer never does."""

from django.test import Client

from accounts.models import Organization
from tests.factories import calls

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


def test_staff_are_told_when_the_arithmetic_fails(operator: Client, acme: Organization) -> None:
    record = calls.record(acme, charge_nanos=1)
    page = operator.get(f"/ops/requests/{record.pk}").content.decode()
    assert "does not give the charge" in page


def test_a_refused_call_has_its_page_too(operator: Client, acme: Organization) -> None:
    refusal = calls.refusal(acme)
    page = operator.get(f"/ops/requests/{refusal.pk}").content.decode()
    assert "never charged" in page
