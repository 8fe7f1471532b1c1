"""`manage.py create_token`: a token of the management API, its secret printed this once."""

import json
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts import api_tokens, audit
from accounts.models import Site, TokenKind, User, Via
from accounts.scopes import CARRIED

KINDS = (TokenKind.OPERATOR, TokenKind.PERSONAL)


class Command(BaseCommand):
    help = (
        "Make a token for somebody who has a login, and print it as JSON: the only time that its"
        " secret is shown. A personal one opens on one site."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", required=True, help="whose it is; it may what they may")
        parser.add_argument("--name", default="command line")
        parser.add_argument("--kind", choices=[str(kind) for kind in KINDS], default="operator")
        parser.add_argument("--site", metavar="ID", help="for a personal one")
        parser.add_argument("--scopes", help="comma-separated; default: all that the kind carries")
        parser.add_argument("--days", type=int, default=30, help="until it ends; default 30")

    def handle(self, *args: Any, **options: Any) -> None:
        kind, user = TokenKind(options["kind"]), _user(options["email"])
        if kind == TokenKind.OPERATOR and not user.is_operator:
            raise CommandError(f"{user.email} is no operator")
        scopes = options["scopes"].split(",") if options["scopes"] else sorted(CARRIED[kind])
        try:
            made = api_tokens.make(
                kind,
                name=options["name"],
                scopes=scopes,
                by=audit.Actor(via=Via.COMMAND, name="manage.py create_token", user=user),
                site=_site(options["site"]) if kind == TokenKind.PERSONAL else None,
                expires_at=timezone.now() + timedelta(days=options["days"]),
            )
        except api_tokens.TokenRefused as refused:
            raise CommandError(str(refused)) from refused
        answer = {"id": made.token.pk, "secret": made.secret, "scopes": scopes}
        self.stdout.write(json.dumps(answer))


def _user(email: str) -> User:
    user = User.objects.filter(email=email.strip().lower(), is_active=True).first()
    if user is None:
        raise CommandError(f"nobody has a login with {email!r}")
    return user


def _site(site_id: str | None) -> Site:
    site = Site.objects.filter(pk=site_id).first()
    if site is None:
        raise CommandError(f"no site {site_id!r}: a personal token needs one")
    return site
