"""How sure we are of who is in front of a session: what they showed, and when.

Reads what allauth records at each log-in and re-authentication; decides nothing about roles.
"""

import time

from allauth.account.internal.flows.login import get_authentication_records
from django.conf import settings
from django.http import HttpRequest


def is_fresh(request: HttpRequest) -> bool:
    """Whether they proved who they are within ACCOUNT_REAUTHENTICATION_TIMEOUT: at the log-in, or
    when they were asked again."""
    records = get_authentication_records(request, request.user)
    latest = max((float(each.get("at", 0)) for each in records), default=0.0)
    return time.time() - latest < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
