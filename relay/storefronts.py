"""What a site's row and its preset make together: the site as the data plane sees it."""

import logging
from collections.abc import Mapping
from typing import Any

from accounts.models import Site as SiteRow
from relay.catalog import presets
from relay.catalog.presets import Preset
from relay.catalog.problems import CatalogRefused
from relay.proxy import error_contract
from relay.proxy.causes import Cause
from relay.proxy.error_contract import ErrorContract, Override
from relay.proxy.types import Site

log = logging.getLogger(__name__)


def storefront(row: SiteRow) -> Site:
    """The site for the relay's snapshot; what it cannot make sense of is logged and left out."""
    preset = _preset(row)
    own_origins = row.cors_origins
    return Site(
        id=row.id,
        language=row.language,
        contract=_contract(row, preset),
        cors_origins=frozenset(preset.cors_origins if own_origins is None else own_origins),
        path_aliases=preset.path_aliases,
    )


def contract_of(row: SiteRow) -> ErrorContract:
    """How the site's callers see each error."""
    return _contract(row, _preset(row))


def _contract(row: SiteRow, preset: Preset) -> ErrorContract:
    """The site's own words, over its status for spent balances, over its preset, over ours."""
    return error_contract.resolve(
        [
            _overrides(preset.errors, f"preset {row.preset}"),
            error_contract.no_credit(row.no_credit_status),
            _overrides(row.error_overrides, f"site {row.id}"),
        ]
    )


def _preset(row: SiteRow) -> Preset:
    try:
        return presets.load(row.preset)
    except CatalogRefused as error:
        log.error("site %s has the default error contract: %s", row.id, error)
        return Preset()


def _overrides(rows: Mapping[str, Mapping[str, Any]], whose: str) -> dict[Cause, Override]:
    """Rows were checked when they were written; an older release may have known other causes."""
    found = {}
    for name, given in rows.items():
        try:
            cause, override = error_contract.from_plain(name, given)
        except ValueError as error:
            log.error("an error of %s keeps its default: %s", whose, error)
            continue
        found[cause] = override
    return found
