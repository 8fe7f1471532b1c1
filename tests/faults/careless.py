"""Relays without one of their guards, for negative controls: `uvicorn tests.faults.careless:NAME`.

What a test proves of the product must fail here. Never part of a deployment.
"""

from config.asgi import application
from relay.adapters.credit import GateCredit
from relay.proxy.errors import ApiError, Cause
from relay.proxy.types import Admission, Call, Rates

_admit = GateCredit.admit


async def _admit_unasked(self: GateCredit, call: Call) -> None:
    """A gate that does not answer lets everybody in."""
    try:
        await _admit(self, call)
    except ApiError as error:
        if error.cause is not Cause.GATE_UNAVAILABLE:
            raise
        call.admission = Admission(0, call.output_tokens_cap, False, Rates(None, None))
        call.covered_tokens = call.output_tokens_cap
        call.renewed_at = call.started_at


def _note_nothing(self: GateCredit, call: Call) -> None:
    """What was delivered is told to nobody before the end."""


def fail_open() -> object:
    """Admits while Redis is away."""
    GateCredit.admit = _admit_unasked  # type: ignore[method-assign]
    return application


def no_checkpoints() -> object:
    """Never renews a Hold and notes no checkpoint."""
    GateCredit.checkpoint = _note_nothing  # type: ignore[method-assign]
    return application
