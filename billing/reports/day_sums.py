"""Reads days of usage and the rollups that are not folded into them yet, as one.

Each report is one statement and so sees one instant: a fold in between would count twice. Never
reads the record of a single Call.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.utils import timezone

from accounts.models import Organization, Site
from accounts.time_zones import zone_of

# The second bound tells the planner that this is a short span; of the first it knows nothing.
_RECENT = (
    "start >= GREATEST(%(since_at)s, (SELECT folded_to FROM billing_usagefold))"
    " AND start < 'infinity'"
)
_TOKENS = "input_tokens, cached_input_tokens, output_tokens"
# Only constants of ours enter the statements (S608).
_OF_ORGANIZATION = f"""(
SELECT day, api_key, model, calls, errors, {_TOKENS}, charge_nanos, cost_nanos
FROM billing_usageday WHERE organization_id = %(id)s AND day >= %(since)s
UNION ALL
SELECT (start AT TIME ZONE %(zone)s)::date, api_key, model, calls, errors, {_TOKENS}, charge_nanos,
  cost_nanos
FROM billing_usagerollup WHERE organization_id = %(id)s AND {_RECENT}) AS used"""  # noqa: S608
_OF_SITE = f"""(
SELECT day, model, calls, errors, faults, charge_nanos, cost_nanos
FROM billing_siteday WHERE site_id = %(id)s AND day >= %(since)s
UNION ALL
SELECT (start AT TIME ZONE %(zone)s)::date, model, calls, errors,
  CASE WHEN status >= 500 THEN calls ELSE 0 END, charge_nanos, cost_nanos
FROM billing_usagerollup WHERE site_id = %(id)s AND {_RECENT}) AS used"""  # noqa: S608
_OF_CUSTOMERS = f"""(
SELECT organization_id, calls, charge_nanos, cost_nanos
FROM billing_customerday WHERE site_id = %(id)s AND day >= %(since)s
UNION ALL
SELECT organization_id, calls, charge_nanos, cost_nanos
FROM billing_usagerollup WHERE site_id = %(id)s AND {_RECENT}) AS used"""  # noqa: S608
_OF_MANY = f"""
SELECT used.*, (SELECT max(start) FROM billing_usagerollup AS newest
  WHERE newest.organization_id = used.organization_id AND start >= %(since_at)s)
FROM (SELECT organization_id, sum(charge_nanos), sum(cost_nanos) FROM (
  SELECT organization_id, charge_nanos, cost_nanos
  FROM billing_usageday WHERE organization_id = ANY(%(ids)s) AND day >= %(since)s
  UNION ALL
  SELECT organization_id, charge_nanos, cost_nanos
  FROM billing_usagerollup WHERE organization_id = ANY(%(ids)s) AND {_RECENT}) AS rows
  GROUP BY 1) AS used"""  # noqa: S608


def of_organization(
    organization: Organization, since: date, select: str, *, where: str = "true", **given: Any
) -> list[tuple[Any, ...]]:
    """`select` of a customer's own days from `since` on, `where` it holds: columns of UsageDay.

    Both texts are ours; what comes from readers is in `given`. One query.
    """
    return _read(f"{_OF_ORGANIZATION} WHERE {where}", select, organization, since, given)


def of_site(
    site: Site, since: date, select: str, *, join: str = "", **given: Any
) -> list[tuple[Any, ...]]:
    """The same of a site's days by model: columns of SiteDay, as of `used`."""
    return _read(f"{_OF_SITE} {join}", select, site, since, given)


def of_customers(site: Site, since: date, select: str) -> list[tuple[Any, ...]]:
    """The same of a site's customers: columns of CustomerDay but the day."""
    return _read(_OF_CUSTOMERS, select, site, since, {})


def of_many(organization_ids: Sequence[str], since: date) -> list[tuple[str, int, int, datetime]]:
    """Of each with a call since then: its id, what it was charged and what that cost us (nanos),
    and the last quarter of an hour with a call. `since` is a day of each customer's own."""
    start = datetime(since.year, since.month, since.day, tzinfo=timezone.get_current_timezone())
    with connection.cursor() as cursor:
        given: dict[str, Any] = {"ids": list(organization_ids), "since": since, "since_at": start}
        cursor.execute(_OF_MANY, given)
        found: list[tuple[str, int, int, datetime]] = cursor.fetchall()
        return found


def _read(
    rows: str, select: str, owner: Organization | Site, since: date, given: dict[str, Any]
) -> list[tuple[Any, ...]]:
    zone = zone_of(owner.time_zone)
    start = datetime(since.year, since.month, since.day, tzinfo=zone)
    parameters = given | {"id": owner.pk, "since": since, "since_at": start, "zone": zone.key}
    what, group, rest = select.partition(" GROUP BY ")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {what} FROM {rows}{group}{rest}", parameters)  # noqa: S608
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found
