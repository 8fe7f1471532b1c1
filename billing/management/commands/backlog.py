"""`manage.py backlog`: how far posting is behind, for monitors."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing import backlog
from billing.gate.errors import GateError
from billing.management.output import print_object


class Command(BaseCommand):
    help = "Print how many usage events wait for posting, and how old the oldest is, as JSON."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            sites = backlog.read()
        except GateError as error:
            raise CommandError(str(error)) from error
        print_object(
            self.stdout,
            {
                "events": sum(site.events for site in sites),
                "oldest_ms": max((site.oldest_ms for site in sites), default=0),
                "is_late": any(site.is_late for site in sites),
                "sites": [
                    {"id": site.site_id, "events": site.events, "oldest_ms": site.oldest_ms}
                    for site in sites
                ],
            },
        )
