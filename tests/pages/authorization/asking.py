"""Ask for an address, and take back whatever that did."""

from collections.abc import Callable
from typing import Any

from django.db import transaction

from tests.pages.authorization.people import client_of

JSON = "application/json"
AddressOf = Callable[..., str]


def ask(session: str, method: str, address: str, body: Any = None) -> Any:
    """The answer. Usually nothing is sent: who may not is told so before what is missing."""
    sent = {} if body is None and method in ("get", "post") else {"content_type": JSON}
    if body is not None:
        sent["data"] = body
    with transaction.atomic():
        response = getattr(client_of(session), method)(address, **sent)
        transaction.set_rollback(True)
    return response
