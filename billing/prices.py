"""Price versions: which one is in force, publishing the next, taking one back that has not begun.
Never edits what a Call may have been charged by.

The arithmetic is `billing.pricing`. An organization's contract goes before its site's own price,
which goes before the default; a plan adjusts the latter two (`billing.adjustments`).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts import audit
from accounts.models import Organization, Site
from billing import adjustments, cancelling, plans
from billing.models import Model, Price
from billing.price_versions import PriceError, PriceVersion, check_components
from billing.signals import price_published


def version_of(row: Price, adjustment_bp: int = 0) -> PriceVersion:
    """The row as the arithmetic takes it. Raises PriceError for what nobody could have published,
    and for a row that ends a price."""
    return PriceVersion(row.pk, check_components(row.components), adjustment_bp)


def in_force(
    model: Model, site: Site, at: datetime, organization: Organization | None = None
) -> Price | None:
    """The version that a Call admitted `at` is priced by; None: the model can't be sold there.

    The latest contract version, else of the site itself, else the latest default; one that is
    empty leaves it to the next. What has neither of the latter two is not sold on the site at all.
    """
    scopes = Q(organization=None) & (Q(site=site) | Q(site=None))
    if organization is not None:
        scopes |= Q(organization=organization)
    rows = (
        Price.objects.filter(scopes, model=model, effective_from__lte=at)
        .order_by(
            F("organization").asc(nulls_last=True),
            F("site").asc(nulls_last=True),
            "-effective_from",
        )
        .distinct("organization", "site")
    )
    found = [row for row in rows if row.components]
    # A contract is another price for what the site sells, not leave to buy what it does not.
    is_sold = any(row.organization_id is None for row in found)
    return found[0] if is_sold else None


def for_organization(model: Model, organization: Organization, at: datetime) -> PriceVersion | None:
    """What the organization pays for a Call admitted `at`, its plan's adjustment included."""
    row = in_force(model, organization.site, at, organization)
    if row is None:
        return None
    if row.organization_id is not None:
        return version_of(row)
    return version_of(row, adjustments.in_force(plans.plan_of(organization), model, at))


def chain(model: Model, site: Site | None, organization: Organization | None = None) -> list[Price]:
    """All versions of a contract, of a site's own price, or of the default, the newest first."""
    rows = Price.objects.filter(model=model, site=site, organization=organization)
    return list(rows.order_by("-effective_from"))


def publish(
    model: Model,
    *,
    site: Site | None = None,
    organization: Organization | None = None,
    components: Mapping[str, Any],
    effective_from: datetime | None = None,
    by: audit.Actor | None = None,
    reason: str = "",
) -> Price:
    """A new version of a contract, a site's price, or (with neither) the default, from now on
    unless `effective_from` is given. No components at all end a contract or a site's own price.

    Idempotent: what would change nothing at that instant gives the version in force then. Raises
    PriceError for components that make no sense and for an instant that has passed or is taken.
    """
    may_be_empty = site is not None or organization is not None
    checked = check_components(components) if components or not may_be_empty else {}
    now = timezone.now()
    start = effective_from or now
    if start < now:
        raise PriceError("a price cannot begin in the past: Calls were charged by the one before")
    with transaction.atomic():
        # One publisher at a time per model, so that the chain that we look at stays as it is.
        Model.objects.select_for_update(no_key=True).get(pk=model.pk)
        rows = Price.objects.filter(model=model, site=site, organization=organization)
        before = rows.filter(effective_from__lte=start).order_by("-effective_from").first()
        if before is not None and before.components == checked:
            return before
        if before is not None and before.effective_from == start:
            raise PriceError("another version begins at that very instant")
        row = Price.objects.create(
            model=model,
            site=site,
            organization=organization,
            components=checked,
            effective_from=start,
            created_by=by.user if by else None,
        )
        if by is not None:
            audit.record(
                by,
                "contract.publish" if organization else "price.publish",
                model,
                site=site,
                organization=organization,
                before=before.components if before else {},
                after=checked | {"effective_from": start.isoformat()},
                reason=reason,
            )
        _announce(model.pk)
    return row


@transaction.atomic
def cancel(version: Price, *, by: audit.Actor, reason: str = "") -> None:
    """Take back a version that has not begun. Idempotent. Raises VersionBegun."""
    # As `publish`: what it compares with must not be taken back meanwhile.
    Model.objects.select_for_update(no_key=True).get(pk=version.model_id)
    if not cancelling.take_back(version):
        return
    audit.record(
        by,
        "contract.cancel" if version.organization else "price.cancel",
        version.model,
        site=version.site,
        organization=version.organization,
        before=version.components | {"effective_from": version.effective_from.isoformat()},
        reason=reason,
    )
    _announce(version.model_id)


def revert(
    version: Price,
    *,
    by: audit.Actor,
    effective_from: datetime | None = None,
    reason: str = "",
) -> Price:
    """What a former version says as a new one in its scope, now or from a later instant.

    Idempotent and refused as `publish` is.
    """
    return publish(
        version.model,
        site=version.site,
        organization=version.organization,
        components=version.components,
        effective_from=effective_from,
        by=by,
        reason=reason,
    )


def _announce(model_id: str) -> None:
    transaction.on_commit(
        lambda: price_published.send_robust(sender=Price, model_id=model_id), robust=True
    )
