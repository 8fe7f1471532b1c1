"""What a model costs on a site, to whom: worked out once per snapshot, looked up once per Call."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Min

from billing import adjustments
from billing.models import Plan, PlanAdjustment, Price
from billing.price_versions import PriceError, PriceVersion, check_components
from relay.adapters.rights import Rights
from relay.models import Cost
from relay.proxy.types import Caller

NOBODY: Mapping[str, PriceVersion] = {}


@dataclass(frozen=True, slots=True)
class PriceList:
    """The version that counts for each customer of a site."""

    listed: PriceVersion
    by_plan: Mapping[str, PriceVersion] = field(default_factory=dict)
    contracts: Mapping[str, PriceVersion] = field(default_factory=dict)  # by organization

    def version_for(self, caller: Caller) -> PriceVersion:
        """The contract's, else the list price as the caller's plan adjusts it."""
        if self.contracts and (contract := self.contracts.get(caller.organization_id)) is not None:
            return contract
        if self.by_plan:
            rights: Rights = caller.rights
            return self.by_plan.get(rights.plan_id, self.listed)
        return self.listed


@dataclass(slots=True)
class PriceBook:
    """Every version in force at one instant."""

    plans: list[str]
    adjustments: Mapping[tuple[str, str | None], int]
    listed: dict[tuple[str, str | None], PriceVersion]  # by model and site; None is the default
    contracts: dict[str, dict[str, PriceVersion]]  # by model, then organization
    # By the version listed: sites that sell at the default price share one list of each model.
    _lists: dict[int, PriceList] = field(default_factory=dict)

    def price_list(self, model_id: str, site_id: str) -> PriceList | None:
        """None where the model has no price."""
        listed = self.listed.get((model_id, site_id)) or self.listed.get((model_id, None))
        if listed is None:
            return None
        if listed.id not in self._lists:
            self._lists[listed.id] = self._priced(model_id, listed)
        return self._lists[listed.id]

    def _priced(self, model_id: str, listed: PriceVersion) -> PriceList:
        by_plan = {
            plan_id: PriceVersion(listed.id, listed.components, adjustment_bp)
            for plan_id in self.plans
            if (adjustment_bp := adjustments.adjustment_bp(self.adjustments, plan_id, model_id))
        }
        return PriceList(listed, by_plan, self.contracts.get(model_id, NOBODY))


def read(now: datetime, unusable: list[str]) -> PriceBook:
    """The book at `now`; what is no price is left out and told in `unusable`."""
    listed: dict[tuple[str, str | None], PriceVersion] = {}
    contracts: defaultdict[str, dict[str, PriceVersion]] = defaultdict(dict)
    for row, version in _versions(_latest(now), unusable):
        if row.organization_id is None:
            listed[row.model_id, row.site_id] = version
        else:
            contracts[row.model_id][row.organization_id] = version
    return PriceBook(
        plans=list(Plan.objects.values_list("pk", flat=True)),
        adjustments=adjustments.all_in_force(now),
        listed=listed,
        contracts=contracts,
    )


def is_priced(model_id: str, site_id: str, now: datetime) -> bool:
    """Whether a book of `now` has a price of the model for customers of the site. One query."""
    rows = (row for row in _latest(now, model_id=model_id) if row.organization_id is None)
    return any(row.site_id in (site_id, None) for row, _ in _versions(rows, []))


def next_change(now: datetime) -> datetime | None:
    """When a scheduled price, adjustment or cost takes force."""
    upcoming = [
        table.objects.filter(effective_from__gt=now).aggregate(at=Min("effective_from"))["at"]
        for table in (Price, PlanAdjustment, Cost)
    ]
    return min((at for at in upcoming if at is not None), default=None)


def _latest(now: datetime, **only: str) -> Iterable[Price]:
    """The latest version of each scope that has begun; an empty one has ended its scope's price."""
    rows = (
        Price.objects.filter(effective_from__lte=now, **only)
        .order_by("model_id", "site_id", "organization_id", "-effective_from")
        .distinct("model_id", "site_id", "organization_id")
    )
    return (row for row in rows if row.components)


def _versions(rows: Iterable[Price], unusable: list[str]) -> Iterable[tuple[Price, PriceVersion]]:
    for row in rows:
        try:
            yield row, PriceVersion(row.pk, check_components(row.components))
        except PriceError as error:
            unusable.append(f"price version {row.pk}: {error}")
