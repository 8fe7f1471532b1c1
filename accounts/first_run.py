"""The first run of a deployment: who may claim it, until when the wizard is open, what is skipped.

Never makes a second operator: that is `accounts.operators`. What the steps make is made by the
services of sites, upstreams, models and prices.
"""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from enum import StrEnum

from allauth.account.models import EmailAddress
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.errors import AccountsError
from accounts.models import FirstRun, Site, User, Via

TOKEN_BYTES = 32
# A token that lies about in a log should not open a deployment for ever, nor should the wizard
# answer at unknown hosts for longer than anybody needs for it.
OPEN_FOR = timedelta(days=7)


class SetupRefused(AccountsError):
    """The deployment stays as it is. `code`: claimed, bad_token, email_taken."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class State(StrEnum):
    """What the wizard is: not claimed by anybody, under way, or over."""

    UNCLAIMED = "unclaimed"
    UNDER_WAY = "under way"
    OVER = "over"


def state() -> State:
    """At most three small queries; pages of a site that is known ask only for `awaits_claim`."""
    row = FirstRun.objects.first()
    if row is None:
        is_new = not has_operator() and not Site.objects.exists()
        return State.UNCLAIMED if is_new else State.OVER
    if row.finished_at is not None:
        return State.OVER
    if row.claimed_at is not None:
        return State.UNDER_WAY if _is_open(row.claimed_at) else State.OVER
    return State.OVER if has_operator() else State.UNCLAIMED


def has_operator() -> bool:
    return User.objects.filter(is_operator=True, is_active=True).exists()


@transaction.atomic
def make_token(*, by: audit.Actor) -> str:
    """The token that lets one person claim the deployment, in the clear this once. One that was
    made before is worth nothing from now on. Raises SetupRefused when there is an operator."""
    if has_operator():
        raise SetupRefused("claimed")
    token = secrets.token_urlsafe(TOKEN_BYTES)
    values = {"token_hash": _hash(token), "made_at": timezone.now()}
    FirstRun.objects.update_or_create(pk=1, defaults=values)
    audit.record(by, "setup.token", "deployment")
    return token


@transaction.atomic
def claim(token: str, *, email: str, name: str, password: str, actor: audit.Actor) -> User:
    """Spend the token: whoever has it is the first operator, their address taken as theirs.

    Of two at once one is refused. `actor` says where the request came from. Raises SetupRefused.
    """
    row = FirstRun.objects.select_for_update().first()
    # Compared before anything else is looked at, and always: neither says why it was refused.
    expected = row.token_hash if row else ""
    is_right = hmac.compare_digest(_hash(token), expected)
    if row is None or not is_right or not _is_open(row.made_at):
        raise SetupRefused("bad_token")
    if row.claimed_at is not None or has_operator():
        raise SetupRefused("claimed")
    address = email.strip().lower()
    if User.objects.filter(email=address).exists():
        raise SetupRefused("email_taken")
    user = User.objects.create_user(address, password, name=name.strip(), is_operator=True)
    EmailAddress.objects.create(user=user, email=address, verified=True, primary=True)
    row.claimed_at, row.token_hash = timezone.now(), ""
    row.save(update_fields=["claimed_at", "token_hash"])
    by = audit.Actor(Via.PAGE, address, user, actor.ip, actor.request_id)
    audit.record(by, "setup.claim", user, after={"is_operator": True})
    return user


@transaction.atomic
def skip(step: str, *, by: audit.Actor) -> None:
    """A step that can wait. Repeating it changes nothing."""
    row = FirstRun.objects.select_for_update().filter(finished_at=None).first()
    if row is None or step in row.skipped:
        return
    row.skipped = [*row.skipped, step]
    row.save(update_fields=["skipped"])
    audit.record(by, "setup.skip", step)


@transaction.atomic
def finish(*, by: audit.Actor) -> None:
    """The wizard is over, for good. Repeating it changes nothing."""
    if FirstRun.objects.filter(finished_at=None).update(finished_at=timezone.now()):
        audit.record(by, "setup.finish", "deployment")


def skipped() -> frozenset[str]:
    """The steps that were."""
    row = FirstRun.objects.first()
    return frozenset(row.skipped if row else ())


def _is_open(since: datetime) -> bool:
    return timezone.now() - since < OPEN_FOR


def _hash(token: str) -> str:
    # 256 random bits need no salt and no slow hash.
    return hashlib.sha256(token.encode()).hexdigest()
