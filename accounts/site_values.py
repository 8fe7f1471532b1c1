"""What the single values of a site must look like, whoever sends them: a page, a file, the API.

Each function answers the value to keep, or raises SiteRefused. Reads no database.
"""

import re
from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from accounts.colours import HEX, Accent, for_dark, is_readable
from accounts.errors import AccountsError
from accounts.models import Site
from accounts.models.sites import LANGUAGES, SLUG

# ISO 4217 alphabetic codes; which of them exist is the operator's business.
CURRENCY = re.compile(r"[A-Z]{3}")
# RFC 1123 host names in lower case, or an IPv6 literal as it stands in a Host header.
DOMAIN = re.compile(
    r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*"
    r"|\[[0-9a-f:.]{2,45}\]"
)
# The widths of the database columns.
NAME_CHARS_MAX = 100
CONTACT_CHARS_MAX = 200
TIME_ZONE_CHARS_MAX = 64
ADDRESS_CHARS_MAX = 254
# A shop has a handful; each is one more host name that relays know.
DOMAINS_MAX = 20
# A line under every page.
FOOTER_CHARS_MAX = 300
# The longest terms of service in use have 60,000.
TEXT_CHARS_MAX = 100_000


class SiteRefused(AccountsError):
    """`field` must not be so; `code` says why."""

    def __init__(self, field: str, code: str) -> None:
        super().__init__(f"{field}: {code}")
        self.field = field
        self.code = code


def slug(value: str) -> str:
    """A site's id."""
    try:
        SLUG(value)
    except ValidationError as error:
        raise SiteRefused("id", "bad_id") from error
    return value


def line(field: str, value: str, chars_max: int, *, is_required: bool = False) -> str:
    """A line of printable text."""
    text = value.strip()
    if (is_required and not text) or len(text) > chars_max or not (text.isprintable()):
        raise SiteRefused(field, "bad_text")
    return text


def currency(value: str) -> str:
    """An ISO 4217 code."""
    if not CURRENCY.fullmatch(value):
        raise SiteRefused("currency", "bad_currency")
    return value


def time_zone(value: str) -> str:
    """An IANA name."""
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SiteRefused("time_zone", "bad_time_zone") from error
    return line("time_zone", value, TIME_ZONE_CHARS_MAX, is_required=True)


def languages(values: Sequence[str]) -> list[str]:
    """At least one that the pages speak, in the order in which we list them."""
    known = [code for code, _name in LANGUAGES]
    if not values or not set(values) <= set(known):
        raise SiteRefused("languages", "bad_language")
    return [code for code in known if code in values]


def domains(values: Sequence[str]) -> list[str]:
    """Exact host names without port, each once; the first is used in links."""
    found = list(values)
    is_ok = 1 <= len(found) <= DOMAINS_MAX and len(set(found)) == len(found)
    if not is_ok or not all(DOMAIN.fullmatch(each) for each in found):
        raise SiteRefused("domains", "bad_domain")
    return found


def sign_up(value: str) -> str:
    """Who may become a customer."""
    if value not in Site.SignUp.values:
        raise SiteRefused("sign_up", "bad_sign_up")
    return value


def address(value: str) -> str:
    """A mail address, or nothing for the deployment's."""
    if not value:
        return ""
    try:
        validate_email(value)
    except ValidationError as error:
        raise SiteRefused("sender_address", "bad_address") from error
    return line("sender_address", value, ADDRESS_CHARS_MAX)


def footer(values: Mapping[str, str]) -> dict[str, str]:
    """A line by language; empty ones are left out."""
    if not set(values) <= {code for code, _name in LANGUAGES}:
        raise SiteRefused("footer", "bad_language")
    lines = {code: line("footer", text, FOOTER_CHARS_MAX) for code, text in values.items()}
    return {code: text for code, text in lines.items() if text}


def body(value: str, field: str = "body", chars_max: int = TEXT_CHARS_MAX) -> str:
    """A text of several lines; line ends as browsers send them become one kind."""
    text = value.replace("\r\n", "\n").replace("\r", "\n").strip()
    is_printable = all(char.isprintable() or char in "\n\t\u3000\u00a0" for char in text)
    if len(text) > chars_max or not is_printable:
        raise SiteRefused(field, "bad_text")
    return text


def accent(light: str, dark: str = "") -> Accent | None:
    """An accent that can be read in both themes; the dark one is made where none is given.

    None without a colour: the site has ours.
    """
    if not light and not dark:
        return None
    light, dark = light.lower(), dark.lower()
    if not HEX.fullmatch(light):
        raise SiteRefused("accent", "bad_colour")
    if not is_readable(light, is_dark=False):
        raise SiteRefused("accent", "low_contrast")
    if not dark:
        return Accent(light, for_dark(light))
    if not HEX.fullmatch(dark):
        raise SiteRefused("accent_dark", "bad_colour")
    if not is_readable(dark, is_dark=True):
        raise SiteRefused("accent_dark", "low_contrast")
    return Accent(light, dark)
