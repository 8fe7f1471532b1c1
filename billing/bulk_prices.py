"""Many prices of one scope changed at once: worked out first, then published all or none.

What it works out it does not write; `publish` writes what was worked out, through `billing.prices`.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import Site
from billing import prices
from billing.errors import BillingError
from billing.models import Model, Price
from billing.price_rules import Rule
from billing.price_versions import PriceError

# As many as a page lists.
MODELS_MAX = 500


class Basis(StrEnum):
    """What a rule is applied to."""

    NOW = "now"  # what the scope's customers pay then
    DEFAULT = "default"  # the default price: a markup over it
    END = "end"  # nothing: the site's own prices end


class PricesMoved(BillingError):
    """Other prices were published since the change was worked out."""

    code = "prices_moved"


@dataclass(frozen=True, slots=True)
class Line:
    """One model: what counts before, be it the site's own or the default, and the scope's own price
    after; `problem` says why it cannot be changed."""

    model: Model
    before: Mapping[str, Any]
    before_id: int | None
    is_own: bool  # before
    after: Mapping[str, Any]
    problem: str = ""

    @property
    def is_changed(self) -> bool:
        """Whether something would be published; a price that stays as it is gets no version."""
        return not self.problem and self.before != self.after


@dataclass(frozen=True, slots=True)
class InForce:
    """The versions at one instant by model: a site's own, and the defaults."""

    own: Mapping[str, Price]
    defaults: Mapping[str, Price]

    def of(self, model_id: str) -> Price | None:
        """The one that counts."""
        return self.own.get(model_id) or self.defaults.get(model_id)


def in_force(site: Site | None, at: datetime, models: Iterable[Model]) -> InForce:
    """Of these models on a site, or with None the defaults alone. One query for each."""
    ids = [model.pk for model in models]
    return InForce({} if site is None else _latest(site, at, ids), _latest(None, at, ids))


def work_out(
    models: Iterable[Model],
    rule: Rule,
    *,
    site: Site | None,
    basis: Basis = Basis.NOW,
    at: datetime | None = None,
) -> list[Line]:
    """What the rule makes of the prices in force at `at` (by default now). Two queries."""
    models = list(models)
    known = in_force(site, at or timezone.now(), models)
    return [_line(model, rule, known, site, basis) for model in models]


def seal(lines: Sequence[Line], *, site: Site | None, at: datetime | None) -> str:
    """Tells one worked-out change from any other: what is published is what was seen."""
    said = [[line.model.pk, line.before_id, line.after] for line in lines if line.is_changed]
    text = json.dumps(
        [site.pk if site else None, at.isoformat() if at else "", said], sort_keys=True
    )
    return hashlib.sha256(text.encode()).hexdigest()


@transaction.atomic
def publish(
    lines: Sequence[Line],
    *,
    site: Site | None,
    at: datetime | None = None,
    by: audit.Actor,
    reason: str = "",
) -> list[Price]:
    """Publish every changed line, or none. Raises PricesMoved where another version came between,
    PriceError as `prices.publish`."""
    changed = sorted((line for line in lines if line.is_changed), key=lambda line: line.model.pk)
    ids = [line.model.pk for line in changed]
    list(Model.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk"))
    known = in_force(site, at or timezone.now(), (line.model for line in changed))
    for line in changed:
        row = known.of(line.model.pk)
        if (row.pk if row else None) != line.before_id:
            raise PricesMoved(f"another price of {line.model.pk} was published meanwhile")
    return [
        prices.publish(
            line.model,
            site=site,
            components=line.after,
            effective_from=at,
            by=by,
            reason=reason,
        )
        for line in changed
    ]


def _line(model: Model, rule: Rule, known: InForce, site: Site | None, basis: Basis) -> Line:
    row = known.of(model.pk)
    if row is None:
        return Line(model, {}, None, False, {}, "no_price")
    is_own = row.site_id is not None or site is None

    def line(after: Mapping[str, Any], problem: str = "") -> Line:
        return Line(model, row.components, row.pk, is_own, after, problem)

    if basis is Basis.END:
        has_next = site is not None and is_own and model.pk in known.defaults
        return line({}) if has_next else line(row.components, "no_own_price")
    start = known.defaults.get(model.pk) if basis is Basis.DEFAULT else row
    if start is None:
        return line(row.components, "no_default")
    try:
        return line(rule.apply(start.components))
    except PriceError as error:
        return line(row.components, str(error))


def _latest(site: Site | None, at: datetime, model_ids: list[str]) -> dict[str, Price]:
    rows = Price.objects.filter(
        site=site, organization=None, effective_from__lte=at, model__in=model_ids
    )
    latest = rows.order_by("model_id", "-effective_from").distinct("model_id")
    return {row.model_id: row for row in latest if row.components}
