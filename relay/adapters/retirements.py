"""Models that have retired, as relays tell whoever still calls them: by site, under every name."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from billing.models import Model
from billing.site_models import Range
from relay.models import ModelAlias


def has_retired(model: Model, now: datetime) -> bool:
    """Whether its last day is over."""
    return model.retires_at is not None and model.retires_at <= now


def told(models: Iterable[Model], sold: Range, now: datetime) -> dict[str, str]:
    """The retired models of a site's range, each with its successor, if the site sells that."""
    return {
        model.pk: model.successor_id if model.successor_id and sold.has(model.successor_id) else ""
        for model in models
        if has_retired(model, now) and sold.has(model.pk)
    }


def under_every_name(
    retired: Mapping[str, Mapping[str, str]], aliases: Iterable[ModelAlias]
) -> dict[str, dict[str, str]]:
    """The same with the models' further names; a site's own come before those of all sites."""
    rows = list(aliases)
    for_all = {row.alias: row.model_id for row in rows if row.site_id is None}
    found: dict[str, dict[str, str]] = {}
    for site_id, ids in retired.items():
        own = {row.alias: row.model_id for row in rows if row.site_id == site_id}
        names = {alias: ids[model] for alias, model in (for_all | own).items() if model in ids}
        found[site_id] = names | dict(ids)
    return found


def next_one(models: Iterable[Model], now: datetime) -> datetime | None:
    """When the next of the models retires."""
    upcoming = (each.retires_at for each in models if each.retires_at and each.retires_at > now)
    return min(upcoming, default=None)


def earliest(*instants: datetime | None) -> datetime | None:
    """The first of those that are known."""
    return min((at for at in instants if at is not None), default=None)
