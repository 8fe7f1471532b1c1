"""One change of the catalog, as a value: what `diff` finds, `store` does and the command prints."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

from billing.money import format_nanos
from billing.percent import format_percent
from relay.catalog import price_section
from relay.catalog.document import UNSET

Shown: TypeAlias = str | int | bool | list[Any] | dict[str, Any] | None


class Kind(StrEnum):
    """What is changed."""

    PLAN = "plan"
    UPSTREAM = "upstream"
    MODEL = "model"
    PRICE = "price"
    ADJUSTMENT = "adjustment"
    CONTRACT = "contract"
    ROUTE = "route"
    SITE = "site"
    ANNOUNCEMENT = "announcement"
    SCHEDULED_PRICE = "scheduled_price"
    SCHEDULED_COST = "scheduled_cost"
    SCHEDULED_ADJUSTMENT = "scheduled_adjustment"
    CUSTOMER = "customer"
    REDEEM_BATCH = "redeem_batch"


class Action(StrEnum):
    """What is done to it. A price is only ever published, or cancelled before it begins: versions
    are never edited."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    PUBLISH = "publish"
    CANCEL = "cancel"


# Their mappings are texts and the like; everyone else's are prices.
AS_WRITTEN = frozenset({Kind.SITE, Kind.UPSTREAM, Kind.ANNOUNCEMENT})
AMOUNTS = frozenset({"trial_credit", "amount"})
PRICES = frozenset({Kind.PRICE, Kind.CONTRACT, Kind.SCHEDULED_PRICE, Kind.SCHEDULED_COST})
SCHEDULED = frozenset({Kind.SCHEDULED_PRICE, Kind.SCHEDULED_COST, Kind.SCHEDULED_ADJUSTMENT})
ADJUSTMENTS = frozenset({Kind.ADJUSTMENT, Kind.SCHEDULED_ADJUSTMENT})


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field's value before and after; UNSET before means there was none."""

    before: object
    after: object


@dataclass(frozen=True, slots=True)
class Change:
    """`key` finds the row: (id,), or (model, upstream, name) of a route, (model, site or "") of a
    price, (model, organization) of a contract, (plan, model or "all") of an adjustment, a LaterKey,
    (id, site) of a batch of codes.

    Never in repr: its fields may hold a credential.
    """

    kind: Kind
    action: Action
    key: tuple[str, ...]
    fields: Mapping[str, FieldChange]

    def __repr__(self) -> str:
        return f"<Change {self.action} {self.kind} {self.id}>"

    @property
    def id(self) -> str:
        """How people and scripts speak of the row."""
        if self.kind is Kind.ROUTE:
            model, upstream, name = self.key
            return f"{model} via {upstream} as {name}"
        if self.kind is Kind.SCHEDULED_COST:
            model, upstream, name, begins = self.key
            return f"{model} via {upstream} as {name} on {begins}"
        if self.kind in (Kind.CONTRACT, Kind.ADJUSTMENT):
            return " for ".join(self.key)
        return " on ".join(part for part in self.key if part)

    def after(self) -> dict[str, object]:
        """The new values by field."""
        return {name: change.after for name, change in self.fields.items()}

    def shown(self) -> dict[str, object]:
        """The change as one JSON object: money as decimal strings, credentials not at all."""
        fields = {
            name: {
                "before": self._shown(name, change.before),
                "after": self._shown(name, change.after),
            }
            for name, change in self.fields.items()
        }
        return {"kind": self.kind, "id": self.id, "action": self.action, "fields": fields}

    def _shown(self, name: str, value: object) -> Shown:
        if value is UNSET or value is None:
            return None
        if name == "credential":
            count = len(value) if isinstance(value, tuple) else 0
            return f"{count} stored" if count > 1 else "stored" if count else ""
        if isinstance(value, tuple):
            return [str(item) for item in value]
        is_price = self.kind in PRICES
        if is_price and isinstance(value, Mapping | list):
            shown: Shown = price_section.write({name: value})[name]
            return shown
        if name in AMOUNTS and isinstance(value, int):
            return format_nanos(value)
        if isinstance(value, Mapping) and self.kind in AS_WRITTEN:
            return {
                name: dict(row) if isinstance(row, Mapping) else row for name, row in value.items()
            }
        if isinstance(value, Mapping) and self.kind is Kind.CUSTOMER:
            return {period: format_nanos(nanos) for period, nanos in value.items()}
        if isinstance(value, Mapping):
            return price_section.write(value)
        if isinstance(value, int) and is_price:
            return format_nanos(value)
        if isinstance(value, int) and self.kind in ADJUSTMENTS:
            return format_percent(value)
        return value if isinstance(value, int) else str(value)
