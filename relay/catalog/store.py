"""Makes the database say what a document says, in one transaction. The only writer of the
package; prices and adjustments go through billing, which never edits a version."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, cast

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts import audit, sites
from accounts.models import Announcement, BudgetPeriod, Organization, Site, SiteDomain, SiteText
from billing import adjustments, budgets, plans, prices
from billing.models import Model, Plan, SiteModel, SiteTerms
from billing.redeem_codes import Made
from relay import costs, signals
from relay.catalog import batches, later, losses, offer_section, references, stored
from relay.catalog.changes import SCHEDULED, Action, Change, Kind
from relay.catalog.diff import diff
from relay.catalog.document import ALL_MODELS, UNSET, Components, Document
from relay.costs import RouteKey
from relay.models import ModelAlias, Route, Upstream

# Two catalogs applied at once would each compare with a state that the other is changing.
APPLY_LOCK = 0x746F6C6C  # "toll": an advisory lock's number is only ours by being unlikely
# Fields of a site that are its terms' in the database.
TERMS = ("plan", "models", "trial_credit")
ROW = tuple(offer_section.COLUMNS.values())  # of a SiteModel


class Compared(NamedTuple):
    """What would be changed, and of prices among it the kinds of use below cost, by path."""

    changes: list[Change]
    losses: dict[str, list[str]]


class Applied(NamedTuple):
    """What was changed, which prices of it are below cost, and the batches of redeem codes that
    were made, with their codes."""

    changes: list[Change]
    losses: dict[str, list[str]]
    made: list[Made]


def compare(document: Document, *, file: str) -> Compared:
    """What `apply` would change. Raises `CatalogRefused` for what does not fit together."""
    now = timezone.now()
    before = stored.read(now, organizations=_organizations(document))
    before = replace(before, begun=later.begun(document, now))
    references.check(document, before, file=file, now=now)
    changes = diff(document, before, now)
    return Compared(changes, losses.find(changes, document, before))


def _organizations(document: Document) -> set[str]:
    """Those that the file names, wherever."""
    scheduled = {key.organization for key in document.scheduled_prices if key.organization}
    return {*document.contracts, *document.customers, *scheduled}


@transaction.atomic
def apply(
    document: Document,
    *,
    file: str,
    by: audit.Actor | None = None,
    accepts_loss: bool = True,
) -> Applied:
    """Make the changes and answer them; all or none. Applying it again changes nothing.

    A price or an adjustment that differs from the one in force gets a new version, from now on.
    `catalog_changed` is sent after commit if anything changed. Raises `CatalogRefused`, also for
    prices below cost where the caller does not accept those.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [APPLY_LOCK])
    changes, below_cost = compare(document, file=file)
    if not accepts_loss:
        losses.refuse(below_cost, document, file=file)
    by = by or audit.command("catalog apply")
    made = []
    _free_domains(changes)
    for change in changes:
        if change.kind is Kind.REDEEM_BATCH:
            made.append(batches.write(change, by))
            continue
        if change.kind in SCHEDULED:
            later.write(change, document, by)
        elif change.kind is Kind.PRICE or change.kind is Kind.CONTRACT:
            _publish(change, document)
        else:
            WRITERS[change.kind](change)
        if change.action is not Action.CANCEL:  # which leaves its own
            _record(by, change)
    if changes:
        signals.announce()
    return Applied(changes, below_cost, [batch for batch in made if batch is not None])


def _record(by: audit.Actor, change: Change) -> None:
    """One row for one changed object, as the command shows it: without credentials."""
    fields: Any = change.shown()["fields"]
    site_id = change.key[-1] if change.kind in (Kind.PRICE, Kind.SITE) else ""
    of_customers = (Kind.CONTRACT, Kind.CUSTOMER)
    organization_id = change.key[-1] if change.kind in of_customers else ""
    if change.kind is Kind.SCHEDULED_PRICE:
        _model, site_id, organization_id, _begins = change.key
    if change.kind in SCHEDULED:
        fields = {**fields, "effective_from": {"before": None, "after": change.key[-1]}}
    organizations = Organization.objects.select_related("site")
    audit.record(
        by,
        f"{change.kind}.{change.action}",
        change.key[0] if change.kind is not Kind.ROUTE else change.id,
        site=Site.objects.filter(pk=site_id).first(),
        organization=organizations.filter(pk=organization_id).first(),
        before={name: each["before"] for name, each in fields.items()},
        after={name: each["after"] for name, each in fields.items()},
    )


def _free_domains(changes: Sequence[Change]) -> None:
    """A domain may move from one site to another in one file: take it away before giving it."""
    moved = [change.key[0] for change in changes if "domains" in change.fields]
    SiteDomain.objects.filter(site_id__in=moved).delete()


def _publish(change: Change, document: Document) -> None:
    model_id, owner = change.key
    of_customer = change.kind is Kind.CONTRACT
    prices.publish(
        Model.objects.get(pk=model_id),
        site=Site.objects.get(pk=owner) if owner and not of_customer else None,
        organization=Organization.objects.get(pk=owner) if of_customer else None,
        components=losses.published(change.kind, model_id, owner, document),
    )


def _write_customer(change: Change) -> None:
    organization = Organization.objects.select_related("site").get(pk=change.key[0])
    values = change.after()
    if "plan" in values:
        plan = values["plan"]
        plans.choose(organization, Plan.objects.get(pk=plan) if plan else None)
    wanted = cast(Mapping[str, int] | None, values.get("budgets"))
    if wanted is None:
        return
    for period in dict(budgets.limits_of(organization.pk)).keys() - wanted.keys():
        budgets.remove(organization, BudgetPeriod(period))
    for period, limit_nanos in wanted.items():
        budgets.choose(organization, period=BudgetPeriod(period), limit_nanos=limit_nanos)


def _publish_adjustment(change: Change) -> None:
    plan_id, model_id = change.key
    adjustments.publish(
        Plan.objects.get(pk=plan_id),
        model=None if model_id == ALL_MODELS else Model.objects.get(pk=model_id),
        adjustment_bp=cast(int, change.after()["percent"]),
    )


def _write_plan(change: Change) -> None:
    Plan.objects.update_or_create(pk=change.key[0], defaults=change.after())


def _write_model(change: Change) -> None:
    values = change.after()
    aliases = values.pop("aliases", None)
    if "capabilities" in values:
        values["capabilities"] = list(cast(tuple[str, ...], values["capabilities"]))
    if "successor" in values:
        values["successor_id"] = values.pop("successor")
    model, _ = Model.objects.update_or_create(pk=change.key[0], defaults=values)
    if aliases is not None:
        wanted = dict.fromkeys(cast(tuple[str, ...], aliases), model.pk)
        _write_aliases(ModelAlias.objects.filter(model=model, site=None), None, wanted)


def _write_aliases(
    before: QuerySet[ModelAlias], site: Site | None, wanted: Mapping[str, str]
) -> None:
    before.exclude(alias__in=list(wanted)).delete()
    for alias, model_id in wanted.items():
        ModelAlias.objects.update_or_create(alias=alias, site=site, defaults={"model_id": model_id})


def _write_upstream(change: Change) -> None:
    values = change.after()
    secrets = cast(tuple[str, ...] | None, values.pop("credential", None))
    if "is_active" in values:
        values["paused_at"] = None if values["is_active"] else timezone.now()
        if values["is_active"]:
            values["pause_reason"] = ""
    upstream, _ = Upstream.objects.update_or_create(pk=change.key[0], defaults=values)
    if secrets is not None:
        upstream.set_credentials(secrets)
        upstream.save(update_fields=["credentials"])


def _write_route(change: Change) -> None:
    model_id, upstream_id, name = change.key
    if change.action is Action.DELETE:
        Route.objects.filter(model_id=model_id, upstream_id=upstream_id, name=name).delete()
        return
    values = change.after()
    cost = values.pop("cost", None)
    Route.objects.update_or_create(
        model_id=model_id, upstream_id=upstream_id, name=name, defaults=values
    )
    if cost is not None:
        costs.publish(RouteKey(model_id, upstream_id, name), cast(Components, cost))


def _write_site(change: Change) -> None:
    values: dict[str, Any] = change.after()
    domains = values.pop("domains", ())
    terms = {name: values.pop(name) for name in TERMS if name in values}
    aliases, offers = values.pop("aliases", None), values.pop("offers", None)
    legal, logo = values.pop("legal", None), values.pop("logo", UNSET)
    if "languages" in values:
        values["languages"] = list(values["languages"])
    site, _ = Site.objects.update_or_create(pk=change.key[0], defaults=values)
    if logo is not UNSET:
        sites.place_logo(site, logo)
        site.save(update_fields=["logo_hash", "icon_hash"])
    if legal is not None:
        _write_legal(site, legal)
    SiteDomain.objects.bulk_create(
        SiteDomain(domain=domain, site=site, position=position)
        for position, domain in enumerate(domains)
    )
    if aliases is not None:
        _write_aliases(ModelAlias.objects.filter(site=site), site, aliases)
    _write_terms(site, terms)
    if offers is not None:
        _write_offers(site, offers)


def _write_offers(site: Site, offers: Mapping[str, Mapping[str, Any]]) -> None:
    site.site_models.exclude(model__in=list(offers)).delete()
    for model_id, said in offers.items():
        given = {offer_section.COLUMNS[name]: value for name, value in said.items()}
        bare = {column: getattr(SiteModel(), column) for column in ROW}
        SiteModel.objects.update_or_create(site=site, model_id=model_id, defaults=bare | given)


def _write_legal(site: Site, legal: Mapping[str, Mapping[str, str]]) -> None:
    site.texts.exclude(kind__in=list(legal)).delete()
    for kind, texts in legal.items():
        site.texts.filter(kind=kind).exclude(language__in=list(texts)).delete()
        for language, body in texts.items():
            SiteText.objects.update_or_create(
                site=site, kind=kind, language=language, defaults={"body": body}
            )


def _write_announcement(change: Change) -> None:
    values: dict[str, Any] = change.after()
    if "site" in values:
        values["site_id"] = values.pop("site")
    if "model_ids" in values:
        values["model_ids"] = list(values["model_ids"])
    if "state" in values:
        is_over = values["state"] == Announcement.State.RESOLVED
        values["resolved_at"] = timezone.now() if is_over else None
    Announcement.objects.update_or_create(pk=change.key[0], defaults=values)


def _write_terms(site: Site, terms: dict[str, Any]) -> None:
    values: dict[str, Any] = {}
    if "plan" in terms:
        values["plan_id"] = terms["plan"]
    if "models" in terms:
        values["offers_all_models"] = terms["models"] == "all"
    if "trial_credit" in terms:
        values["trial_credit_nanos"] = terms["trial_credit"]
    if not values:
        return
    row, _ = SiteTerms.objects.update_or_create(site=site, defaults=values)
    if "models" in terms:
        row.models.set([] if terms["models"] == "all" else terms["models"])


WRITERS: dict[Kind, Callable[[Change], None]] = {
    Kind.PLAN: _write_plan,
    Kind.UPSTREAM: _write_upstream,
    Kind.MODEL: _write_model,
    Kind.ADJUSTMENT: _publish_adjustment,
    Kind.ROUTE: _write_route,
    Kind.SITE: _write_site,
    Kind.ANNOUNCEMENT: _write_announcement,
    Kind.CUSTOMER: _write_customer,
}
