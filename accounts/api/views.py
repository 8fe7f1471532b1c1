"""The classes that resources are views of: for anybody known, under an organization, for a site's
staff, for operators. What does not exist and what is somebody else's are the same 404."""

import logging
from typing import Any, cast

from django.core.exceptions import PermissionDenied
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import problems, throttles
from accounts.api.authentication import CallerAuthentication
from accounts.api.callers import Caller, actor_of
from accounts.api.declarations import Operation
from accounts.api.operations import Call
from accounts.api.parsing import JsonParser
from accounts.permissions import Act, StaffAct, may, staff_may
from accounts.web.requests import SiteRequest

logger = logging.getLogger(__name__)


class ApiView(APIView):
    """Authenticates, counts, asks for the scope, then for the place that the address names."""

    authentication_classes = [CallerAuthentication]
    permission_classes = []
    throttle_classes = []
    parser_classes = [JsonParser]
    renderer_classes = [JSONRenderer]
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]

    call: Call
    _standing: throttles.Standing | None = None

    def initial(self, request: Request, *args: Any, **path: Any) -> None:
        self.format_kwarg = None  # what DRF's negotiation looks for
        found = self.perform_content_negotiation(request)
        request.accepted_renderer, request.accepted_media_type = found
        caller = request.auth
        address = request.META.get("REMOTE_ADDR", "")
        name = caller.name if isinstance(caller, Caller) else f"ip:{address}"
        self._standing = throttles.count(name)
        if not isinstance(caller, Caller):
            raise exceptions.NotAuthenticated("A bearer token or a session is needed.")
        declared = self._declared(request)
        if not caller.holds(declared.scope):
            raise problems.missing_scope(declared.scope)
        site = cast(SiteRequest, request._request).site
        self.call = Call(request, caller, site, actor_of(caller, request._request))
        self.enter(self.call, declared, **path)
        if declared.asks_again and not caller.is_fresh:
            raise problems.confirm_identity()

    def enter(self, call: Call, declared: Operation, **path: Any) -> None:
        """Find the place of the address, and whether the caller may do this there."""

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
            exc.status_code = 401
        response = problems.answer(exc, {"request": self.request})
        if response is None:
            logger.exception("%s of the API failed", self.request.path, exc_info=exc)
            response = problems.unforeseen(self.request)
        response.exception = True
        return response

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Response:
        if not hasattr(request, "accepted_renderer"):
            # It failed before we knew what the caller reads.
            request.accepted_renderer, request.accepted_media_type = JSONRenderer(), "*/*"
        super().finalize_response(request, response, *args, **kwargs)
        for name, value in (self._standing.headers if self._standing else {}).items():
            response.headers.setdefault(name, value)
        response.headers["Cache-Control"] = "no-store"
        return cast(Response, response)

    def _declared(self, request: Request) -> Operation:
        handler = getattr(self, str(request.method).lower(), None)
        declared = getattr(handler, "operation", None)
        if not isinstance(declared, Operation):
            raise exceptions.MethodNotAllowed(str(request.method))
        return declared


class OrganizationView(ApiView):
    """Under `/organizations/{organization_id}/`: for its members, by their role."""

    def enter(self, call: Call, declared: Operation, **path: Any) -> None:
        call.membership = call.caller.membership_in(path["organization_id"], call.site.pk)
        if call.membership is None:
            raise problems.not_found()
        assert isinstance(declared.act, Act)
        if not may(call.membership.role, declared.act):
            raise PermissionDenied


class SiteView(ApiView):
    """Under `/site/`: for staff of the site that answers at this host, by their role."""

    def enter(self, call: Call, declared: Operation, **path: Any) -> None:
        role = call.caller.staff_role_on(call.site.pk)
        if role is None:
            raise problems.not_found()
        assert isinstance(declared.act, StaffAct)
        if not staff_may(role, declared.act):
            raise PermissionDenied
        call.staff_role = role
        _confirmed(call)


class OperatorView(ApiView):
    """Under `/ops/`: for operators of the deployment."""

    def enter(self, call: Call, declared: Operation, **path: Any) -> None:
        if not call.caller.is_operator:
            raise problems.not_found()
        _confirmed(call)


def _confirmed(call: Call) -> None:
    """Staff in a browser have shown within minutes who they are, second factor included."""
    if not call.caller.is_confirmed:
        raise problems.confirm_identity()
