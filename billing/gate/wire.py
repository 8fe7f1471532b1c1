"""Between the gate's values and its scripts' arguments and replies. Pure; no Redis, no clock.

Lua numbers are doubles: what a script computes with must stay under 2^53, so larger figures are
refused here with ValueError before anything is sent.
"""

from typing import Any

from billing.gate.errors import GateClosed, HoldMismatch, HoldTooLarge, ScriptRefused
from billing.gate.keys import budget_names
from billing.gate.runner import Word
from billing.gate.types import (
    UNLIMITED,
    AdmitRequest,
    Admitted,
    Budget,
    CreditResult,
    Denied,
    HoldRef,
    HoldState,
    Limits,
    RateState,
    RateWindow,
    Renewal,
    RenewRequest,
    RestoreRequest,
    Rule,
    Scope,
    Settlement,
    SettleRequest,
)

NANOS_MAX = 2**53 - 1  # 9 million units of currency in one Call, budget or credit
# Limits are compared, not added up: above NANOS_MAX nearly (to 512 nanos), and above this, 4.6
# billion units, nobody is limited. Scripts answer them as 64-bit integers.
LIMIT_NANOS_MAX = 2**62
TOKENS_MAX = 2**31 - 1  # no model's context comes near; keeps sums of a minute exact too

# An event is a record of figures and names; prompts never enter it.
EVENT_BYTES_MAX = 64 * 1024
# day, week, month and total, for the key and for the organization
BUDGETS_MAX = 8
# Waiting events are memory of Redis (about 0.5 kB each): beyond this the gate stops admitting.
USAGE_BACKLOG_MAX = 1_000_000
# A repeated settle comes within seconds; five minutes outlive every retry and a failover.
TOMBSTONE_MS = 300_000
# Late settles and yesterday's figure in the dashboard still find the budget of a closed period.
BUDGET_GRACE_MS = 86_400_000

_BUDGET_RULES = {Scope.KEY: Rule.KEY_BUDGET, Scope.ORGANIZATION: Rule.ORGANIZATION_BUDGET}
_NO_LIMIT = -1
_UNLIMITED: tuple[Word, Word, Word] = ("", "", "")


def exact_nanos(name: str, nanos: int) -> int:
    """`nanos` itself. Raises ValueError when negative or beyond exact Lua arithmetic."""
    if 0 <= nanos <= NANOS_MAX:
        return nanos
    raise ValueError(f"{name} must be between 0 and 2^53 - 1, not {nanos}")


def signed_nanos(nanos: int) -> int:
    """`nanos` itself, of either sign. Raises ValueError beyond exact Lua arithmetic."""
    if -NANOS_MAX <= nanos <= NANOS_MAX:
        return nanos
    raise ValueError(f"an amount must lie within 2^53 - 1 nanos, not {nanos}")


def exact_tokens(name: str, tokens: int) -> int:
    """`tokens` itself. Raises ValueError when negative or absurdly many."""
    if 0 <= tokens <= TOKENS_MAX:
        return tokens
    raise ValueError(f"{name} must be between 0 and 2^31 - 1, not {tokens}")


def bounded_event(event: bytes) -> bytes:
    """`event` itself. Raises ValueError when it is larger than a usage event may be."""
    if len(event) <= EVENT_BYTES_MAX:
        return event
    raise ValueError(f"a usage event of {len(event)} bytes; at most {EVENT_BYTES_MAX}")


def _limit_words(limits: Limits) -> tuple[Word, Word, Word]:
    if limits == UNLIMITED:
        return _UNLIMITED
    figures = (limits.requests_per_minute, limits.tokens_per_minute, limits.concurrency)
    return tuple("" if each is None else exact_nanos("a limit", each) for each in figures)  # type: ignore[return-value]


def _budget_words(budgets: tuple[Budget, ...]) -> list[Word]:
    if len(budgets) > BUDGETS_MAX:
        raise ValueError(f"{len(budgets)} budgets on one Call; at most {BUDGETS_MAX}")
    words: list[Word] = []
    for budget in budgets:
        if not budget.period.replace("-", "").isalnum():
            raise ValueError(f"not the name of a period: {budget.period!r}")
        if budget.limit_nanos < 0:
            raise ValueError(f"limit_nanos must not be negative, not {budget.limit_nanos}")
        limit = min(budget.limit_nanos, LIMIT_NANOS_MAX)
        words += (_BUDGET_RULES[budget.scope], limit, budget.resets_at_ms)
    return words


def admit_args(request: AdmitRequest, *, owner: str, lifetime_ms: int) -> list[Word]:
    """ARGV of admit.lua. Raises ValueError for figures that the script cannot compute exactly, and
    of these HoldTooLarge where only the sum is beyond it."""
    ref = request.hold
    base = request.input_nanos + request.fixed_nanos
    cap = exact_tokens("output_tokens_cap", request.output_tokens_cap)
    price = request.output_nanos_per_token
    if base + cap * price > NANOS_MAX:
        raise HoldTooLarge(f"a Hold of {base + cap * price} nanos; at most 2^53 - 1")
    for name in ("input_nanos", "fixed_nanos", "output_nanos_per_token"):
        exact_nanos(name, getattr(request, name))
    words: list[Word] = [
        ref.request_id,
        ref.organization,
        ref.key,
        owner,
        lifetime_ms,
        base,
        cap,
        price,
        exact_tokens("output_tokens_min", request.output_tokens_min),
        1 if request.is_clampable else 0,
        exact_tokens("tokens_estimate", request.tokens_estimate),
        bounded_event(request.event),
        budget_names(ref.budgets),
        *_limit_words(request.key_limits),
        *_limit_words(request.organization_limits),
        USAGE_BACKLOG_MAX,
        BUDGET_GRACE_MS,
    ]
    return words + _budget_words(ref.budgets) if ref.budgets else words


def _hold_words(ref: HoldRef) -> list[Word]:
    return [ref.request_id, ref.organization, ref.key, budget_names(ref.budgets)]


def settle_args(request: SettleRequest) -> list[Word]:
    """ARGV of settle.lua for a Call with a price."""
    charge = exact_nanos("charge_nanos", request.charge_nanos)
    tokens = exact_tokens("tokens", request.tokens)
    tail = (HoldState.SETTLED, charge, tokens, request.ending, bounded_event(request.event))
    return [*_hold_words(request.hold), TOMBSTONE_MS, *tail]


def release_args(ref: HoldRef, *, tokens: int, ending: str, event: bytes) -> list[Word]:
    """ARGV of settle.lua for a Call that costs nothing."""
    used = exact_tokens("tokens", tokens)
    tail = (HoldState.RELEASED, 0, used, ending, bounded_event(event))
    return [*_hold_words(ref), TOMBSTONE_MS, *tail]


def renew_args(request: RenewRequest, *, lifetime_ms: int) -> list[Word]:
    """ARGV of renew.lua."""
    checkpoint = exact_nanos("checkpoint_nanos", request.checkpoint_nanos)
    least = exact_nanos("hold_nanos_min", request.hold_nanos_min)
    event = bounded_event(request.event)
    words: list[Word] = [*_hold_words(request.hold), lifetime_ms, checkpoint, event, least]
    budgets = request.hold.budgets
    return words + _budget_words(budgets) if budgets else words


def restore_args(request: RestoreRequest, *, owner: str, lifetime_ms: int) -> list[Word]:
    """ARGV of restore.lua."""
    return [
        *_hold_words(request.hold),
        lifetime_ms,
        owner,
        exact_nanos("hold_nanos", request.hold_nanos),
        exact_tokens("output_tokens_cap", request.output_tokens_cap),
        exact_nanos("checkpoint_nanos", request.checkpoint_nanos),
        bounded_event(request.event),
        BUDGET_GRACE_MS,
        *(budget.resets_at_ms for budget in request.hold.budgets),
    ]


def expire_args(ref: HoldRef, *, ending: str) -> list[Word]:
    """ARGV of expire.lua."""
    return [*_hold_words(ref), TOMBSTONE_MS, ending]


def check_head(head: Any) -> Any:
    """The first word of a reply, unless it says that nothing was done.

    Raises `GateClosed` or `HoldMismatch`.
    """
    if head == b"closed":
        raise GateClosed("the site's gate is closed: balances not loaded, or usage backlog full")
    if head == b"mismatch":
        raise HoldMismatch("this request id holds for another organization, key or budget")
    return head


def _window(limit: int, remaining: int) -> RateWindow | None:
    return None if limit == _NO_LIMIT else RateWindow(limit, remaining)


def parse_admission(reply: Any) -> Admitted | Denied:
    """The reply of admit.lua. Raises `GateClosed`, `HoldMismatch`, `ScriptRefused`."""
    head = check_head(reply[0])
    _, rule, limit, retry_ms, available, needed, held, cap, clamped, replay, *tail = reply
    rates = RateState(_window(tail[0], tail[1]), _window(tail[2], tail[3]), tail[4])
    if head == b"admitted":
        return Admitted(int(held), cap, clamped == 1, int(available), replay == 1, rates)
    if head == b"denied":
        denied_by = Rule(rule.decode())
        return Denied(denied_by, limit, retry_ms, int(available), int(needed), rates)
    raise ScriptRefused(f"admit answered {head!r}")


def parse_settlement(reply: Any) -> Settlement:
    """The reply of settle.lua or expire.lua. Raises `GateClosed`, `HoldMismatch`."""
    state = HoldState(check_head(reply[0]).decode())
    return Settlement(state, int(reply[1]), int(reply[2]), reply[3] == 1)


def parse_renewal(reply: Any) -> Renewal:
    """The reply of renew.lua or restore.lua. Raises `GateClosed`, `HoldMismatch`."""
    state = HoldState(check_head(reply[0]).decode())
    rule = reply[3].decode() if len(reply) > 3 else ""
    return Renewal(state, int(reply[1]), int(reply[2]), Rule(rule) if rule else None)


def parse_count(reply: Any) -> int:
    """The reply of acknowledge.lua. Raises `GateClosed`."""
    check_head(reply[0])
    return int(reply[0])


def parse_credit(reply: Any) -> CreditResult:
    """The reply of credit.lua. Raises `GateClosed`."""
    check_head(reply[0])
    return CreditResult(reply[0] == 1, reply[1] == 1, int(reply[2]))
