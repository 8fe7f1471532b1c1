"""Batches of redeem codes in a site's entry: their terms, never a code. Reads no database.

redeem_batches:
  - {id: spring, name: Spring fair, amount: "5", count: 200, prefix: FAIR,
     expires_at: "2027-06-01T00:00:00Z", withdrawn: false}
"""

from datetime import datetime
from typing import Any

from billing import credits, redeem_codes
from billing.money import format_nanos, parse_nanos
from relay.catalog import values
from relay.catalog.document import UNSET, RedeemBatchSpec, Unset
from relay.catalog.sections import Section


def read(section: Section) -> dict[str, RedeemBatchSpec] | Unset:
    """The entries of `redeem_batches` by id; lines are found under `SITE.redeem_batches.ID`."""
    if not section.has("redeem_batches"):
        return UNSET
    found: dict[str, RedeemBatchSpec] = {}
    path = section.at("redeem_batches")
    for item in section.sections("redeem_batches"):
        batch_id = item.text("id", values.slug, is_required=True)
        if batch_id is UNSET:
            continue
        item.rename(f"{path}.{batch_id}")
        if batch_id in found:
            item.problem(item.line, f"{item.path}: there twice")
        found[batch_id] = _batch(item, batch_id)
        item.finish()
    return found


def write(spec: RedeemBatchSpec) -> dict[str, Any]:
    """What `read` reads as this batch."""
    row: dict[str, Any] = {"id": spec.id, "name": spec.name}
    if spec.amount is not UNSET:
        row["amount"] = format_nanos(spec.amount)
    row["count"] = spec.count
    if spec.prefix:
        row["prefix"] = spec.prefix
    if isinstance(spec.expires_at, datetime):
        row["expires_at"] = spec.expires_at.isoformat()
    if spec.withdrawn is True:
        row["withdrawn"] = True
    return row


def _batch(section: Section, batch_id: str) -> RedeemBatchSpec:
    name = section.text("name", values.text(redeem_codes.NAME_CHARS_MAX))
    return RedeemBatchSpec(
        id=batch_id,
        name=name if name is UNSET else name.strip(),
        amount=section.text("amount", _amount),
        count=section.integer("count", minimum=1, maximum=redeem_codes.COUNT_MAX),
        prefix=section.text("prefix", _prefix),
        expires_at=_end(section),
        withdrawn=section.flag("withdrawn"),
    )


def _end(section: Section) -> datetime | Unset | None:
    return None if section.is_null("expires_at") else section.text("expires_at", values.instant)


def _amount(text: str) -> int:
    nanos = parse_nanos(text)
    try:
        credits.check_amount(nanos)
    except credits.CreditRefused as error:
        raise ValueError(str(error)) from error
    return nanos


def _prefix(text: str) -> str:
    if not redeem_codes.PREFIX.fullmatch(text):
        raise ValueError("a prefix has up to 8 capital letters and digits")
    return text
