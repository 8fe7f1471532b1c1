"""What a site's entry says of single models: withheld, hidden, under which name, where, in which
words. The whole set; read from a file and written to one. Reads no database.

    offers:
      gpt-4o: {shown_as: acme-best, position: 1, description: {en: "Quick and cheap."}}
      old-model: {withheld: true}
"""

from collections.abc import Callable, Mapping
from typing import Any

from billing.site_models import DESCRIPTION_CHARS_MAX, POSITION_MAX
from relay.catalog import values
from relay.catalog.document import UNSET, Unset
from relay.catalog.sections import Section
from relay.catalog.site_section import by_language

# Fields of a SiteModel by their names in a file.
COLUMNS: Mapping[str, str] = {
    "withheld": "is_withheld",
    "hidden": "is_hidden",
    "position": "position",
    "shown_as": "shown_as",
    "description": "description",
}


def read(section: Section) -> dict[str, dict[str, Any]] | Unset:
    """By model, with what differs from how any site would list it."""
    listed = section.section("offers")
    if listed is None:
        return UNSET
    found = {}
    for model_id in listed.names():
        if (one := listed.section(model_id)) is not None:
            found[model_id] = _offer(one)
            one.finish()
    return {model_id: said for model_id, said in found.items() if said}


def differing(look: Mapping[str, Any]) -> dict[str, Any]:
    """Of a row's fields, by their names in a file, those that say something."""
    return {name: look[column] for name, column in COLUMNS.items() if look[column]}


def _offer(section: Section) -> dict[str, Any]:
    said = {
        "withheld": section.flag("withheld"),
        "hidden": section.flag("hidden"),
        "position": section.integer("position", minimum=0, maximum=POSITION_MAX),
        "shown_as": section.text("shown_as", _name),
        "description": by_language(section, "description", _words()),
    }
    return {name: value for name, value in said.items() if value is not UNSET and value}


def _name(value: str) -> str:
    return values.model_id(value) if value else ""


def _words() -> Callable[[str], str]:
    return values.optional_text(DESCRIPTION_CHARS_MAX)
