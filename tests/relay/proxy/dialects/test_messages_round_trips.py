"""What Anthropic's format can say survives it, and so does what chat says through it."""

from dataclasses import replace

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from relay.proxy.dialects import conversation as cv
from relay.proxy.dialects.chat import request as chat_request
from relay.proxy.dialects.messages import answer, request
from relay.proxy.dialects.messages.request_out import OUTPUT_TOKENS_DEFAULT
from relay.proxy.dialects.messages.stream import StreamParser, StreamRenderer
from relay.proxy.dialects.whole import Choice, Whole, gather, spread
from relay.proxy.types import Usage
from tests.relay.proxy.dialects import answers, conversations
from tests.relay.proxy.dialects.streams import LABEL, read, written

OWN = {
    "stop": st.lists(conversations.TEXTS, max_size=4).map(tuple),
    "top_k": st.none() | st.integers(0, 100),
    "user": conversations.NAMES | st.none(),
    "service_tier": st.sampled_from([None, "auto", "default"]),
    "output": st.sampled_from(
        [
            None,
            cv.OutputFormat(
                cv.OutputKind.SCHEMA, "answer", schema=conversations.SCHEMA, strict=True
            ),
        ]
    ),
}


@given(conversations.conversations(**OWN))
def test_a_conversation_comes_back_the_same(asked: cv.Conversation) -> None:
    expected = replace(
        asked,
        output_tokens_max=asked.output_tokens_max or OUTPUT_TOKENS_DEFAULT,
        wants_usage=True,
    )
    assert request.parse(request.render(asked, asked.model)) == expected


@given(conversations.conversations(**{name: OWN[name] for name in ("stop", "user")}))
def test_a_chat_request_comes_back_the_same(asked: cv.Conversation) -> None:
    asked = replace(asked, output_tokens_max=2_000)
    body = chat_request.render(asked, "m")
    there = request.render(chat_request.parse(body), "m")
    back = chat_request.render(replace(request.parse(there), wants_usage=False), "m")
    once = chat_request.render(replace(chat_request.parse(body), wants_usage=False), "m")
    assert msgspec.json.decode(back) == msgspec.json.decode(once)


@given(answers.choices(), answers.usages)
def test_an_answer_comes_back_the_same(choice: Choice, usage: Usage) -> None:
    told = spread(Whole(choices=[choice], usage=usage))
    whole = gather(answer.parse(answer.render(told, LABEL)))
    assert (whole.choices, whole.usage) == ([choice], usage)


@given(answers.choices(), answers.usages, st.integers(1, 64))
def test_a_stream_comes_back_the_same(choice: Choice, usage: Usage, size: int) -> None:
    stream = written(StreamRenderer(LABEL), spread(Whole(choices=[choice], usage=usage)))
    pieces = [stream[i : i + size] for i in range(0, len(stream), size)]
    whole = gather(read(StreamParser(), pieces))
    assert (whole.choices, whole.usage) == ([choice], usage)
