"""Short ways to write a Call and its ending. The cast: acme calls, globex is a stranger to it,
zero has no credit.
"""

from typing import Any

from msgspec.structs import replace

from billing.gate.types import AdmitRequest, Budget, HoldRef, SettleRequest

SITE = "storefront"


def ref(
    request_id: str = "call-1",
    *,
    organization: str = "acme",
    key: str = "key-1",
    budgets: tuple[Budget, ...] = (),
) -> HoldRef:
    return HoldRef(SITE, request_id, organization, key, budgets)


def a_call(hold: HoldRef | None = None, **changes: Any) -> AdmitRequest:
    """Holds 100 nanos: 20 of input and 8 tokens x 10 nanos of output."""
    call = AdmitRequest(
        hold or ref(),
        input_nanos=20,
        output_tokens_cap=8,
        output_nanos_per_token=10,
        output_tokens_min=2,
        event=b'{"at":"admission"}',
    )
    return replace(call, **changes)


def an_end(hold: HoldRef | None = None, charge_nanos: int = 60, **changes: Any) -> SettleRequest:
    end = SettleRequest(hold or ref(), charge_nanos, 0, "completed", b'{"at":"end"}')
    return replace(end, **changes)
