"""The first thing that a new deployment sells: a plan for its customers, and a model with its route
and price. Each is made by the services that everything after it is made by."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from accounts import audit
from billing import plans, prices
from billing.models import Model
from relay import offers, routes
from relay.models import Upstream

# What `make run` seeds as well: enough for a busy customer, and a bound on a runaway loop.
PLAN_ID = "default"
PLAN = {"requests_per_minute": 600, "tokens_per_minute": 1_000_000, "concurrency": 100}


def ensure_plan(*, by: audit.Actor) -> str:
    """The id of a plan for customers of a first site, made if there is none at all."""
    return plans.first_id() or plans.create(PLAN_ID, **PLAN, by=by).pk


@transaction.atomic
def sell(
    model_id: str,
    *,
    upstream: Upstream,
    name: str,
    context_tokens: int,
    max_output_tokens: int,
    components: Mapping[str, Any],
    by: audit.Actor,
) -> Model:
    """A model that can be called as soon as the relays have heard of it.

    IntegrityError when there is one with this id, PriceError for components that make no sense.
    """
    model = offers.create_model(
        model_id,
        name="",
        owned_by="",
        context_tokens=context_tokens,
        max_output_tokens=max_output_tokens,
        by=by,
    )
    routes.add(model, upstream, name=name, by=by)
    prices.publish(model, components=components, by=by)
    return model
