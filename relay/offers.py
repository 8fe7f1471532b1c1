"""What is sold, as staff change it: models, and how a site answers a call without credit. Each
act is one transaction, and the relays hear of it after commit."""

from django.db import transaction

from accounts.models import Site
from billing.models import Model
from relay import signals


@transaction.atomic
def create_model(
    model_id: str, *, name: str, owned_by: str, context_tokens: int, max_output_tokens: int
) -> Model:
    """Add a model, callable once it has a price and a route. IntegrityError if it exists."""
    model = Model.objects.create(
        id=model_id,
        name=name,
        owned_by=owned_by,
        context_tokens=context_tokens,
        max_output_tokens=max_output_tokens,
    )
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
) -> None:
    """Change a model; one that is not active is not offered and answers 404."""
    model.name, model.owned_by = name, owned_by
    model.context_tokens, model.max_output_tokens = context_tokens, max_output_tokens
    model.is_active = is_active
    model.save()
    signals.announce()


@transaction.atomic
def set_no_credit_status(site: Site, status: int | None) -> None:
    """The HTTP status of a call on `site` that the balance cannot cover: 402, 403 or 429; None
    leaves it to the site's preset."""
    site.no_credit_status = status
    site.save(update_fields=["no_credit_status"])
    signals.announce()
