"""`GET /v1/models`: what the caller's key may use, in the OpenAI shape."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from relay.proxy.errors import ApiError, Cause
from relay.proxy.types import Caller, Offer

NO_ALIASES: Mapping[str, Offer] = {}


def _entry(offer: Offer) -> dict[str, Any]:
    return {
        "id": offer.model_id,
        "object": "model",
        "created": offer.created,
        "owned_by": offer.owned_by or "tollgate",
    }


def listing(offers: Mapping[str, Offer], caller: Caller) -> bytes:
    """The list's body."""
    allowed = caller.allowed_models
    visible: Iterable[Offer] = (
        offer for offer in offers.values() if allowed is None or offer.model_id in allowed
    )
    data = [_entry(offer) for offer in sorted(visible, key=lambda offer: offer.model_id)]
    return msgspec.json.encode({"object": "list", "data": data})


def single(
    offers: Mapping[str, Offer],
    caller: Caller,
    model_id: str,
    aliases: Mapping[str, Offer] = NO_ALIASES,
) -> bytes:
    """One model's body, under the name that was asked for; ApiError when it is not sold here or
    not allowed to this key."""
    entry = _entry(find_offer(offers, caller, model_id, aliases))
    return msgspec.json.encode(entry | {"id": model_id})


def find_offer(
    offers: Mapping[str, Offer],
    caller: Caller,
    model_id: str,
    aliases: Mapping[str, Offer] = NO_ALIASES,
) -> Offer:
    """The offer behind a public id or alias; ApiError 404 when unknown, 403 when not allowed."""
    offer = offers.get(model_id) or aliases.get(model_id)
    if offer is None:
        shown = model_id if len(model_id) <= 100 else model_id[:100] + "…"
        raise ApiError(Cause.MODEL_NOT_FOUND, param="model", detail=shown)
    allowed = caller.allowed_models
    if allowed is not None and offer.model_id not in allowed and model_id not in allowed:
        raise ApiError(
            Cause.MODEL_NOT_ALLOWED, param="model", detail=model_id, rule="models of the key"
        )
    return offer
