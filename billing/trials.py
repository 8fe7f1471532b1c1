"""Trial credit: given when a new customer's owner has a verified mail address, and never twice.

One per organization and one per mailbox and site, which unique rows see to, however many
verifications arrive at once. Booked as a grant.
"""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from django.db import connection, transaction

from accounts.models import Membership, Organization, Role, Site, User
from accounts.signals import organization_created
from billing import credits
from billing.ledger import TransactionKind
from billing.models import SiteTerms

REASON = "Trial credit"
CLAIM = """
INSERT INTO billing_trial (organization_id, site_id, mailbox, at) VALUES (%s, %s, %s, now())
ON CONFLICT DO NOTHING
"""
# Mailboxes of these know no dots (Google Workspace help, "Dots don't matter", read 2026-11).
DOTLESS = frozenset({"gmail.com", "googlemail.com"})


def connect() -> None:
    """Give when a mail address is verified, and when a person with one makes an organization."""
    email_confirmed.connect(_on_confirmed, dispatch_uid="billing.trials.confirmed")
    organization_created.connect(_on_created, dispatch_uid="billing.trials.created")


def give(organization: Organization, owner: User) -> bool:
    """Give the site's trial credit; False when there is none, or one of both had it before.

    The caller vouches that the owner's address is verified.
    """
    terms = SiteTerms.objects.filter(site=organization.site_id).first()
    if terms is None or terms.trial_credit_nanos <= 0:
        return False
    with transaction.atomic():
        is_ours = _claim(organization, mailbox(owner.email))
        if is_ours:
            credits.top_up(
                organization,
                amount_nanos=terms.trial_credit_nanos,
                reason=REASON,
                external_id=f"trial:{organization.pk}",
                kind=TransactionKind.GRANT,
            )
    return is_ours


def _claim(organization: Organization, box: str) -> bool:
    """Whether this transaction is the first for both; another under way is waited for."""
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, [organization.pk, organization.site_id, box])
        return bool(cursor.rowcount == 1)


def mailbox(email: str) -> str:
    """What one person reads under many spellings: without +tag, and without dots where those do
    not count."""
    name, _at, domain = email.strip().lower().rpartition("@")
    name = name.partition("+")[0]
    if domain in DOTLESS:
        name, domain = name.replace(".", ""), "gmail.com"
    return f"{name}@{domain}"


def _on_confirmed(*, request: Any, email_address: EmailAddress, **_: Any) -> None:
    site = getattr(request, "site", None)
    user = email_address.user
    if not isinstance(site, Site) or email_address.email.lower() != user.email:
        return
    owned = Membership.objects.filter(user=user, role=Role.OWNER, organization__site=site)
    first = owned.select_related("organization").order_by("created_at", "pk").first()
    if first is not None:
        give(first.organization, user)


def _on_created(*, organization: Organization, owner: User | None, **_: Any) -> None:
    if owner is None:
        return
    if EmailAddress.objects.filter(user=owner, email=owner.email, verified=True).exists():
        give(organization, owner)
