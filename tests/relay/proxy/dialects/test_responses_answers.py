"""Whole responses, to and from events."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from openai.types.responses import Response

from relay.proxy.dialects import conversation as cv
from relay.proxy.dialects.events import Reason, TokenLogprob
from relay.proxy.dialects.responses import usage
from relay.proxy.dialects.responses.answer import parse, render
from relay.proxy.dialects.whole import Choice, Whole, gather, spread
from relay.proxy.types import Usage
from tests.relay.proxy.dialects.answers import answers, choices
from tests.relay.proxy.dialects.streams import LABEL

# OpenAI API reference, "Create a model response", the first example, read 2026-11 (shortened).
PUBLISHED = {
    "id": "resp_67ccd2bed1ec8190b14f964abc054267",
    "object": "response",
    "created_at": 1741476542,
    "status": "completed",
    "error": None,
    "incomplete_details": None,
    "model": "gpt-4.1-2025-04-14",
    "output": [
        {
            "type": "message",
            "id": "msg_67ccd2bf17f0819081ff3bb2cf6508e6",
            "status": "completed",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "In a peaceful grove", "annotations": []}],
        }
    ],
    "usage": {
        "input_tokens": 36,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": 87,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 123,
    },
}
MIXED = [
    cv.Thinking("hm", "b3BhcXVl", "responses", "rs_1"),
    cv.Thinking("hm", "c2ln", "messages", "rs_2"),
    cv.RedactedThinking("eHg=", "messages", "rs_3"),
    cv.Text("Here"),
    cv.Image(data="aGk=", media_type="image/png"),
    cv.ToolUse("c", "f", "{}", "Z29v", "gemini"),
    cv.ToolUse("d", "f", "{}"),
]


def read(body: dict[str, Any]) -> Whole:
    """The answer that an upstream's body amounts to."""
    return gather(parse(msgspec.json.encode(body)))


def shown(choice: Choice) -> Any:
    """The body that a client gets, decoded."""
    return msgspec.json.decode(render(spread(Whole(choices=[choice])), LABEL))


def test_the_published_example() -> None:
    assert read(PUBLISHED) == Whole(
        "resp_67ccd2bed1ec8190b14f964abc054267",
        "gpt-4.1-2025-04-14",
        1741476542,
        [Choice([cv.Text("In a peaceful grove")])],
        Usage(input_tokens=36, output_tokens=87),
    )


@settings(max_examples=50, deadline=None)
@given(answers(choices()))
def test_what_is_rendered_reads_as_the_same_answer(whole: Whole) -> None:
    again = gather(parse(render(spread(whole), LABEL)))
    first = again.choices[0]
    first.parts = [
        replace(part, id="") if isinstance(part, cv.Thinking) else part for part in first.parts
    ]
    assert (again.choices, again.usage) == (whole.choices[:1], whole.usage)


def test_all_kinds_of_parts_go_through() -> None:
    choice = Choice(list(MIXED), Reason.TOOL_CALLS)
    assert read(shown(choice)).choices == [choice]


def test_the_official_client_reads_what_we_write() -> None:
    whole = Whole(choices=[Choice(list(MIXED), Reason.TOOL_CALLS)], usage=Usage(output_tokens=3))
    response = Response.model_validate_json(render(spread(whole), LABEL), strict=True)
    assert response.output_text == "Here"
    assert (response.id, response.model, response.status) == ("resp_42", "public", "completed")
    assert response.usage is not None
    assert response.usage.total_tokens == 3


@pytest.mark.parametrize(
    ("reason", "parts", "status", "why"),
    [
        (Reason.STOP, [cv.Text("x")], "completed", None),
        (Reason.STOP_SEQUENCE, [cv.Text("x")], "completed", None),
        (Reason.LENGTH, [cv.Text("x")], "incomplete", {"reason": "max_output_tokens"}),
        (Reason.CONTENT_FILTER, [], "incomplete", {"reason": "content_filter"}),
        (Reason.REFUSAL, [cv.Refusal("no")], "completed", None),
        (Reason.REFUSAL, [], "incomplete", {"reason": "content_filter"}),
    ],
)
def test_how_an_answer_ends(reason: Reason, parts: list[Any], status: str, why: Any) -> None:
    body = shown(Choice(parts, reason))
    assert (body["status"], body["incomplete_details"]) == (status, why)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"status":"failed","output":[],"error":{"code":"x"}}',
        b'{"status":"in_progress","output":[]}',
        b'{"status":"completed","output":[],"error":{"code":"x"}}',
    ],
)
def test_what_is_no_answer_is_told_apart(body: bytes) -> None:
    with pytest.raises(ValueError, match="not a response"):
        parse(body)


def test_log_probabilities_are_kept() -> None:
    tokens = (TokenLogprob("Hi", -0.5, (72, 105), (TokenLogprob("Hi", -0.5, (72, 105)),)),)
    choice = Choice([cv.Text("Hi")], logprobs=tokens)
    assert read(shown(choice)).choices == [choice]


@pytest.mark.parametrize(
    "given",
    [
        {"input_tokens": -1, "output_tokens": 0},
        {"input_tokens": 1},
        {"input_tokens": 1, "output_tokens": 1, "input_tokens_details": {"cached_tokens": 2}},
        {"input_tokens": 1, "output_tokens": 1, "output_tokens_details": {"reasoning_tokens": 2}},
        {"input_tokens": 1, "output_tokens": 1, "output_tokens_details": {"reasoning_tokens": -2}},
    ],
)
def test_nonsense_is_no_usage(given: dict[str, Any]) -> None:
    assert usage.parse(msgspec.json.encode(given)) is None


def test_usage_says_the_same_both_ways() -> None:
    figures = Usage(10, 20, 30, 5, other={"cache_write_5m": 7})
    written = usage.render(figures)
    assert (written["input_tokens"], written["total_tokens"]) == (37, 67)
    assert usage.parse(msgspec.json.encode(written)) == figures
