"""Embeddings, moderations and rerank: passed through, metered by the upstream's figure."""

from typing import Any

import msgspec
import pytest

from devstack.demo_upstream.server import Running
from relay.proxy.attempts import ANSWER_BYTES_MAX, answer_bytes_max
from tests.relay.proxy.fakes import MODEL, UPSTREAM_MODEL, Exchange, House

EMBEDDINGS, MODERATIONS, RERANK = "/v1/embeddings", "/v1/moderations", "/v1/rerank"


async def post(relay: House, path: str, **body: Any) -> Exchange:
    content = msgspec.json.encode({"model": MODEL} | body)
    return await relay.request(path=path, body=[content]).begin().finish()


@pytest.mark.parametrize("given", ["hello", ["hello", "world"], [1, 2, 3], [[1, 2], [3]]])
async def test_every_form_of_input_is_embedded_and_charged(
    relay: House, one: Running, given: Any
) -> None:
    answer = await post(relay, EMBEDDINGS, input=given, dimensions=8)
    assert answer.status == 200
    shown = answer.json()
    vectors = [each["embedding"] for each in shown["data"]]
    inputs = len(given) if isinstance(given, list) and not isinstance(given[0], int) else 1
    assert (len(vectors), {len(vector) for vector in vectors}) == (inputs, {8})
    assert shown["model"] == MODEL
    usage = relay.end.usage
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens) == (shown["usage"]["prompt_tokens"], 0)
    (seen,) = one.calls()
    assert seen["model"] == UPSTREAM_MODEL


def test_an_answer_of_many_vectors_may_be_longer_than_others() -> None:
    assert answer_bytes_max(1) == ANSWER_BYTES_MAX
    assert answer_bytes_max(2_048) >= 2_048 * 3_072 * len("-0.006929283495992422,")
    assert answer_bytes_max(10_000) == answer_bytes_max(2_048)


async def test_nothing_is_held_for_output_that_never_comes(relay: House) -> None:
    await post(relay, EMBEDDINGS, input="hello")
    (call,) = relay.gate.admitted
    assert (call.output_tokens_cap, call.measures) == (0, (("input",),))


@pytest.mark.parametrize("given", ["", [], [""], [[]], ["a", 1], [1.5], [["a"]], ["x"] * 2_049, {}])
async def test_input_that_is_none_is_refused_by_name(relay: House, given: Any) -> None:
    answer = await post(relay, EMBEDDINGS, input=given)
    assert (answer.status, answer.error()["param"]) == (400, "input")
    assert not relay.gate.admitted


@pytest.mark.parametrize(
    ("field", "value"), [("dimensions", 0), ("dimensions", "8"), ("encoding_format", "int8")]
)
async def test_values_out_of_range_are_refused_by_name(
    relay: House, field: str, value: Any
) -> None:
    answer = await post(relay, EMBEDDINGS, input="hello", **{field: value})
    assert (answer.status, answer.error()["param"]) == (400, field)


async def test_a_moderation_without_a_model_goes_to_the_one_that_is_sold(relay: House) -> None:
    relay.routes.offers["omni-moderation-latest"] = relay.routes.offers[MODEL]
    body = msgspec.json.encode({"input": "Test content"})
    answer = await relay.request(path=MODERATIONS, body=[body]).begin().finish()
    assert answer.status == 200
    assert answer.json()["results"][0]["flagged"] in (True, False)
    assert relay.end.usage is not None


async def test_a_moderation_without_any_model_to_choose_says_so(relay: House) -> None:
    answer = await relay.request(path=MODERATIONS, body=[b'{"input":"x"}']).begin().finish()
    assert (answer.status, answer.error()["param"]) == (400, "model")


async def test_documents_are_reranked(relay: House) -> None:
    documents = ["Machine learning is AI.", "Python is a language.", "Deep learning uses layers."]
    answer = await post(relay, RERANK, query="What is AI?", documents=documents, top_n=2)
    assert answer.status == 200
    results = answer.json()["results"]
    assert len(results) == 2
    assert all(0 <= each["index"] < 3 for each in results)
    assert relay.end.usage is not None


async def test_a_query_is_held_for_once_per_document(relay: House) -> None:
    query = "a" * 1_000
    await post(relay, RERANK, query=query, documents=["b"] * 10)
    (call,) = relay.gate.admitted
    assert call.input_tokens_bound > 10 * len(query)


async def test_a_failing_upstream_is_left_for_the_next(pair: House, two: Running) -> None:
    answer = await post(pair, EMBEDDINGS, input="[[demo:fault=500 only=one]] hello")
    assert answer.status == 200
    assert pair.end.upstream_id == "two"
