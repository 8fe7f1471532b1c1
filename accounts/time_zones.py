"""Time zones by their IANA names."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def zone_of(name: str) -> ZoneInfo:
    """The time zone by IANA name; UTC when this machine does not know the name (any more)."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


# Where the reader of a page wants clock times; None: where its days begin. Days, totals and budgets
# never follow it.
_reader: ContextVar[ZoneInfo | None] = ContextVar("reader_zone", default=None)


@contextmanager
def shown_in(name: str) -> Iterator[None]:
    """Show clock times in the zone of this name; "" changes nothing."""
    token = _reader.set(zone_of(name) if name else None)
    try:
        yield
    finally:
        _reader.reset(token)


def readers_zone() -> ZoneInfo | None:
    """The zone that the reader chose, if one was."""
    return _reader.get()
