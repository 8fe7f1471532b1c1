"""Ask for an address, and take back whatever that did."""

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.test import Client
from django.urls import URLPattern

JSON = "application/json"
AddressOf = Callable[[URLPattern], str]


def ask(client: Client, method: str, address: str, body: Any = None) -> Any:
    """The answer. Usually nothing is sent: who may not is told so before what is missing."""
    sent = {} if body is None and method in ("get", "post") else {"content_type": JSON}
    if body is not None:
        sent["data"] = body
    with transaction.atomic():
        response = getattr(client, method)(address, **sent)
        transaction.set_rollback(True)
    return response
