"""`manage.py setup_token`: the token with which the first operator claims this deployment."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import audit, first_run


class Command(BaseCommand):
    help = (
        "Print a token for the wizard at /setup as JSON, the only time it can be read. One that"
        " was made before is worth nothing from then on. Fails once there is an operator."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            token = first_run.make_token(by=audit.command("setup_token"))
        except first_run.SetupRefused as refused:
            raise CommandError("there is an operator already: /setup is closed") from refused
        days = first_run.OPEN_FOR.days
        self.stdout.write(json.dumps({"token": token, "path": "/setup", "days": days}))
