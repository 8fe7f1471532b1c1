"""Four dialects of callers before five kinds of upstreams: what one can ask every other answers,
and what is charged is the upstream's own count."""

import json
from collections.abc import AsyncIterator, Iterator

import pytest

from devstack.demo_upstream.exchange import Options
from devstack.demo_upstream.server import Running, running
from relay.proxy.types import Ending
from tests.relay.proxy.fakes import MODEL
from tests.scenarios.dialects.ask import TOOL_PROMPT, TOOLS, TOOLS_PROMPT, Ask, Seen
from tests.scenarios.dialects.pairs import KEY, PAIRS, Pair, buckets, paired

SPOKEN = {False: "whole", True: "streamed"}
CALLS_TOOLS = {"tool_calls", "tool_use", "STOP", "completed"}
ENDS_WELL = {"stop", "end_turn", "STOP", "completed"}
RUNS_OUT = {"length", "max_tokens", "MAX_TOKENS", "max_output_tokens"}


@pytest.fixture(scope="module")
def demo() -> Iterator[Running]:
    with running(Options(api_key=KEY.decode())) as upstream:
        yield upstream


@pytest.fixture(params=PAIRS, ids="-".join)
async def pair(request: pytest.FixtureRequest, demo: Running) -> AsyncIterator[Pair]:
    client, upstream = request.param
    demo.clear()
    async with paired(client, upstream, demo) as made:
        yield made


@pytest.fixture(params=SPOKEN, ids=SPOKEN.get)
def is_stream(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def is_charged_as_counted(pair: Pair, seen: Seen) -> bool:
    """Whether caller, gate and upstream agree on every figure."""
    counted, end = pair.upstream_call, pair.end
    assert end.usage is not None
    assert not end.usage.is_estimated
    assert end.ending is Ending.COMPLETED
    used = buckets(end.usage)
    assert used == counted["usage"]
    read = sum(used.values()) - used["output_tokens"] - used["reasoning_tokens"]
    return (seen.tokens_read, seen.tokens_written) == (read, used["output_tokens"])


async def test_a_text_is_answered(pair: Pair, is_stream: bool) -> None:
    seen = await pair.answer(Ask("Hello there", is_stream))
    assert "demo upstream" in seen.text
    assert "Hello there" in seen.text
    assert seen.reason in ENDS_WELL
    assert seen.model == MODEL
    assert is_charged_as_counted(pair, seen)


async def test_an_answer_that_runs_out_of_tokens_says_so(pair: Pair, is_stream: bool) -> None:
    seen = await pair.answer(Ask("Hello there", is_stream, output_tokens_max=16))
    assert seen.reason in RUNS_OUT
    assert seen.tokens_written == 16
    assert is_charged_as_counted(pair, seen)


async def test_cached_tokens_are_counted_apart(pair: Pair, is_stream: bool) -> None:
    seen = await pair.answer(Ask("Hello there [[demo: prompt_tokens=90 cached=70]]", is_stream))
    assert buckets(pair.end.usage)["cached_input_tokens"] == 70
    assert is_charged_as_counted(pair, seen)


async def test_a_tool_is_called(pair: Pair, is_stream: bool) -> None:
    seen = await pair.answer(Ask(TOOL_PROMPT, is_stream, tools=tuple(TOOLS)))
    (call,) = seen.calls
    assert (call.name, call.arguments) == ("get_weather", {"city": "Paris"})
    assert call.id or pair.is_native  # Gemini gives none
    assert seen.reason in CALLS_TOOLS
    assert is_charged_as_counted(pair, seen)


async def test_parallel_calls_get_their_results(pair: Pair, is_stream: bool) -> None:
    asked = Ask(TOOLS_PROMPT, tools=tuple(TOOLS))
    first = await pair.answer(asked)
    assert [call.name for call in first.calls] == ["get_weather", "get_clock"]
    assert len({call.id for call in first.calls}) == 2 or pair.is_native
    seen = await pair.answer(
        Ask(TOOLS_PROMPT, is_stream, tools=tuple(TOOLS), earlier=first),
    )
    assert "sunny" in seen.text
    assert not seen.calls
    assert is_charged_as_counted(pair, seen)


async def test_parallel_calls_are_streamed(pair: Pair) -> None:
    seen = await pair.answer(Ask(TOOLS_PROMPT, is_stream=True, tools=tuple(TOOLS)))
    assert [call.arguments for call in seen.calls] == [{"city": "Paris"}] * 2
    assert is_charged_as_counted(pair, seen)


async def test_a_picture_is_seen(pair: Pair, is_stream: bool) -> None:
    plain = await pair.answer(Ask("What is this?", is_stream))
    seen = await pair.answer(Ask("What is this?", is_stream, has_image=True))
    assert seen.tokens_read >= plain.tokens_read + 85  # what a picture costs there
    assert is_charged_as_counted(pair, seen)


async def test_an_answer_keeps_to_its_schema(pair: Pair, is_stream: bool) -> None:
    seen = await pair.answer(Ask("Who are you?", is_stream, has_schema=True))
    assert set(json.loads(seen.text)) == {"name", "age"}
    assert is_charged_as_counted(pair, seen)


async def test_reasoning_is_charged_as_output(pair: Pair, is_stream: bool) -> None:
    seen = await pair.answer(Ask("Think hard [[demo: reasoning=20]]", is_stream, thinks=True))
    assert "demo upstream" in seen.text
    used = buckets(pair.end.usage)
    assert used["output_tokens"] >= 20
    assert is_charged_as_counted(pair, seen)


async def test_reasoning_comes_back_with_tool_results(pair: Pair) -> None:
    asked = Ask(f"{TOOL_PROMPT} [[demo: reasoning=5]]", tools=tuple(TOOLS), thinks=True)
    first = await pair.answer(asked)
    again = Ask(asked.prompt, tools=tuple(TOOLS), thinks=True, earlier=first)
    seen = await pair.answer(again)
    assert "sunny" in seen.text
    assert is_charged_as_counted(pair, seen)
