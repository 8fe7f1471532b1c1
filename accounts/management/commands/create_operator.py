"""`manage.py create_operator`: somebody who runs the deployment, where there is no browser."""

import json
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email

from accounts import audit, operators


class Command(BaseCommand):
    help = (
        "Make an operator and print it as JSON; a login is made if there is none, its password is"
        " set by the page for forgotten ones. Repeating it changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            validate_email(options["email"])
        except ValidationError as error:
            raise CommandError(f"not an e-mail address: {options['email']!r}") from error
        user, created = operators.ensure(options["email"], by=audit.command("create_operator"))
        self.stdout.write(json.dumps({"id": user.pk, "email": user.email, "created": created}))
