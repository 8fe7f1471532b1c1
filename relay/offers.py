"""The models that are sold, as staff change them. Each act is one transaction, and the relays hear
of it after commit."""

from django.db import transaction

from accounts import audit
from billing.models import Model
from relay import signals

MODEL_FIELDS = ("name", "owned_by", "context_tokens", "max_output_tokens", "is_active")


@transaction.atomic
def create_model(
    model_id: str,
    *,
    name: str,
    owned_by: str,
    context_tokens: int,
    max_output_tokens: int,
    is_active: bool = True,
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
    by: audit.Actor,
) -> None:
    """Change a model; one that is not active is not offered and answers 404."""
    before = audit.fields_of(model, *MODEL_FIELDS)
    model.name, model.owned_by = name, owned_by
    model.context_tokens, model.max_output_tokens = context_tokens, max_output_tokens
    model.is_active = is_active
    model.save()
    after = audit.fields_of(model, *MODEL_FIELDS)
    if after != before:
        audit.record(by, "model.change", model, before=before, after=after)
    signals.announce()
