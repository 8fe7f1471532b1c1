"""Which models a site sells, and how: read by pages and relays, changed by its staff. Each act is
one transaction with its audit record; triggers tell the relays."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from accounts import audit
from accounts.models import Site
from accounts.models.sites import LANGUAGES
from accounts.site_values import SiteRefused
from billing.models import Model, SiteModel, SiteTerms

DESCRIPTION_CHARS_MAX = 500
POSITION_MAX = 9_999
BATCH_ROWS = 2_000  # of one statement
LOOK = ("is_hidden", "position", "shown_as", "description")


@dataclass(frozen=True, slots=True)
class Range:
    """What of the deployment's models a site sells."""

    sells_all: bool
    listed: frozenset[str]  # counts where it does not sell all
    withheld: frozenset[str]  # counts where it does

    def has(self, model_id: str) -> bool:
        """Whether the site sells it, priced or not."""
        return model_id not in self.withheld if self.sells_all else model_id in self.listed


NOTHING = Range(sells_all=False, listed=frozenset(), withheld=frozenset())


def range_of(site_id: str) -> Range:
    """At most three queries; nothing for a site without terms."""
    terms = SiteTerms.objects.filter(pk=site_id).first()
    if terms is None:
        return NOTHING
    if not terms.offers_all_models:
        listed = frozenset(terms.models.values_list("pk", flat=True))
        return Range(sells_all=False, listed=listed, withheld=frozenset())
    withheld = SiteModel.objects.filter(site=site_id, is_withheld=True)
    return Range(True, frozenset(), frozenset(withheld.values_list("model_id", flat=True)))


def sold(site: Site) -> "QuerySet[Model]":
    """The models that can be called on the site once they have a price, by id. One query."""
    terms = SiteTerms.objects.filter(pk=site.pk)
    is_listed = Exists(terms.filter(offers_all_models=False, models=OuterRef("pk")))
    withheld = SiteModel.objects.filter(site=site, model=OuterRef("pk"), is_withheld=True)
    is_left = Exists(terms.filter(offers_all_models=True)) & ~Exists(withheld)
    rows = Model.objects.filter(is_listed | is_left, is_active=True)
    return rows.exclude(retires_at__lte=timezone.now()).order_by("id")


def looks(site: Site) -> dict[str, SiteModel]:
    """What the site says of its models, by model."""
    return {row.model_id: row for row in SiteModel.objects.filter(site=site)}


def set_offered(site: Site, models: Iterable[Model], *, is_offered: bool, by: audit.Actor) -> int:
    """Sell these on the site, or stop; how many were changed. Idempotent; relays hear of it within
    a second. Raises SiteRefused for a site without terms."""
    with transaction.atomic():
        terms = _terms(site)
        found = range_of(site.pk)
        changed = [model for model in models if found.has(model.pk) != is_offered]
        for model in changed:
            _switch(terms, model, is_offered=is_offered)
            before, after = {"is_offered": not is_offered}, {"is_offered": is_offered}
            audit.record(by, "site_model.switch", model, site=site, before=before, after=after)
    return len(changed)


def set_sells_all(site: Site, *, sells_all: bool, by: audit.Actor) -> None:
    """Whether the deployment's future models are sold here by themselves. What is sold now stays
    as it is. Idempotent. Raises SiteRefused for a site without terms."""
    with transaction.atomic():
        terms = _terms(site)
        if terms.offers_all_models == sells_all:
            return
        found = range_of(site.pk)
        every = set(Model.objects.values_list("pk", flat=True))
        kept = {model_id for model_id in every if found.has(model_id)}
        SiteModel.objects.filter(site=site, is_withheld=True).update(is_withheld=False)
        if sells_all:
            _withhold_all(site, every - kept)
        terms.models.set(Model.objects.none() if sells_all else Model.objects.filter(pk__in=kept))
        terms.offers_all_models = sells_all
        terms.save(update_fields=["offers_all_models"])
        name = "sells_all_models"
        audit.record(
            by, "site.range", site, site=site, before={name: not sells_all}, after={name: sells_all}
        )


def checked_description(texts: Mapping[str, str]) -> dict[str, str]:
    """One paragraph each, without empty ones. Raises SiteRefused for a language that is none, and
    for a text that is long."""
    if set(texts) - {code for code, _name in LANGUAGES}:
        raise SiteRefused("description", "bad_language")
    if any(len(text) > DESCRIPTION_CHARS_MAX for text in texts.values()):
        raise SiteRefused("description", "bad_text")
    plain = {code: " ".join(text.split()) for code, text in texts.items()}
    return {code: text for code, text in plain.items() if text}


def set_look(site: Site, model: Model, values: Mapping[str, Any], *, by: audit.Actor) -> SiteModel:
    """How the site lists the model; `values` are of LOOK, what is left out stays. Idempotent.

    Does not look whether `shown_as` leads to the model: `relay.site_aliases` does. Raises
    SiteRefused.
    """
    given = dict(values)
    if "description" in given:
        given["description"] = checked_description(given["description"])
    if not 0 <= given.get("position", 0) <= POSITION_MAX:
        raise SiteRefused("position", "out_of_range")
    with transaction.atomic():
        _terms(site)
        row, _ = SiteModel.objects.get_or_create(site=site, model=model)
        before = audit.fields_of(row, *LOOK)
        for name, value in given.items():
            setattr(row, name, value)
        after = audit.fields_of(row, *LOOK)
        if after != before:
            row.save(update_fields=list(LOOK))
            audit.record(by, "site_model.change", model, site=site, before=before, after=after)
    return row


def _terms(site: Site) -> SiteTerms:
    """Locked, so that two changes of what is sold do not cross."""
    terms = SiteTerms.objects.select_for_update().filter(site=site).first()
    if terms is None:
        raise SiteRefused("models", "no_terms")
    return terms


def _switch(terms: SiteTerms, model: Model, *, is_offered: bool) -> None:
    if terms.offers_all_models:
        _withhold(terms.site, model.pk, is_withheld=not is_offered)
    elif is_offered:
        terms.models.add(model)
    else:
        terms.models.remove(model)


def _withhold(site: Site, model_id: str, *, is_withheld: bool) -> None:
    SiteModel.objects.update_or_create(
        site=site, model_id=model_id, defaults={"is_withheld": is_withheld}
    )


def _withhold_all(site: Site, model_ids: Iterable[str]) -> None:
    """In a handful of statements: a deployment may have thousands of models."""
    SiteModel.objects.bulk_create(
        [SiteModel(site=site, model_id=each, is_withheld=True) for each in sorted(model_ids)],
        batch_size=BATCH_ROWS,
        update_conflicts=True,
        unique_fields=["site", "model"],
        update_fields=["is_withheld"],
    )
