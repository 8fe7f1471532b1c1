"""Who may act: one module per aggregate."""

from accounts.models.announcements import Announcement
from accounts.models.api_keys import (
    ApiKey,
    BudgetPeriod,
    EndpointFamily,
    KeyAddress,
    RetiredSecret,
)
from accounts.models.api_tokens import ApiToken, KeptAnswer, TokenKind
from accounts.models.audit import AuditRecord, Via
from accounts.models.customer_notes import CustomerNote, CustomerTag
from accounts.models.first_run import FirstRun
from accounts.models.invitations import Invitation
from accounts.models.organizations import Membership, Organization, Role
from accounts.models.site_staff import SiteStaff, StaffRole
from accounts.models.sites import Site, SiteDomain, SiteImage, SiteText
from accounts.models.users import User

__all__ = [
    "Announcement",
    "ApiKey",
    "ApiToken",
    "AuditRecord",
    "BudgetPeriod",
    "CustomerNote",
    "CustomerTag",
    "EndpointFamily",
    "FirstRun",
    "Invitation",
    "KeptAnswer",
    "KeyAddress",
    "Membership",
    "Organization",
    "RetiredSecret",
    "Role",
    "Site",
    "SiteDomain",
    "SiteImage",
    "SiteStaff",
    "SiteText",
    "StaffRole",
    "TokenKind",
    "User",
    "Via",
]
