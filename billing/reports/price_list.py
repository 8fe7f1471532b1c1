"""What a site sells and at which price now, as its public page shows it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Q
from django.utils.translation import gettext as _

from accounts.models import Site
from billing.models import Model, Price, SiteTerms
from billing.price_versions import IMAGE, Bucket
from billing.price_words import Part, parts, unit

# A page, not an export: more models than this need a search of their own.
MODELS_MAX = 500
SECONDS_PER_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Offer:
    """One model. Prices are nanos per million tokens; None is "not sold that way"."""

    model: Model
    input_nanos: int | None
    cached_input_nanos: int | None
    output_nanos: int | None
    others: tuple[Part, ...]
    kinds: frozenset[str] = frozenset()  # of KINDS: what it is about besides text


# What a price names tells what a model takes or gives.
KINDS: Mapping[str, frozenset[str]] = {
    "text": frozenset({Bucket.OUTPUT}),
    "image": frozenset({IMAGE, Bucket.IMAGE_INPUT, Bucket.IMAGE_OUTPUT}),
    "audio": frozenset(
        {Bucket.AUDIO_INPUT, Bucket.AUDIO_OUTPUT, Bucket.SECONDS, Bucket.CHARACTERS}
    ),
}
SEARCH_CHARS_MAX = 100


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader looks for; "" is everything."""

    search: str = ""
    vendor: str = ""
    kind: str = ""

    def fits(self, offer: Offer) -> bool:
        """Whether the model is one of those."""
        name = f"{offer.model.id} {offer.model.name}".lower()
        return (
            self.search.lower() in name
            and self.vendor in ("", offer.model.owned_by)
            and (not self.kind or self.kind in offer.kinds)
        )


def vendors(offers: Iterable[Offer]) -> list[str]:
    """Whose models are sold, by name."""
    return sorted({offer.model.owned_by for offer in offers if offer.model.owned_by})


def _kinds(components: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(
        kind for kind, named in KINDS.items() if any(components.get(name) for name in named)
    )


def others(components: Mapping[str, Any]) -> tuple[Part, ...]:
    """What the three columns of tokens don't say, in units that people compare: images by the
    cheapest, sound by the minute, longer prompts by where they begin to cost more."""
    found = []
    usual = (Bucket.INPUT, Bucket.CACHED_INPUT, Bucket.OUTPUT)
    rest = {name: nanos for name, nanos in components.items() if name not in usual}
    images: Mapping[str, int] = rest.pop(IMAGE, {})
    seconds = rest.pop(Bucket.SECONDS, None)
    if len(images) > 1:
        found.append(Part(_("Images, from"), min(images.values()), unit(IMAGE)))
    elif images:
        found.append(Part(_("Images"), min(images.values()), unit(IMAGE)))
    if seconds is not None:
        found.append(Part(_("Sound and film"), seconds * SECONDS_PER_MINUTE, _("per minute")))
    return (*found, *parts(rest))


def offers(site: Site, now: datetime) -> list[Offer]:
    """Active models of the site that have a price in force at `now`, by id. Three queries."""
    prices = in_force(site, now)
    return [
        Offer(
            model=model,
            input_nanos=prices[model.id].get("input"),
            cached_input_nanos=prices[model.id].get("cached_input"),
            output_nanos=prices[model.id].get("output"),
            others=others(prices[model.id]),
            kinds=_kinds(prices[model.id]),
        )
        for model in sold(site)
        if model.id in prices
    ]


def sold(site: Site) -> list[Model]:
    """The site's models, priced or not."""
    terms = SiteTerms.objects.filter(site=site).first()
    if terms is None:
        return []
    query = Model.objects.all() if terms.offers_all_models else terms.models.all()
    return list(query.filter(is_active=True).order_by("id")[:MODELS_MAX])


def in_force(site: Site, now: datetime) -> dict[str, dict[str, Any]]:
    """Components by model; a site's own price goes before the default, a later one before both."""
    rows = (
        Price.objects.filter(
            Q(site=site) | Q(site__isnull=True), organization=None, effective_from__lte=now
        )
        .order_by("model_id", F("site").desc(nulls_first=True), "-effective_from")
        .distinct("model_id", "site")
    )
    # The default comes first, so that a site's own price, unless it has ended, replaces it.
    return {row.model_id: row.components for row in rows if row.components}
