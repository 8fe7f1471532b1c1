"""A whole answer and its events say the same."""

import pytest

from relay.proxy.dialects import conversation as cv
from relay.proxy.dialects import events as ev
from relay.proxy.dialects.whole import Choice, Whole, gather, spread
from relay.proxy.types import Usage

FULL = Whole(
    id="a1",
    model="upstream-name",
    created=1_700_000_000,
    choices=[
        Choice(
            [
                cv.Thinking("hm", "c2ln", "messages"),
                cv.RedactedThinking("eHh4", "messages"),
                cv.Text("Let me look."),
                cv.ToolUse("t1", "weather", '{"city":"Bern"}', "c2ln", "gemini"),
                cv.Image(data="aW1n", media_type="image/png"),
                cv.Audio("YXVk", "wav"),
            ],
            ev.Reason.TOOL_CALLS,
            logprobs=(ev.TokenLogprob("Let", -0.5, (76, 101, 116)),),
        ),
        Choice([cv.Refusal("No.")], ev.Reason.REFUSAL),
    ],
    usage=Usage(input_tokens=3, output_tokens=7),
)


def test_events_of_an_answer_gather_to_the_same_answer() -> None:
    assert gather(spread(FULL)) == FULL


def test_the_last_usage_counts() -> None:
    seen = [ev.UsageSeen(Usage(output_tokens=1)), ev.UsageSeen(Usage(output_tokens=5))]
    assert gather(seen).usage == Usage(output_tokens=5)


def test_a_choice_without_parts_is_still_a_choice() -> None:
    assert gather([ev.Finished(0, ev.Reason.LENGTH)]).choices == [Choice(reason=ev.Reason.LENGTH)]


@pytest.mark.parametrize("origin", ["messages", "gemini"])
def test_a_signature_keeps_its_origin_through_another_dialect(origin: str) -> None:
    sealed = cv.seal("c2ln", origin=origin, dialect="messages")
    assert cv.unseal(sealed, dialect="messages") == ("c2ln", origin)
