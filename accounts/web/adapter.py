"""allauth's hook into our sites: whose name a mail carries, and where people land."""

from typing import Any, cast

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as allauth_context
from django.conf import settings
from django.core.mail import EmailMessage
from django.http import HttpRequest

from accounts.models import User
from accounts.web.access import staff_role
from accounts.web.requests import SiteRequest

OPERATOR_HOME = "/ops/"
STAFF_HOME = "/site/"


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Sign-up, log-in and mail as the request's site wants them.

    The organization of a new user is made by `accounts.web.forms.OrganizationSignupForm`.
    """

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Staff who are nobody's customer here land in the pages of what they run."""
        user, site = cast(User, request.user), cast(SiteRequest, request).site
        if not user.memberships.filter(organization__site=site).exists():
            if user.is_operator:
                return OPERATOR_HOME
            if staff_role(user, site.pk):
                return STAFF_HOME
        url: str = super().get_login_redirect_url(request)
        return url

    def get_from_email(self) -> str:
        """The deployment's sender under the site's name."""
        name = allauth_context.request.site.name.replace('"', "")
        return f'"{name}" <{settings.DEFAULT_FROM_EMAIL}>'

    def render_mail(
        self,
        template_prefix: str,
        email: str | list[str],
        context: dict[str, Any],
        headers: dict[str, str] | None = None,
    ) -> EmailMessage:
        """allauth's mail with our `site` in reach of the templates."""
        site = allauth_context.request.site
        message: EmailMessage = super().render_mail(
            template_prefix, email, {**context, "site": site}, headers
        )
        return message
