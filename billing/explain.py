"""Why a Call cost what it cost: everything that made its charge, from one record, as exact figures.

Reads only, and computes nothing that the record does not show: the arithmetic is redone from its
lines, so that whoever adds them up gets the charge. Customers get it without upstreams and costs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from billing import passed_over
from billing.events import PriceLine
from billing.models import LedgerEntry, Price, Refusal, UsageRecord
from billing.money import TOKENS_PER_PRICE_UNIT, round_half_even
from billing.passed_over import PassedOver
from billing.percent import format_percent
from billing.price_versions import ABOVE_TOKENS, IMAGE_PREFIX, MINIMUM, TIERS
from billing.pricing import Buckets

# Behind the point of an exact amount in nanos: prices are per million tokens.
FRACTION_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Line:
    """quantity × nanos per million or each; `product` is in millionths of a nano."""

    bucket: str
    quantity: int
    nanos_per_mtok: int
    nanos_per_unit: int

    @property
    def product(self) -> int:
        return PriceLine(
            self.bucket, self.quantity, self.nanos_per_mtok, self.nanos_per_unit
        ).product

    @property
    def price_nanos(self) -> int:
        """Per unit where it is priced so, else per million."""
        return self.nanos_per_unit or self.nanos_per_mtok

    @property
    def is_minimum(self) -> bool:
        """What the other lines were short of the least that a Call costs, in millionths."""
        return self.bucket == MINIMUM

    @property
    def is_image(self) -> bool:
        return self.bucket.startswith(IMAGE_PREFIX)

    @property
    def kind(self) -> str:
        """Of an image, `quality:size`; else empty."""
        return self.bucket.removeprefix(IMAGE_PREFIX) if self.is_image else ""


class Origin(StrEnum):
    """For whom a price was published."""

    CONTRACT = "contract"
    SITE = "site"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Booking:
    """The ledger transaction that a Call is part of, from its organization's side."""

    id: int
    kind: str
    external_id: str
    created_at: str
    amount_nanos: int
    calls: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """One Call. `price` is None for a Call that nothing was charged for."""

    record: UsageRecord
    price: Price | None
    lines: tuple[Line, ...]
    booking: Booking | None

    @property
    def origin(self) -> Origin | None:
        """Whose price it was."""
        if self.price is None:
            return None
        if self.price.organization_id is not None:
            return Origin.CONTRACT
        return Origin.SITE if self.price.site_id is not None else Origin.DEFAULT

    @property
    def adjustment(self) -> str:
        """The plan's, in percent with its sign; empty for none. The lines' prices have it in."""
        adjustment_bp = self.record.adjustment_bp
        if not adjustment_bp:
            return ""
        return ("+" if adjustment_bp > 0 else "") + format_percent(adjustment_bp)

    @property
    def prompt_tokens(self) -> int:
        """What the tiers go by."""
        record = self.record
        return Buckets(
            record.input_tokens, record.cached_input_tokens, other=record.quantities
        ).prompt_tokens

    @property
    def tier_above_tokens(self) -> int | None:
        """Where the tier begins that the prompt was in; None for the prices below any tier."""
        tiers = self.price.components.get(TIERS, ()) if self.price else ()
        above: list[int] = [tier[ABOVE_TOKENS] for tier in tiers]
        return max((start for start in above if self.prompt_tokens > start), default=None)

    @property
    def sum(self) -> int:
        """What the lines add up to, in millionths of a nano, before it is rounded."""
        return sum(line.product for line in self.lines)

    @property
    def total_nanos(self) -> int:
        """The sum rounded once, half-even."""
        return round_half_even(self.sum, TOKENS_PER_PRICE_UNIT)

    @property
    def owed_nanos(self) -> int:
        """What was charged and what was written off."""
        return self.record.charge_nanos + self.record.written_off_nanos

    @property
    def is_sound(self) -> bool:
        """Whether the arithmetic gives what was settled."""
        return self.total_nanos == self.owed_nanos

    @property
    def is_rounded(self) -> bool:
        return self.sum % TOKENS_PER_PRICE_UNIT != 0

    @property
    def margin_nanos(self) -> int:
        """Charged less cost; staff only."""
        return self.record.charge_nanos - self.record.cost_nanos

    @property
    def attempts(self) -> list[dict[str, Any]]:
        """Each try with what it cost us, by which version of its cost; staff only."""
        return [{"cost_nanos": 0, "cost_id": 0} | each for each in self.record.attempts]

    @property
    def passed_over(self) -> Sequence[PassedOver]:
        """The routes that were not asked although they came before; staff only."""
        return passed_over.of(self.record)


def explain(record: UsageRecord) -> Explanation:
    """The explanation of a Call; three queries at most."""
    lines = tuple(
        Line(
            each["bucket"],
            each["quantity"],
            each.get("nanos_per_mtok", 0),
            each.get("nanos_per_unit", 0),
        )
        for each in record.lines
    )
    price = Price.objects.filter(pk=record.price_id).first() if record.price_id else None
    return Explanation(record, price, lines, _booking(record))


def _booking(record: UsageRecord) -> Booking | None:
    entry = (
        LedgerEntry.objects.select_related("transaction")
        .filter(
            transaction=record.ledger_transaction_id,
            account__organization=record.organization_id,
        )
        .first()
    )
    if entry is None:
        return None
    calls = UsageRecord.objects.filter(ledger_transaction=entry.transaction_id)
    return Booking(
        id=entry.transaction_id,
        kind=entry.transaction.kind,
        external_id=entry.transaction.external_id,
        created_at=entry.transaction.created_at.isoformat(),
        amount_nanos=entry.amount_nanos,
        calls=calls.filter(organization=record.organization_id).count(),
    )


def exact_nanos(product: int) -> str:
    """Millionths of a nano as nanos, every digit: `375000000` is "375.000000"."""
    whole, rest = divmod(product, TOKENS_PER_PRICE_UNIT)
    return f"{whole}.{rest:0{FRACTION_DIGITS}d}"


def as_json(told: Explanation) -> dict[str, Any]:
    """As `manage.py explain` prints it: for staff, with upstreams and costs."""
    record = told.record
    return {
        "id": record.request_id,
        "site": record.site_id,
        "organization": record.organization_id,
        "api_key": record.api_key_id,
        "currency": record.site.currency,
        "endpoint": record.endpoint,
        "model": record.model,
        "status": record.status,
        "error_code": record.error_code,
        "ending": record.ending,
        "is_late": record.is_late,
        "is_reaped": record.ending == UsageRecord.Ending.REAPED,
        "is_estimated": record.is_estimated,
        "admitted_at": record.admitted_at.isoformat(),
        "ended_at": record.ended_at.isoformat(),
        "price_version": _price_json(told),
        "adjustment_bp": record.adjustment_bp,
        "tier_above_tokens": told.tier_above_tokens,
        "buckets": {
            "input": record.input_tokens,
            "cached_input": record.cached_input_tokens,
            "output": record.output_tokens,
            **record.quantities,
        },
        "reasoning_tokens_in_output": record.reasoning_tokens,
        **_arithmetic_json(told),
        "upstream": record.upstream,
        "attempts": told.attempts,
        "passed_over": [
            {"upstream": each.upstream, "reason": each.reason, "words": each.words}
            for each in told.passed_over
        ],
        "cost_nanos": record.cost_nanos,
        "margin_nanos": told.margin_nanos,
    }


def _arithmetic_json(told: Explanation) -> dict[str, Any]:
    record, booking = told.record, told.booking
    return {
        "lines": [
            {
                "bucket": line.bucket,
                "quantity": line.quantity,
                "nanos_per_unit" if line.nanos_per_unit else "nanos_per_mtok": line.price_nanos,
                "nanos": exact_nanos(line.product),
            }
            for line in told.lines
        ],
        "sum_nanos": exact_nanos(told.sum),
        "rounded_nanos": told.total_nanos,
        "hold_nanos": record.hold_nanos,
        "charge_nanos": record.charge_nanos,
        "written_off_nanos": record.written_off_nanos,
        "ok": told.is_sound,
        "ledger_transaction": None
        if booking is None
        else {name: getattr(booking, name) for name in booking.__slots__},
    }


def _price_json(told: Explanation) -> Mapping[str, Any] | None:
    price = told.price
    if price is None:
        return None
    return {
        "id": price.pk,
        "origin": told.origin,
        "site": price.site_id,
        "organization": price.organization_id,
        "effective_from": price.effective_from.isoformat(),
        "components": price.components,
    }


def refusal_as_json(refusal: Refusal) -> dict[str, Any]:
    """A Call that was turned away: there is nothing to add up."""
    return {
        "id": refusal.pk,
        "organization": refusal.organization_id,
        "api_key": refusal.api_key_id,
        "at": refusal.at.isoformat(),
        "model": refusal.model,
        "endpoint": refusal.endpoint,
        "status": refusal.status,
        "error_code": refusal.code,
        "rule": refusal.rule,
        "is_refused": True,
        "stands_for": refusal.multiplier,
        "charge_nanos": 0,
        "ok": True,
    }
