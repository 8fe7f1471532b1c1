"""The effect of many prices that are not published yet, together: the most used models first, for
as long as somebody waits for a page. Writes nothing."""

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Sum

from accounts.models import Site
from billing import price_effects
from billing.bulk_prices import Line
from billing.models import UsageRollup
from billing.preview import Preview
from billing.price_versions import PriceError

# A model takes milliseconds to a few seconds; what is left out by then is the least used.
MODELS_MAX = 50
TIME_S = 8.0


@dataclass(frozen=True, slots=True)
class BulkEffect:
    """Previews by currency of the models that were looked at; `left_out` were not, though they had
    calls. `by_model` is of the same models."""

    by_currency: Mapping[str, Preview]
    by_model: Mapping[str, Mapping[str, Preview]]
    left_out: int


def effect(lines: Sequence[Line], *, site: Site | None, now: datetime) -> BulkEffect:
    """What the Calls of the last 30 days would have come to, were all the lines in force."""
    by_id = {line.model.pk: line for line in lines if line.is_changed}
    used = _most_used(list(by_id), site, now)
    ends_at = time.monotonic() + TIME_S
    totals: defaultdict[str, Preview] = defaultdict(Preview)
    by_model: dict[str, Mapping[str, Preview]] = {}
    for model_id in used[:MODELS_MAX]:
        if time.monotonic() > ends_at:
            break
        line = by_id[model_id]
        try:
            told = price_effects.effect(line.model, site=site, components=line.after, now=now)
        except (price_effects.EffectTooLong, PriceError):
            # Too much to look at, or without a default until the change begins.
            continue
        by_model[model_id] = told.by_currency
        for currency, preview in told.by_currency.items():
            totals[currency] += preview
    return BulkEffect(dict(sorted(totals.items())), by_model, len(used) - len(by_model))


def _most_used(model_ids: list[str], site: Site | None, now: datetime) -> list[str]:
    """Those of the models that had Calls lately, by what they came to."""
    since = now - timedelta(days=price_effects.DAYS)
    rows = UsageRollup.objects.filter(model__in=model_ids, start__gte=since)
    if site is not None:
        rows = rows.filter(site=site)
    sums = rows.values("model").annotate(nanos=Sum("charge_nanos"), count=Sum("calls"))
    return [row["model"] for row in sums.order_by("-nanos", "-count", "model")]
