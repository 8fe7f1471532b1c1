"""Something of everything that pages can show, in numbers that make a list a list."""

from datetime import timedelta

from django.utils import timezone

from accounts import api_keys, audit, invitations, key_rotation
from accounts.models import ApiKey, Organization, SiteStaff, Via
from billing import adjustments, prices
from billing.models import Plan, SiteTerms
from tests.factories import billing, calls
from tests.factories.sites import dress
from tests.pages.people import member_of

EVERYTHING = billing.PRICE | {
    "cache_write_5m": 125_000_000,
    "image": {"hd:1024x1024": 80_000_000, "default": 40_000_000},
    "seconds": 100_000,
    "tiers": [{"above_tokens": 200_000, "input": 200_000_000, "cache_write_5m": 250_000_000}],
    "minimum": 1_000,
}
CALLS = 60


def fill(acme: Organization, acme_key: ApiKey) -> None:
    """One customer's busy week, on a site that is dressed."""
    dress(acme.site)
    _terms(acme)
    _keys(acme, acme_key)
    _calls(acme, acme_key)
    _people(acme)


def _terms(acme: Organization) -> None:
    large = billing.default_price("large", EVERYTHING)
    billing.default_price("small")
    plan, _ = Plan.objects.update_or_create(pk="default", defaults={"requests_per_minute": 600})
    SiteTerms.objects.get_or_create(site=acme.site, defaults={"plan": plan})
    adjustments.publish(plan, adjustment_bp=-1_000)
    prices.publish(large.model, organization=acme, components=billing.PRICE | {"minimum": 5})


def _keys(acme: Organization, acme_key: ApiKey) -> None:
    ApiKey.objects.filter(pk=acme_key.pk).update(
        **{"budget_nanos": 10**10, "budget_period": "month", "requests_per_minute": 60},
        **{"allowed_models": ["small", "gone"], "allowed_endpoints": ["chat"]},
    )
    key_rotation.rotate(acme_key, overlap=timedelta(days=1), by=audit.command("test"))
    api_keys.revoke(api_keys.mint(acme, name="old").key, by=audit.command("test"))


def _calls(acme: Organization, acme_key: ApiKey) -> None:
    now = timezone.now()
    for n in range(CALLS):
        calls.record(
            acme,
            at=now - timedelta(hours=n * 7, minutes=1),
            model=("small", "large")[n % 2],
            api_key=acme_key,
            charge_nanos=(n * 7919 % 97 + 1) * 10_000_000,
        )
    line = {"bucket": "input", "quantity": 8, "nanos_per_mtok": 12_500_000}
    image = {"bucket": "image:hd:1024x1024", "quantity": 2, "nanos_per_unit": 80_000_000}
    attempt = {"upstream": "demo", "status": 200, "code": "", "latency_ms": 480}
    calls.record(acme, request_id="req_answered", lines=[line, image], attempts=[attempt])
    calls.trouble(acme)
    calls.refusal(acme, id="req_refused", api_key=acme_key, multiplier=9)
    calls.refusal(acme, status=429, code="rate_limit_exceeded", api_key=acme_key)
    calls.episode(acme, acme_key)


def _people(acme: Organization) -> None:
    people = [member_of(acme, f"{role}@acme.example", role) for role in ("billing", "viewer")]
    by = audit.Actor(Via.PAGE, people[0].email, people[0], "203.0.113.7")
    invitations.invite(acme, "new@acme.example", "developer", by=by)
    SiteStaff.objects.create(site=acme.site, user=people[0], role="finance")
