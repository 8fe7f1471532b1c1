"""What a key may spend and how fast: made by the key directory, read by the credit adapter."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from billing.gate.types import Limits


@dataclass(frozen=True, slots=True)
class Rights:
    """Limits of the key and of its organization's plan, the budgets of both, and the plan."""

    key_limits: Limits
    organization_limits: Limits
    budget_nanos: int | None
    budget_period: str
    zone: ZoneInfo
    plan_id: str = ""  # whose price adjustment counts; "": none
    # Kind of period and limit in nanos; all count.
    organization_budgets: tuple[tuple[str, int], ...] = ()
