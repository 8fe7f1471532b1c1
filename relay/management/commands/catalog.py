"""`manage.py catalog`: what the deployment sells, as a file."""

import csv
import json
import os
from argparse import RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any, TextIO

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
in percent; scheduled_prices, scheduled_costs and scheduled_adjustments begin later, and with
cancelled: true in place of their value never. An empty price {} ends a site's own or a contract.
Prices below what a route costs are listed as "below_cost", by where they stand and kind of use;
--refuse-below-cost applies no file with such.
contracts and customers name organizations that are there. A credential is env:NAME, file:PATH
(relative to the file) or the secret itself; without one the stored credential stays.

A batch of redeem codes that is not there is made, once: its codes are printed as "codes", by site
and batch, or written as CSV to a new file by --codes FILE, and never again. Its terms cannot
change then; withdrawn: true ends it.

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
        parser.add_argument(
            "--refuse-below-cost", action="store_true", help="apply no file with such prices"
        )
        parser.add_argument("--codes", type=Path, metavar="FILE", help="of apply: a file to make")

    def handle(self, *args: Any, act: str, file: Path | None, **options: Any) -> None:
        try:
            if act == "export":
                self._export(file)
            elif file is None:
                raise CommandError(f"catalog {act} needs a FILE")
            elif act == "diff":
                self._diff(file)
            else:
                self._apply(file, options["codes"], accepts_loss=not options["refuse_below_cost"])
        except CatalogRefused as refused:
            raise CommandError(str(refused)) from refused

    def _diff(self, file: Path) -> None:
        self._print(_shown(*store.compare(reader.read(file), file=str(file))))

    def _apply(self, file: Path, codes: Path | None, *, accepts_loss: bool) -> None:
        """Where codes go is made sure of before any is made: they are told once."""

        def apply() -> store.Applied:
            return store.apply(reader.read(file), file=str(file), accepts_loss=accepts_loss)

        if codes is None:
            applied = apply()
            told = {f"{batch.site_id}/{batch.slug}": list(of) for batch, of in applied.made}
            shown = _shown(applied.changes, applied.losses)
            self._print(shown | ({"codes": told} if told else {}))
            return
        with _new_file(codes) as rows:
            try:
                applied = apply()
            except CatalogRefused:
                codes.unlink()
                raise
            _write_codes(rows, applied)
        self._print(_shown(applied.changes, applied.losses))

    def _print(self, shown: dict[str, Any]) -> None:
        self.stdout.write(json.dumps(shown, ensure_ascii=False))

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


def _shown(changes: list[Change], losses: dict[str, list[str]]) -> dict[str, Any]:
    shown: dict[str, Any] = {"changes": [change.shown() for change in changes]}
    return shown | ({"below_cost": losses} if losses else {})


def _new_file(path: Path) -> TextIO:
    """A file that only its owner reads. One that is there already may hold the only copy of
    others' codes."""
    try:
        return os.fdopen(
            os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", newline=""
        )
    except OSError as error:
        raise CommandError(f"{path}: cannot be made: {error.strerror}") from error


def _write_codes(rows: TextIO, applied: store.Applied) -> None:
    writer = csv.writer(rows)
    writer.writerow(["site", "batch", "code"])
    for batch, codes in applied.made:
        writer.writerows([batch.site_id, batch.slug, code] for code in codes)
