"""`manage.py rebuild_gate`: loads a site's balances into Redis anew from the books."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from billing import gates
from billing.management.output import get_site, print_object


class Command(BaseCommand):
    help = (
        "Close a site's gate and open it from the books; calls get 503 meanwhile. Prints JSON."
        " Exit code 1 while usage is being posted: the open_gates task then opens it in seconds."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("site", metavar="SITE")

    def handle(self, *args: Any, **options: Any) -> None:
        site = get_site(options["site"])
        is_open = gates.rebuild(site.pk)
        print_object(self.stdout, {"id": site.pk, "ok": is_open})
        if not is_open:
            sys.exit(1)
