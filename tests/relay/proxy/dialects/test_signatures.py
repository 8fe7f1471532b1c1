"""Reasoning that a vendor signed comes back to it through every client dialect."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from relay.proxy.dialect import Dialect
from relay.proxy.dialects import conversation as cv
from relay.proxy.dialects import translate
from relay.proxy.dialects.events import Reason
from relay.proxy.dialects.whole import Choice, Whole, spread
from tests.relay.proxy.dialects.streams import LABEL

USER = {"role": "user", "content": "Hi"}
Signed = list[cv.Thinking | cv.RedactedThinking | cv.Text | cv.ToolUse]

CLAUDES: Signed = [
    cv.Thinking("hm", "c2ln", "messages"),
    cv.RedactedThinking("eHh4", "messages"),
    cv.Text("Let me look."),
    cv.ToolUse("toolu_1", "f", "{}"),
]
GEMINIS: Signed = [cv.Thinking("hm", "", "gemini"), cv.ToolUse("c1", "f", "{}", "Z29v", "gemini")]
OPENAIS: Signed = [cv.Thinking("hm", "b3Bh", "responses", "rs_1"), cv.ToolUse("c1", "f", "{}")]


def _chat(answer: Any) -> dict[str, Any]:
    return {"messages": [USER, answer["choices"][0]["message"]]}


def _messages(answer: Any) -> dict[str, Any]:
    turn = {"role": "assistant", "content": answer["content"]}
    return {"max_tokens": 9_000, "messages": [USER, turn]}


def _responses(answer: Any) -> dict[str, Any]:
    return {"input": [USER, *answer["output"]]}


# How a client makes its next request of an answer.
SENT_BACK: dict[Dialect, Callable[[Any], dict[str, Any]]] = {
    Dialect.CHAT: _chat,
    Dialect.MESSAGES: _messages,
    Dialect.RESPONSES: _responses,
}


def sent_back(parts: Signed, client: Dialect) -> tuple[cv.Part, ...]:
    """The assistant's parts as they come back through a client of this dialect."""
    whole = Whole(choices=[Choice(list(parts), Reason.TOOL_CALLS)])
    answer = translate.CODECS[client].render_answer(spread(whole), LABEL)
    body = {"model": "m", **SENT_BACK[client](msgspec.json.decode(answer))}
    turn = translate.conversation(msgspec.json.encode(body), client).messages[-1]
    return turn.parts


@pytest.mark.parametrize("client", SENT_BACK)
@pytest.mark.parametrize("parts", [CLAUDES, OPENAIS], ids=["claude", "openai"])
def test_signed_thoughts_come_back_whole(parts: Signed, client: Dialect) -> None:
    signed = [p for p in parts if isinstance(p, cv.Thinking | cv.RedactedThinking)]
    back = [p for p in sent_back(parts, client) if isinstance(p, cv.Thinking | cv.RedactedThinking)]
    assert [(type(p), p.origin) for p in back] == [(type(p), p.origin) for p in signed]
    for before, after in zip(signed, back, strict=True):
        if isinstance(before, cv.Thinking) and isinstance(after, cv.Thinking):
            assert (after.text, after.signature) == (before.text, before.signature)
        if isinstance(before, cv.RedactedThinking) and isinstance(after, cv.RedactedThinking):
            assert after.data == before.data


@pytest.mark.parametrize("client", SENT_BACK)
def test_a_signed_call_comes_back_signed(client: Dialect) -> None:
    (call,) = [p for p in sent_back(GEMINIS, client) if isinstance(p, cv.ToolUse)]
    assert (call.signature, call.origin) == ("Z29v", "gemini")
