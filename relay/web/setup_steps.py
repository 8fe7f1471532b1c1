"""The steps of the first-run wizard: what each is for, what of it is there already, which is next,
and who may open their pages."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from typing import Any, ParamSpec

from django.db.models import Exists, OuterRef
from django.http import Http404, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts import first_run
from accounts.first_run import State
from accounts.models import Site
from accounts.web.access import operator_page
from billing.models import Model, Price
from relay.models import Route, Upstream

P = ParamSpec("P")


class Step(StrEnum):
    """In this order; the name is that of the address."""

    ACCOUNT = "account"
    SITE = "site"
    UPSTREAM = "upstream"
    MODEL = "model"


WORDS: dict[Step, tuple[Promise, Promise]] = {
    Step.ACCOUNT: (_("Your account"), _("You run the deployment.")),
    Step.SITE: (_("A site"), _("Where customers sign up, top up and make keys.")),
    Step.UPSTREAM: (_("An upstream"), _("The vendor that answers calls, and our key there.")),
    Step.MODEL: (_("A model and its price"), _("What customers call, and what it costs them.")),
}


@dataclass(frozen=True, slots=True)
class Stage:
    """A step as the wizard lists it. `state`: done, skipped, now or later."""

    step: Step
    title: Promise
    hint: Promise
    state: str
    url: str


def stages(current: Step | None) -> list[Stage]:
    """Every step, `current` being the one whose page this is. Five small queries."""
    done, skipped = _done(), first_run.skipped()
    found = []
    for step, (title, hint) in WORDS.items():
        state = "done" if step in done else "skipped" if step in skipped else "later"
        state = "now" if step is current else state
        is_open = Step.ACCOUNT in done and step is not Step.ACCOUNT
        url = reverse(f"setup_{step}") if is_open and step is not current else ""
        found.append(Stage(step, title, hint, state, url))
    return found


def next_url() -> str:
    """Where the wizard goes on: the first step that is neither done nor skipped, or its end."""
    over = _done() | first_run.skipped()
    waiting = next((step for step in Step if step not in over), None)
    return reverse(f"setup_{waiting}") if waiting else reverse("setup_done")


def sold() -> bool:
    """Whether some model has a route and a price."""
    now = timezone.now()
    prices = Price.objects.filter(model=OuterRef("pk"), effective_from__lte=now)
    routes = Route.objects.filter(model=OuterRef("pk"), is_active=True)
    return Model.objects.filter(Exists(prices), Exists(routes), is_active=True).exists()


def _done() -> frozenset[str]:
    facts = {
        Step.ACCOUNT: first_run.has_operator(),
        Step.SITE: Site.objects.exists(),
        Step.UPSTREAM: Upstream.objects.exists(),
        Step.MODEL: sold(),
    }
    return frozenset(step for step, is_done in facts.items() if is_done)


def wizard_page(view: Callable[P, Any]) -> Callable[P, HttpResponseBase]:
    """Let operators through while the wizard is under way; there is no such page else."""
    opened = operator_page(view)

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if first_run.state() is not State.UNDER_WAY:
            raise Http404
        return opened(*args, **kwargs)

    return guarded
