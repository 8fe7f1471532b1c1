"""What is wrong with a request is told by the caller's own name for it."""

import msgspec
import pytest

from relay.proxy.dialects import decoding
from relay.proxy.dialects.conversation import Effort, Reasoning
from relay.proxy.dialects.effort import budget_of, effort_of
from relay.proxy.errors import ApiError, Cause


class _Item(msgspec.Struct, forbid_unknown_fields=True):
    size: int
    never: None = None


class _Body(msgspec.Struct, forbid_unknown_fields=True):
    items: list[_Item]
    top: float | None = None


_body = msgspec.json.Decoder(_Body)


@pytest.mark.parametrize(
    ("body", "cause", "param"),
    [
        (b'{"items":[{"size":"s"}]}', Cause.BAD_REQUEST, "items[0].size"),
        (b'{"items":[{}]}', Cause.MISSING_PARAMETER, "items[0].size"),
        (b"{}", Cause.MISSING_PARAMETER, "items"),
        (b'{"items":[],"new":1}', Cause.BAD_REQUEST, "new"),
        (b'{"items":[{"size":1,"new":1}]}', Cause.BAD_REQUEST, "items[0].new"),
        (b'{"items":[{"size":1,"never":1}]}', Cause.BAD_REQUEST, "items[0].never"),
        (b"[]", Cause.BAD_REQUEST, None),
        (b'{"items":', Cause.INVALID_JSON, None),
        (b'{"items":[],"top":"\xff"}', Cause.INVALID_JSON, None),
    ],
)
def test_a_refusal_names_the_parameter(body: bytes, cause: Cause, param: str | None) -> None:
    with pytest.raises(ApiError) as refused:
        decoding.read(_body, body)
    assert (refused.value.cause, refused.value.param) == (cause, param)


def test_a_known_field_that_is_never_carried_may_be_null() -> None:
    assert decoding.read(_body, b'{"items":[{"size":1,"never":null}]}').items == [_Item(1)]


def test_what_the_decoder_quotes_stays_short() -> None:
    error = decoding.complaint("Invalid value '" + "x" * 5_000 + "' - at `$.kind`")
    assert error.param == "kind"
    assert len(error.detail) < 300


@pytest.mark.parametrize("value", [0, 1.5, 11, -1])
def test_a_number_out_of_range_is_refused(value: float) -> None:
    with pytest.raises(ApiError, match="invalid_request"):
        decoding.whole_number("n", value, highest=10)


@pytest.mark.parametrize("effort", [Effort.NONE, Effort.LOW, Effort.MEDIUM, Effort.HIGH])
def test_an_effort_survives_as_a_budget(effort: Effort) -> None:
    budget = budget_of(Reasoning(effort=effort))
    assert effort_of(Reasoning(budget_tokens=budget)) is effort
