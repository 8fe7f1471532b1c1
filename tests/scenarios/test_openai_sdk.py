"""OpenAI's own client against a relay, with nothing changed but base URL and key: what it gets,
and that each call is charged by the upstream's own count at the set prices, to the nano."""

import asyncio
import json
from typing import Any

import openai
import pytest

from tests.faults.calls import new_mark
from tests.faults.cluster import Cluster, Customer
from tests.patience import promised
from tests.scenarios.catalog import UNEVEN, charge_nanos
from tests.scenarios.sdk import OpenClient
from tests.scenarios.wire import upstream_call, usage_record

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

WAIT_MS = 150
# From the request to its first token, beyond what the upstream itself waits; generous for CI.
RELAY_MS_MAX = promised(2.0) * 1_000
FUNCTIONS = ("get_weather", "stock_price")
TOOLS: Any = [
    {
        "type": "function",
        "function": {
            "name": name,
            "parameters": {
                "type": "object",
                "properties": {"about": {"type": "string"}},
                "required": ["about"],
            },
        },
    }
    for name in FUNCTIONS
]


@pytest.fixture(scope="module")
def customer(deployment: Cluster) -> Customer:
    return deployment.customers(1, amount="50.00")[0]


@pytest.fixture
def client(open_client: OpenClient, customer: Customer) -> openai.OpenAI:
    return open_client(customer)


def ask(prompt: str = "Hello") -> list[Any]:
    return [{"role": "user", "content": prompt}]


def assert_charged(deployment: Cluster, request_id: str, mark: str) -> dict[str, Any]:
    """The record says what the upstream counted, and charges that at the set prices."""
    seen, record = upstream_call(deployment, mark), usage_record(deployment, request_id)
    tokens = {
        "input": seen["prompt_tokens"] - seen["cached_tokens"],
        "cached_input": seen["cached_tokens"],
        "output": seen["completion_tokens"],
    }
    assert {bucket: record[f"{bucket}_tokens"] for bucket in tokens} == tokens
    assert record["charge_nanos"] == charge_nanos(UNEVEN, tokens)
    assert not record["is_estimated"]
    assert record["ending"] == "completed"
    return record


def test_an_answer_is_charged_by_the_upstreams_own_count(
    deployment: Cluster, client: openai.OpenAI
) -> None:
    prompt, mark = f"[[demo: tokens=17 cached=5 wait={WAIT_MS}]]", new_mark()
    answer = client.chat.completions.create(model="uneven", messages=ask(prompt), user=mark)
    assert answer.model == "uneven"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 17
    assert answer._request_id is not None
    record = assert_charged(deployment, answer._request_id, mark)
    assert (record["status"], record["is_stream"], record["hold_nanos"] > 0) == (200, False, True)
    assert WAIT_MS <= record["first_byte_ms"] <= record["duration_ms"]
    assert record["duration_ms"] <= WAIT_MS + RELAY_MS_MAX


def test_a_stream_is_charged_alike_and_its_time_to_first_token_is_recorded(
    deployment: Cluster, client: openai.OpenAI
) -> None:
    prompt, mark = f"[[demo: tokens=30 cached=4 wait={WAIT_MS} pace=10]]", new_mark()
    raw = client.chat.completions.with_raw_response.create(
        model="uneven", messages=ask(prompt), user=mark, stream=True
    )
    chunks = list(raw.parse())
    assert {chunk.model for chunk in chunks} == {"uneven"}
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert len([chunk for chunk in chunks if chunk.choices[0].delta.content]) == 30
    record = assert_charged(deployment, raw.headers["x-request-id"], mark)
    assert record["is_stream"]
    assert WAIT_MS <= record["first_byte_ms"] <= WAIT_MS + RELAY_MS_MAX
    # 29 pauses of 10 ms lie between the first token and the last.
    assert record["duration_ms"] - record["first_byte_ms"] >= 250


@pytest.mark.parametrize("include_usage", [True, False, None])
def test_the_usage_chunk_comes_only_when_it_was_asked_for(
    deployment: Cluster, client: openai.OpenAI, include_usage: bool | None
) -> None:
    options: Any = {}
    if include_usage is not None:
        options = {"stream_options": {"include_usage": include_usage}}
    mark = new_mark()
    stream = client.chat.completions.create(
        model="uneven", messages=ask("[[demo: tokens=6]]"), user=mark, stream=True, **options
    )
    chunks = list(stream)
    without_choices = [chunk for chunk in chunks if not chunk.choices]
    assert len(without_choices) == (1 if include_usage else 0)
    assert [chunk.usage for chunk in chunks if chunk.choices and chunk.usage] == []
    if include_usage:
        usage = without_choices[0].usage
        assert usage is not None
        assert usage.completion_tokens == 6
    assert upstream_call(deployment, mark)["body"]["stream_options"] == {"include_usage": True}


def test_tools_are_called_one_or_several_at_a_time(client: openai.OpenAI) -> None:
    prompt = "The weather, and the stock price of Acme"
    for parallel, names in ((True, FUNCTIONS), (False, FUNCTIONS[:1])):
        answer = client.chat.completions.create(
            model="uneven", messages=ask(prompt), tools=TOOLS, parallel_tool_calls=parallel
        )
        assert answer.choices[0].finish_reason == "tool_calls"
        calls: Any = answer.choices[0].message.tool_calls
        assert tuple(call.function.name for call in calls) == names
        assert all("about" in json.loads(call.function.arguments) for call in calls)


def test_streamed_tool_calls_join_to_whole_ones(deployment: Cluster, client: openai.OpenAI) -> None:
    mark = new_mark()
    with client.chat.completions.stream(
        model="uneven", messages=ask("The weather and the stock price"), tools=TOOLS, user=mark
    ) as stream:
        final = stream.get_final_completion()
        request_id = stream._response.headers["x-request-id"]
    calls: Any = final.choices[0].message.tool_calls
    assert tuple(call.function.name for call in calls) == FUNCTIONS
    assert all("about" in json.loads(call.function.arguments) for call in calls)
    assert_charged(deployment, request_id, mark)


def test_a_tools_result_goes_back_to_the_model(client: openai.OpenAI) -> None:
    messages = ask("What is the weather?")
    first = client.chat.completions.create(model="uneven", messages=messages, tools=TOOLS)
    calls: Any = first.choices[0].message.tool_calls
    messages.append(first.choices[0].message)
    messages.append({"role": "tool", "tool_call_id": calls[0].id, "content": "Rain."})
    second = client.chat.completions.create(model="uneven", messages=messages, tools=TOOLS)
    assert second.choices[0].finish_reason == "stop"
    assert second.choices[0].message.content


def test_json_mode_answers_json(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model="uneven", messages=ask("List in JSON"), response_format={"type": "json_object"}
    )
    assert isinstance(json.loads(answer.choices[0].message.content or ""), dict)


@pytest.mark.parametrize("is_stream", [True, False])
def test_n_answers_are_all_charged(
    deployment: Cluster, client: openai.OpenAI, is_stream: bool
) -> None:
    mark = new_mark()
    raw = client.chat.completions.with_raw_response.create(
        model="uneven", messages=ask("[[demo: tokens=9]]"), n=3, user=mark, stream=is_stream
    )
    answers: Any = list(raw.parse()) if is_stream else [raw.parse()]
    choices = [choice for answer in answers for choice in answer.choices]
    assert {choice.index for choice in choices} == {0, 1, 2}
    record = assert_charged(deployment, raw.headers["x-request-id"], mark)
    assert record["output_tokens"] == 27


def test_log_probabilities_are_passed_on(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model="uneven", messages=ask("[[demo: tokens=4]]"), logprobs=True, top_logprobs=2
    )
    logprobs = answer.choices[0].logprobs
    assert logprobs is not None
    assert logprobs.content is not None
    assert [len(token.top_logprobs) for token in logprobs.content] == [2] * 4


def test_stop_and_the_output_cap_end_an_answer(client: openai.OpenAI) -> None:
    whole = client.chat.completions.create(model="uneven", messages=ask(), seed=7)
    content = whole.choices[0].message.content or ""
    word = content.split()[3]
    stopped = client.chat.completions.create(model="uneven", messages=ask(), seed=7, stop=[word])
    assert stopped.choices[0].finish_reason == "stop"
    assert stopped.choices[0].message.content == content.partition(word)[0]
    capped = client.chat.completions.create(
        model="uneven", messages=ask(), seed=7, max_completion_tokens=3
    )
    assert capped.choices[0].finish_reason == "length"
    assert capped.usage is not None
    assert capped.usage.completion_tokens == 3


def test_parameters_that_we_do_not_know_reach_the_upstream_unchanged(
    deployment: Cluster, client: openai.OpenAI
) -> None:
    mark = new_mark()
    given: Any = {
        "temperature": 0.7,
        "top_p": 0.95,
        "presence_penalty": -1.5,
        "logit_bias": {"50256": -100},
        "metadata": {"purpose": "测试"},
        "reasoning_effort": "low",
        "user": mark,
        "messages": ask("Hello"),
    }
    unknown = {
        "enable_thinking": False,
        "top_k": 40,
        "vendor": {"nested": [1, 2.5, None, {"deep": "ja\u0000\u2028\U0001f600"}]},
        "big": 2**64 - 1,
    }
    client.chat.completions.create(model="uneven", **given, extra_body=unknown)
    seen = upstream_call(deployment, mark)
    assert seen["body"] == given | unknown | {"model": "uneven-upstream"}
    assert "x-api-key" not in seen["header_names"]


def test_the_models_are_those_that_the_key_may_use(
    deployment: Cluster, client: openai.OpenAI, open_client: OpenClient
) -> None:
    listed = {model.id for model in client.models.list()}
    assert {"uneven", "scripted", "dear"} <= listed
    model = client.models.retrieve("uneven")
    assert (model.id, model.object, model.created > 0) == ("uneven", "model", True)
    with pytest.raises(openai.NotFoundError, match="does not exist"):
        client.models.retrieve("gpt-9")
    (limited,) = deployment.customers(1, amount="1.00", allowed_models=["uneven", "dear"])
    limited_client = open_client(limited)
    assert [model.id for model in limited_client.models.list()] == ["dear", "uneven"]
    with pytest.raises(openai.PermissionDeniedError):
        limited_client.models.retrieve("scripted")


async def test_the_async_client_streams_many_calls_at_once(
    deployment: Cluster, customer: Customer
) -> None:
    async with openai.AsyncOpenAI(
        base_url=deployment.relays[1][1], api_key=customer.secret, max_retries=0
    ) as client:

        async def one(tokens: int) -> int:
            stream = await client.chat.completions.create(
                model="uneven", messages=ask(f"[[demo: tokens={tokens}]]"), stream=True
            )
            return len([chunk async for chunk in stream if chunk.choices[0].delta.content])

        counts = await asyncio.gather(*[one(tokens) for tokens in range(1, 21)])
    assert counts == list(range(1, 21))


def test_after_all_that_the_books_agree(deployment: Cluster) -> None:
    assert deployment.settled_audit()["ok"]
