"""Price versions: which one is in force, and publishing the next. Never edits one.

The arithmetic is `billing.pricing`; a site's own price always goes before the default.
"""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import Site, User
from billing.models import Model, Price
from billing.pricing import PriceError, PriceVersion, check_components
from billing.signals import price_published


def version_of(row: Price) -> PriceVersion:
    """The row as the arithmetic takes it."""
    return PriceVersion(row.pk, check_components(row.components))


def in_force(model: Model, site: Site, at: datetime) -> Price | None:
    """The version that a Call admitted `at` is priced by; None: the model can't be sold there.

    The latest version of the site itself, else the latest default.
    """
    rows = Price.objects.filter(Q(site=site) | Q(site=None), model=model, effective_from__lte=at)
    return rows.order_by(F("site").asc(nulls_last=True), "-effective_from").first()


def chain(model: Model, site: Site | None) -> list[Price]:
    """All versions of a site's own price, or of the default, the newest first."""
    return list(Price.objects.filter(model=model, site=site).order_by("-effective_from"))


def publish(
    model: Model,
    *,
    site: Site | None,
    components: Mapping[str, object],
    effective_from: datetime | None = None,
    actor: User | None = None,
) -> Price:
    """A new version of a site's price (None: of the default), by default from now on.

    Idempotent: what would change nothing at that instant gives the version in force then. Raises
    PriceError for components that make no sense and for an instant that has passed or is taken.
    """
    checked = check_components(components)
    now = timezone.now()
    start = effective_from or now
    if start < now:
        raise PriceError("a price cannot begin in the past: Calls were charged by the one before")
    with transaction.atomic():
        # One publisher at a time per model, so that the chain that we look at stays as it is.
        Model.objects.select_for_update(no_key=True).get(pk=model.pk)
        rows = Price.objects.filter(model=model, site=site)
        before = rows.filter(effective_from__lte=start).order_by("-effective_from").first()
        if before is not None and before.components == checked:
            return before
        if before is not None and before.effective_from == start:
            raise PriceError("another version begins at that very instant")
        row = Price.objects.create(
            model=model, site=site, components=checked, effective_from=start, created_by=actor
        )
        transaction.on_commit(
            lambda: price_published.send_robust(sender=Price, model_id=model.pk), robust=True
        )
    return row
