"""Who calls the management API: a token, or the session of a browser. Never what they may do
where: the tables of `accounts.permissions` say so, asked anew for each request."""

from dataclasses import dataclass

from django.http import HttpRequest

from accounts import audit
from accounts.models import ApiToken, Membership, TokenKind, User, Via
from accounts.scopes import STAFF_SCOPES, Scope, includes
from accounts.web import access, identity, second_factor


@dataclass(frozen=True, slots=True)
class Caller:
    """`user` answers for every call: whoever is logged in, or made the token."""

    user: User
    token: ApiToken | None
    is_fresh: bool  # a token; a session that showed minutes ago who it is
    is_confirmed: bool  # the same, and a session with its second factor

    @property
    def name(self) -> str:
        """What its limits and kept answers are counted under."""
        return f"token:{self.token.pk}" if self.token else f"user:{self.user.pk}"

    @property
    def is_operator(self) -> bool:
        return self.user.is_operator and self._reaches(TokenKind.OPERATOR)

    @property
    def is_person(self) -> bool:
        """Whether its acts are the user's own: a service token acts in its own name."""
        return self.token is None or self.token.kind == TokenKind.PERSONAL

    def holds(self, scope: Scope) -> bool:
        """Whether its token carries the scope; a session has no such bounds."""
        return self.token is None or includes(self.token.scopes, scope)

    def membership_in(self, organization_id: str, site_id: str) -> Membership | None:
        """The user's membership, where the token reaches the organization on this site at all."""
        if not self._reaches(TokenKind.ORGANIZATION, organization_id):
            return None
        rows = Membership.objects.filter(user=self.user, organization=organization_id)
        return rows.filter(organization__site=site_id).select_related("organization__site").first()

    def memberships_on(self, site_id: str) -> list[Membership]:
        """All that the token reaches on a site, oldest first."""
        rows = Membership.objects.filter(user=self.user, organization__site=site_id)
        rows = rows.select_related("organization__site").order_by("created_at", "id")
        return [row for row in rows if self._reaches(TokenKind.ORGANIZATION, row.organization_id)]

    def staff_role_on(self, site_id: str) -> str | None:
        """The user's role among the site's staff, where the token reaches that."""
        if not self._reaches(TokenKind.SITE, site_id):
            return None
        return access.staff_role(self.user, site_id)

    def _reaches(self, kind: TokenKind, place: str = "") -> bool:
        token = self.token
        if token is None:
            return True
        if token.kind == TokenKind.PERSONAL:
            # One that was made before its maker became staff does not open staff's places.
            is_staffs = bool(STAFF_SCOPES.intersection(token.scopes))
            return kind == TokenKind.ORGANIZATION or is_staffs
        if token.kind == TokenKind.OPERATOR:
            return kind in (TokenKind.OPERATOR, TokenKind.SITE)
        return token.kind == kind and place in (token.organization_id, token.site_id)


def of_session(request: HttpRequest, user: User) -> Caller:
    """Somebody in a browser."""
    has_factor = second_factor.was_used(request) or not second_factor.is_required()
    is_fresh = identity.is_fresh(request)
    return Caller(user, None, is_fresh=is_fresh, is_confirmed=has_factor and is_fresh)


def actor_of(caller: Caller, request: HttpRequest) -> audit.Actor:
    """The name under which the trail knows what the caller changes."""
    name = caller.user.email
    if caller.token is not None:
        name = f"{caller.token}" if not caller.is_person else f"{name}, {caller.token}"
    return audit.Actor(
        via=Via.API,
        name=name,
        user=caller.user,
        ip=request.META.get("REMOTE_ADDR") or None,
        request_id=getattr(request, "request_id", ""),
    )
