"""What a key may do, as somebody asks for it: checked, and brought to the form that is stored."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from ipaddress import ip_network

from accounts.errors import AccountsError
from accounts.models import ApiKey, BudgetPeriod, EndpointFamily

NAME_CHARS_MAX = 100  # as the column is
# Lists that a person keeps by hand; the relay walks through the networks for each Call.
NETWORKS_MAX = 50
MODELS_MAX = 200
# The columns' own: PositiveIntegerField, PositiveBigIntegerField.
COUNT_MAX = 2**31 - 1
TOKENS_MAX = 2**63 - 1
_MODEL_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+@-]{0,199}")


class KeyTermsRefused(AccountsError):
    """A key may not be made or changed like this. `field` is one of KeyTerms', `code` the reason,
    `detail` what it is about."""

    def __init__(self, code: str, field: str, detail: str = "") -> None:
        super().__init__(f"{field}: {code} {detail}".rstrip())
        self.code, self.field, self.detail = code, field, detail


@dataclass(frozen=True, slots=True)
class KeyTerms:
    """What is None is not limited. Amounts in nanos."""

    name: str
    expires_at: datetime | None = None
    allowed_models: list[str] | None = None
    allowed_endpoints: list[str] | None = None
    allowed_networks: list[str] | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    concurrency: int | None = None
    budget_nanos: int | None = None
    budget_period: str = ""


FIELDS = tuple(KeyTerms.__dataclass_fields__)


def of_key(key: ApiKey) -> KeyTerms:
    """What a key may do now."""
    return KeyTerms(**{name: getattr(key, name) for name in FIELDS})


def checked(terms: KeyTerms, *, now: datetime | None) -> KeyTerms:
    """As they are stored; `now` None: its end may have passed. Raises KeyTermsRefused naming the
    first field that is wrong."""
    name = terms.name.strip()
    if not name:
        raise KeyTermsRefused("missing", "name")
    if len(name) > NAME_CHARS_MAX or not name.isprintable():
        raise KeyTermsRefused("not_a_name", "name")
    if now is not None and terms.expires_at is not None and terms.expires_at <= now:
        raise KeyTermsRefused("in_the_past", "expires_at")
    for field, maximum in _COUNTS.items():
        count: int | None = getattr(terms, field)
        if count is not None and not 0 < count <= maximum:
            raise KeyTermsRefused("out_of_range", field, str(count))
    if (terms.budget_nanos is None) != (not terms.budget_period):
        raise KeyTermsRefused("budget_needs_period", "budget_period")
    if terms.budget_period and terms.budget_period not in BudgetPeriod.values:
        raise KeyTermsRefused("unknown", "budget_period", terms.budget_period)
    return replace(
        terms,
        name=name,
        allowed_models=_models(terms.allowed_models),
        allowed_endpoints=_endpoints(terms.allowed_endpoints),
        allowed_networks=_networks(terms.allowed_networks),
    )


_COUNTS = {
    "requests_per_minute": COUNT_MAX,
    "tokens_per_minute": TOKENS_MAX,
    "concurrency": COUNT_MAX,
    "budget_nanos": TOKENS_MAX,
}


def _models(given: Iterable[str] | None) -> list[str] | None:
    if given is None:
        return None
    ids = list(dict.fromkeys(given))
    bad = next((each for each in ids if not _MODEL_ID.fullmatch(each)), None)
    if bad is not None:
        raise KeyTermsRefused("not_a_model_id", "allowed_models", bad[:200])
    return _counted(ids, "allowed_models", MODELS_MAX)


def _endpoints(given: Iterable[str] | None) -> list[str] | None:
    if given is None:
        return None
    wanted = set(given)
    unknown = wanted.difference(EndpointFamily.values)
    if unknown:
        raise KeyTermsRefused("unknown", "allowed_endpoints", min(unknown)[:200])
    # All of them is a limit too: a family that comes later is not among them.
    ordered = [each for each in EndpointFamily.values if each in wanted]
    return _counted(ordered, "allowed_endpoints", len(EndpointFamily.values))


def _networks(given: Iterable[str] | None) -> list[str] | None:
    """In CIDR; an address alone is a network of one."""
    if given is None:
        return None
    networks = []
    for text in given:
        try:
            network = ip_network(text.strip(), strict=False)
        except ValueError:
            raise KeyTermsRefused("not_a_network", "allowed_networks", text[:60]) from None
        if network.version == 6 and network.network_address.ipv4_mapped is not None:
            raise KeyTermsRefused("not_a_network", "allowed_networks", text[:60])
        networks.append(str(network))
    return _counted(list(dict.fromkeys(networks)), "allowed_networks", NETWORKS_MAX)


def _counted(found: list[str], field: str, maximum: int) -> list[str]:
    """An empty list would close the key: whoever wants that disables it."""
    if not found:
        raise KeyTermsRefused("empty", field)
    if len(found) > maximum:
        raise KeyTermsRefused("too_many", field, str(maximum))
    return found
