"""`countTokens` and the list of models, as Google's clients know them."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from relay.proxy.causes import Cause
from relay.proxy.dialects import conversation as cv
from relay.proxy.dialects.gemini import counting, models
from relay.proxy.dialects.gemini.request import parse_count
from relay.proxy.errors import ApiError
from relay.proxy.types import Caller, Offer, Standing

CALLER = Caller("k", "acme", "s", Standing.ACTIVE, None, None, None)
OFFERS = {
    name: Offer(name, output, 1_048_576, 5, "google", None, ())
    for name, output in (("gemini-a", 65_536), ("gemini-b", 8_192), ("embedding", 0))
}


def listed(**query: str) -> Any:
    """The list's body, decoded."""
    return msgspec.json.decode(models.listing(OFFERS, CALLER, **query))


def test_a_count_is_asked_and_answered() -> None:
    asked = cv.Conversation(
        "public", (cv.Message(cv.Role.USER, (cv.Text("Hi"),)),), (cv.Text("S"),)
    )
    body = counting.render_request(asked, "theirs")
    assert parse_count(body, model="public").messages == asked.messages
    assert msgspec.json.decode(body)["generateContentRequest"]["model"] == "models/theirs"
    # Gemini API reference, "countTokens", read 2026-11.
    given = {"totalTokens": 10, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 10}]}
    assert counting.parse_answer(msgspec.json.encode(given)) == 10
    assert counting.render_answer(10) == b'{"totalTokens":10}'


@pytest.mark.parametrize("body", [b"{}", b'{"totalTokens":-1}', b"[]", b""])
def test_what_is_no_count(body: bytes) -> None:
    with pytest.raises(ValueError, match="token count"):
        counting.parse_answer(body)


def test_models_come_in_googles_shape() -> None:
    embedding, first, _ = listed()["models"]
    assert first == {
        "name": "models/gemini-a",
        "baseModelId": "gemini-a",
        "version": "001",
        "displayName": "gemini-a",
        "description": "",
        "inputTokenLimit": 1_048_576,
        "outputTokenLimit": 65_536,
        "supportedGenerationMethods": ["generateContent", "streamGenerateContent", "countTokens"],
    }
    assert "embedContent" in embedding["supportedGenerationMethods"]


def test_models_come_page_by_page() -> None:
    first = listed(page_size="2")
    assert [model["name"] for model in first["models"]] == ["models/embedding", "models/gemini-a"]
    second = listed(page_size="2", page_token=first["nextPageToken"])
    assert [model["name"] for model in second["models"]] == ["models/gemini-b"]
    assert "nextPageToken" not in second


@pytest.mark.parametrize(
    ("query", "param"),
    [({"page_size": "x"}, "pageSize"), ({"page_token": "gemini-a"}, "pageToken")],
)
def test_a_wrong_page_is_named(query: dict[str, str], param: str) -> None:
    with pytest.raises(ApiError) as caught:
        listed(**query)
    assert caught.value.param == param


def test_one_model_by_either_name() -> None:
    assert models.single(OFFERS, CALLER, "models/gemini-a") == models.single(
        OFFERS, CALLER, "gemini-a"
    )
    with pytest.raises(ApiError) as caught:
        models.single(OFFERS, replace(CALLER, allowed_models=frozenset()), "gemini-a")
    assert caught.value.cause is Cause.MODEL_NOT_ALLOWED
