"""Models that an upstream lists, compared with what is sold, and taken over switched off: what
nobody has priced and switched on is never offered. Asks no upstream itself."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db import transaction

from accounts import audit
from billing.models import Model
from billing.models.catalog import MODEL_ID
from relay import offers, routes
from relay.models import ModelAlias, Route, Upstream

# More than one sitting can check and price; the rest of a list is taken next.
TAKEN_MAX = 200
CONTEXT_TOKENS, OUTPUT_TOKENS = 128_000, 4_096  # as for a model made by hand


class State(StrEnum):
    """How a name on the list stands to what is sold."""

    NEW = "new"
    UNROUTED = "unrouted"  # there is such a model, but no route of it leads there
    ROUTED = "routed"
    UNUSABLE = "unusable"  # no id of ours, or another model's further name


@dataclass(frozen=True, slots=True)
class Listed:
    """A name that the upstream lists."""

    name: str
    state: State

    @property
    def can_be_taken(self) -> bool:
        """Whether `take` would make anything of it."""
        return self.state in (State.NEW, State.UNROUTED)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The list beside what is sold; `gone` are routes under names that it no longer has."""

    listed: Sequence[Listed]
    gone: Sequence[Route]

    @property
    def has_news(self) -> bool:
        """Whether anything on it can be taken over."""
        return any(each.can_be_taken for each in self.listed)


@dataclass(frozen=True, slots=True)
class Taken:
    """What `take` made."""

    models: Sequence[str]
    routes: Sequence[str]  # names of models that only got a route


def compare(upstream: Upstream, names: Iterable[str]) -> Comparison:
    """Three queries, whatever the length of the list."""
    listed = list(dict.fromkeys(names))
    known = list(Route.objects.filter(upstream=upstream).select_related("model"))
    routed = {route.name for route in known}
    models = set(Model.objects.filter(pk__in=listed).values_list("pk", flat=True))
    aliases = set(ModelAlias.objects.filter(alias__in=listed).values_list("alias", flat=True))

    def state_of(name: str) -> State:
        if name in routed:
            return State.ROUTED
        if name in models:
            return State.UNROUTED
        is_usable = re.fullmatch(MODEL_ID.regex, name) is not None and name not in aliases
        return State.NEW if is_usable else State.UNUSABLE

    offered = set(listed)
    return Comparison(
        listed=[Listed(name, state_of(name)) for name in listed],
        gone=[route for route in known if route.name not in offered],
    )


@transaction.atomic
def take(upstream: Upstream, names: Sequence[str], *, by: audit.Actor) -> Taken:
    """A model, switched off, and a route for each new name; for one that is sold already a route,
    switched off. What cannot be taken is left out, so that repeating it changes nothing.

    ValueError for more than TAKEN_MAX names.
    """
    if len(names) > TAKEN_MAX:
        raise ValueError(f"at most {TAKEN_MAX}")
    made, joined = [], []
    for listed in compare(upstream, names).listed:
        if listed.state is State.NEW:
            model = offers.create_model(
                listed.name,
                name="",
                owned_by=upstream.provider,
                context_tokens=CONTEXT_TOKENS,
                max_output_tokens=OUTPUT_TOKENS,
                is_active=False,
                by=by,
            )
            routes.add(model, upstream, name=listed.name, by=by)
            made.append(listed.name)
        elif listed.state is State.UNROUTED:
            model = Model.objects.get(pk=listed.name)
            routes.add(model, upstream, name=listed.name, is_active=False, by=by)
            joined.append(listed.name)
    return Taken(made, joined)
