"""The models that are sold, as staff change them. Each act is one transaction, and the relays hear
of it after commit."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from accounts import audit
from billing import capabilities as abilities
from billing.models import Model
from relay import signals

MODEL_FIELDS = (
    *("name", "owned_by", "context_tokens", "max_output_tokens", "is_active"),
    *("capabilities", "retires_at", "successor_id"),
)


class BadSuccessor(ValueError):
    """A model cannot follow itself, nor one that follows it."""

    code = "bad_successor"


@transaction.atomic
def create_model(
    model_id: str,
    *,
    name: str,
    owned_by: str,
    context_tokens: int,
    max_output_tokens: int,
    is_active: bool = True,
    capabilities: Iterable[str] = (),
    by: audit.Actor,
) -> Model:
    """Add a model, callable once it has a price and a route. IntegrityError if it exists."""
    model = Model.objects.create(
        id=model_id,
        name=name,
        owned_by=owned_by,
        context_tokens=context_tokens,
        max_output_tokens=max_output_tokens,
        is_active=is_active,
        capabilities=abilities.known(capabilities),
    )
    audit.record(by, "model.create", model, after=audit.fields_of(model, *MODEL_FIELDS))
    signals.announce()
    return model


@transaction.atomic
def update_model(
    model: Model,
    *,
    name: str,
    owned_by: str,
    context_tokens: int,
    max_output_tokens: int,
    is_active: bool,
    capabilities: Iterable[str] = (),
    retires_at: datetime | None = None,
    successor: Model | None = None,
    by: audit.Actor,
) -> None:
    """Change a model; one that is not active is not offered and answers 404. So does one from
    `retires_at` on, where the answer names its successor. Raises BadSuccessor."""
    if successor is not None and model.pk in (successor.pk, successor.successor_id):
        raise BadSuccessor(successor.pk)
    before = audit.fields_of(model, *MODEL_FIELDS)
    model.name, model.owned_by = name, owned_by
    model.context_tokens, model.max_output_tokens = context_tokens, max_output_tokens
    model.is_active = is_active
    model.capabilities = abilities.known(capabilities)
    model.retires_at, model.successor = retires_at, successor
    model.save()
    after = audit.fields_of(model, *MODEL_FIELDS)
    if after != before:
        audit.record(by, "model.change", model, before=before, after=after)
    signals.announce()
