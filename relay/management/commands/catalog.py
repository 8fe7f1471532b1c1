"""`manage.py catalog`: what the deployment sells, as a file."""

import json
from argparse import RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from relay.catalog import reader, store, stored
from relay.catalog.changes import Change
from relay.catalog.export import export
from relay.catalog.problems import CatalogRefused

HELP = """\
What this deployment sells, as one YAML file.

apply makes the database say what the file says, in one transaction; applying it again changes
nothing. What the file does not name is left alone: rows, and fields of the rows it names. A list
that it does name is the whole of it: a model's routes, a site's domains and models. A price that
differs is published as a new version, in force from now on; so is a plan's adjustment, which is
in percent; scheduled_prices begin later. An empty price {} ends a site's own or a contract.
contracts and customers name organizations that are there. A credential is env:NAME, file:PATH
(relative to the file) or the secret itself; without one the stored credential stays.

diff prints what apply would change. Both print {"changes": [{"kind", "id", "action", "fields"}]}.
export writes such a file, without credentials, to FILE or to standard output.
"""


class Command(BaseCommand):
    """Thin: reading, comparing and writing live in `relay.catalog`."""

    help = HELP

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Keep the line breaks of the help."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.formatter_class = RawDescriptionHelpFormatter
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("act", choices=["apply", "diff", "export"])
        parser.add_argument("file", nargs="?", type=Path, metavar="FILE")

    def handle(self, *args: Any, act: str, file: Path | None, **options: Any) -> None:
        try:
            if act == "export":
                self._export(file)
            elif file is None:
                raise CommandError(f"catalog {act} needs a FILE")
            else:
                self._print(_changes(act, file))
        except CatalogRefused as refused:
            raise CommandError(str(refused)) from refused

    def _print(self, changes: list[Change]) -> None:
        shown = [change.shown() for change in changes]
        self.stdout.write(json.dumps({"changes": shown}, ensure_ascii=False))

    def _export(self, file: Path | None) -> None:
        document = stored.read(timezone.now())
        text = export(document)
        if file is None:
            self.stdout.write(text, ending="")
            return
        try:
            file.write_text(text, encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{file}: cannot be written: {error.strerror}") from error
        self.stdout.write(
            json.dumps(
                {
                    "file": str(file),
                    "upstreams": len(document.upstreams),
                    "models": len(document.models),
                    "plans": len(document.plans),
                    "sites": len(document.sites),
                    "contracts": len(document.contracts),
                }
            )
        )


def _changes(act: str, file: Path) -> list[Change]:
    document = reader.read(file)
    run = store.apply if act == "apply" else store.compare
    return run(document, file=str(file))
