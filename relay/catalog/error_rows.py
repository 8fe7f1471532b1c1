"""The `errors` of a site or a preset: what differs from the default contract, cause by cause.
Answers rows as they are stored; a row that no client could make sense of is noted with its line."""

from collections.abc import Callable
from typing import Any

from accounts.models.sites import LANGUAGES
from relay.catalog import values
from relay.catalog.document import UNSET, ErrorRows, Unset
from relay.catalog.sections import Section
from relay.proxy import error_contract
from relay.proxy.causes import Cause

# Vendors' types and codes are short words; a message is a sentence or two.
WORD_CHARS_MAX = 60
MESSAGE_CHARS_MAX = 500


def read(section: Section) -> ErrorRows | Unset:
    """The field `errors` of `section`, when it has one."""
    errors = section.section("errors")
    if errors is None:
        return UNSET
    found = {name: _row(errors, name) for name in errors.names()}
    errors.finish()
    return {name: row for name, row in found.items() if row}


def _row(errors: Section, name: str) -> dict[str, Any]:
    row = errors.section(name)
    try:
        cause = error_contract.cause_named(name)
    except ValueError as error:
        errors.problem(errors.line_of(name), f"{errors.at(name)}: {error}")
        return {}
    if row is None:
        return {}
    word = values.text(WORD_CHARS_MAX)
    fields = {
        "status": row.number("status", _status_of(cause)),
        "type": row.text("type", word),
        "code": row.text("code", word),
        "message": _message(row),
    }
    row.finish()
    return {field: value for field, value in fields.items() if value is not UNSET}


def _status_of(cause: Cause) -> Callable[[int], int]:
    def parse(status: int) -> int:
        error_contract.check_status(cause, status)
        return status

    return parse


def _message(row: Section) -> dict[str, str] | Unset:
    """Texts by language; one text alone is said in every language."""
    sentence = values.text(MESSAGE_CHARS_MAX)
    languages = [language for language, _ in LANGUAGES]
    if not row.is_mapping("message"):
        text = row.text("message", sentence)
        return UNSET if text is UNSET else dict.fromkeys(languages, text)
    texts = row.section("message")
    if texts is None:
        return UNSET
    found = {language: texts.text(language, sentence) for language in languages}
    texts.finish()
    return {language: text for language, text in found.items() if text is not UNSET}
