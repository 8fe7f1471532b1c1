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
from billing.price_versions import FALLBACK, PROMPT_BUCKETS, UNIT_BUCKETS, Bucket
from billing.pricing import Buckets, price
from tests.billing.test_many_charges import any_components, any_use
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
    used = dict(shown["buckets"])
    prices_shown = shown["price_version"]["components"]
    if "reasoning" in prices_shown:
        used["reasoning"] = shown["reasoning_tokens_in_output"]
        used["output"] -= used["reasoning"]
    listed = table_of(shown)
    exact = Fraction(0)
    lines = {line["bucket"]: line for line in shown["lines"]}
    for name, quantity in used.items():
        listed_nanos = None if not quantity else sold_at(name, listed, prices_shown)
        if listed_nanos is None:
            assert name not in lines
            continue
        line, nanos = lines.pop(name), adjusted(listed_nanos, shown["adjustment_bp"])
        assert line["quantity"] == quantity
        is_each = name in UNIT_BUCKETS or name.startswith("image:")
        assert line.get("nanos_per_unit" if is_each and nanos else "nanos_per_mtok") == nanos
        amount = Fraction(quantity * nanos) / (1 if is_each else 10**6)
        assert Fraction(line["nanos"]) == amount
        exact += amount
    if "minimum" in lines:
        exact += Fraction(lines.pop("minimum")["nanos"])
        assert exact == prices_shown["minimum"]
    assert lines == {}
    assert Fraction(shown["sum_nanos"]) == exact
    return round(exact)  # Python rounds fractions half to even


def table_of(shown: dict[str, Any]) -> dict[str, Any]:
    """The prices of the tier that is told, over those of the version."""
    components = shown["price_version"]["components"]
    tiers = {tier["above_tokens"]: tier for tier in components.get("tiers", [])}
    prompt = sum(shown["buckets"].get(name, 0) for name in PROMPT_BUCKETS)
    above = shown["tier_above_tokens"]
    assert above == max((start for start in tiers if prompt > start), default=None)
    return {**components, **(tiers[above] if above is not None else {})}


def sold_at(name: str, table: dict[str, Any], components: dict[str, Any]) -> int | None:
    """The listed price of a bucket, its own or the one it falls back to."""
    if name.startswith("image:"):
        images, kind = components.get("image", {}), name.removeprefix("image:")
        quality, _, size = kind.partition(":")
        own = [images[each] for each in (kind, size, quality, "default") if each in images]
        return next(iter(own), max(images.values(), default=None))
    bucket: Bucket | None = Bucket(name)
    while bucket is not None and bucket not in table:
        bucket = FALLBACK.get(bucket)
    return None if bucket is None else int(table[bucket])


def adjusted(nanos: int, adjustment_bp: int) -> int:
    return round(Fraction(nanos * (10_000 + adjustment_bp), 10_000))


def test_the_arithmetic_of_many_random_calls_gives_their_charge(
    gate: Redis, acme: Organization
) -> None:
    dice = random.Random(21)
    scopes: list[dict[str, Any]] = [{}, {"site": acme.site}, {"organization": acme}]
    versions = [
        prices.publish(model(f"m{number}"), components=any_components(dice), **dice.choice(scopes))
        for number in range(VERSIONS)
    ]
    for _ in range(RECORDS):
        version, tokens = dice.choice(versions), any_use(dice)
        adjustment_bp = dice.choice([0, -1_000, 333, -10_000])
        charge = price(tokens, prices.version_of(version, adjustment_bp)).nanos
        written_off = dice.choice([0, 0, charge // 3])
        event = usage_event(
            acme,
            version=version,
            tokens=tokens,
            model=version.model_id,
            adjustment_bp=adjustment_bp,
        )
        append_usage(event, debited_nanos=charge - written_off, written_off_nanos=written_off)
    posting.drain(acme.site_id, "worker", until_s=0)
    rows = UsageRecord.objects.select_related("site")
    assert rows.count() == RECORDS
    for record in rows:
        shown = explain.as_json(explain.explain(record))
        assert by_hand(shown) == shown["rounded_nanos"]
        assert shown["rounded_nanos"] == record.charge_nanos + record.written_off_nanos
        assert shown["ok"]


@pytest.mark.parametrize("origin", ["default", "site", "contract"])
def test_it_is_told_whose_price_it_was_and_what_the_plan_made_of_it(
    acme: Organization, origin: str
) -> None:
    scope: dict[str, Any] = {"default": {}, "site": {"site": acme.site}}.get(
        origin, {"organization": acme}
    )
    tier = {"above_tokens": 5, "input": 4}
    components = {"input": 2, "output": 2, "tiers": [tier]}
    version = prices.publish(model("small"), components=components, **scope)
    record = calls.record(acme, price=version, adjustment_bp=-1_250, charge_nanos=0)
    told = explain.explain(record)
    assert (told.origin, told.adjustment) == (origin, "-12.5")
    assert (told.prompt_tokens, told.tier_above_tokens) == (8, 5)
    assert explain.as_json(told)["price_version"]["origin"] == origin


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
    UsageRecord.objects.filter(pk=record.pk).update(passed=[["c", "full"], ["d", "of_tomorrow"]])
    record.refresh_from_db()
    told = explain.explain(record).attempts
    assert [(each["cost_nanos"], each["cost_id"]) for each in told] == [(0, 0), (9, 4)]
    over = explain.as_json(explain.explain(record))["passed_over"]
    assert over[0]["words"] == "as many calls as may be are under way there"
    assert [each["words"] for each in over[1:]] == ["of_tomorrow"]  # by a newer relay


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
