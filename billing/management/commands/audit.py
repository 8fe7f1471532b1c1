"""`manage.py audit`: proves that books, usage and gate agree."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from billing import audit
from billing.audit.report import Report
from billing.management.output import print_object


class Command(BaseCommand):
    help = "Check the invariants of money on the running system. Exit code 1 when one is broken."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        report = audit.run()
        if options["json"]:
            print_object(self.stdout, report.as_json())
        else:
            self._print_table(report)
        if not report.is_ok:
            sys.exit(1)

    def _print_table(self, report: Report) -> None:
        for finding in report.findings:
            word = "ok    " if finding.is_ok else "BROKEN"
            self.stdout.write(f"{word} {finding.id:9} {finding.states} ({finding.checked} checked)")
            for problem in finding.problems:
                self.stdout.write(f"         {problem}")
