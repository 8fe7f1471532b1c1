"""What a site sells and at which price now, as its public page shows it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Q
from django.utils.translation import gettext as _

from accounts.models import Site
from billing import capabilities, site_models
from billing.models import Model, Price, SiteModel
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
    look: SiteModel | None = None  # what the site says of it

    @property
    def name(self) -> str:
        """Under which it is listed."""
        return (self.look.shown_as if self.look else "") or self.model.pk

    @property
    def description(self) -> Mapping[str, str]:
        """By language."""
        return self.look.description if self.look else {}

    @property
    def abilities(self) -> list[str]:
        """In words."""
        return capabilities.words(self.model.capabilities)

    @property
    def place(self) -> tuple[int, str]:
        """In the list: those that the site has put in an order, then the others by name."""
        position = self.look.position if self.look else 0
        return (position or site_models.POSITION_MAX + 1, self.name)


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
    ability: str = ""

    def fits(self, offer: Offer) -> bool:
        """Whether the model is one of those."""
        name = f"{offer.name} {offer.model.id} {offer.model.name}".lower()
        return (
            self.search.lower() in name
            and self.vendor in ("", offer.model.owned_by)
            and (not self.kind or self.kind in offer.kinds)
            and (not self.ability or self.ability in offer.model.capabilities)
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
    """What the site lists of its models that have a price in force at `now`, in its order. A
    handful of queries."""
    models = sold(site)
    prices = in_force(site, now, [model.pk for model in models])
    looks = site_models.looks(site)
    found = [
        Offer(
            model=model,
            input_nanos=prices[model.id].get("input"),
            cached_input_nanos=prices[model.id].get("cached_input"),
            output_nanos=prices[model.id].get("output"),
            others=others(prices[model.id]),
            kinds=_kinds(prices[model.id]),
            look=looks.get(model.id),
        )
        for model in models
        if model.id in prices
    ]
    listed = (offer for offer in found if not (offer.look and offer.look.is_hidden))
    return sorted(listed, key=lambda offer: offer.place)


def sold(site: Site) -> list[Model]:
    """The site's models, priced or not."""
    return list(site_models.sold(site).select_related("successor")[:MODELS_MAX])


def in_force(site: Site, now: datetime, model_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Components of these by model; a site's own price goes before the default, a later one before
    both."""
    rows = (
        Price.objects.filter(
            Q(site=site) | Q(site__isnull=True),
            model__in=list(model_ids),
            organization=None,
            effective_from__lte=now,
        )
        .order_by("model_id", F("site").desc(nulls_first=True), "-effective_from")
        .distinct("model_id", "site")
    )
    # The default comes first, so that a site's own price, unless it has ended, replaces it.
    return {row.model_id: row.components for row in rows if row.components}
