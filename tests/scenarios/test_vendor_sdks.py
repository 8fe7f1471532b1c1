"""The three vendors' own clients, each asking an upstream of its kind through the running platform:
nothing is changed but base URL and key, and what they show is what was charged."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import anthropic
import openai
import pytest
from google import genai
from google.genai import types

from tests.faults.cluster import UPSTREAM_KEY, Cluster, Customer, wait_until
from tests.scenarios.catalog import charge_nanos
from tests.scenarios.sdk import OpenClient
from tests.scenarios.wire import POSTED_WITHIN_S, usage_record

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

CLAUDE, GEMINI, GPT, EMBEDDER = "claude-through-us", "gemini-through-us", "gpt-through-us", "embed"
PRICES = {"input": 123_456_789, "output": 654_321_012}
_PRICE = '{input: "0.123456789", output: "0.654321012"}'
ALIAS = "vectors/latest"
TURNS: Any = [{"role": "user", "content": "Hello"}]
WEATHER: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
}


def catalog(deployment: Cluster) -> str:
    """One upstream of each kind, all of them the first scripted one, and a model of each."""
    base = deployment.first.base_url
    kinds = {"claude": "anthropic", "google": "gemini", "native": "openai"}
    upstreams = "".join(
        f'\n  - {{id: {name}, dialect: {kind}, base_url: "{base}", credential: {UPSTREAM_KEY}'
        + (", quirks: {speaks: [responses]}}" if kind == "openai" else "}")
        for name, kind in kinds.items()
    )
    sold = {CLAUDE: "claude", GEMINI: "google", GPT: "native", EMBEDDER: "google"}
    models = "".join(
        f"""
  - id: {model}
    max_output_tokens: 4096
    context_tokens: 100000
    price: {_PRICE}
    aliases: [{ALIAS if model == EMBEDDER else model + "-alias"}]
    routes: [{{upstream: {upstream}, name: {model}-upstream}}]"""
        for model, upstream in sold.items()
    )
    return f"upstreams:{upstreams}\nmodels:{models}\n"


@pytest.fixture(scope="module")
def customer(deployment: Cluster) -> Customer:
    deployment.apply(catalog(deployment))
    made = deployment.customers(1, amount="50.00")[0]
    with openai.OpenAI(base_url=deployment.relays[0][1], api_key=made.secret) as client:
        wait_until(
            lambda: EMBEDDER in {model.id for model in client.models.list()},
            timeout_s=POSTED_WITHIN_S,
        )
    return made


@pytest.fixture
def gpt(open_client: OpenClient, customer: Customer) -> openai.OpenAI:
    return open_client(customer)


@pytest.fixture
def claude(deployment: Cluster, customer: Customer) -> Iterator[anthropic.Anthropic]:
    root = deployment.relays[0][1].removesuffix("/v1")
    with anthropic.Anthropic(base_url=root, api_key=customer.secret, max_retries=0) as client:
        yield client


@pytest.fixture
def google(deployment: Cluster, customer: Customer) -> Iterator[genai.Client]:
    root = deployment.relays[0][1].removesuffix("/v1")
    client = genai.Client(api_key=customer.secret, http_options=types.HttpOptions(base_url=root))
    yield client
    client.close()


def is_charged(deployment: Cluster, request_id: str | None, *, read: int, written: int) -> bool:
    """Whether the record of the call says these figures, and charges them to the nano."""
    assert request_id is not None
    record = usage_record(deployment, request_id)
    assert (record["ending"], record["is_estimated"]) == ("completed", False)
    assert (record["input_tokens"], record["output_tokens"]) == (read, written)
    charge: int = record["charge_nanos"]
    return charge == charge_nanos(PRICES, {"input": read, "output": written})


def test_openais_chat(deployment: Cluster, gpt: openai.OpenAI) -> None:
    answer = gpt.chat.completions.create(model=GPT, messages=TURNS)
    assert "demo upstream" in (answer.choices[0].message.content or "")
    assert answer.usage is not None
    assert is_charged(
        deployment,
        answer._request_id,
        read=answer.usage.prompt_tokens,
        written=answer.usage.completion_tokens,
    )


def test_openais_responses(deployment: Cluster, gpt: openai.OpenAI) -> None:
    answer = gpt.responses.create(model=GPT, input="Hello")
    assert "demo upstream" in answer.output_text
    assert answer.model == GPT
    assert answer.usage is not None
    assert is_charged(
        deployment,
        answer._request_id,
        read=answer.usage.input_tokens,
        written=answer.usage.output_tokens,
    )


@pytest.mark.parametrize("model", [GPT, CLAUDE, GEMINI])
def test_openais_responses_streamed(deployment: Cluster, gpt: openai.OpenAI, model: str) -> None:
    with gpt.responses.stream(model=model, input="Hello") as stream:
        text = "".join([e.delta for e in stream if e.type == "response.output_text.delta"])
        final = stream.get_final_response()
    assert text == final.output_text
    assert "demo upstream" in text
    assert final.usage is not None
    assert final.usage.output_tokens > 0


def test_openais_responses_with_a_tool(gpt: openai.OpenAI) -> None:
    tool: Any = {"type": "function", "name": "get_weather", "parameters": WEATHER, "strict": False}
    asked: Any = [{"role": "user", "content": "The weather in Paris?"}]
    first = gpt.responses.create(model=GPT, input=asked, tools=[tool])
    (call,) = [item for item in first.output if item.type == "function_call"]
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}
    sent = [*asked, *(item.to_dict() for item in first.output), result]
    assert "sunny" in gpt.responses.create(model=GPT, input=sent, tools=[tool]).output_text


def test_anthropics_messages(deployment: Cluster, claude: anthropic.Anthropic) -> None:
    answer = claude.messages.create(model=CLAUDE, max_tokens=64, messages=TURNS)
    assert (answer.model, answer.stop_reason) == (CLAUDE, "max_tokens")
    assert is_charged(
        deployment,
        answer._request_id,
        read=answer.usage.input_tokens,
        written=answer.usage.output_tokens,
    )


@pytest.mark.parametrize("model", [CLAUDE, GPT, GEMINI])
def test_anthropics_stream_helper(
    deployment: Cluster, claude: anthropic.Anthropic, model: str
) -> None:
    with claude.messages.stream(model=model, max_tokens=640, messages=TURNS) as stream:
        text = "".join(stream.text_stream)
        final, request_id = stream.get_final_message(), stream.request_id
    assert [block.text for block in final.content if block.type == "text"] == [text]
    assert "demo upstream" in text
    assert final.stop_reason == "end_turn"
    assert is_charged(
        deployment, request_id, read=final.usage.input_tokens, written=final.usage.output_tokens
    )


def test_anthropics_tools(claude: anthropic.Anthropic) -> None:
    tools: Any = [{"name": "get_weather", "input_schema": WEATHER}]
    asked: Any = [{"role": "user", "content": "The weather in Paris?"}]
    first = claude.messages.create(model=CLAUDE, max_tokens=640, messages=asked, tools=tools)
    assert first.stop_reason == "tool_use"
    (call,) = [block for block in first.content if block.type == "tool_use"]
    assert call.input == {"city": "Paris"}
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "sunny"}
    turns = [
        *asked,
        {"role": "assistant", "content": first.content},
        {"role": "user", "content": [result]},
    ]
    last = claude.messages.create(model=CLAUDE, max_tokens=640, messages=turns, tools=tools)
    assert "sunny" in "".join([block.text for block in last.content if block.type == "text"])


@pytest.mark.parametrize("model", [CLAUDE, GPT])
def test_anthropics_count_is_free(claude: anthropic.Anthropic, model: str) -> None:
    assert claude.messages.count_tokens(model=model, messages=TURNS).input_tokens > 0


def test_anthropics_errors_are_its_own(claude: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.NotFoundError) as caught:
        claude.messages.create(model="nobody", max_tokens=8, messages=TURNS)
    assert caught.value.request_id
    with pytest.raises(anthropic.AuthenticationError):
        claude.with_options(api_key="sk-wrong").messages.create(
            model=CLAUDE, max_tokens=8, messages=TURNS
        )


def test_googles_content(deployment: Cluster, google: genai.Client) -> None:
    answer = google.models.generate_content(model=GEMINI, contents="Hello")
    assert "demo upstream" in (answer.text or "")
    usage = answer.usage_metadata
    assert usage is not None
    assert answer.sdk_http_response is not None
    assert is_charged(
        deployment,
        (answer.sdk_http_response.headers or {})["x-request-id"],
        read=usage.prompt_token_count or 0,
        written=usage.candidates_token_count or 0,
    )


@pytest.mark.parametrize("model", [GEMINI, GPT, CLAUDE])
def test_googles_stream(google: genai.Client, model: str) -> None:
    chunks = list(google.models.generate_content_stream(model=model, contents="Hello"))
    assert "demo upstream" in "".join([chunk.text or "" for chunk in chunks])
    assert len(chunks) > 3
    assert chunks[-1].usage_metadata is not None
    assert (chunks[-1].usage_metadata.candidates_token_count or 0) > 0


def test_googles_embeddings_and_counts(google: genai.Client) -> None:
    one = google.models.embed_content(model=EMBEDDER, contents="Hello")
    two = google.models.embed_content(model=EMBEDDER, contents=["Hello", "Goodbye"])
    assert [len(each.values or ()) for each in one.embeddings or ()] == [3072]
    assert len(two.embeddings or ()) == 2
    assert (google.models.count_tokens(model=GEMINI, contents="Hello").total_tokens or 0) > 0


def test_openais_client_embeds_with_a_model_of_googles(
    deployment: Cluster, gpt: openai.OpenAI
) -> None:
    raw = gpt.embeddings.with_raw_response.create(
        model=ALIAS, input=["Hello", "Goodbye"], dimensions=8
    )
    answer = raw.parse()
    assert [len(each.embedding) for each in answer.data] == [8, 8]
    record = usage_record(deployment, raw.headers["x-request-id"])
    assert (record["endpoint"], record["model"], answer.model) == ("embeddings", EMBEDDER, ALIAS)
    expected = Fraction(answer.usage.prompt_tokens * PRICES["input"], 10**6)
    assert record["charge_nanos"] == round(expected)
    assert gpt.models.retrieve(ALIAS).id == ALIAS


def test_googles_models_are_listed(google: genai.Client) -> None:
    assert f"models/{GEMINI}" in {model.name for model in google.models.list()}


def test_googles_errors_are_its_own(google: genai.Client) -> None:
    with pytest.raises(genai.errors.ClientError) as caught:
        google.models.generate_content(model="nobody", contents="Hello")
    assert (caught.value.code, caught.value.status) == (404, "NOT_FOUND")


def test_the_books_agree(deployment: Cluster, customer: Customer) -> None:
    assert deployment.settled_audit()["ok"]
