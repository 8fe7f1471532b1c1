"""What real calls must have come to in the books, worked out apart from the product's own code."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import pytest

from tests.faults.cluster import Cluster, Customer
from tests.scenarios.wire import rows

# Per million tokens in nanos: whole nanos a token, so that sums over calls are exact as well.
PRICES = {"input": 150_000_000, "cached_input": 75_000_000, "output": 600_000_000}
PRICE = '{input: "0.15", cached_input: "0.075", output: "0.60"}'  # the same, for a catalog
CREDIT_NANOS = 5_000_000_000
CREDIT = "5.00"


@dataclass(frozen=True, slots=True)
class Seen:
    """An answer as the client saw it; `usage` by bucket."""

    request_id: str
    usage: Mapping[str, int]
    text: str


def charge_nanos(tokens: Mapping[str, int]) -> int:
    """What tokens cost: one rounding on the sum."""
    return round(Fraction(sum(PRICES[name] * count for name, count in tokens.items()), 1_000_000))


def added(all_tokens: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """The sum by bucket."""
    listed = list(all_tokens)
    return {name: sum(tokens[name] for tokens in listed) for name in PRICES}


def assert_booked(
    deployment: Cluster, customer: Customer, seen: Sequence[Seen], counted: Mapping[str, int]
) -> int:
    """That client, server, records and balance agree on every figure; the nanos debited."""
    deployment.settled_audit()
    assert added(each.usage for each in seen) == counted
    records = rows(
        deployment,
        "SELECT request_id, charge_nanos, is_estimated, ending, input_tokens AS input,"
        " cached_input_tokens AS cached_input, output_tokens AS output"
        " FROM billing_usagerecord WHERE organization_id = %s",
        customer.organization,
    )
    facts = {"is_estimated": False, "ending": "completed"}
    assert {record.pop("request_id"): record for record in records} == {
        each.request_id: {"charge_nanos": charge_nanos(each.usage), **each.usage, **facts}
        for each in seen
    }
    balance = deployment.manage("balance", "--organization", customer.organization)
    debited_nanos: int = CREDIT_NANOS - balance["posted_nanos"]
    assert debited_nanos == charge_nanos(counted)
    assert debited_nanos == sum(record["charge_nanos"] for record in records)
    assert (balance["held_nanos"], balance["available_nanos"]) == (0, balance["posted_nanos"])
    return debited_nanos


def tell(capsys: pytest.CaptureFixture[str], **figures: int) -> None:
    """Print figures past pytest's capture."""
    with capsys.disabled():
        sys.stdout.write(f"\n{json.dumps(figures)}\n")
