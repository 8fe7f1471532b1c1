"""Whole Gemini answers: read into the common form, and written from it."""

from typing import Any

import msgspec
import pytest

from relay.proxy.dialects import conversation as cv
from relay.proxy.dialects import events as ev
from relay.proxy.dialects.events import Reason
from relay.proxy.dialects.gemini import answer
from relay.proxy.dialects.gemini.thoughts import unsealed
from relay.proxy.dialects.whole import Choice, Whole, gather, spread
from relay.proxy.types import Usage

LABEL = ev.Label("req1", "public", 5, cv.Conversation("public", ()))
# Gemini API reference, "generateContent", read 2026-11.
PUBLISHED = {
    "candidates": [
        {
            "content": {"parts": [{"text": "AI learns patterns."}], "role": "model"},
            "finishReason": "STOP",
            "index": 0,
        }
    ],
    "usageMetadata": {"promptTokenCount": 4, "candidatesTokenCount": 5, "totalTokenCount": 9},
    "modelVersion": "gemini-2.5-flash",
    "responseId": "mAitaLmkHPPlz7IPvtfUqQ4",
}


def parsed(**given: Any) -> Whole:
    """The answer read."""
    return gather(answer.parse(msgspec.json.encode(given)))


def candidate(*parts: dict[str, Any], reason: str = "STOP") -> Choice:
    """A candidate of these parts, read."""
    given = {"content": {"parts": parts, "role": "model"}, "finishReason": reason}
    return parsed(candidates=[given], responseId="r1").choices[0]


def rendered(choice: Choice) -> Any:
    """A choice as its client gets it."""
    whole = Whole("x", "theirs", 1, [choice], Usage(input_tokens=1, output_tokens=2))
    return msgspec.json.decode(answer.render(spread(whole), LABEL))


def test_the_published_example() -> None:
    whole = parsed(**PUBLISHED)
    assert (whole.id, whole.model) == ("mAitaLmkHPPlz7IPvtfUqQ4", "gemini-2.5-flash")
    assert whole.choices == [Choice([cv.Text("AI learns patterns.")])]
    assert whole.usage == Usage(input_tokens=4, output_tokens=5)


def test_thoughts_calls_and_signatures() -> None:
    choice = candidate(
        {"text": "Let me see.", "thought": True},
        {"text": "I ask.", "thoughtSignature": "dGV4dA=="},
        {
            "functionCall": {"name": "f", "args": {"a": [1, 2]}},
            "thoughtSignature": "Y2FsbA==",
        },
        {"functionCall": {"id": "own", "name": "g"}},
    )
    assert choice.parts == [
        cv.Thinking("Let me see.", "", "gemini"),
        cv.Text("I ask."),
        cv.RedactedThinking("dGV4dA==", "gemini"),
        cv.ToolUse("call_r1_0", "f", '{"a":[1,2]}', "Y2FsbA==", "gemini"),
        cv.ToolUse("own", "g", "{}", "", "gemini"),
    ]
    assert choice.reason is Reason.TOOL_CALLS


def test_made_ids_differ_where_the_answer_has_none() -> None:
    calls = [{"functionCall": {"name": "f", "args": {"a": n}}} for n in (1, 1, 2)]
    choices = parsed(candidates=[{"content": {"parts": calls}, "finishReason": "STOP"}]).choices
    assert len({tool.id for tool in choices[0].tools}) == 3


def test_pictures_and_speech() -> None:
    choice = candidate(
        {"inlineData": {"mimeType": "image/png", "data": "aGk="}},
        {"inlineData": {"mimeType": "audio/wav", "data": "aGk="}},
    )
    assert choice.parts == [cv.Image(data="aGk=", media_type="image/png"), cv.Audio("aGk=", "wav")]


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("STOP", Reason.STOP),
        ("MAX_TOKENS", Reason.LENGTH),
        ("SAFETY", Reason.CONTENT_FILTER),
        ("RECITATION", Reason.CONTENT_FILTER),
        ("MALFORMED_FUNCTION_CALL", Reason.CONTENT_FILTER),
        ("SOMETHING_NEW", Reason.CONTENT_FILTER),
    ],
)
def test_reasons(word: str, reason: Reason) -> None:
    assert candidate({"text": "a"}, reason=word).reason is reason


def test_a_blocked_prompt_is_an_answer() -> None:
    feedback = {"blockReason": "PROHIBITED_CONTENT"}
    whole = parsed(promptFeedback=feedback, usageMetadata={"promptTokenCount": 4})
    assert whole.choices == [Choice([], Reason.CONTENT_FILTER)]
    assert whole.usage == Usage(input_tokens=4)


def test_logprobs() -> None:
    result = {
        "chosenCandidates": [{"token": "a", "tokenId": 1, "logProbability": -0.5}],
        "topCandidates": [{"candidates": [{"token": "b", "logProbability": -1.5}]}],
    }
    given = {"content": {"parts": [{"text": "a"}]}, "logprobsResult": result}
    (choice,) = parsed(candidates=[given]).choices
    assert choice.logprobs == (ev.TokenLogprob("a", -0.5, top=(ev.TokenLogprob("b", -1.5),)),)
    shown = rendered(choice)["candidates"][0]["logprobsResult"]
    assert shown["chosenCandidates"] == [{"token": "a", "logProbability": -0.5}]


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"candidates":[]}', b'{"error":{"code":500}}', b"<html>"],
)
def test_what_is_no_answer(body: bytes) -> None:
    with pytest.raises(ValueError, match="Gemini"):
        answer.parse(body)


def test_the_client_sees_the_public_name() -> None:
    assert rendered(Choice([cv.Text("Hi")])) == {
        "candidates": [
            {
                "content": {"parts": [{"text": "Hi"}], "role": "model"},
                "finishReason": "STOP",
                "index": 0,
            }
        ],
        "usageMetadata": {
            "promptTokenCount": 1,
            "candidatesTokenCount": 2,
            "totalTokenCount": 3,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 1}],
        },
        "modelVersion": "public",
        "responseId": "req1",
    }


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        (Reason.STOP_SEQUENCE, "STOP"),
        (Reason.TOOL_CALLS, "STOP"),
        (Reason.LENGTH, "MAX_TOKENS"),
        (Reason.CONTENT_FILTER, "SAFETY"),
        (Reason.REFUSAL, "SAFETY"),
    ],
)
def test_reasons_for_the_client(reason: Reason, word: str) -> None:
    assert rendered(Choice([], reason))["candidates"][0]["finishReason"] == word


def test_foreign_reasoning_goes_sealed() -> None:
    choice = Choice(
        [
            cv.Thinking("Hm.", "c2ln", "messages"),
            cv.RedactedThinking("eHh4", "responses", "rs_1"),
            cv.ToolUse("t1", "f", '{"a": 1}'),
            cv.ToolUse("t2", "g", "{broken"),
        ],
        Reason.TOOL_CALLS,
    )
    hm, hidden, first, second = rendered(choice)["candidates"][0]["content"]["parts"]
    assert unsealed(hm["thoughtSignature"]) == ("c2ln", "messages", "", False)
    assert unsealed(hidden["thoughtSignature"]) == ("eHh4", "responses", "rs_1", True)
    assert first == {"functionCall": {"id": "t1", "name": "f", "args": {"a": 1}}}
    assert second == {"functionCall": {"id": "t2", "name": "g", "args": {}}}


def test_an_answer_survives_the_way_out_and_back() -> None:
    choice = Choice(
        [
            cv.Thinking("Hm.", "", "gemini"),
            cv.Text("Hi"),
            cv.RedactedThinking("c2ln", "gemini"),
            cv.ToolUse("t1", "f", '{"a":1}', "c2ln", "gemini"),
        ],
        Reason.TOOL_CALLS,
    )
    assert parsed(**rendered(choice)).choices == [choice]
