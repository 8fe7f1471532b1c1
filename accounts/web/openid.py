"""Log-in by an OpenID Connect server that may be down: its button then answers with a page that
says what to do. The protocol itself is allauth's."""

import logging

from allauth.account.internal.decorators import login_not_required
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.providers.openid_connect import views
from django.http import HttpRequest, HttpResponse
from requests import RequestException

from accounts.web.pages import render_page

log = logging.getLogger(__name__)


@login_not_required  # type: ignore[untyped-decorator]
def login(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Lead on to the server, once it has said where its log-in is."""
    try:
        answer: HttpResponse = views.login(request, provider_id)
    except (RequestException, LookupError, AttributeError) as error:
        # No answer, no JSON, or JSON that names no endpoint (OpenID Connect Discovery 1.0, 3).
        return _away(request, provider_id, error)
    return answer


@login_not_required  # type: ignore[untyped-decorator]
def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Back from the server, which is asked who that was."""
    try:
        answer: HttpResponse = views.callback(request, provider_id)
    except RequestException as error:
        return _away(request, provider_id, error)
    return answer


def _away(request: HttpRequest, provider_id: str, error: Exception) -> HttpResponse:
    log.warning("log-in by %s: its server does not answer: %r", provider_id, error)
    name = get_adapter().get_provider(request, provider_id).name
    return render_page(request, "socialaccount/away.html", {"name": name}, status=503)
