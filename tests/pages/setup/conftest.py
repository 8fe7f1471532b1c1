"""A deployment that nobody has claimed yet."""

import pytest

from accounts import audit, first_run

HOST = "testserver"
BY = audit.command("setup_token")
PASSWORD = "a-long-first-password"


@pytest.fixture
def token(db: None) -> str:
    """What `manage.py setup_token` has printed."""
    return first_run.make_token(by=BY)


def claim(token: str, /, **changes: str) -> dict[str, str]:
    """What the form of the first page sends."""
    sent = {"token": token, "email": "Op@Example.com", "name": "Op", "password": PASSWORD}
    return sent | changes
