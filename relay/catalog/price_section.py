"""A price or a cost in a catalog file: text to components, and back. Reads no database.

{input: "0.15", output: "0.60", cache_write_5m: "0.1875", image: {"hd:1024x1024": "0.08"},
 tiers: [{above_tokens: 200000, input: "0.30", output: "0.90"}], minimum: "0.0001"}
"""

from collections.abc import Mapping
from typing import Any

from billing.money import NANOS_MAX, format_nanos
from billing.price_versions import (
    ABOVE_TOKENS,
    IMAGE,
    MINIMUM,
    REQUIRED,
    TIERS,
    TOKEN_BUCKETS,
    Bucket,
    PriceError,
    check_components,
)
from relay.catalog import values
from relay.catalog.document import UNSET, Components, Unset
from relay.catalog.sections import Section


def read(section: Section, name: str, *, may_be_empty: bool = False) -> Components | Unset:
    """The components under `name`; what is wrong is noted with its line."""
    found = section.section(name)
    if found is None:
        return UNSET
    is_empty = may_be_empty and not found.names()
    components = _amounts(found)
    has_tokens = any(found.has(bucket) for bucket in TOKEN_BUCKETS)
    is_plain = not any(found.has(each) for each in (*Bucket, IMAGE, MINIMUM))
    for bucket in REQUIRED:
        if (has_tokens or is_plain) and not found.has(bucket) and not is_empty:
            # Left out by an oversight it would be sold for nothing.
            found.problem(found.line, f'{found.at(bucket)}: missing (write "0" if it is free)')
    if (images := found.section(IMAGE)) is not None:
        components[IMAGE] = _images(images)
    tiers = [_tier(tier) for tier in found.sections(TIERS)]
    if tiers:
        components[TIERS] = tiers
    if (minimum := found.text(MINIMUM, values.money)) is not UNSET:
        components[MINIMUM] = minimum
    found.finish()
    return _checked(found, components)


def write(components: Components) -> dict[str, Any]:
    """What `read` reads as these components, in the order of the buckets: JSONB keeps none."""
    written: dict[str, Any] = _written(components)
    if images := components.get(IMAGE):
        written[IMAGE] = {kind: format_nanos(nanos) for kind, nanos in images.items()}
    if tiers := components.get(TIERS):
        written[TIERS] = [{ABOVE_TOKENS: tier[ABOVE_TOKENS], **_written(tier)} for tier in tiers]
    if minimum := components.get(MINIMUM):
        written[MINIMUM] = format_nanos(minimum)
    return written


def _written(amounts: Mapping[str, int]) -> dict[str, str]:
    return {bucket.value: format_nanos(amounts[bucket]) for bucket in Bucket if bucket in amounts}


def _amounts(section: Section) -> dict[str, Any]:
    found = {bucket.value: section.text(bucket, values.money) for bucket in Bucket}
    return {name: nanos for name, nanos in found.items() if nanos is not UNSET}


def _images(section: Section) -> dict[str, int]:
    found = {kind: section.text(kind, values.money) for kind in section.names()}
    return {kind: nanos for kind, nanos in found.items() if nanos is not UNSET}


def _tier(section: Section) -> dict[str, Any]:
    above = section.integer(ABOVE_TOKENS, minimum=1, maximum=NANOS_MAX)
    if above is UNSET and not section.has(ABOVE_TOKENS):
        section.problem(section.line, f"{section.at(ABOVE_TOKENS)}: missing")
    tier = {ABOVE_TOKENS: 0 if above is UNSET else above, **_amounts(section)}
    section.finish()
    return tier


def _checked(section: Section, components: dict[str, Any]) -> Components:
    """As they are stored. What fails for a value that was noted already is not noted again."""
    if not components:
        return components
    try:
        return check_components(components)
    except PriceError as error:
        if not section.has_problems:
            section.problem(section.line, f"{section.path}: {error}")
        return components
