"""What one operation of the management API declares, checked and documented from the same words:
scope, act of the role, fields of body and query, and what is answered."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.db import transaction
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import audit
from accounts.api import replays
from accounts.api.callers import Caller
from accounts.api.fields import Fields, Text
from accounts.api.paging import Page, PageQuery
from accounts.api.problems import CONTENT_TYPE, ProblemDocument
from accounts.models import KeptAnswer, Membership, Organization, Site
from accounts.permissions import Act, StaffAct
from accounts.scopes import Scope
from accounts.time_zones import zone_of

PROBLEMS = (400, 401, 403, 404, 405, 406, 409, 413, 415, 422, 429, 500, 503)
# Fields that an answer shows once: they are not kept for a repetition.
SHOWN_ONCE = ("secret",)


@dataclass(slots=True)
class Call:
    """One call of an operation, after it was let through. `body` and `query` are checked."""

    request: Request
    caller: Caller
    site: Site
    by: audit.Actor
    membership: Membership | None = None
    staff_role: str = ""
    body: Any = None
    query: Any = None

    @property
    def organization(self) -> Organization:
        return self.member.organization

    @property
    def member(self) -> Membership:
        """Of operations under an organization, which has been looked up by then."""
        assert self.membership is not None
        return self.membership


@dataclass(frozen=True, slots=True)
class Operation:
    """What is declared. `is_durable`: it commits by itself, so that no transaction wraps it."""

    id: str
    scope: Scope
    act: Act | StaffAct | None = None
    body: type[Fields] | None = None
    query: type[Fields] | None = None
    answer: type[Fields] | None = None
    is_page: bool = False
    status: int = 200
    is_durable: bool = False


Handler = Callable[..., Any]


def operation(
    operation_id: str,
    scope: Scope,
    *,
    act: Act | StaffAct | None = None,
    body: type[Fields] | None = None,
    query: type[Fields] | None = None,
    answer: type[Fields] | None = None,
    is_page: bool = False,
    status: int = 200,
    is_durable: bool = False,
) -> Callable[[Handler], Handler]:
    """Make a method of a view an operation: `handler(view, call, **path)` gives what is answered,
    a Page where `is_page`."""
    query = query or (PageQuery if is_page else None)
    declared = Operation(operation_id, scope, act, body, query, answer, is_page, status, is_durable)

    def decorate(handler: Handler) -> Handler:
        @wraps(handler)
        def run(view: Any, request: Request, **path: Any) -> Response:
            call: Call = view.call
            path.pop("organization_id", None) if call.membership is not None else None
            if declared.query is not None:
                call.query = _checked(declared.query, request.query_params.dict())
            if declared.body is not None:
                call.body = _checked(declared.body, request.data, is_partial=_is_patch(request))
            with timezone.override(zone_of(_zone(call))):
                return _once(declared, call, lambda: handler(view, call, **path))

        run.operation = declared  # type: ignore[attr-defined]
        return _documented(declared, handler.__doc__ or "", run)

    return decorate


def _is_patch(request: Request) -> bool:
    return request.method == "PATCH"


def _zone(call: Call) -> str:
    return call.organization.time_zone if call.membership else call.site.time_zone


def _checked(kind: type[Fields], given: Any, *, is_partial: bool = False) -> Any:
    fields = kind(data=given, partial=is_partial)
    fields.is_valid(raise_exception=True)
    return fields.validated_data


def _once(declared: Operation, call: Call, act: Callable[[], Any]) -> Response:
    """Do it, unless it is a POST that was done before under the same key."""
    key = replays.key_of(call.request) if call.request.method == "POST" else None
    if key is None:
        with transaction.atomic() if _is_wrapped(declared, call) else _nothing():
            return _answer(declared, act())
    claimed = replays.claim(call.caller.name, key, call.request)
    if isinstance(claimed, KeptAnswer):
        return Response(claimed.body, status=claimed.status, headers={replays.REPLAYED: "true"})
    try:
        with _nothing() if declared.is_durable else transaction.atomic():
            response = _answer(declared, act())
            claimed.keep(response.status_code, _without_secrets(response.data))
    except BaseException:
        claimed.drop()
        raise
    return response


def _is_wrapped(declared: Operation, call: Call) -> bool:
    return call.request.method not in ("GET", "HEAD") and not declared.is_durable


class _nothing:
    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


def _without_secrets(data: Any) -> Any:
    if not isinstance(data, dict):
        return data
    return {name: None if name in SHOWN_ONCE else value for name, value in data.items()}


def _answer(declared: Operation, found: Any) -> Response:
    if declared.answer is None:
        return Response(status=declared.status)
    if declared.is_page:
        page: Page = found
        items = declared.answer(page.items, many=True).data
        return Response({"items": items, "next_cursor": page.next_cursor})
    return Response(dict(declared.answer(found).data), status=declared.status)


def _documented(declared: Operation, words: str, run: Handler) -> Handler:
    parameters: list[Any] = [declared.query] if declared.query else []
    if run.__name__ == "post":
        parameters.append(_KEY)
    answers: dict[Any, Any] = {declared.status: _shown(declared)}
    answers |= {(status, CONTENT_TYPE): ProblemDocument for status in PROBLEMS}
    summary, _, rest = " ".join(words.split()).partition(". ")
    return extend_schema(
        operation_id=declared.id.replace(".", "_"),
        summary=summary.removesuffix("."),
        description=f"{rest}\n\nScope: `{declared.scope or 'none'}`.".strip(),
        tags=[declared.id.split(".")[0]],
        parameters=parameters,
        request=declared.body,
        responses=answers,
    )(run)


def _shown(declared: Operation) -> Any:
    if declared.answer is None:
        return None
    if not declared.is_page:
        return declared.answer
    return _page_of(declared.answer)


@functools.cache
def _page_of(answer: type[Fields]) -> Any:
    """One class for each kind of page, or the document had several of one name."""
    fields: dict[str, Any] = {"items": answer(many=True), "next_cursor": Text(allow_null=True)}
    return inline_serializer(f"{answer.__name__}Page", fields)


_KEY = OpenApiParameter(
    replays.HEADER,
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    pattern=r"^[!-~]{1,255}$",
    description="The same key within 24 hours gives the same answer and does nothing again.",
)
