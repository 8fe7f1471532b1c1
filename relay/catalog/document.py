"""What a catalog says, as values: the file and the database are both read into a `Document`.

A field that a file does not name is `UNSET`: it keeps its stored value, or gets the default of a
new row. Pure data: no I/O, no Django.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from accounts.images import Logo


class Unset(Enum):
    """The type of `UNSET`; `None` is taken: it means "no limit"."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET

# What a price or a cost says, as billing.price_versions tells.
Components: TypeAlias = Mapping[str, Any]
# What a site's errors look like by cause, as stored: status, type, code, message by language.
ErrorRows: TypeAlias = Mapping[str, Mapping[str, Any]]
# Stands for every model without an adjustment of its own.
ALL_MODELS: Final = "all"
NESTED: Final = {"nested": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamSpec:
    """A vendor connection; `credential` is in the clear and kept out of repr, output, export."""

    id: str
    dialect: str | Unset = UNSET
    base_url: str | Unset = UNSET
    provider: str | Unset = UNSET
    is_active: bool | Unset = UNSET
    pause_reason: str | Unset = UNSET
    concurrency_max: int | Unset | None = UNSET
    quirks: Mapping[str, Any] | Unset = UNSET
    # Whoever is named, in turn; the whole set.
    credential: tuple[str, ...] | Unset = field(default=UNSET, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteSpec:
    """A way to serve a model; (upstream, name) tells it from the model's others."""

    upstream: str
    name: str
    priority: int | Unset = UNSET
    weight: int | Unset = UNSET
    cost: Components | Unset = UNSET
    is_active: bool | Unset = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """Something sold. `routes`, when given, is the whole set."""

    id: str
    name: str | Unset = UNSET
    owned_by: str | Unset = UNSET
    context_tokens: int | Unset = UNSET
    max_output_tokens: int | Unset = UNSET
    is_active: bool | Unset = UNSET
    aliases: tuple[str, ...] | Unset = UNSET  # the whole set, on every site
    capabilities: tuple[str, ...] | Unset = UNSET  # the whole set
    retires_at: datetime | Unset | None = UNSET
    successor: str | Unset | None = UNSET
    price: Components | Unset = field(default=UNSET, metadata=NESTED)
    routes: tuple[RouteSpec, ...] | Unset = field(default=UNSET, metadata=NESTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSpec:
    """A set of limits, where None is no limit, and of price adjustments."""

    id: str
    requests_per_minute: int | Unset | None = UNSET
    tokens_per_minute: int | Unset | None = UNSET
    concurrency: int | Unset | None = UNSET
    # Basis points by model id, or ALL_MODELS; adds to what is stored.
    adjustments: Mapping[str, int] | Unset = field(default=UNSET, metadata=NESTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class RedeemBatchSpec:
    """Codes that were made together. Terms are fixed once they are made."""

    id: str
    name: str | Unset = UNSET
    amount: int | Unset = UNSET  # nanos, of each code
    count: int | Unset = UNSET
    prefix: str | Unset = UNSET
    expires_at: datetime | Unset | None = UNSET
    withdrawn: bool | Unset = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSpec:
    """A storefront. `domains`, `models` and errors, when given, are the whole set; `prices` and
    `redeem_batches` add to it."""

    id: str
    name: str | Unset = UNSET
    domains: tuple[str, ...] | Unset = UNSET
    currency: str | Unset = UNSET
    language: str | Unset = UNSET
    time_zone: str | Unset = UNSET
    preset: str | Unset = UNSET
    no_credit_status: int | Unset | None = UNSET  # None: as the preset says
    error_overrides: ErrorRows | Unset = UNSET
    cors_origins: tuple[str, ...] | Unset | None = UNSET  # None: as the preset says
    support_contact: str | Unset = UNSET
    is_active: bool | Unset = UNSET
    languages: tuple[str, ...] | Unset = UNSET
    sign_up: str | Unset = UNSET
    accent: str | Unset = UNSET
    accent_dark: str | Unset = UNSET
    logo: Logo | Unset | None = UNSET  # None: it has none
    legal: Mapping[str, Mapping[str, str]] | Unset = UNSET  # by kind, then language
    footer: Mapping[str, str] | Unset = UNSET  # by language
    sender_name: str | Unset = UNSET
    sender_address: str | Unset = UNSET
    plan: str | Unset = UNSET
    trial_credit: int | Unset = UNSET  # nanos
    models: Literal["all"] | tuple[str, ...] | Unset = UNSET
    aliases: Mapping[str, str] | Unset = UNSET  # alias -> model, on this site; the whole set
    # By model, what differs from how any site would list it; the whole set.
    offers: Mapping[str, Mapping[str, Any]] | Unset = UNSET
    prices: Mapping[str, Components] | Unset = field(default=UNSET, metadata=NESTED)
    redeem_batches: Mapping[str, RedeemBatchSpec] | Unset = field(default=UNSET, metadata=NESTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncementSpec:
    """News, maintenance or an incident; texts are by language."""

    id: str
    site: str | Unset | None = UNSET  # None: every site
    kind: str | Unset = UNSET
    state: str | Unset = UNSET
    title: Mapping[str, str] | Unset = UNSET
    body: Mapping[str, str] | Unset = UNSET
    model_ids: tuple[str, ...] | Unset = UNSET
    starts_at: datetime | Unset = UNSET
    ends_at: datetime | Unset | None = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerSpec:
    """An organization that is there already; `budgets`, when given, are the whole set."""

    id: str
    plan: str | Unset | None = UNSET  # None: its site's
    budgets: Mapping[str, int] | Unset = UNSET  # nanos by kind of period


class PriceKey(NamedTuple):
    """A price version that is to begin: of a model, for a site or an organization or neither."""

    model: str
    site: str
    organization: str
    begins: str  # ISO 8601, UTC

    @property
    def path(self) -> str:
        """How messages speak of it."""
        return " ".join(part for part in self if part)


class CostKey(NamedTuple):
    """A cost version that is to begin, of a route."""

    model: str
    upstream: str
    name: str
    begins: str  # ISO 8601, UTC

    @property
    def path(self) -> str:
        """How messages speak of it."""
        return " ".join(self)


class AdjustmentKey(NamedTuple):
    """An adjustment that is to begin: of a plan, for a model or ALL_MODELS."""

    plan: str
    model: str
    begins: str  # ISO 8601, UTC

    @property
    def path(self) -> str:
        """How messages speak of it."""
        return " ".join(self)


LaterKey: TypeAlias = PriceKey | CostKey | AdjustmentKey
# What begins then: components, or basis points; None in a file takes it back.
Later: TypeAlias = Components | int | None


Spec: TypeAlias = (
    UpstreamSpec | RouteSpec | ModelSpec | PlanSpec | SiteSpec | AnnouncementSpec | CustomerSpec
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A catalog by id. `lines` maps a dotted path such as `sites.acme.plan` to its line, for
    messages; it is empty for what the database holds."""

    upstreams: Mapping[str, UpstreamSpec] = field(default_factory=dict)
    models: Mapping[str, ModelSpec] = field(default_factory=dict)
    plans: Mapping[str, PlanSpec] = field(default_factory=dict)
    sites: Mapping[str, SiteSpec] = field(default_factory=dict)
    announcements: Mapping[str, AnnouncementSpec] = field(default_factory=dict)
    # Contract prices by organization, then model; no components end one. Adds to what is stored.
    contracts: Mapping[str, Mapping[str, Components]] = field(default_factory=dict)
    # Versions that begin later; adds to what is stored, None takes one back. No components end a
    # price of its own, and make a cost unknown.
    scheduled_prices: Mapping[PriceKey, Components | None] = field(default_factory=dict)
    scheduled_costs: Mapping[CostKey, Components | None] = field(default_factory=dict)
    scheduled_adjustments: Mapping[AdjustmentKey, int | None] = field(default_factory=dict)
    customers: Mapping[str, CustomerSpec] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict, compare=False)
    # Of the versions that were asked about, those that are in force or were.
    begun: frozenset[LaterKey] = field(default=frozenset(), compare=False)
    # Of the organizations that were asked about, those that exist.
    organizations: frozenset[str] = field(default=frozenset(), compare=False)
    # Sites that books are kept for: their currency is the unit of every stored amount.
    sites_in_use: frozenset[str] = field(default=frozenset(), compare=False)
