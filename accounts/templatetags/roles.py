"""What a role may do, for templates that hide what a page would refuse anyway."""

from django import template

from accounts.permissions import StaffAct, staff_may

register = template.Library()


@register.filter(name="staff_may")
def staff_may_filter(role: str | None, act: str) -> bool:
    """`{% if staff_role|staff_may:"change_site" %}`; nobody's role may do nothing."""
    return bool(role) and staff_may(str(role), StaffAct(act))
