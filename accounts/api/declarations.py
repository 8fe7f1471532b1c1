"""What an operation of the management API declares, and the words that its document has of that:
scope, roles, refusals, and what each status means. Runs nothing."""

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    inline_serializer,
)

from accounts.api import problems, replays
from accounts.api.fields import Fields, Text
from accounts.permissions import ALLOWED, STAFF_ALLOWED, Act, StaffAct
from accounts.scopes import Scope

Handler = Callable[..., Any]
# Where the document has the refusals that are an operation's own: codes by status.
REFUSALS = "x-refusals"

# What each status of an error says, for every operation alike; its own refusals are added.
ERRORS: Mapping[int, str] = {
    400: "Malformed: `invalid_request`; `errors` name the fields.",
    401: "`not_authenticated`: no session, or no token that opens here.",
    403: "`missing_scope` of the token, `not_allowed` to the role, `not_a_person` where a service "
    "token calls, or `confirm_identity`: a session has to show again who it is.",
    404: "`not_found`: there is no such thing, or it is somebody else's.",
    405: "`method_not_allowed`",
    406: "`not_acceptable`: answers are JSON.",
    409: "What things as they stand forbid: `exists`, `idempotency_key_running`.",
    413: "`body_too_large`",
    415: "`unsupported_media_type`",
    422: "What a rule forbids: `refused`, where `errors` name the field; `idempotency_key_reused`.",
    429: "`rate_limit_exceeded`; `Retry-After` says in how many seconds to come back.",
    500: "`server_error`: our fault; the log has it under `request_id`.",
    503: "`gate_unavailable`: a part of us does not answer; try again.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """`is_durable`: it commits by itself, so that no transaction wraps it. `asks_again`: a session
    must have shown lately who it is. `raises`: the refusals of services that it passes on.
    `upload`: the media types of a body that is no JSON."""

    id: str
    scope: Scope
    act: Act | StaffAct | None = None
    body: type[Fields] | None = None
    query: type[Fields] | None = None
    answer: type[Fields] | None = None
    is_page: bool = False
    status: int = 200
    is_durable: bool = False
    asks_again: bool = False
    raises: tuple[type[Exception], ...] = ()
    upload: tuple[str, ...] = ()


def documented(declared: Operation, words: str, run: Handler) -> Handler:
    """`run` with its place in the OpenAPI document; `words` are a sentence and what follows it."""
    parameters: list[Any] = [declared.query] if declared.query else []
    if run.__name__ == "post":
        parameters.append(_KEY)
    summary, _, rest = " ".join(words.split()).partition(". ")
    bounds = [f"Scope: `{declared.scope or 'none'}`.", whose(declared)]
    return extend_schema(
        operation_id=declared.id.replace(".", "_"),
        summary=summary.removesuffix("."),
        description="\n\n".join([*([rest] if rest else []), " ".join(bounds)]),
        tags=[declared.id.split(".")[0]],
        parameters=parameters,
        request=dict.fromkeys(declared.upload, OpenApiTypes.BINARY) or declared.body,
        responses={declared.status: _good(declared), **_bad(declared)},
        extensions={REFUSALS: refusals(declared)},
    )(run)


def whose(declared: Operation) -> str:
    """For whom it is, by the tables of `accounts.permissions`."""
    if declared.id.startswith("ops."):
        return "For operators."
    if isinstance(declared.act, StaffAct):
        roles = [role for role, acts in STAFF_ALLOWED.items() if declared.act in acts]
        return f"For staff of the site: {_listed(roles)}."
    if isinstance(declared.act, Act):
        roles = [role for role, acts in ALLOWED.items() if declared.act in acts]
        return f"For members: {_listed(roles)}."
    return "For everybody who is known."


def _listed(roles: Iterable[str]) -> str:
    return ", ".join(str(role) for role in roles)


def _bad(declared: Operation) -> dict[tuple[int, str], OpenApiResponse]:
    own = refusals(declared)
    return {
        (status, problems.CONTENT_TYPE): OpenApiResponse(
            problems.ProblemDocument, " ".join([words, *_also(own.get(str(status), []))])
        )
        for status, words in ERRORS.items()
    }


def refusals(declared: Operation) -> dict[str, list[str]]:
    """The codes of what it passes on, by status."""
    found: dict[str, list[str]] = {}
    for each in declared.raises:
        code = str(getattr(each, "code", ""))
        found.setdefault(str(problems.status_of(code)), []).append(code)
    return found


def _also(codes: list[str]) -> list[str]:
    return [f"Here also: {', '.join(f'`{code}`' for code in codes)}."] if codes else []


def _good(declared: Operation) -> OpenApiResponse:
    if declared.answer is None:
        return OpenApiResponse(None, "Done.")
    shown = _page_of(declared.answer) if declared.is_page else declared.answer
    return OpenApiResponse(shown, " ".join((declared.answer.__doc__ or "").split()))


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
