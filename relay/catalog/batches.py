"""Batches of redeem codes as the database has them, and what a file changes of them: it makes new
ones and withdraws old ones. Terms never change, because codes are given away."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import datetime

from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce

from accounts import audit
from accounts.models import Site
from billing import redeem_codes
from billing.models import RedeemBatch, RedeemCode
from relay.catalog.changes import Action, Change, FieldChange, Kind
from relay.catalog.document import UNSET, RedeemBatchSpec, SiteSpec

NEEDED_BY_NEW_BATCH = ("name", "amount", "count")
# What a batch that is not there yet gets where the file is silent.
BARE = RedeemBatchSpec(id="", prefix="", expires_at=None, withdrawn=False)
Batches = Mapping[str, RedeemBatchSpec]


def stored() -> dict[str, dict[str, RedeemBatchSpec]]:
    """Every batch by site, then id. One query; codes are counted, not read."""
    codes = RedeemCode.objects.filter(batch=OuterRef("pk")).values("batch")
    made = Coalesce(Subquery(codes.annotate(count=Count("pk")).values("count")), 0)
    found: dict[str, dict[str, RedeemBatchSpec]] = defaultdict(dict)
    for row in RedeemBatch.objects.annotate(made=made).order_by("site_id", "pk"):
        found[row.site_id][row.slug] = RedeemBatchSpec(
            id=row.slug,
            name=row.name,
            amount=row.amount_nanos,
            count=row.made,
            prefix=row.prefix,
            expires_at=row.expires_at,
            withdrawn=row.withdrawn_at is not None,
        )
    return dict(found)


def changes(wanted: SiteSpec, known: SiteSpec | None, now: datetime) -> Iterator[Change]:
    """New batches, and those to withdraw. One that is over and not there is not made: nobody
    could redeem its codes."""
    for spec in of_site(wanted).values():
        before = of_site(known).get(spec.id)
        key = (spec.id, wanted.id)
        if before is None and not is_over(spec, now):
            said = {name: FieldChange(UNSET, value) for name, value in terms(spec).items()}
            yield Change(Kind.REDEEM_BATCH, Action.CREATE, key, said)
        elif before is not None and spec.withdrawn is True and not before.withdrawn:
            withdrawn = {"withdrawn": FieldChange(False, True)}
            yield Change(Kind.REDEEM_BATCH, Action.UPDATE, key, withdrawn)


def problems(
    spec: RedeemBatchSpec, before: RedeemBatchSpec | None, now: datetime
) -> Iterator[tuple[str, str]]:
    """Why a file cannot have this batch so: the path of the field below the batch, the reason."""
    if before is None:
        if not is_over(spec, now):
            missing = (name for name in NEEDED_BY_NEW_BATCH if getattr(spec, name) is UNSET)
            yield from (("", f"a new one needs {name}") for name in missing)
        return
    changed = [name for name, value in terms(spec).items() if getattr(before, name) != value]
    for name in changed:
        yield f".{name}", "its codes are given away and stay as they are: make another batch"
    if spec.withdrawn is False and before.withdrawn:
        yield ".withdrawn", "it was withdrawn, for good"


def write(change: Change, by: audit.Actor) -> redeem_codes.Made | None:
    """Make the change; a new batch comes with its codes, this once. Leaves its own record."""
    batch_id, site_id = change.key
    if change.action is Action.UPDATE:
        row = RedeemBatch.objects.select_related("site").get(site=site_id, slug=batch_id)
        redeem_codes.withdraw(row, by=by)
        return None
    given: dict[str, object] = change.after()
    given["amount_nanos"] = given.pop("amount")
    site = Site.objects.get(pk=site_id)
    return redeem_codes.create(site, **given, slug=batch_id, by=by)  # type: ignore[arg-type]


def of_site(site: SiteSpec | None) -> Batches:
    """The site's batches; none where nothing is said of them."""
    return {} if site is None or site.redeem_batches is UNSET else site.redeem_batches


def terms(spec: RedeemBatchSpec) -> dict[str, object]:
    """What the file says of a batch, but for whether it is withdrawn."""
    named = {each.name: getattr(spec, each.name) for each in fields(spec)}
    return {
        name: value
        for name, value in named.items()
        if name not in ("id", "withdrawn") and value is not UNSET
    }


def is_over(spec: RedeemBatchSpec, now: datetime) -> bool:
    """Whether nobody can redeem its codes any more."""
    ends = spec.expires_at
    return spec.withdrawn is True or (isinstance(ends, datetime) and ends <= now)
