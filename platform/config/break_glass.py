"""Django's own admin, for the day on which our pages cannot do what has to be done. Off unless
`DJANGO_ADMIN=true`; operators only, with their second factor, each change on record.

Goes around every rule of the services. What the books, the audit log and the prices say can be
read here and never be changed; nothing can be deleted, and no secret is shown.
"""

from typing import Any

from django.apps import apps
from django.contrib.admin import AdminSite, ModelAdmin
from django.core.paginator import Paginator
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver, path
from django.utils.functional import cached_property

from accounts import audit
from accounts.web.access import confirm_posts, operator_page

OURS = ("accounts", "billing", "relay")
# The rest is what was charged, what was done, or what only services keep right.
CHANGEABLE = frozenset(
    {
        "accounts.announcement",
        "accounts.membership",
        "accounts.organization",
        "accounts.site",
        "accounts.sitedomain",
        "accounts.sitestaff",
        "accounts.user",
        "billing.model",
        "billing.organizationplan",
        "billing.plan",
        "relay.modelalias",
        "relay.route",
        "relay.upstream",
    }
)
SECRET = frozenset({"password", "secret_hash", "token_hash", "code_hash", "hash", "credentials"})
ROWS_PER_PAGE = 50
# Tables of usage have millions of rows: nobody pages through more than these.
COUNTED_MAX = 10_000


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # it takes none at run time
    """Counts no further than anybody pages."""

    @cached_property
    def count(self) -> int:
        return len(self.object_list[:COUNTED_MAX])


class Readable(ModelAdmin):  # type: ignore[type-arg]
    """A table that can be looked at."""

    list_per_page = ROWS_PER_PAGE
    show_full_result_count = False
    paginator = BoundedPaginator
    actions = None

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [field.name for field in self.opts.fields if field.name in SECRET]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return True

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Changeable(Readable):
    """A table of which rows can be changed, one at a time and on record."""

    @property
    def raw_id_fields(self) -> list[str]:  # type: ignore[override]
        """No list of every customer to choose from."""
        return [each.name for each in self.opts.fields if isinstance(each, models.ForeignKey)]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def log_change(self, request: HttpRequest, obj: models.Model, message: Any) -> None:  # type: ignore[override]
        """In the transaction of the change, as everywhere."""
        names = [name for each in message for name in each.get("changed", {}).get("fields", [])]
        after = {"fields": names}
        audit.record(audit.actor_of(request), f"admin.{self.opts.model_name}", obj, after=after)


class BreakGlass(AdminSite):
    """The pages under /ops/admin/."""

    site_header = site_title = "Tollgate: break glass"
    index_title = "Changes here go around every rule"
    site_url = "/ops/"

    def has_permission(self, request: HttpRequest) -> bool:
        return bool(getattr(request.user, "is_operator", False))

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Behind the door of the operators' pages: their second factor, and asked again."""
        return operator_page(confirm_posts(super().admin_view(view, cacheable)))

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return redirect("account_login")

    def logout(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:  # type: ignore[override]
        return redirect("account_logout")

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:  # type: ignore[override]
        return redirect("account_change_password")


def site() -> BreakGlass:
    """With every table of ours."""
    made = BreakGlass(name="admin")
    for label in OURS:
        for model in apps.get_app_config(label).get_models():
            is_changeable = model._meta.label_lower in CHANGEABLE
            made.register(model, Changeable if is_changeable else Readable)
    return made


def urls() -> list[URLPattern | URLResolver]:
    """Where it is, when it is anywhere."""
    return [path("ops/admin/", site().urls)]
