"""Every charge can be redone by hand from what its explanation shows."""

import json
import random
from fractions import Fraction
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from redis import Redis

from accounts.models import Organization
from billing import events, explain, posting, prices
from billing.models import UsageRecord
from billing.pricing import Buckets, price
from tests.factories import calls
from tests.factories.billing import append_usage, default_price, model, usage_event

pytestmark = pytest.mark.django_db

RECORDS = 300
VERSIONS = 12


def told(request_id: str) -> dict[str, Any]:
    out = StringIO()
    call_command("explain", request_id, stdout=out)
    answer: dict[str, Any] = json.loads(out.getvalue())
    return answer


def by_hand(shown: dict[str, Any]) -> int:
    """The charge as a reader would work it out, from what is shown and nothing else."""
    amounts = []
    for line in shown["lines"]:
        assert line["quantity"] == shown["buckets"][line["bucket"]]
        sold_at = shown["price_version"]["components"]
        assert line["nanos_per_mtok"] == sold_at.get(line["bucket"], sold_at["input"])
        amount = Fraction(line["quantity"] * line["nanos_per_mtok"], 10**6)
        assert Fraction(line["nanos"]) == amount
        amounts.append(amount)
    assert Fraction(shown["sum_nanos"]) == sum(amounts)
    return round(sum(amounts, Fraction(0)))  # Python rounds fractions half to even


def test_the_arithmetic_of_many_random_calls_gives_their_charge(
    gate: Redis, acme: Organization
) -> None:
    dice = random.Random(21)
    versions = []
    for number in range(VERSIONS):
        components = {"input": dice.randrange(10**8), "output": dice.randrange(10**9)}
        if number % 2:
            components["cached_input"] = dice.randrange(10**8)
        versions.append(prices.publish(model(f"m{number}"), site=None, components=components))
    for _ in range(RECORDS):
        version = dice.choice(versions)
        tokens = Buckets(*(dice.choice([0, 1, dice.randrange(50_000)]) for _ in range(3)))
        charge = price(tokens, prices.version_of(version)).nanos
        written_off = dice.choice([0, 0, charge // 3])
        event = usage_event(acme, version=version, tokens=tokens, model=version.model_id)
        append_usage(event, debited_nanos=charge - written_off, written_off_nanos=written_off)
    posting.drain(acme.site_id, "worker", until_s=0)
    rows = UsageRecord.objects.select_related("site")
    assert rows.count() == RECORDS
    for record in rows:
        shown = explain.as_json(explain.explain(record))
        assert by_hand(shown) == shown["rounded_nanos"]
        assert shown["rounded_nanos"] == record.charge_nanos + record.written_off_nanos
        assert shown["ok"]


def test_the_command_tells_price_version_hold_settlement_booking_and_attempts(
    gate: Redis, acme: Organization
) -> None:
    version = default_price()
    for request_id in ("req_one", "req_two"):
        event = usage_event(
            acme,
            request_id=request_id,
            version=version,
            tokens=Buckets(input=1000, output=1),
            cost_nanos=40,
            hold_nanos=200_000,
            attempts=(events.Attempt("demo", 200, "", 5, cost_nanos=40, cost_id=3),),
        )
        append_usage(event, debited_nanos=100_500)
    posting.drain(acme.site_id, "worker", until_s=0)
    shown = told("req_one")
    assert shown["price_version"]["id"] == version.pk
    assert shown["price_version"]["site"] is None
    assert (shown["hold_nanos"], shown["charge_nanos"], shown["ok"]) == (200_000, 100_500, True)
    assert shown["ledger_transaction"]["amount_nanos"] == -201_000
    assert shown["ledger_transaction"]["calls"] == 2
    (attempt,) = shown["attempts"]
    assert (attempt["upstream"], attempt["cost_nanos"]) == ("demo", 40)
    assert shown["margin_nanos"] == 100_460
    assert [line["nanos"] for line in shown["lines"]] == ["100000.000000", "500.000000"]


def test_every_attempt_is_told_with_its_cost_and_the_version_of_it(acme: Organization) -> None:
    tries = [{"upstream": "a", "status": 500}, {"upstream": "b", "cost_nanos": 9, "cost_id": 4}]
    record = calls.record(acme, upstream="b", cost_nanos=9, attempts=tries)
    told = explain.explain(record).attempts
    assert [(each["cost_nanos"], each["cost_id"]) for each in told] == [(0, 0), (9, 4)]


def test_a_charge_that_its_lines_do_not_give_is_told_by_the_exit_code(acme: Organization) -> None:
    record = calls.record(acme, charge_nanos=5)  # and no lines
    with pytest.raises(SystemExit):
        told(record.pk)


def test_a_refused_call_cost_nothing(acme: Organization) -> None:
    refusal = calls.refusal(acme)
    shown = told(refusal.pk)
    assert (shown["is_refused"], shown["charge_nanos"]) == (True, 0)


def test_an_unknown_call_is_an_error() -> None:
    with pytest.raises(CommandError, match="no call"):
        told("req_nothing")
