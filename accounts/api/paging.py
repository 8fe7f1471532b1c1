"""Pages of a list by key: a cursor is where the last one ended, opaque to whoever follows it.

No page counts or skips rows, so that a list of millions costs what a short one does.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet
from django.utils.dateparse import parse_datetime

from accounts.api.fields import Fields, QueryCount, Text
from accounts.api.problems import Problem

PAGE_ROWS, PAGE_ROWS_MAX = 50, 200
CURSOR_CHARS_MAX = 500
M = TypeVar("M", bound=Model)


class PageQuery(Fields):
    """What every list takes."""

    limit = QueryCount(required=False, min_value=1, max_value=PAGE_ROWS_MAX, default=PAGE_ROWS)
    cursor = Text(required=False, max_length=CURSOR_CHARS_MAX, help_text="`next_cursor` of a page")


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of a list, and what leads on; None: these are the last."""

    items: Sequence[Any]
    next_cursor: str | None = None


def pack(*key: Any) -> str:
    """A cursor of the last row's key."""
    plain = [each if isinstance(each, (int, str)) else each.isoformat() for each in key]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def unpack(cursor: str | None, *kinds: type) -> list[Any] | None:
    """The key of a cursor, of `kinds`; None without one. 400 for what no page gave."""
    if not cursor:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        plain = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        found = [_typed(each, kind) for each, kind in zip(plain, kinds, strict=True)]
    except (ValueError, TypeError, RecursionError, binascii.Error) as error:
        raise Problem(
            400,
            "invalid_request",
            "The cursor is not one of ours.",
            errors=[("cursor", "invalid_cursor", "Use next_cursor of a page as it is.")],
        ) from error
    return found


def _typed(value: Any, kind: type) -> Any:
    if kind is int:
        if type(value) is not int or abs(value) >= 2**63:
            raise ValueError
        return value
    if not isinstance(value, str) or "\0" in value:
        raise ValueError
    value.encode("utf-8")
    if kind is str:
        return value
    moment = parse_datetime(value)
    if moment is None or moment.tzinfo is None:
        raise ValueError
    return moment


def by_id(rows: QuerySet[M], query: dict[str, Any], *, kind: type = int) -> Page:
    """The newest ids first; of words, in their order."""
    after = unpack(query.get("cursor"), kind)
    limit: int = query["limit"]
    if after is not None:
        rows = rows.filter(**{"pk__lt" if kind is int else "pk__gt": after[0]})
    found = list(rows.order_by("-pk" if kind is int else "pk")[: limit + 1])
    shown = found[:limit]
    return Page(shown, pack(shown[-1].pk) if len(found) > limit else None)


def by_time(
    rows: QuerySet[M], query: dict[str, Any], *, at: str = "created_at", kind: type = str
) -> Page:
    """The newest first, by a column of time and the id."""
    after = unpack(query.get("cursor"), datetime, kind)
    limit: int = query["limit"]
    if after is not None:
        moment, last = after
        rows = rows.filter(Q(**{f"{at}__lt": moment}) | Q(**{at: moment, "pk__lt": last}))
    found = list(rows.order_by(f"-{at}", "-pk")[: limit + 1])
    shown = found[:limit]
    is_more = len(found) > limit
    return Page(shown, pack(getattr(shown[-1], at), shown[-1].pk) if is_more else None)


def mapped(page: Page, show: Callable[[Any], Any]) -> Page:
    """The page with each row as it is shown."""
    return Page([show(row) for row in page.items], page.next_cursor)
