"""Gemini's embeddings: requests in either spelling, texts for other vendors, vectors untouched."""

from typing import Any

import msgspec
import pytest

from relay.proxy.dialects.gemini import embeddings
from relay.proxy.dialects.gemini.embeddings import Answer, EmbedRequest
from relay.proxy.errors import ApiError
from relay.proxy.types import Usage

HELLO = {"content": {"parts": [{"text": "Hello"}]}}


def parse(given: dict[str, Any]) -> EmbedRequest:
    """A request read; one with `requests` is a batch."""
    body = msgspec.json.encode(given)
    return embeddings.parse(body, model="public", is_batch="requests" in given)


def refused(given: dict[str, Any]) -> str | None:
    """The parameter that is refused, of the request or of its translation."""
    with pytest.raises(ApiError) as caught:
        (parse(given).texts(), parse(given).dimensions())
    return caught.value.param


def test_a_single_text() -> None:
    found = parse({"model": "models/x", **HELLO, "output_dimensionality": 256})
    assert (found.texts(), found.dimensions()) == (["Hello"], 256)
    assert found.demand.generates is False
    assert msgspec.json.decode(found.body_for("theirs")) == {
        **HELLO,
        "model": "models/theirs",
        "outputDimensionality": 256,
    }


def test_a_batch() -> None:
    found = parse({"requests": [{"model": "models/x", **HELLO}, {"model": "models/x", **HELLO}]})
    assert found.texts() == ["Hello", "Hello"]
    sent = msgspec.json.decode(found.body_for("theirs"))
    assert sent == {"requests": [{**HELLO, "model": "models/theirs"}] * 2}


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({**HELLO, "task_type": "RETRIEVAL_QUERY"}, "task_type"),
        ({"requests": [HELLO, {**HELLO, "title": "A"}]}, "requests[1].title"),
        (
            {"requests": [HELLO, {**HELLO, "outputDimensionality": 9}]},
            "requests[1].outputDimensionality",
        ),
        ({"requests": []}, "requests"),
        ({"content": {"parts": []}}, "content.parts"),
        ({"content": {"parts": [{"inlineData": {}}]}}, "content.parts[0].inlineData"),
        ({}, "content"),
    ],
)
def test_what_is_refused(given: dict[str, Any], param: str) -> None:
    assert refused(given) == param


def test_what_only_google_knows_passes_to_google() -> None:
    given = {**HELLO, "taskType": "RETRIEVAL_DOCUMENT", "title": "A"}
    sent = msgspec.json.decode(parse(given).body_for("theirs"))
    assert (sent["taskType"], sent["title"]) == ("RETRIEVAL_DOCUMENT", "A")


@pytest.mark.parametrize("is_batch", [True, False])
def test_vectors_stay_as_they_are(is_batch: bool) -> None:
    vectors = [msgspec.Raw(b"[0.10, -1e-3]")] * (2 if is_batch else 1)
    given = Answer(vectors, Usage(input_tokens=4))
    assert embeddings.parse_answer(embeddings.render_answer(given, is_batch=is_batch)) == given


def test_older_models_do_not_say_what_was_used() -> None:
    assert embeddings.parse_answer(b'{"embedding":{"values":[1]}}').usage is None


@pytest.mark.parametrize(
    "body", [b"{}", b'{"embedding":{"values":1}}', b"[]", b'{"embeddings":[]}']
)
def test_what_is_no_answer(body: bytes) -> None:
    with pytest.raises(ValueError, match="embeddings"):
        embeddings.parse_answer(body)
