"""What a caller wishes of the routing: vendors, in the `provider` of the body or the X-AI-Provider
header, and further models in `models`. None of it is sent upstream. Pure.

Source: OpenRouter, "Provider Routing" and "Model Routing", read 2026-11; of their members those
that we can keep our word on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec

from relay.proxy import json_objects
from relay.proxy.dialects.decoding import complaint, wrong
from relay.proxy.types import Route

# OpenRouter takes three models; a wish names a handful of vendors at most.
MODELS_MAX = 3
PROVIDERS_MAX = 20
HEADER = b"x-ai-provider"

PROVIDER, MODELS = NAMES = ("provider", "models")
# Apart from every priority that a Route can have (a small integer in the database).
_RANK = 1 << 16


class _Provider(msgspec.Struct, forbid_unknown_fields=True):
    order: list[str] | None = None
    only: list[str] | None = None
    ignore: list[str] | None = None
    allow_fallbacks: bool | None = None


_provider = msgspec.json.Decoder(_Provider | None)
_models = msgspec.json.Decoder(list[str] | None)


@dataclass(frozen=True, slots=True)
class Wishes:
    """Names of vendors are in lower case. `param` is where the narrowing one was written."""

    order: tuple[str, ...] = ()
    only: frozenset[str] | None = None
    ignore: frozenset[str] = frozenset()
    allows_fallbacks: bool = True
    models: tuple[str, ...] = ()  # to ask when the first one comes to nothing
    param: str = "provider"


NONE = Wishes()


def take(body: bytes) -> tuple[bytes, Wishes]:
    """The body without what is meant for us, and the wishes; raises ApiError (400) for one that
    is out of order or that we cannot keep. Costs two searches where there are none."""
    if b'"provider"' not in body and b'"models"' not in body:
        return body, NONE
    try:
        fields = json_objects.fields.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return body, NONE  # the endpoint says what is wrong with it
    if not any(name in fields for name in NAMES):
        return body, NONE
    wishes = _wishes(fields.pop(PROVIDER, None))
    models = _read_models(fields.pop(MODELS, None))
    if models and "model" not in fields:
        fields["model"] = msgspec.Raw(msgspec.json.encode(models[0]))
    asked = bytes(fields.get("model", b""))
    further = tuple(name for name in models if msgspec.json.encode(name) != asked)
    return msgspec.json.encode(fields), replace(wishes, models=further)


def with_model(body: bytes, model: str) -> bytes:
    """The body asking for another model."""
    return json_objects.changed(json_objects.fields.decode(body), model=model)


def with_header(wishes: Wishes, value: bytes) -> Wishes:
    """The wishes narrowed to the vendor that the header names; an empty one says nothing."""
    name = value.decode("latin-1").strip().lower()
    if not name:
        return wishes
    only = frozenset([name]) if wishes.only is None else wishes.only & {name}
    return replace(wishes, only=only, param="X-AI-Provider")


def narrowed(routes: tuple[Route, ...], wishes: Wishes) -> tuple[Route, ...]:
    """The Routes that the wishes leave, best first: by the caller's order, then by priority.

    Raises ApiError (400), naming the wish, where they leave none of those there are.
    """
    left = [route for route in routes if _is_wanted(route.provider.lower(), wishes)]
    if routes and not left:
        raise wrong(wishes.param, "names no provider of this model")
    if not wishes.order:
        return tuple(left)
    ranks = {name: rank for rank, name in reversed(list(enumerate(wishes.order)))}
    last = len(wishes.order)
    ranked = [
        replace(each, priority=ranks.get(each.provider.lower(), last) * _RANK + each.priority)
        for each in left
    ]
    return tuple(sorted(ranked, key=lambda route: route.priority))


def is_single_try(wishes: Wishes) -> bool:
    """Whether nobody but the first is to be asked; an order of the caller's own is kept to."""
    return not (wishes.allows_fallbacks or wishes.order)


def _is_wanted(provider: str, wishes: Wishes) -> bool:
    if provider in wishes.ignore or (wishes.only is not None and provider not in wishes.only):
        return False
    return wishes.allows_fallbacks or not wishes.order or provider in wishes.order


def _wishes(raw: msgspec.Raw | None) -> Wishes:
    if raw is None:
        return NONE
    try:
        given = _provider.decode(raw)
    except msgspec.ValidationError as error:
        raise complaint(str(error), at="provider") from None
    if given is None:
        return NONE
    return Wishes(
        order=tuple(_names(given.order, "order")),
        only=None if given.only is None else frozenset(_names(given.only, "only")),
        ignore=frozenset(_names(given.ignore, "ignore")),
        allows_fallbacks=given.allow_fallbacks is not False,
    )


def _names(given: Sequence[str] | None, member: str) -> list[str]:
    if given is not None and not 1 <= len(given) <= PROVIDERS_MAX:
        raise wrong(f"provider.{member}", f"must be a list of 1 to {PROVIDERS_MAX}")
    return [name.strip().lower() for name in given or ()]


def _read_models(raw: msgspec.Raw | None) -> list[str]:
    if raw is None:
        return []
    try:
        given = _models.decode(raw)
    except msgspec.ValidationError as error:
        raise complaint(str(error), at="models") from None
    if given is not None and not 1 <= len(given) <= MODELS_MAX:
        raise wrong("models", f"must be a list of 1 to {MODELS_MAX}")
    return list(dict.fromkeys(given or ()))
