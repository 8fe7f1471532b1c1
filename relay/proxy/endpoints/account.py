"""What a program may ask of its own key and its organization's money, in the shapes that clients
know already. Read only; whoever may not call may not read either.

Sources, read 2026-11: OpenRouter API reference, "Get current API key", "Get credits", "Get a
generation"; the billing endpoints of OpenAI's old dashboard as one-api serves them. Their amounts
are JSON numbers: exact decimals here. Amounts in fields of our own are text.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import msgspec

from relay.proxy.account import Credits, Generation, KeyFacts, Spending
from relay.proxy.causes import Cause
from relay.proxy.dialect import Dialect
from relay.proxy.dialects.decoding import wrong
from relay.proxy.errors import ApiError
from relay.proxy.exchange import Exchange
from relay.proxy.paths import Paths
from relay.proxy.request import JSON_HEADERS
from relay.proxy.types import Caller

if TYPE_CHECKING:
    from relay.proxy.app import Relay

ID_CHARS_MAX = 64
_RESETS = {"day": "daily", "week": "weekly", "month": "monthly"}
_NANOS_DIGITS = 9
_NANOS = 10**_NANOS_DIGITS

Read = Callable[["Relay", Exchange, Caller], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Reading:
    """Implements `exchange.Endpoint`."""

    name: str
    read: Read
    dialect: Dialect = Dialect.CHAT

    async def serve(self, relay: "Relay", exchange: Exchange) -> None:
        """See `Endpoint.serve`."""
        caller = await relay.authenticate(exchange)
        body = msgspec.json.encode(await self.read(relay, exchange, caller))
        headers = ((b"x-request-id", exchange.id.encode()), (b"cache-control", b"no-store"))
        await exchange.client.answer(200, (*JSON_HEADERS, *headers), body)


def add(paths: Paths) -> None:
    """Serve them."""
    for path, read in {
        "key": _key,
        "auth/key": _key,  # its older name
        "credits": _credits,
        "generation": _generation,
        "dashboard/billing/subscription": _subscription,
        "dashboard/billing/usage": _usage,
    }.items():
        paths.add("GET", "/v1/" + path, Reading(path, read))


def decimal(nanos: int) -> str:
    """The exact amount: `5`, `0.0375`, `-0.000000001`."""
    whole, rest = divmod(abs(nanos), _NANOS)
    fraction = f".{rest:0{_NANOS_DIGITS}d}".rstrip("0").rstrip(".")
    return f"{'-' if nanos < 0 else ''}{whole}{fraction}"


def _number(nanos: int) -> msgspec.Raw:
    return msgspec.Raw(decimal(nanos).encode())


async def _key(relay: "Relay", exchange: Exchange, caller: Caller) -> dict[str, Any]:
    facts = await relay.accounts.key(caller)
    own = _own_budget(facts)
    left = max(0, own.limit_nanos - own.spent_nanos) if own else 0
    requests = facts.requests_per_minute
    return {
        "data": {
            "label": facts.label,
            "name": facts.name,
            "limit": _number(own.limit_nanos) if own else None,
            "limit_remaining": _number(left) if own else None,
            "limit_reset": _RESETS.get(own.period) if own else None,
            "usage": _number(facts.used_nanos),
            "usage_daily": _number(facts.used_today_nanos),
            "usage_weekly": _number(facts.used_this_week_nanos),
            "usage_monthly": _number(facts.used_this_month_nanos),
            "is_free_tier": False,
            "expires_at": facts.expires_at,
            "rate_limit": {"requests": -1 if requests is None else requests, "interval": "60s"},
            "limits": {
                "requests_per_minute": requests,
                "tokens_per_minute": facts.tokens_per_minute,
                "concurrency": facts.concurrency,
            },
            "budgets": [_budget(each) for each in facts.budgets],
        }
    }


def _own_budget(facts: KeyFacts) -> Spending | None:
    return next((each for each in facts.budgets if each.scope == "key"), None)


def _budget(spending: Spending) -> dict[str, Any]:
    return {
        "scope": spending.scope,
        "period": spending.period,
        "limit": decimal(spending.limit_nanos),
        "spent": decimal(spending.spent_nanos),
        "resets_at": spending.resets_at,
    }


async def _credits(relay: "Relay", exchange: Exchange, caller: Caller) -> dict[str, Any]:
    found: Credits = await relay.accounts.credits(caller)
    return {
        "data": {
            "total_credits": _number(found.total_nanos),
            "total_usage": _number(found.used_nanos),
            "balance": decimal(found.balance_nanos),
            "currency": found.currency,
        }
    }


async def _generation(relay: "Relay", exchange: Exchange, caller: Caller) -> dict[str, Any]:
    request_id = exchange.query().get("id", "")
    if not request_id:
        raise ApiError(Cause.MISSING_PARAMETER, param="id", detail="id")
    if len(request_id) > ID_CHARS_MAX or not request_id.isprintable():
        raise ApiError(Cause.OBJECT_NOT_FOUND, param="id", detail=request_id[:ID_CHARS_MAX])
    found: Generation = await relay.accounts.generation(caller, request_id)
    return {
        "data": {
            "id": found.id,
            "model": found.model,
            "endpoint": found.endpoint,
            "created_at": found.created_at,
            "streamed": found.is_stream,
            "cancelled": found.ending == "client_left",
            "status": found.status,
            "ending": found.ending,
            "is_estimated": found.is_estimated,
            "provider_name": None,
            "total_cost": _number(found.charge_nanos),
            "usage": _number(found.charge_nanos),
            "tokens_prompt": found.prompt_tokens,
            "tokens_completion": found.output_tokens,
            "native_tokens_prompt": found.prompt_tokens,
            "native_tokens_completion": found.output_tokens,
            "native_tokens_cached": found.cached_tokens,
            "native_tokens_reasoning": found.reasoning_tokens,
            "latency": found.first_byte_ms,
            "generation_time": found.duration_ms,
        }
    }


async def _subscription(relay: "Relay", exchange: Exchange, caller: Caller) -> dict[str, Any]:
    """All that there is to spend, ever: old clients take the usage off it."""
    found = await relay.accounts.credits(caller)
    limit = _number(found.total_nanos)
    return {
        "object": "billing_subscription",
        "has_payment_method": True,
        "soft_limit_usd": limit,
        "hard_limit_usd": limit,
        "system_hard_limit_usd": limit,
        "access_until": (caller.expires_at and int(caller.expires_at)) or 0,
    }


async def _usage(relay: "Relay", exchange: Exchange, caller: Caller) -> dict[str, Any]:
    """In hundredths, as the dashboard had it."""
    query = exchange.query()
    start, end = (
        _day(query.get("start_date"), "start_date"),
        _day(query.get("end_date"), "end_date"),
    )
    used_nanos = await relay.accounts.used_nanos(caller, start, end)
    return {"object": "list", "total_usage": _number(used_nanos * 100)}


def _day(text: str | None, name: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise wrong(name, "must be a day, YYYY-MM-DD") from None
