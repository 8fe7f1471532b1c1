"""Every page and every reading operation of the management API, as somebody who may open it would.

Taken from the URL configuration and the table of who may open what, so that a page that is added is
measured from then on. Knows nothing of clocks.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Model as Row
from django.urls import URLPattern, reverse

from accounts import api_tokens, audit
from accounts.models import (
    Announcement,
    ApiKey,
    Invitation,
    Membership,
    Organization,
    Site,
    SiteStaff,
    StaffRole,
    TokenKind,
    User,
    Via,
)
from accounts.scopes import CARRIED
from billing.models import BlockEpisode, Model, RedeemBatch, UsageRecord
from relay.models import ModelAlias, Route, Upstream
from tests.pages.authorization.addresses import NAMELESS, OPERATIONS, PATTERNS, names_in
from tests.pages.authorization.rules import Rule, Whose, rule_of, rule_of_operation
from tests.pages.people import confirmed

SITE = "site-1"
HOST = f"{SITE}.localhost"
VISITOR, GIANT, SMALL, STAFF, OPERATOR = "visitor", "giant", "small", "staff", "operator"
WHO: Mapping[Whose, tuple[str, ...]] = {
    Whose.EVERYONE: (VISITOR,),
    Whose.VISITOR: (VISITOR,),
    Whose.USER: (GIANT,),
    Whose.MEMBER: (GIANT, SMALL),
    Whose.STAFF: (STAFF,),
    Whose.OPERATOR: (OPERATOR,),
}
# Files, not screens: as long as what they hold.
FILES = ("_csv", "brand_", "api_schema")
TABS = tuple(
    f"tab={tab}" for tab in ("limits", "usage", "requests", "ledger", "prices", "notes", "audit")
)
# What readers choose on a page and the address alone does not: the widest spans, searches, filters.
VARIANTS: Mapping[str, tuple[str, ...]] = {
    "usage": ("days=90", "days=90&group=model", "days=90&group=key"),
    "requests": ("outcome=refused", "outcome=failed", "model=no-such-model", "id=req_nobodys"),
    "keys": ("q=key+1", "state=revoked"),
    "public_models": ("q=model-77", "vendor=vendor-7"),
    "site_overview": ("days=1", "days=7", "days=90"),
    "site_organizations": ("q=person77", "q=Kyoto", "q=%23vip", "q=req_nobodys", "q=org_nobodys"),
    "ops_organizations": ("q=person77", "q=Kyoto", "q=%23vip", "q=req_nobodys", "q=nobody+at+all"),
    "site_organization": TABS,
    "ops_organization": TABS,
    "site_audit": ("action=key.revoke", "since=2026-01-01&until=2026-01-02", "actor=nobody"),
    "ops_audit": ("action=key.revoke", "action=no.such", "target=nobody", "request_id=nobody"),
    "ops_models": ("q=model-77",),
    "site.customers": ("search=person77", "search=Kyoto"),
    "usage.read": ("days=90&group=model", "days=90&group=key"),
}


@dataclass(frozen=True, slots=True)
class Ask:
    """One address for one person; `name` is the page's or the operation's."""

    name: str
    person: str
    address: str
    is_api: bool


@dataclass(frozen=True, slots=True)
class People:
    """What everybody is known by: the cookie of a session, the secret of a token."""

    sessions: Mapping[str, str]
    tokens: Mapping[str, str]


def people() -> People:
    """Log everybody in, staff with their second factor, and give them tokens."""
    from django.conf import settings

    giant, small = giants(), smalls()
    users = {
        GIANT: Membership.objects.get(organization=giant, role="owner").user,
        SMALL: Membership.objects.get(organization=small, role="owner").user,
        STAFF: SiteStaff.objects.get(site=SITE, role=StaffRole.OWNER).user,
        OPERATOR: _first(User.objects.filter(is_operator=True).order_by("pk")),
    }
    sessions, tokens = {VISITOR: ""}, {}
    for name, user in users.items():
        user.password = "unknown"  # noqa: S105  nobody's: but who has one can be asked for it
        user.save(update_fields=["password"])
        client = confirmed(user, method="mfa")
        sessions[name] = client.cookies[settings.SESSION_COOKIE_NAME].value
        tokens[name] = _token(user, TokenKind.OPERATOR if name == OPERATOR else TokenKind.PERSONAL)
    return People(sessions, tokens)


def asks() -> Iterator[Ask]:
    """Every page, then every reading operation, with their variants."""
    known = {GIANT: _arguments(giants()), SMALL: _arguments(smalls())}
    for name, pattern in PATTERNS.items():
        if not any(part in name for part in FILES):
            yield from _asks_of(name, pattern, rule_of(name), known, is_api=False)
    for name, (method, pattern) in OPERATIONS.items():
        if method == "get" and pattern in NAMELESS:
            yield from _asks_of(name, pattern, rule_of_operation(name), known, is_api=True)


def giants() -> Organization:
    """The customer that makes one call in twenty."""
    calls = UsageRecord.objects.order_by("-admitted_at").values("organization")[:200]
    found = [row["organization"] for row in calls]
    return Organization.objects.get(pk=max(sorted(set(found)), key=found.count))


def smalls() -> Organization:
    """One of those with a call a week, of the same site."""
    return _first(Organization.objects.filter(site=SITE).order_by("-created_at", "pk"))


def _asks_of(
    name: str, pattern: URLPattern, rule: Rule, known: Mapping[str, dict[str, Any]], *, is_api: bool
) -> Iterator[Ask]:
    for person in WHO[rule.whose]:
        arguments = known[SMALL if person == SMALL else GIANT]
        # A page that is newer than this names something unknown: it is told, not measured.
        given = {each: arguments.get(each, 1) for each in names_in(pattern)}
        address = reverse(pattern.name or pattern.callback, kwargs=given)
        for query in ("", *VARIANTS.get(name, ())):
            yield Ask(name, person, f"{address}?{query}" if query else address, is_api)


def _arguments(customer: Organization) -> dict[str, Any]:
    """A value for each name that stands in an address."""
    key = _first(ApiKey.objects.filter(organization=customer, revoked_at=None).order_by("pk"))
    record = _first(UsageRecord.objects.filter(organization=customer).order_by("-admitted_at"))
    model = _first(Model.objects.filter(is_active=True).order_by("pk"))
    colleague = _first(Membership.objects.filter(organization=customer).order_by("-pk"))
    operator = _first(User.objects.filter(is_operator=True).order_by("-pk"))
    return {
        "upstream_id": _first(Upstream.objects.order_by("pk")).pk,
        "credential_id": "none",
        "model_id": model.pk,
        "alias_id": _first(ModelAlias.objects.order_by("pk")).pk,
        "route_id": _first(Route.objects.filter(model=model)).pk,
        "site_id": SITE,
        "organization_id": customer.pk,
        "request_id": record.pk,
        "event_id": 1,
        "plan_id": "gold",
        "key_id": key.pk,
        "invitation_id": _first(Invitation.objects.order_by("pk")).pk,
        "token": "nobody-was-given-this",
        "batch_id": _first(RedeemBatch.objects.filter(site=SITE)).pk,
        "announcement_id": _first(Announcement.objects.filter(site=SITE)).pk,
        "episode_id": _first(BlockEpisode.objects.filter(organization__site=SITE)).pk,
        "staff_id": SiteStaff.objects.get(site=SITE, role=StaffRole.VIEWER).pk,
        "user_id": operator.pk,
        "member_id": colleague.pk,
        "retired_id": 1,
        "session_id": 1,
        "pk": 1,
        "hash": "0" * 16,
        "kind": "terms",
        "key": "nobody-was-mailed-this",
        "uidb36": "1",
    }


def _first(rows: Any) -> Any:
    found: Row | None = rows.first()
    assert found is not None, f"nothing in {rows.model.__name__}"
    return found


def _token(user: User, kind: TokenKind) -> str:
    by = audit.Actor(via=Via.COMMAND, name=user.email, user=user)
    site = None if kind is TokenKind.OPERATOR else Site.objects.get(pk=SITE)
    scopes = sorted(CARRIED[kind])
    return api_tokens.make(kind, name="bench", scopes=scopes, by=by, site=site).secret
