"""Errors as programs read them: RFC 9457 problem documents, each with a `code` that never changes.

Which status a service's refusal has is the table here; nothing of an unexpected error is told.
"""

import logging
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db import IntegrityError
from django.http import Http404, HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.utils.serializer_helpers import ReturnDict

from accounts.api.fields import Fields, Text
from accounts.errors import AccountsError
from accounts.scopes import Scope

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
TITLES = {
    400: "Bad request",
    401: "Not authenticated",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    409: "Conflict",
    413: "Body too large",
    415: "Unsupported media type",
    422: "Refused",
    429: "Too many requests",
    500: "Our fault",
    503: "Not available now",
}


class Problem(exceptions.APIException):
    """Ends a call with this document. `errors` are of single fields: (field, code, detail)."""

    def __init__(
        self,
        status_code: int,
        code: str,
        detail: str = "",
        *,
        errors: list[tuple[str, str, str]] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status_code, self.code, self.words = status_code, code, detail
        self.errors, self.headers = errors or [], headers or {}


class FieldError(Fields):
    """What is wrong with one field of the request."""

    field = Text(max_length=200)
    code = Text(max_length=100)
    detail = Text(max_length=1000)


class ProblemDocument(Fields):
    """RFC 9457."""

    type = Text(help_text="about:blank: the status says what kind of problem it is")
    title = Text()
    status = Fields.integer()
    code = Text(help_text="what went wrong, in a word that never changes")
    detail = Text()
    errors = FieldError(many=True)  # type: ignore[assignment]  # a field, not DRF's attribute
    request_id = Text()


def not_found() -> Problem:
    """The same for what does not exist and for what is somebody else's."""
    return Problem(404, "not_found", "There is no such thing, or it is not yours.")


def missing_scope(scope: Scope) -> Problem:
    """Names the scope, so that whoever made the token knows what to add."""
    return Problem(
        403,
        "missing_scope",
        f"The token lacks the scope {scope}.",
        errors=[("authorization", "missing_scope", scope.value)],
    )


def confirm_identity() -> Problem:
    """For a session that was not confirmed lately; a token needs none of that."""
    return Problem(403, "confirm_identity", "Confirm who you are on a page first.")


def not_a_person() -> Problem:
    """For a service token where somebody acts for themselves."""
    return Problem(403, "not_a_person", "A service token acts for nobody but its place.")


@csrf_exempt  # there is nothing to protect
def unknown_path(request: HttpRequest, **_: str) -> JsonResponse:
    """The view of every address under the API's that leads nowhere."""
    return JsonResponse(_document(request, not_found()), status=404, content_type=CONTENT_TYPE)


def answer(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler. None: not foreseen, a 500 that says nothing (`unforeseen`)."""
    problem = of(error)
    if problem is None:
        return None
    document = _document(context["request"], problem)
    return Response(
        document, status=problem.status_code, headers=problem.headers, content_type=CONTENT_TYPE
    )


def unforeseen(request: HttpRequest) -> Response:
    """A fault of ours; the log has it under the request's id."""
    problem = Problem(500, "server_error", "Something broke here. It is logged.")
    return Response(_document(request, problem), status=500, content_type=CONTENT_TYPE)


def of(error: Exception) -> Problem | None:
    """The problem that an exception amounts to; None for a fault of ours."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, exceptions.ValidationError):
        return Problem(
            400, "invalid_request", "Some fields are wrong.", errors=_of_fields(error.detail)
        )
    if isinstance(error, (Http404, ObjectDoesNotExist)):
        return not_found()
    if isinstance(error, PermissionDenied):
        return Problem(403, "not_allowed", "Your role does not allow this.")
    if isinstance(error, IntegrityError):
        return Problem(409, "exists", "There is one already, or it is in use.")
    if isinstance(error, exceptions.APIException):
        headers = {}
        if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
            headers["WWW-Authenticate"] = "Bearer"
        return Problem(
            error.status_code, _code_of(error.status_code), str(error.detail), headers=headers
        )
    return _of_service(error)


# What a service refuses is a conflict with how things stand, but for these.
_STATUS_OF_CODE = {
    "insufficient_balance": 422,
    "credit_refused": 422,
    "invalid_amount": 422,
    "invalid_price": 422,
    "bad_address": 422,
    "search_too_long": 422,
    "no_such_job": 422,
    "broker_unavailable": status.HTTP_503_SERVICE_UNAVAILABLE,
    "unknown_role": 422,
    "bad_successor": 422,
    "batch_refused": 422,
    "code_unknown": 422,
    "note_refused": 422,
    "statement_too_long": 422,
    "unknown_person": 422,
    "not_a_member": 404,
    "not_staff": 404,
    "sign_up_closed": 403,
    "gate_unavailable": status.HTTP_503_SERVICE_UNAVAILABLE,
}


def _of_service(error: Exception) -> Problem | None:
    """Errors of services are told by their `code`; those of a field name it."""
    code = getattr(error, "code", None)
    is_ours = isinstance(error, AccountsError) or type(error).__module__.startswith(
        ("billing.", "relay.", "accounts.")
    )
    if not is_ours or not isinstance(code, str):
        return None
    field = getattr(error, "field", None)
    if isinstance(field, str):
        detail = str(getattr(error, "detail", "") or error)
        return Problem(422, "refused", str(error), errors=[(field, code, detail)])
    return Problem(status_of(code), code, str(error))


def status_of(code: str) -> int:
    """Of a service's refusal, by its `code`."""
    return _STATUS_OF_CODE.get(code, 409)


def _code_of(status_code: int) -> str:
    return TITLES.get(status_code, "error").lower().replace(" ", "_")


def _of_fields(detail: Any, path: str = "") -> list[tuple[str, str, str]]:
    """DRF's tree of errors as a list, each with the path of its field."""
    if isinstance(detail, (dict, ReturnDict)):
        pairs = [(name, each) for name, each in detail.items()]
        return [
            error for name, each in pairs for error in _of_fields(each, f"{path}.{name}".strip("."))
        ]
    if isinstance(detail, list):
        return [
            error
            for at, each in enumerate(detail)
            for error in _of_fields(each, path if isinstance(each, str) else f"{path}.{at}")
        ]
    code = getattr(detail, "code", "invalid")
    return [(path.removesuffix(".non_field_errors"), code, str(detail))]


def _document(request: HttpRequest, problem: Problem) -> dict[str, Any]:
    return {
        "type": "about:blank",
        "title": TITLES.get(problem.status_code, "Error"),
        "status": problem.status_code,
        "code": problem.code,
        "detail": problem.words,
        "errors": [
            {"field": field, "code": code, "detail": detail}
            for field, code, detail in problem.errors
        ],
        "request_id": getattr(request, "request_id", ""),
    }
