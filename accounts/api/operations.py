"""Makes a method of a view an operation of the management API, which is checked and documented
from the same words: `declarations`."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.db import transaction
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import audit
from accounts.api import replays
from accounts.api.callers import Caller
from accounts.api.declarations import Handler, Operation, documented
from accounts.api.fields import Fields
from accounts.api.paging import Page, PageQuery
from accounts.models import KeptAnswer, Membership, Organization, Site
from accounts.permissions import Act, StaffAct
from accounts.scopes import Scope
from accounts.time_zones import zone_of

# Fields that an answer shows once: they are not kept for a repetition.
SHOWN_ONCE = ("secret", "codes")


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
    asks_again: bool = False,
    raises: tuple[type[Exception], ...] = (),
    upload: tuple[str, ...] = (),
) -> Callable[[Handler], Handler]:
    """Make a method of a view an operation: `handler(view, call, **path)` gives what is answered,
    a Page where `is_page`. What is declared is told at `Operation`."""
    declared = Operation(
        id=operation_id,
        scope=scope,
        act=act,
        body=body,
        query=query or (PageQuery if is_page else None),
        answer=answer,
        is_page=is_page,
        status=status,
        is_durable=is_durable,
        asks_again=asks_again,
        raises=raises,
        upload=upload,
    )

    def decorate(handler: Handler) -> Handler:
        @wraps(handler)
        def run(view: Any, request: Request, **path: Any) -> Response:
            call: Call = view.call
            path.pop("organization_id", None) if call.membership is not None else None
            if declared.query is not None:
                call.query = _checked(declared.query, request.query_params.dict())
            if declared.body is not None:
                call.body = _checked(declared.body, request.data, is_partial=_is_patch(request))
            if declared.upload:
                call.body = request.data or b""
            with timezone.override(zone_of(_zone(call))):
                return _once(declared, call, lambda: handler(view, call, **path))

        run.operation = declared  # type: ignore[attr-defined]
        return documented(declared, handler.__doc__ or "", run)

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
