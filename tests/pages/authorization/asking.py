"""Ask for an address, and take back whatever that did."""

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.test import Client
from django.urls import URLPattern

AddressOf = Callable[[URLPattern], str]


def ask(client: Client, method: str, address: str) -> Any:
    """The answer. Nothing is sent along: who may not is told so before what is missing."""
    body = {} if method in ("get", "post") else {"content_type": "application/json"}
    with transaction.atomic():
        response = getattr(client, method)(address, **body)
        transaction.set_rollback(True)
    return response
