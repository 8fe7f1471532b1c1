"""Makers of programs that call the management API with a token."""

import json
from collections.abc import Iterable
from typing import Any

from django.http import HttpResponse
from django.test import Client

from accounts import api_tokens, audit
from accounts.models import ApiToken, Organization, Site, TokenKind, User, Via
from accounts.scopes import CARRIED

PREFIX = "/api/v1/"


class Program:
    """Calls with one token and reads JSON."""

    def __init__(self, token: ApiToken, secret: str) -> None:
        self.token, self.secret = token, secret
        self._client = Client()

    def get(self, path: str, host: str = "testserver", **query: Any) -> HttpResponse:
        return self.call("GET", path, query=query, host=host)

    def post(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        return self.call("POST", path, body if body is not None else {}, headers=headers)

    def patch(self, path: str, body: Any) -> HttpResponse:
        return self.call("PATCH", path, body)

    def put(self, path: str, body: Any) -> HttpResponse:
        return self.call("PUT", path, body)

    def delete(self, path: str) -> HttpResponse:
        return self.call("DELETE", path)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        host: str = "testserver",
    ) -> HttpResponse:
        return self._client.generic(
            method,
            PREFIX + path.removeprefix(PREFIX),
            b"" if body is None else json.dumps(body),
            content_type="application/json",
            query_params=query or {},
            headers={"Authorization": f"Bearer {self.secret}", **(headers or {})},
            SERVER_NAME=host,
        )


def actor(user: User) -> audit.Actor:
    return audit.Actor(via=Via.PAGE, name=user.email, user=user)


def program(
    user: User,
    kind: TokenKind = TokenKind.PERSONAL,
    *,
    site: Site | None = None,
    organization: Organization | None = None,
    scopes: Iterable[str] | None = None,
) -> Program:
    """With every scope that such a token can carry unless told."""
    given = sorted(CARRIED[kind]) if scopes is None else scopes
    made = api_tokens.make(
        kind, name="test", scopes=given, by=actor(user), site=site, organization=organization
    )
    return Program(made.token, made.secret)


def problem(response: HttpResponse) -> tuple[int, str]:
    """Status and code of a problem document."""
    assert response.headers["Content-Type"] == "application/problem+json"
    document = json.loads(response.content)
    assert document["status"] == response.status_code
    assert document["request_id"] == response.headers["X-Request-Id"]
    return response.status_code, document["code"]


def document(response: HttpResponse) -> Any:
    """What a good answer says."""
    assert response.status_code in (200, 201), response.content
    assert response.headers["Content-Type"] == "application/json"
    return json.loads(response.content)
