"""What the commands for scripts share: how they name rows, and that they print one JSON object."""

import json
from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandError, OutputWrapper

from accounts.models import Organization, Site
from billing.money import MoneyError, parse_nanos


def print_object(stdout: OutputWrapper, fields: Mapping[str, Any]) -> None:
    """One line of JSON and nothing else, so that a script can read it."""
    stdout.write(json.dumps(fields, ensure_ascii=False))


def get_site(site_id: str) -> Site:
    """The site, or an error that names it."""
    site = Site.objects.filter(pk=site_id).first()
    if site is None:
        raise CommandError(f"no site {site_id!r}")
    return site


def get_organization(organization_id: str) -> Organization:
    """The organization, or an error that names it."""
    organization = Organization.objects.select_related("site").filter(pk=organization_id).first()
    if organization is None:
        raise CommandError(f"no organization {organization_id!r}")
    return organization


def get_amount(text: str, *, what: str) -> int:
    """A positive decimal amount in nanos."""
    try:
        nanos = parse_nanos(text)
    except MoneyError as error:
        raise CommandError(f"{what}: {error}") from error
    if nanos <= 0:
        raise CommandError(f"{what} must be more than 0")
    return nanos
