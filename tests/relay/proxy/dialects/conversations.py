"""Arbitrary conversations for hypothesis: what every dialect can say, and what chat can."""

from typing import Any

import msgspec
from hypothesis import strategies as st

from relay.proxy.dialects import conversation as cv

# Names and ids that every vendor accepts.
NAMES = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,15}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
ARGUMENTS = st.dictionaries(NAMES, st.integers(0, 9) | TEXTS, max_size=2).map(
    lambda value: msgspec.json.encode(value).decode()
)
SCHEMA = msgspec.Raw(b'{"type":"object","properties":{"a":{"type":"string"}}}')

text_parts = st.builds(cv.Text, TEXTS)
image_parts = st.builds(
    cv.Image,
    data=st.just("aGk="),
    media_type=st.sampled_from(["image/png", "image/jpeg"]),
)
user_messages = st.lists(text_parts | image_parts, min_size=1, max_size=3).map(
    lambda parts: [cv.Message(cv.Role.USER, tuple(parts))]
)
tools = st.builds(cv.Tool, NAMES, description=TEXTS | st.none(), schema=st.just(SCHEMA))


@st.composite
def tool_rounds(draw: st.DrawFn) -> list[cv.Message]:
    """The assistant asks for tools, with or without a word; each is answered with a text."""
    ids = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    uses = [cv.ToolUse(id_, draw(NAMES), draw(ARGUMENTS)) for id_ in ids]
    words = draw(st.lists(text_parts, max_size=1))
    results = [cv.ToolResult(id_, (draw(text_parts),)) for id_ in ids]
    return [
        cv.Message(cv.Role.ASSISTANT, (*words, *uses)),
        cv.Message(cv.Role.USER, tuple(results)),
    ]


@st.composite
def turns(draw: st.DrawFn) -> tuple[cv.Message, ...]:
    """User and assistant in turn, the user last."""
    messages = draw(user_messages)
    for _ in range(draw(st.integers(0, 2))):
        if draw(st.booleans()):
            messages = messages + draw(tool_rounds())
        messages = [*messages, cv.Message(cv.Role.ASSISTANT, (draw(text_parts),))]
        messages = messages + draw(user_messages)
    return tuple(messages)


# What every dialect can say, in ranges that all of them allow.
COMMON: dict[str, st.SearchStrategy[Any]] = {
    "model": st.just("model"),
    "messages": turns(),
    "system": st.lists(text_parts, max_size=2).map(tuple),
    "tools": st.lists(tools, max_size=2, unique_by=lambda tool: tool.name).map(tuple),
    "output_tokens_max": st.integers(1_100, 50_000) | st.none(),
    "temperature": st.floats(0, 1) | st.none(),
    "top_p": st.floats(0, 1) | st.none(),
    "is_stream": st.booleans(),
}
CHAT: dict[str, st.SearchStrategy[Any]] = {
    "stop": st.lists(TEXTS, max_size=4).map(tuple),
    "n": st.integers(1, 8) | st.none(),
    "seed": st.integers(0, 2**31) | st.none(),
    "frequency_penalty": st.floats(-2, 2) | st.none(),
    "presence_penalty": st.floats(-2, 2) | st.none(),
    "logprobs": st.just(True),
    "top_logprobs": st.integers(0, 20) | st.none(),
    "logit_bias": st.dictionaries(st.just("50256"), st.integers(-100, 100)),
    "user": NAMES | st.none(),
    "metadata": st.dictionaries(NAMES, TEXTS, max_size=2),
    "parallel_tools": st.booleans() | st.none(),
    "store": st.booleans() | st.none(),
    "output": st.sampled_from(
        [
            None,
            cv.OutputFormat(cv.OutputKind.TEXT),
            cv.OutputFormat(cv.OutputKind.JSON),
            cv.OutputFormat(cv.OutputKind.SCHEMA, "answer", schema=SCHEMA, strict=True),
        ]
    ),
    "reasoning": st.none() | st.sampled_from(list(cv.Effort)[:-1]).map(cv.Reasoning),
}


def conversations(**extra: st.SearchStrategy[Any]) -> st.SearchStrategy[cv.Conversation]:
    """Conversations of what every dialect can say and these fields."""
    return st.builds(cv.Conversation, **COMMON, **extra)
