"""The compiled messages are committed, so that a clone needs no gettext; they must be fresh."""

import ast
import gettext
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]
SOURCES = sorted((CHECKOUT / "locale").glob("*/LC_MESSAGES/*.po"))

Entry = dict[str, str]  # keyword (msgctxt, msgid, msgid_plural, msgstr, msgstr[0]) to text


def _entries(source: Path) -> Iterator[Entry]:
    """The live entries of a .po file (GNU gettext manual, "The Format of PO Files")."""
    entry: Entry = {}
    keyword = ""
    for line in [*source.read_text(encoding="utf-8").splitlines(), ""]:
        if line.startswith("#,") and "fuzzy" in line:
            entry["fuzzy"] = "fuzzy"
        elif line.startswith("#"):
            continue
        elif line.startswith('"'):
            entry[keyword] += ast.literal_eval(line)
        elif line:
            keyword, _, text = line.partition(" ")
            entry[keyword] = ast.literal_eval(text)
        elif entry:
            yield entry
            entry = {}


def _compiled(messages: gettext.NullTranslations, entry: Entry) -> str:
    context, text, plural = (entry.get(k) for k in ("msgctxt", "msgid", "msgid_plural"))
    assert text is not None
    if plural is not None:
        if context is None:
            return messages.ngettext(text, plural, 1)
        return messages.npgettext(context, text, plural, 1)
    return messages.gettext(text) if context is None else messages.pgettext(context, text)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: f"{path.parts[-3]}/{path.name}")
def test_every_message_is_translated_and_compiled(source: Path) -> None:
    with source.with_suffix(".mo").open("rb") as file:
        messages = gettext.GNUTranslations(file)
    for entry in _entries(source):
        if entry.get("msgid") == "":
            continue  # the header
        translation = entry.get("msgstr", entry.get("msgstr[0]"))
        assert "fuzzy" not in entry, f"{source}: {entry['msgid']!r} is a guess of msgmerge"
        assert translation, f"{source}: {entry['msgid']!r} is not translated"
        assert _compiled(messages, entry) == translation, f"`make messages`: {entry['msgid']!r}"


def test_both_scripts_translate_the_same_texts() -> None:
    texts = [{entry.get("msgid") for entry in _entries(source)} for source in SOURCES]
    assert all(each == texts[0] for each in texts)
