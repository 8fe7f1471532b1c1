"""Whether a document makes sense as a whole, together with what is stored: nothing unknown is
referred to, new rows have what they need, no two sites claim one domain. Pure."""

from dataclasses import dataclass
from datetime import datetime

from relay.catalog import batches, later
from relay.catalog.document import (
    ALL_MODELS,
    UNSET,
    AnnouncementSpec,
    CustomerSpec,
    Document,
    ModelSpec,
    PlanSpec,
    PriceKey,
    SiteSpec,
    Unset,
)
from relay.catalog.problems import Problems

# What has no sensible default in a new row.
NEEDED_BY_NEW_UPSTREAM = ("base_url",)
NEEDED_BY_NEW_SITE = ("name", "domains", "plan")
# The codes of one apply come in one answer, and are made in one transaction.
CODES_MAX = 50_000
NEEDED_BY_NEW_ANNOUNCEMENT = ("kind", "title", "starts_at")


def check(wanted: Document, stored: Document, *, file: str, now: datetime) -> None:
    """Raise `CatalogRefused` with every problem's line."""
    checker = _Checker(wanted, stored, Problems(file))
    for upstream in wanted.upstreams.values():
        if upstream.id not in stored.upstreams:
            checker.needs(f"upstreams.{upstream.id}", upstream, NEEDED_BY_NEW_UPSTREAM)
    for model in wanted.models.values():
        checker.model(model)
    for site in wanted.sites.values():
        checker.site(site)
        checker.batches(site, now)
    for plan in wanted.plans.values():
        checker.plan(plan)
    for organization_id in wanted.contracts:
        checker.contract(organization_id)
    for announcement in wanted.announcements.values():
        checker.announcement(announcement)
    checker.scheduled(now)
    for customer in wanted.customers.values():
        checker.customer(customer)
    checker.codes()
    checker.domains()
    checker.aliases()
    checker.problems.refuse()


@dataclass(frozen=True, slots=True)
class _Checker:
    wanted: Document
    stored: Document
    problems: Problems

    def refuse(self, path: str, message: str) -> None:
        self.problems.add(self.wanted.lines.get(path, 1), f"{path}: {message}")

    def needs(self, path: str, spec: object, names: tuple[str, ...]) -> None:
        for name in names:
            if getattr(spec, name) in (UNSET, ()):
                self.refuse(path, f"a new one needs {name}")

    def model(self, model: ModelSpec) -> None:
        if model.successor is not UNSET and model.successor is not None:
            self._known_model(f"models.{model.id}.successor", model.successor)
            if model.successor == model.id:
                self.refuse(f"models.{model.id}.successor", "a model cannot follow itself")
        if model.routes is UNSET:
            return
        for position, route in enumerate(model.routes):
            if route.upstream not in {**self.wanted.upstreams, **self.stored.upstreams}:
                path = f"models.{model.id}.routes[{position}].upstream"
                self.refuse(path, f"no upstream {route.upstream!r}")

    def plan(self, plan: PlanSpec) -> None:
        for model_id in () if plan.adjustments is UNSET else plan.adjustments:
            if model_id != ALL_MODELS:
                self._known_model(f"plans.{plan.id}.adjustments.{model_id}", model_id)

    def announcement(self, spec: AnnouncementSpec) -> None:
        path = f"announcements.{spec.id}"
        if spec.id not in self.stored.announcements:
            self.needs(path, spec, NEEDED_BY_NEW_ANNOUNCEMENT)
        known = {**self.wanted.sites, **self.stored.sites}
        if spec.site not in (UNSET, None) and spec.site not in known:
            self.refuse(f"{path}.site", f"no site {spec.site!r}")

    def contract(self, organization_id: str) -> None:
        path = f"contracts.{organization_id}"
        if organization_id not in self.stored.organizations:
            self.refuse(path, f"no organization {organization_id!r}")
        for model_id in self.wanted.contracts[organization_id]:
            self._known_model(f"{path}.{model_id}", model_id)

    def scheduled(self, now: datetime) -> None:
        for price in self.wanted.scheduled_prices:
            self._scheduled_price(price)
        for cost in self.wanted.scheduled_costs:
            if (cost.upstream, cost.name) not in self._routes(cost.model):
                path = f"scheduled_costs.{cost.path}"
                self.refuse(path, f"{cost.model} has no route to {cost.upstream} as {cost.name}")
        for each in self.wanted.scheduled_adjustments:
            path = f"scheduled_adjustments.{each.path}"
            if each.plan not in {**self.wanted.plans, **self.stored.plans}:
                self.refuse(path, f"no plan {each.plan!r}")
            if each.model != ALL_MODELS:
                self._known_model(path, each.model)
        for path, message in later.problems(self.wanted, self.stored, now):
            self.refuse(path, message)

    def _scheduled_price(self, key: PriceKey) -> None:
        path = f"scheduled_prices.{key.path}"
        self._known_model(path, key.model)
        if key.site and key.site not in {**self.wanted.sites, **self.stored.sites}:
            self.refuse(path, f"no site {key.site!r}")
        if key.organization and key.organization not in self.stored.organizations:
            self.refuse(path, f"no organization {key.organization!r}")

    def _routes(self, model_id: str) -> set[tuple[str, str]]:
        """By upstream and name, once the file is applied."""
        for document in (self.wanted, self.stored):
            model = document.models.get(model_id)
            if model is not None and model.routes is not UNSET:
                return {(route.upstream, route.name) for route in model.routes}
        return set()

    def customer(self, customer: CustomerSpec) -> None:
        path = f"customers.{customer.id}"
        if customer.id not in self.stored.organizations:
            self.refuse(path, f"no organization {customer.id!r}")
        known = {**self.wanted.plans, **self.stored.plans}
        if customer.plan not in (UNSET, None) and customer.plan not in known:
            self.refuse(f"{path}.plan", f"no plan {customer.plan!r}")

    def site(self, site: SiteSpec) -> None:
        path = f"sites.{site.id}"
        if site.id not in self.stored.sites:
            self.needs(path, site, NEEDED_BY_NEW_SITE)
        if site.plan is not UNSET and site.plan not in {**self.wanted.plans, **self.stored.plans}:
            self.refuse(f"{path}.plan", f"no plan {site.plan!r}")
        offered = () if site.models is UNSET or site.models == "all" else site.models
        for model_id in offered:
            self._known_model(f"{path}.models.{model_id}", model_id)
        for model_id in () if site.prices is UNSET else site.prices:
            self._known_model(f"{path}.prices.{model_id}", model_id)
        for model_id, said in ({} if site.offers is UNSET else site.offers).items():
            self._known_model(f"{path}.offers.{model_id}", model_id)
            self._is_named(site, model_id, said.get("shown_as", ""))
        self._currency(site)
        self._language(site)

    def batches(self, site: SiteSpec, now: datetime) -> None:
        known = batches.of_site(self.stored.sites.get(site.id))
        for spec in batches.of_site(site).values():
            path = f"sites.{site.id}.redeem_batches.{spec.id}"
            for field, message in batches.problems(spec, known.get(spec.id), now):
                self.refuse(path + field, message)

    def codes(self) -> None:
        """One apply makes only so many at once."""
        count = 0
        for site in self.wanted.sites.values():
            known = batches.of_site(self.stored.sites.get(site.id))
            for spec in batches.of_site(site).values():
                count += 0 if spec.id in known or spec.count is UNSET else spec.count
                if count > CODES_MAX:
                    path = f"sites.{site.id}.redeem_batches.{spec.id}"
                    self.refuse(path, f"more than {CODES_MAX} codes to make at once")
                    return

    def _is_named(self, site: SiteSpec, model_id: str, shown_as: str) -> None:
        """A site lists a model by one of its aliases."""
        stored = self.stored.sites.get(site.id, SiteSpec(id=site.id))
        own = stored.aliases if site.aliases is UNSET else site.aliases
        theirs: dict[str, str] = {} if own is UNSET else dict(own)
        both = (self.stored.models.get(model_id), self.wanted.models.get(model_id))
        for model in both:
            if model is not None and model.aliases is not UNSET:
                theirs = dict.fromkeys(model.aliases, model_id) | theirs
        if shown_as and theirs.get(shown_as) != model_id:
            path = f"sites.{site.id}.offers.{model_id}.shown_as"
            self.refuse(path, f"{shown_as!r} is no alias of the model on this site")

    def aliases(self) -> None:
        """An alias leads to one model, and is no model itself."""
        owners: dict[str, str] = {}
        for model in self.stored.models.values():
            ours = self.wanted.models.get(model.id)
            if model.aliases is not UNSET and (ours is None or ours.aliases is UNSET):
                owners.update(dict.fromkeys(model.aliases, model.id))
        for model in self.wanted.models.values():
            for alias in () if model.aliases is UNSET else model.aliases:
                path = f"models.{model.id}.aliases.{alias}"
                self._is_no_model(path, alias)
                if owners.setdefault(alias, model.id) != model.id:
                    self.refuse(path, f"already another name of {owners[alias]!r}")
        for site in self.wanted.sites.values():
            for alias, model_id in ({} if site.aliases is UNSET else site.aliases).items():
                path = f"sites.{site.id}.aliases.{alias}"
                self._is_no_model(path, alias)
                self._known_model(path, model_id)

    def _is_no_model(self, path: str, alias: str) -> None:
        if alias in {**self.wanted.models, **self.stored.models}:
            self.refuse(path, f"there is a model {alias!r}")

    def _known_model(self, path: str, model_id: str) -> None:
        if model_id not in {**self.wanted.models, **self.stored.models}:
            self.refuse(path, f"no model {model_id!r}")

    def _language(self, site: SiteSpec) -> None:
        stored = self.stored.sites.get(site.id, SiteSpec(id=site.id))
        first = stored.language if site.language is UNSET else site.language
        offered = stored.languages if site.languages is UNSET else site.languages
        if first is not UNSET and offered is not UNSET and first not in offered:
            field = "language" if site.languages is UNSET else "languages"
            self.refuse(f"sites.{site.id}.{field}", f"{first!r}, the first, is not offered")

    def _currency(self, site: SiteSpec) -> None:
        old: str | Unset = UNSET
        if site.id in self.stored.sites_in_use:
            old = self.stored.sites[site.id].currency
        if UNSET not in (old, site.currency) and old != site.currency:
            message = f"the site has customers whose balances are in {old}: it cannot change"
            self.refuse(f"sites.{site.id}.currency", message)

    def domains(self) -> None:
        """A host name leads to one site, counting the sites that the file does not name."""
        owners: dict[str, str] = {}
        for site in self.stored.sites.values():
            ours = self.wanted.sites.get(site.id)
            if site.domains is not UNSET and (ours is None or ours.domains is UNSET):
                owners.update(dict.fromkeys(site.domains, site.id))
        for site in self.wanted.sites.values():
            for domain in () if site.domains is UNSET else site.domains:
                if owners.setdefault(domain, site.id) != site.id:
                    path = f"sites.{site.id}.domains.{domain}"
                    self.refuse(path, f"already leads to site {owners[domain]!r}")
