"""The demo upstream answers the official SDK the way a vendor would, and says that it is none."""

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from devstack.demo_upstream import tokens
from devstack.demo_upstream.exchange import Options
from devstack.demo_upstream.server import Running, running
from devstack.demo_upstream.wording import NOTICE, NOTICE_ZH

KEY = "upstream-key"


@pytest.fixture(scope="module")
def upstream() -> Iterator[Running]:
    with running(Options(api_key=KEY)) as upstream:
        yield upstream


@pytest.fixture
def client(upstream: Running) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=upstream.base_url, api_key=KEY, max_retries=0) as client:
        yield client


def ask(client: openai.OpenAI, prompt: str = "What is the capital of France?", **more: Any) -> Any:
    messages = [{"role": "user", "content": prompt}]
    return client.chat.completions.create(**{"model": "demo-model", "messages": messages, **more})


def test_answer_says_that_it_is_no_model_and_quotes_the_prompt(client: openai.OpenAI) -> None:
    answer = ask(client)
    text = answer.choices[0].message.content
    assert text.startswith(NOTICE)
    assert "What is the capital of France?" in text
    assert "6 words" in text
    assert "demo-model" in text
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.completion_tokens == tokens.count(text)


def test_chinese_prompt_gets_a_chinese_answer(client: openai.OpenAI) -> None:
    text = ask(client, "请介绍一下巴黎").choices[0].message.content
    assert text.startswith(NOTICE_ZH)
    assert "请介绍一下巴黎" in text


def test_same_input_and_seed_give_the_same_answer(client: openai.OpenAI) -> None:
    texts = {
        seed: {ask(client, seed=seed).choices[0].message.content for _ in range(2)}
        for seed in range(8)
    }
    assert all(len(same) == 1 for same in texts.values())
    assert len(set.union(*texts.values())) > 1


def test_n_choices_are_counted_together(client: openai.OpenAI) -> None:
    answer = ask(client, "[[demo: tokens=7]]", n=3)
    assert [choice.index for choice in answer.choices] == [0, 1, 2]
    assert answer.usage.completion_tokens == 21


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
@pytest.mark.parametrize("stream", [False, True])
def test_maximum_of_tokens_ends_the_answer(client: openai.OpenAI, name: str, stream: bool) -> None:
    limit: dict[str, Any] = {name: 5}
    answer = ask(client, stream=stream, **limit)
    if stream:
        chunks = list(answer)
        sent = [c for c in chunks if c.choices[0].delta.content]
        assert len(sent) == 5
        assert chunks[-1].choices[0].finish_reason == "length"
    else:
        assert answer.usage.completion_tokens == 5
        assert answer.choices[0].finish_reason == "length"


def test_stop_string_ends_the_answer_before_it(client: openai.OpenAI) -> None:
    answer = ask(client, stop=["never there", " upstream"])
    assert answer.choices[0].message.content == "This is Tollgate's demo"
    assert answer.choices[0].finish_reason == "stop"


def test_stream_delivers_the_same_text_one_token_a_chunk(client: openai.OpenAI) -> None:
    whole = ask(client)
    chunks = list(ask(client, stream=True, stream_options={"include_usage": True}))
    *deltas, last = chunks
    pieces = [c.choices[0].delta.content for c in deltas if c.choices[0].delta.content]
    assert "".join(pieces) == whole.choices[0].message.content
    assert all(tokens.count(piece) == 1 for piece in pieces)
    assert last.choices == []
    assert last.usage == whole.usage
    assert last.usage.completion_tokens == len(pieces)


def test_stream_without_include_usage_has_no_usage(client: openai.OpenAI) -> None:
    assert all(chunk.usage is None for chunk in ask(client, stream=True))


def test_streamed_choices_come_interleaved(client: openai.OpenAI) -> None:
    chunks = ask(client, "[[demo: tokens=2]]", n=2, stream=True)
    order = [c.choices[0].index for c in chunks if c.choices[0].delta.content]
    assert order == [0, 1, 0, 1]


def test_json_object_mode_answers_with_an_object(client: openai.OpenAI) -> None:
    answer = ask(client, response_format={"type": "json_object"})
    assert isinstance(json.loads(answer.choices[0].message.content), dict)


def test_json_schema_mode_fills_what_is_required(client: openai.OpenAI) -> None:
    schema = {
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "unit": {"enum": ["C", "F"]},
            "days": {"type": "array", "items": {"$ref": "#/$defs/day"}, "minItems": 2},
            "note": {"type": "string"},
        },
        "required": ["city", "unit", "days"],
        "$defs": {
            "day": {
                "type": "object",
                "properties": {"high": {"type": "integer", "minimum": 5}},
                "required": ["high"],
            }
        },
    }
    wanted = {"type": "json_schema", "json_schema": {"name": "forecast", "schema": schema}}
    answer = ask(client, "How warm is it in Paris?", response_format=wanted)
    assert json.loads(answer.choices[0].message.content) == {
        "city": "Paris",
        "unit": "C",
        "days": [{"high": 5}, {"high": 5}],
    }


def test_logprobs_come_with_every_token(client: openai.OpenAI) -> None:
    answer = ask(client, "[[demo: tokens=4]]", logprobs=True, top_logprobs=2)
    entries = answer.choices[0].logprobs.content
    assert "".join(entry.token for entry in entries) == answer.choices[0].message.content
    assert all(entry.logprob < 0 for entry in entries)
    assert all(len(entry.top_logprobs) == 2 for entry in entries)


def test_logprobs_as_a_number_are_understood(client: openai.OpenAI) -> None:
    chunks = ask(client, "[[demo: tokens=2]]", stream=True, extra_body={"logprobs": 5})
    streamed = [c.choices[0].logprobs for c in chunks if c.choices[0].delta.content]
    assert [len(found.content[0].top_logprobs) for found in streamed] == [5, 5]


def test_models_are_listed_and_found(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["demo-model", "demo-large", "demo-mini"]
    assert client.models.retrieve("anything-else").id == "anything-else"


def test_missing_model_is_not_found(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        ask(client, model="missing-model")
    assert caught.value.code == "model_not_found"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("missing-model")


def test_wrong_key_is_refused(upstream: Running) -> None:
    with openai.OpenAI(base_url=upstream.base_url, api_key="wrong", max_retries=0) as client:
        with pytest.raises(openai.AuthenticationError) as caught:
            ask(client)
        with pytest.raises(openai.AuthenticationError):
            client.models.list()
    assert caught.value.code == "invalid_api_key"


@pytest.mark.parametrize(
    "more",
    [{"messages": []}, {"max_tokens": 0}, {"n": 17}, {"messages": "text"}],
    ids=["no messages", "no tokens", "too many choices", "messages no list"],
)
def test_invalid_request_is_refused(client: openai.OpenAI, more: dict[str, Any]) -> None:
    with pytest.raises(openai.BadRequestError):
        ask(client, extra_body=more)
