"""An upstream's `quirks`: what differs at one vendor, checked so that the data plane can use it."""

from collections.abc import Mapping
from typing import Any

from relay.catalog import values
from relay.catalog.document import UNSET, Unset
from relay.catalog.sections import Section
from relay.proxy.dialect import Dialect
from relay.proxy.wire import Kind, quirks_of, wire

LISTS = ("speaks", "lacks")
MAPPINGS = ("paths", "headers", "renames")
# Longer ones are no vendor's path or header.
TEXT_CHARS_MAX = 500
# A vendor that needs more is another kind of API.
ENTRIES_MAX = 50


def read(section: Section) -> dict[str, Any] | Unset:
    """The quirks as they are stored; what is wrong is noted with its line."""
    quirks = section.section("quirks")
    if quirks is None:
        return UNSET
    found: dict[str, Any] = {}
    for name in LISTS:
        listed = quirks.texts(name, _dialect if name == "speaks" else values.text(TEXT_CHARS_MAX))
        if listed is not UNSET and listed:
            found[name] = list(listed)
    for name in MAPPINGS:
        nested = quirks.section(name)
        if nested is not None and (entries := _entries(nested, name)):
            found[name] = entries
    quirks.finish()
    return found


def check(given: object) -> dict[str, Any]:
    """Quirks as staff write them (JSON), for storing. ValueError says what is wrong."""
    if not isinstance(given, dict):
        raise ValueError("expected an object")
    quirks_of(given)
    for name in MAPPINGS:
        for key, value in given.get(name, {}).items():
            _entry(name, key, value)
    for name in given.get("lacks", []):
        values.text(TEXT_CHARS_MAX)(name)
    return {name: value for name, value in given.items() if value}


def _entries(section: Section, name: str) -> dict[str, str]:
    found = {}
    for key in section.names():

        def parse(value: str, key: str = key) -> str:
            return _entry(name, key, value)

        value = section.text(key, parse)
        if value is not UNSET:
            found[key] = value
    return found


def _entry(name: str, key: str, value: str) -> str:
    """One entry of a mapping, as the data plane will use it."""
    values.text(TEXT_CHARS_MAX)(key)
    values.text(TEXT_CHARS_MAX)(value)
    if name == "paths" and not value.startswith("/"):
        raise ValueError(f"{value!r} does not begin with /")
    if name == "headers":
        values.header_name(key)
        if not value.isascii():
            raise ValueError(f"{key!r} is not printable ASCII")
        quirks: Mapping[str, object] = {"headers": {key: value}}
        wire(Kind.OPENAI, b"", quirks_of(quirks))  # refuses what can't stand in a head
    return value


def _dialect(value: str) -> str:
    if value not in list(Dialect):
        raise ValueError(f"{value!r} is not one of {', '.join(Dialect)}")
    return value
