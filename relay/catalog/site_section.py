"""What a site's entry says of its looks, words and customers to be. A logo comes back encoded anew,
so that a file and the database compare by pixels."""

import base64
import binascii
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from accounts import images, site_values
from accounts.models import SiteText
from accounts.models.sites import LANGUAGES
from accounts.site_values import SiteRefused
from relay.catalog import values
from relay.catalog.document import UNSET, Unset
from relay.catalog.sections import Section

T = TypeVar("T")
DATA = "data:image/png;base64,"
REASONS = {
    "bad_colour": "expected a colour such as #0b62d6",
    "low_contrast": "the contrast is below 4.5 in this theme",
    "logo_too_big": f"the picture is longer than {images.BYTES_MAX} bytes",
    "logo_too_many_pixels": f"the picture has more than {images.PIXELS_MAX} pixels",
    "logo_unreadable": "expected a PNG, JPEG, WebP or GIF picture",
    "bad_text": "too long, empty or not printable",
    "bad_address": "expected a mail address",
    "bad_language": f"expected some of {', '.join(code for code, _ in LANGUAGES)}",
}


def read(section: Section, *, folder: Path) -> dict[str, Any]:
    """Fields of a `SiteSpec` by name. A logo's path starts at `folder`."""
    accent, accent_dark = _accent(section)
    return {
        "languages": _languages(section),
        "sign_up": section.text("sign_up", _told(site_values.sign_up)),
        "trial_credit": section.text("trial_credit", values.money),
        "accent": accent,
        "accent_dark": accent_dark,
        "logo": _logo(section, folder),
        "legal": _legal(section),
        "footer": by_language(section, "footer", values.text(site_values.FOOTER_CHARS_MAX)),
        "sender_name": section.text("sender_name", values.optional_text(100)),
        "sender_address": section.text("sender_address", _told(site_values.address)),
    }


def by_language(section: Section, name: str, parse: Callable[[str], str]) -> dict[str, str] | Unset:
    """A mapping of texts by language; the whole set."""
    texts = section.section(name)
    if texts is None:
        return UNSET
    found = {language: texts.text(language, parse) for language, _name in LANGUAGES}
    texts.finish()
    return {language: text for language, text in found.items() if text is not UNSET and text}


def data_uri(logo: images.Logo) -> str:
    """The logo as an export holds it."""
    return DATA + base64.b64encode(logo.logo.content).decode("ascii")


def _told(check: Callable[[str], T]) -> Callable[[str], T]:
    """The same check with its reason as the reader of a file wants it."""

    def parse(value: str) -> T:
        try:
            return check(value)
        except SiteRefused as refused:
            raise ValueError(REASONS.get(refused.code, refused.code)) from refused

    return parse


def _languages(section: Section) -> tuple[str, ...] | Unset:
    listed = section.texts("languages", values.language)
    if listed is UNSET or listed == ():
        return UNSET
    return tuple(site_values.languages(listed))


def _accent(section: Section) -> tuple[str | Unset, str | Unset]:
    """Both themes' or neither: the dark one follows from the light one where it is not given."""
    light = section.text("accent", str)
    dark = section.text("accent_dark", str)
    if light is UNSET:
        if dark is not UNSET:
            line = section.line_of("accent_dark")
            section.problem(line, f"{section.at('accent_dark')}: needs accent")
        return UNSET, UNSET
    try:
        accent = site_values.accent(light, "" if dark is UNSET else dark)
    except SiteRefused as refused:
        reason = REASONS.get(refused.code, refused.code)
        section.problem(section.line_of(refused.field), f"{section.at(refused.field)}: {reason}")
        return UNSET, UNSET
    return (accent.light, accent.dark) if accent else ("", "")


def _logo(section: Section, folder: Path) -> images.Logo | Unset | None:
    if section.is_null("logo"):
        return None

    def encode(reference: str) -> images.Logo:
        return images.encode_logo(_bytes(reference, folder))

    return section.text("logo", _told(encode))


def _bytes(reference: str, folder: Path) -> bytes:
    if reference.startswith("data:"):
        try:
            return base64.b64decode(reference.partition(",")[2], validate=True)
        except (binascii.Error, ValueError) as error:
            raise ValueError("the data is not base64") from error
    try:
        with (folder / reference).expanduser().open("rb") as file:
            return file.read(images.BYTES_MAX + 1)
    except OSError as error:
        raise ValueError(f"{reference} cannot be read: {error.strerror}") from error


def _legal(section: Section) -> dict[str, dict[str, str]] | Unset:
    """Texts by kind, then language; of a kind that is named, the whole set."""
    listed = section.section("legal")
    if listed is None:
        return UNSET
    found = {
        kind: texts
        for kind in SiteText.Kind.values
        if (texts := by_language(listed, kind, _told(site_values.body))) is not UNSET
    }
    listed.finish()
    return {kind: texts for kind, texts in found.items() if texts}
