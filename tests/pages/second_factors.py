"""An authenticator app, for tests: six digits from a secret, at any moment."""

import re
import time

from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.test import Client

from accounts.models import User

STEP_S = 30
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # base32, as apps have it; for tests only


def code_of(secret: str, *, steps: int = 0) -> str:
    """What the app shows, `steps` of 30 s from now."""
    counter = int(time.time()) // STEP_S + steps
    return str(format_hotp_value(hotp_value(secret, counter)))


def give_app(user: User) -> str:
    """An authenticator app that is set up already; returns its secret."""
    TOTP.activate(user, SECRET)
    return SECRET


def secret_on(client: Client, path: str) -> str:
    """The secret that the page for setting an app up shows."""
    found = re.search(r'id="totp-secret"[^>]*>([A-Z2-7]+)<', client.get(path).content.decode())
    assert found
    return found[1]
