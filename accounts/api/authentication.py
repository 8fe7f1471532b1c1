"""Who a request of the management API is from: a bearer token, else the browser's session."""

from typing import cast

from rest_framework import authentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts import api_tokens
from accounts.api import callers, throttles
from accounts.api.callers import Caller
from accounts.models import User
from accounts.web.requests import SiteRequest

CREDENTIAL_CHARS_MAX = 200


class CallerAuthentication(authentication.BaseAuthentication):
    """Gives the user and, as `request.auth`, the Caller.

    A session must send its CSRF token with what changes something. A bearer token that does not
    open is refused even where a session would do: nobody acts as somebody else by accident. Too
    many of them from one address, and none from there opens for the rest of the minute.
    """

    def authenticate(self, request: Request) -> tuple[User, Caller] | None:
        header = request.headers.get("Authorization", "")
        if header:
            return self._of_token(request, header)
        found = _SESSION.authenticate(request)
        if found is None or not isinstance(found[0], User):
            return None
        return found[0], callers.of_session(request._request, found[0])

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"

    def _of_token(self, request: Request, header: str) -> tuple[User, Caller]:
        scheme, _, secret = header.partition(" ")
        site = cast(SiteRequest, request._request).site
        address = request.META.get("REMOTE_ADDR") or ""
        throttles.check_failures(address)
        token = None
        if scheme.lower() == "bearer" and len(secret) <= CREDENTIAL_CHARS_MAX:
            token = api_tokens.find(secret.strip(), site=site, ip=address or None)
        if token is None or token.made_by is None:
            throttles.note_failure(address)
            raise AuthenticationFailed("The token is unknown, ended, or not for this site.")
        return token.made_by, Caller(token.made_by, token, is_fresh=True, is_confirmed=True)


_SESSION = authentication.SessionAuthentication()
