"""`manage.py explain`: why one Call cost what it cost."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing import explain
from billing.management.output import print_object
from billing.models import Refusal, UsageRecord


class Command(BaseCommand):
    help = (
        "Print everything that made a call's charge, as JSON, upstreams and costs included."
        " Exit code 1 when the arithmetic does not give what was charged."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("request_id", metavar="REQUEST_ID")

    def handle(self, *args: Any, **options: Any) -> None:
        request_id = options["request_id"]
        record = UsageRecord.objects.select_related("site").filter(pk=request_id).first()
        if record is None:
            return self._refused(request_id)
        told = explain.explain(record)
        print_object(self.stdout, explain.as_json(told))
        if not told.is_sound:
            sys.exit(1)
        return None

    def _refused(self, request_id: str) -> None:
        refusal = Refusal.objects.filter(pk=request_id).first()
        if refusal is None:
            raise CommandError(f"no call {request_id!r}; its usage may not be posted yet")
        print_object(self.stdout, explain.refusal_as_json(refusal))
