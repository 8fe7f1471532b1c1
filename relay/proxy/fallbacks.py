"""Further models for a Call whose first one came to nothing: one Call, one Hold, one record, which
is of the model that answered.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from relay.proxy.attempts import Opened, Opener
from relay.proxy.errors import ApiError
from relay.proxy.ports import CreditGate
from relay.proxy.request import Demand, Request
from relay.proxy.types import Call, Offer, Route


@dataclass(frozen=True, slots=True)
class Fallback:
    """Another model, and the request as it is put to it."""

    offer: Offer
    request: Request
    routes: tuple[Route, ...]


async def open_first(
    gate: CreditGate,
    opener: Opener,
    call: Call,
    request: Request,
    fallbacks: Sequence[Fallback],
) -> tuple[Request, Opened]:
    """The first answer of any model, and the request that it is to; the Call is of that model.

    The Hold is brought to each next model's price before it is asked. Raises the last ApiError.
    """
    try:
        return request, await opener.open(call, request)
    except ApiError as error:
        failure = error
    for fallback in fallbacks:
        try:
            await _switch(gate, call, fallback)
            return fallback.request, await opener.open(call, fallback.request)
        except ApiError as error:
            failure = error
    raise failure


async def _switch(gate: CreditGate, call: Call, fallback: Fallback) -> None:
    """The Call becomes one of the fallback's model, or stays what it was where nobody pays it."""
    changes = figures(fallback.offer, fallback.request.demand)
    changes |= {"routes": fallback.routes, "price": call.price}
    before = {name: getattr(call, name) for name in changes}
    for name, value in changes.items():
        setattr(call, name, value)
    try:
        await gate.switch(call)
    except ApiError:
        for name, value in before.items():
            setattr(call, name, value)
        raise


def figures(offer: Offer, demand: Demand) -> dict[str, Any]:
    """What of a Call depends on its model, by field."""
    context = offer.context_tokens * demand.inputs
    asked = demand.output_tokens_asked
    cap = offer.max_output_tokens if asked is None else min(asked, offer.max_output_tokens)
    return {
        "offer": offer,
        "input_tokens_bound": min(demand.input_tokens_bound, context),
        "input_tokens_guess": min(demand.input_tokens_guess, context),
        "output_tokens_cap": cap * demand.choices if demand.generates else 0,
    }
