"""The list of models in Anthropic's shape, page by page."""

from typing import Any

import msgspec
import pytest

from relay.proxy.dialects.messages import models
from relay.proxy.errors import ApiError
from tests.relay.proxy.fakes import caller, offer

OFFERS = {name: offer(model_id=name) for name in ("d", "b", "a", "c")}
KEY = caller(allowed_models=None)


def page(key: Any = KEY, **query: str) -> tuple[str, bool, str | None, str | None]:
    body = msgspec.json.decode(models.listing(OFFERS, key, **query))
    ids = "".join(each["id"] for each in body["data"])
    return ids, body["has_more"], body["first_id"], body["last_id"]


def test_a_model() -> None:
    sold = OFFERS["a"]
    assert msgspec.json.decode(models.single(OFFERS, KEY, "a")) == {
        "type": "model",
        "id": "a",
        "display_name": "a",
        "created_at": "2023-11-14T22:13:20Z",
        "max_input_tokens": sold.context_tokens,
        "max_tokens": sold.max_output_tokens,
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ("abcd", False, "a", "d")),
        ({"limit": "2"}, ("ab", True, "a", "b")),
        ({"limit": "2", "after_id": "b"}, ("cd", False, "c", "d")),
        ({"limit": "2", "before_id": "d"}, ("bc", True, "b", "c")),
        ({"after_id": "d"}, ("", False, None, None)),
    ],
)
def test_pages(query: dict[str, str], expected: tuple[str, bool, str | None, str | None]) -> None:
    assert page(**query) == expected


def test_a_key_sees_only_the_models_it_may_use() -> None:
    assert page(caller(allowed_models=frozenset({"c", "z"})))[0] == "c"


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "many", "", "9" * 5_000])
def test_a_page_has_its_bounds(limit: str) -> None:
    with pytest.raises(ApiError) as caught:
        page(limit=limit)
    assert caught.value.param == "limit"


def test_a_page_has_one_side() -> None:
    with pytest.raises(ApiError) as caught:
        page(after_id="a", before_id="d")
    assert caught.value.param == "before_id"
