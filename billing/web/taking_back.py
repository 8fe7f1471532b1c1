"""The button that takes back what has not begun: a price, a cost, an adjustment."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _

from billing.cancelling import VersionBegun


def take_back(request: HttpRequest, cancel: Callable[[], None], done: str) -> None:
    """Cancel a version, and tell on the next page that it is `done`, or why it can't be."""
    try:
        cancel()
    except VersionBegun:
        text = _("It has begun, or is about to: calls are charged by it. Publish another instead.")
        messages.error(request, text)
    else:
        messages.success(request, done)
