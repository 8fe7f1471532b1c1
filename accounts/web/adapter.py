"""allauth's hook into our sites: whose name a mail carries, and where people land."""

from typing import Any, cast

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as allauth_context
from django.core.mail import EmailMessage
from django.http import HttpRequest

from accounts import links
from accounts.models import Site, User
from accounts.web import identity
from accounts.web.access import staff_role
from accounts.web.invitations import waiting_in
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

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """As the site wants it; for whom it invites, the form asks for the invited address."""
        site = cast(SiteRequest, request).site
        if site.sign_up == Site.SignUp.INVITE:
            return waiting_in(request) is not None
        return site.sign_up == Site.SignUp.OPEN

    def is_reauthentication_required(self, *, app: str) -> bool:
        """allauth's own pages ask again by the same rule as ours (`access.confirm_identity`)."""
        return not identity.is_fresh(allauth_context.request)

    def get_from_email(self) -> str:
        """The site's sender, or the deployment's under the site's name."""
        return links.sender_of(allauth_context.request.site)

    def render_mail(
        self,
        template_prefix: str,
        email: str | list[str],
        context: dict[str, Any],
        headers: dict[str, str] | None = None,
    ) -> EmailMessage:
        """allauth's mail with our `site` in reach of the templates, and links to the site's first
        domain, whichever Host the request had."""
        request = allauth_context.request
        site = request.site
        told = f"{request.scheme}://{request.get_host()}/"
        shown = {
            name: links.address_of(site, "/" + value.removeprefix(told))
            if isinstance(value, str) and value.startswith(told)
            else value
            for name, value in context.items()
        }
        message: EmailMessage = super().render_mail(
            template_prefix, email, {**shown, "site": site}, headers
        )
        return message
