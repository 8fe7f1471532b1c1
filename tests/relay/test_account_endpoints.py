"""What a program reads of its own key, balance and Calls; no stranger and no refused key does."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from channels.db import database_sync_to_async
from django.utils import timezone

from accounts.models import ApiKey, Organization
from billing import budgets
from relay.proxy.endpoints.account import decimal
from relay.proxy.types import Standing
from tests.factories import calls
from tests.relay.proxy.fakes import SECRET, Exchange, House, caller, house

pytestmark = pytest.mark.django_db(transaction=True)
UNIT = 10**9
PATHS = (
    "/v1/key",
    "/v1/auth/key",
    "/v1/credits",
    "/v1/generation",
    "/v1/dashboard/billing/subscription",
    "/v1/dashboard/billing/usage",
)
STRANGER = "sk-globex"
_exact = msgspec.json.Decoder(float_hook=Decimal)


@pytest.fixture
async def relay(acme: Organization, globex: Organization, acme_key: ApiKey) -> AsyncIterator[House]:
    async with house() as made:
        own = {"organization_id": acme.pk, "key_id": acme_key.pk, "site_id": "acme"}
        made.keys.callers[SECRET] = caller(**own)
        made.keys.callers[STRANGER] = caller(**own | {"organization_id": globex.pk})
        yield made


async def get(relay: House, path: str, query: str = "", secret: str = SECRET) -> Exchange:
    headers = {"authorization": f"Bearer {secret}"}
    exchange = relay.request(method="GET", path=path, headers=headers)
    exchange.ask(query.encode())
    return await exchange.begin().finish()


async def read(relay: House, path: str, query: str = "", secret: str = SECRET) -> Any:
    answer = await get(relay, path, query, secret)
    assert answer.status == 200, answer.body
    return _exact.decode(answer.body)


async def spend(organization: Organization, key: ApiKey, **changes: Any) -> str:
    """A Call of the key's; its request id."""
    made = await database_sync_to_async(calls.record)(organization, api_key=key, **changes)
    return str(made.request_id)


async def test_a_key_tells_its_limits_budget_and_use(
    relay: House, acme: Organization, acme_key: ApiKey
) -> None:
    await spend(acme, acme_key, charge_nanos=1_250_000_001)
    await database_sync_to_async(ApiKey.objects.update)(
        budget_nanos=5 * UNIT, budget_period="month", requests_per_minute=60
    )
    await database_sync_to_async(budgets.choose)(acme, period="day", limit_nanos=9 * UNIT)
    data = (await read(relay, "/v1/key"))["data"]
    assert data["label"] == acme_key.masked
    assert (data["limit"], data["limit_reset"]) == (5, "monthly")
    assert data["usage"] == data["usage_daily"] == data["usage_monthly"] == Decimal("1.250000001")
    assert data["limit_remaining"] == Decimal("3.749999999")
    assert data["rate_limit"] == {"requests": 60, "interval": "60s"}
    assert [(each["scope"], each["limit"]) for each in data["budgets"]] == [
        ("key", "5"),
        ("organization", "9"),
    ]


async def test_credits_are_what_came_in_and_what_was_used(
    relay: House, acme: Organization, acme_key: ApiKey
) -> None:
    await spend(acme, acme_key, charge_nanos=UNIT // 4)
    data = (await read(relay, "/v1/credits"))["data"]
    assert data["total_credits"] - data["total_usage"] == 100  # as the ledger says
    assert (data["total_usage"], data["balance"]) == (Decimal("0.25"), "100")
    told = await read(relay, "/v1/dashboard/billing/subscription")
    assert told["hard_limit_usd"] == data["total_credits"]
    used = await read(relay, "/v1/dashboard/billing/usage")
    assert used["total_usage"] == 25  # hundredths


async def test_use_is_counted_between_days(
    relay: House, acme: Organization, acme_key: ApiKey
) -> None:
    await spend(acme, acme_key, charge_nanos=UNIT)
    path, today = "/v1/dashboard/billing/usage", f"{timezone.now():%Y-%m-%d}"
    assert (await read(relay, path, f"end_date={today}"))["total_usage"] == 0
    wrong = await get(relay, path, "start_date=yesterday")
    assert (wrong.status, wrong.error()["param"]) == (400, "start_date")


async def test_a_call_is_shown_to_its_organization_alone(
    relay: House, acme: Organization, acme_key: ApiKey
) -> None:
    request_id = await spend(acme, acme_key, upstream="secret-vendor")
    query = f"id={request_id}"
    answer = await get(relay, "/v1/generation", query)
    data = _exact.decode(answer.body)["data"]
    assert (data["id"], data["model"], data["total_cost"]) == (request_id, "small", Decimal("1E-4"))
    assert (data["tokens_prompt"], data["tokens_completion"]) == (8, 2)
    assert b"secret-vendor" not in answer.body
    for theirs in (
        await get(relay, "/v1/generation", query, STRANGER),
        await get(relay, "/v1/generation", "id=req_nobodys"),
    ):
        assert (theirs.status, theirs.error()["code"]) == (404, "not_found")
    missing = await get(relay, "/v1/generation")
    assert (missing.status, missing.error()["param"]) == (400, "id")


async def test_a_refused_key_may_not_read(relay: House) -> None:
    for path in PATHS:
        assert (await get(relay, path, secret="sk-nobodys")).status == 401
        for standing, status in ((Standing.REVOKED, 401), (Standing.DISABLED, 403)):
            relay.keys.callers[SECRET] = caller(standing=standing)
            assert (await get(relay, path)).status == status


@pytest.mark.parametrize(
    ("nanos", "text"),
    [
        (0, "0"),
        (1, "0.000000001"),
        (-1, "-0.000000001"),
        (5 * UNIT, "5"),
        (10 * UNIT + UNIT // 2, "10.5"),
    ],
)
def test_amounts_are_exact_decimals(nanos: int, text: str) -> None:
    assert decimal(nanos) == text
