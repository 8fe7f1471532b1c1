"""What single values of a catalog must look like. Each function answers the value to keep, or
raises ValueError with a reason that ends a sentence. Touches nothing but deploy/sites/."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.core.exceptions import ValidationError

from accounts.models import Site
from accounts.models.sites import LANGUAGES, SLUG
from billing.adjustments import ADJUSTMENT_BP_MAX, ADJUSTMENT_BP_MIN
from billing.capabilities import Capability
from billing.models.catalog import MODEL_ID
from billing.money import parse_nanos
from billing.percent import parse_percent
from relay.models import Upstream
from relay.proxy.upstream.port import Origin

# ISO 4217 alphabetic codes; which of them exist is the operator's business.
CURRENCY = re.compile(r"[A-Z]{3}")
# RFC 1123 host names in lower case, or an IPv6 literal as it stands in a Host header.
DOMAIN = re.compile(
    r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*"
    r"|\[[0-9a-f:.]{2,45}\]"
)
# Scheme, host and perhaps a port (RFC 6454); browsers write it in lower case.
ORIGIN = re.compile(r"https?://[a-z0-9.-]{1,253}(:[0-9]{1,5})?")
HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")
PATH_PREFIX = re.compile(r"(/[a-z0-9-]{1,40}){1,5}")
# The widths of the database columns.
TIME_ZONE_CHARS_MAX = 64
BASE_URL_CHARS_MAX = 500
# A price per million tokens above this is a slip of the point, and sums of such prices would
# leave 64 bits: a million units of currency.
COMPONENT_NANOS_MAX = 1_000_000 * 1_000_000_000


def slug(value: str) -> str:
    """An id of an upstream, plan or site."""
    return _validated(SLUG, value)


def model_id(value: str) -> str:
    """A public model id."""
    return _validated(MODEL_ID, value)


def text(chars_max: int) -> Callable[[str], str]:
    """A parser of a line of text that must not be empty."""

    def parse(value: str) -> str:
        return _bounded(value, chars_max)

    return parse


def optional_text(chars_max: int) -> Callable[[str], str]:
    """The same for text that may be empty."""

    def parse(value: str) -> str:
        return _bounded(value, chars_max) if value else ""

    return parse


def base_url(value: str) -> str:
    """An upstream's address. Private ones are refused when we connect, not here."""
    Origin.parse(value)
    return _bounded(value, BASE_URL_CHARS_MAX)


def dialect(value: str) -> str:
    """A dialect that this release speaks to upstreams."""
    return _one_of(value, Upstream.Dialect.values)


def domain(value: str) -> str:
    """An exact host name, without port."""
    if not DOMAIN.fullmatch(value):
        raise ValueError(f"{value!r} is not a host name in lower case without port")
    return value


def origin(value: str) -> str:
    """Where browsers may call from: an origin as they send it, or `*`."""
    if value != "*" and not ORIGIN.fullmatch(value):
        raise ValueError(f"{value!r} is no origin such as https://app.example.com, nor *")
    return value


def path_prefix(value: str) -> str:
    """A path that means the same as `/v1`."""
    if not PATH_PREFIX.fullmatch(value):
        raise ValueError(f"{value!r} is no path such as /compatible-mode/v1")
    return value


def header_name(value: str) -> str:
    """The name of a request header."""
    if not HEADER_NAME.fullmatch(value):
        raise ValueError(f"{value!r} is not the name of a header")
    return value


def currency(value: str) -> str:
    """An ISO 4217 code."""
    if not CURRENCY.fullmatch(value):
        raise ValueError(f"{value!r} is not a currency code such as USD")
    return value


def language(value: str) -> str:
    """A language that the pages speak."""
    return _one_of(value, [code for code, _ in LANGUAGES])


def time_zone(value: str) -> str:
    """An IANA name."""
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{value!r} is no IANA time zone such as Asia/Shanghai") from error
    return _bounded(value, TIME_ZONE_CHARS_MAX)


def preset(value: str) -> str:
    """An error contract: the name of a file in deploy/sites/."""
    return _one_of(value, known_presets())


def known_presets() -> list[str]:
    """The presets that this checkout ships."""
    return sorted(path.stem for path in preset_folder().glob("*.yaml"))


def preset_folder() -> Path:
    """Where the presets are."""
    return Path(settings.BASE_DIR) / "deploy" / "sites"


def money(value: str) -> int:
    """Nanos of the site's currency, from a decimal string; zero is allowed, less is not."""
    nanos = parse_nanos(value)
    if not 0 <= nanos <= COMPONENT_NANOS_MAX:
        raise ValueError("a price is between 0 and 1000000")
    return nanos


def adjustment(value: str) -> int:
    """Basis points, from a percentage of two decimals at most."""
    basis_points = parse_percent(value)
    if not ADJUSTMENT_BP_MIN <= basis_points <= ADJUSTMENT_BP_MAX:
        raise ValueError("an adjustment is between -100 and 1000 percent")
    return basis_points


def no_credit_status(value: int) -> int:
    """The status of a call that the balance cannot cover."""
    if value not in Site.NoCreditStatus.values:
        raise ValueError("expected 402, 403 or 429")
    return value


def instant(value: str) -> datetime:
    """An instant with its offset, ISO 8601."""
    at = datetime.fromisoformat(value)
    if at.tzinfo is None:
        raise ValueError(f"{value!r} has no offset, such as Z or +08:00")
    return at.astimezone(UTC)


def capability(value: str) -> str:
    """A word of `billing.capabilities`."""
    return _one_of(value, [each.value for each in Capability])


def the_word_all(value: str) -> Literal["all"]:
    """What stands for every model."""
    if value != "all":
        raise ValueError("expected all, or a list of model ids")
    return "all"


def _validated(validator: Callable[[str], None], value: str) -> str:
    try:
        validator(value)
    except ValidationError as error:
        raise ValueError(f"{value!r}: use {error.messages[0]}") from error
    return value


def _one_of(value: str, options: list[str]) -> str:
    if value not in options:
        raise ValueError(f"{value!r} is not one of {', '.join(options)}")
    return value


def _bounded(value: str, chars_max: int) -> str:
    if not value.strip() or len(value) > chars_max or not value.isprintable():
        raise ValueError(f"expected 1 to {chars_max} printable characters")
    return value
