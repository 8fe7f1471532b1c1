"""`GET /v1/models`: what the caller's key may use, in the OpenAI shape."""

from collections.abc import Mapping
from typing import Any

import msgspec

from relay.proxy.errors import ApiError, Cause, Detail
from relay.proxy.types import Caller, Offer

NO_ALIASES: Mapping[str, Offer] = {}
NONE_RETIRED: Mapping[str, str] = {}
NAME_CHARS_MAX = 100  # of what was asked for, in a message
RETIRED_RULE = "retired"


def _entry(offer: Offer, name: str) -> dict[str, Any]:
    return {
        "id": name,
        "object": "model",
        "created": offer.created,
        "owned_by": offer.owned_by or "tollgate",
    }


def visible(offers: Mapping[str, Offer], caller: Caller) -> dict[str, Offer]:
    """What lists show to a key, under the names that the site shows."""
    allowed = caller.allowed_models
    return {
        offer.listed_as or name: offer
        for name, offer in offers.items()
        if not offer.is_hidden
        and (allowed is None or name in allowed or offer.listed_as in allowed)
    }


def listing(offers: Mapping[str, Offer], caller: Caller) -> bytes:
    """The list's body."""
    shown = visible(offers, caller)
    data = [_entry(shown[name], name) for name in sorted(shown)]
    return msgspec.json.encode({"object": "list", "data": data})


def single(
    offers: Mapping[str, Offer],
    caller: Caller,
    model_id: str,
    aliases: Mapping[str, Offer] = NO_ALIASES,
    retired: Mapping[str, str] = NONE_RETIRED,
) -> bytes:
    """One model's body, under the name that was asked for; ApiError when it is not sold here or
    not allowed to this key."""
    offer = find_offer(offers, caller, model_id, aliases, retired)
    return msgspec.json.encode(_entry(offer, model_id))


def find_offer(
    offers: Mapping[str, Offer],
    caller: Caller,
    model_id: str,
    aliases: Mapping[str, Offer] = NO_ALIASES,
    retired: Mapping[str, str] = NONE_RETIRED,
) -> Offer:
    """The offer behind a public id or alias; ApiError 404 when unknown or retired, 403 when not
    allowed."""
    offer = offers.get(model_id) or aliases.get(model_id)
    if offer is None:
        raise _not_found(model_id, retired)
    allowed = caller.allowed_models
    if allowed is not None and offer.model_id not in allowed and model_id not in allowed:
        raise ApiError(
            Cause.MODEL_NOT_ALLOWED, param="model", detail=model_id, rule="models of the key"
        )
    return offer


def _not_found(model_id: str, retired: Mapping[str, str]) -> ApiError:
    """Who calls a model that has retired is told so, and what to call instead."""
    is_long = len(model_id) > NAME_CHARS_MAX
    shown = model_id[:NAME_CHARS_MAX] + "…" if is_long else model_id
    error = ApiError(Cause.MODEL_NOT_FOUND, param="model", detail=shown)
    if (successor := retired.get(model_id)) is not None:
        error.rule = RETIRED_RULE
        error.hint = Detail("successor", successor) if successor else Detail("retired", "")
    return error
