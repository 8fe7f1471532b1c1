"""Writes the trail of what people change of their own log-in: passwords and second factors.

allauth makes these changes and tells by signals; the rows belong to no organization.
"""

from typing import Any

from allauth.account import signals as account_signals
from allauth.mfa import signals as factor_signals
from allauth.mfa.models import Authenticator
from django.http import HttpRequest

from accounts import audit
from accounts.models import User, Via
from accounts.web import second_factor


def connect() -> None:
    """Called once, when the app is ready."""
    account_signals.password_changed.connect(_password_changed)
    account_signals.password_set.connect(_password_changed)
    account_signals.password_reset.connect(_password_reset)
    factor_signals.authenticator_added.connect(_factor_added)
    factor_signals.authenticator_removed.connect(_factor_removed)
    factor_signals.authenticator_reset.connect(_factor_reset)


def _record(request: HttpRequest, user: User, action: str, **details: Any) -> None:
    ip = request.META.get("REMOTE_ADDR") or None
    request_id = getattr(request, "request_id", "")
    actor = audit.Actor(Via.PAGE, user.email, user, ip, request_id)
    audit.record(actor, action, user, site=getattr(request, "site", None), **details)


def _password_changed(request: HttpRequest, user: User, **_: Any) -> None:
    _record(request, user, "password.change")


def _password_reset(request: HttpRequest, user: User, **_: Any) -> None:
    _record(request, user, "password.reset")


def _factor_added(request: HttpRequest, user: User, authenticator: Authenticator, **_: Any) -> None:
    _record(request, user, "second_factor.add", after={"type": authenticator.type})
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        second_factor.note_set_up(request)


def _factor_removed(
    request: HttpRequest, user: User, authenticator: Authenticator, **_: Any
) -> None:
    _record(request, user, "second_factor.remove", before={"type": authenticator.type})


def _factor_reset(request: HttpRequest, user: User, **_: Any) -> None:
    _record(request, user, "second_factor.new_codes")
