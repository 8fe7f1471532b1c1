"""What is owed: one module per aggregate."""

from billing.models.audits import AuditRun, Freeze
from billing.models.budgets import OrganizationBudget
from billing.models.catalog import Model, Plan, SiteTerms
from billing.models.ledger import (
    CreditOutbox,
    LedgerAccount,
    LedgerEntry,
    LedgerTransaction,
)
from billing.models.plans import OrganizationPlan
from billing.models.prices import PlanAdjustment, Price
from billing.models.quarantine import QuarantinedEvent
from billing.models.redeem_codes import RedeemBatch, RedeemCode
from billing.models.refusals import BlockEpisode, Refusal, RefusalPosition
from billing.models.rollups import CustomerDay, SiteDay, UsageDay, UsageFold, UsageRollup
from billing.models.site_models import SiteModel
from billing.models.task_runs import TaskFailure, TaskRun
from billing.models.trials import Trial
from billing.models.usage import DroppedUsage, UsageRecord

__all__ = [
    "AuditRun",
    "BlockEpisode",
    "CreditOutbox",
    "CustomerDay",
    "DroppedUsage",
    "Freeze",
    "LedgerAccount",
    "LedgerEntry",
    "LedgerTransaction",
    "Model",
    "OrganizationBudget",
    "OrganizationPlan",
    "Plan",
    "PlanAdjustment",
    "Price",
    "QuarantinedEvent",
    "RedeemBatch",
    "RedeemCode",
    "Refusal",
    "RefusalPosition",
    "SiteDay",
    "SiteModel",
    "SiteTerms",
    "TaskFailure",
    "TaskRun",
    "Trial",
    "UsageDay",
    "UsageFold",
    "UsageRecord",
    "UsageRollup",
]
