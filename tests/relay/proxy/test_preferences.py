"""Wishes of the caller: which vendors are asked, in which order, and which models next."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from devstack.demo_upstream.server import Running
from relay.proxy import preferences
from relay.proxy.errors import ApiError
from relay.proxy.preferences import NONE
from relay.proxy.renaming import Renaming
from relay.proxy.types import Ending, Route
from tests.relay.proxy.fakes import MODEL, UPSTREAM_MODEL, House, house, offer, route

URL = "http://127.0.0.1:1/v1"


@pytest.fixture
async def vendors(one: Running, two: Running) -> AsyncIterator[House]:
    """`one` is DeepSeek's and comes first, `two` is OpenAI's."""
    first = route(one.base_url, "one", provider="DeepSeek")
    second = route(two.base_url, "two", provider="openai", priority=1)
    async with house(first, second) as made:
        yield made


def body(**fields: Any) -> bytes:
    return msgspec.json.encode({"model": "small", **fields})


def order_of(**provider: Any) -> list[str]:
    routes = tuple(
        route(URL, name, provider=name, priority=priority)
        for priority, name in enumerate(["a", "b", "c"])
    )
    _, wishes = preferences.take(body(provider=provider))
    return [each.upstream_id for each in preferences.narrowed(routes, wishes)]


def test_a_body_without_wishes_stays_as_it_is() -> None:
    for given in (body(), body(user='"provider"'), b'["provider"]', b'{"provider"'):
        taken, wishes = preferences.take(given)
        assert taken is given
        assert wishes is NONE


def test_what_is_meant_for_us_is_taken_out_and_the_rest_keeps_its_bytes() -> None:
    given = (
        b'{"model":"small" , "models":["small","other"],"provider":null,"x":1.50,"m":["\\u00e9"]}'
    )
    taken, wishes = preferences.take(given)
    assert taken == b'{"model":"small","x":1.50,"m":["\\u00e9"]}'
    assert wishes.models == ("other",)


def test_without_a_model_the_first_of_the_models_is_it() -> None:
    taken, wishes = preferences.take(b'{"models":["a","b","a"]}')
    assert (taken, wishes.models) == (b'{"model":"a"}', ("b",))
    assert preferences.with_model(taken, "b") == b'{"model":"b"}'


@pytest.mark.parametrize(
    ("provider", "expected"),
    [
        ({"order": ["C", "b"]}, ["c", "b", "a"]),
        ({"order": ["x", "b"]}, ["b", "a", "c"]),
        ({"order": ["c", "b"], "allow_fallbacks": False}, ["c", "b"]),
        ({"only": ["b", "x"]}, ["b"]),
        ({"ignore": ["a"]}, ["b", "c"]),
        ({"only": ["a", "b"], "ignore": ["a"]}, ["b"]),
        ({}, ["a", "b", "c"]),
    ],
)
def test_order_only_and_ignore(provider: dict[str, Any], expected: list[str]) -> None:
    assert order_of(**provider) == expected


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"provider": {"sort": "price"}}, "provider.sort"),
        ({"provider": {"order": "openai"}}, "provider.order"),
        ({"provider": {"order": [1]}}, "provider.order[0]"),
        ({"provider": {"only": []}}, "provider.only"),
        ({"provider": {"allow_fallbacks": "no"}}, "provider.allow_fallbacks"),
        ({"provider": "openai"}, "provider"),
        ({"models": "small"}, "models"),
        ({"models": []}, "models"),
        ({"models": ["a", "b", "c", "d"]}, "models"),
    ],
)
def test_a_wish_that_cannot_be_kept_is_refused_by_name(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(ApiError) as caught:
        preferences.take(body(**fields))
    assert (caught.value.param, caught.value.cause.value.status) == (param, 400)


async def test_the_header_narrows_to_a_vendor_whatever_its_case(
    vendors: House, one: Running
) -> None:
    headers = {"x-ai-provider": "OpenAI"}
    body = msgspec.json.encode({"model": MODEL, "messages": [{"role": "user", "content": "a"}]})
    answer = await vendors.request(headers=headers, body=[body]).begin().finish()
    assert (answer.status, vendors.end.upstream_id) == (200, "two")
    assert one.calls() == []


async def test_a_vendor_that_has_no_route_is_a_400_that_names_the_header(vendors: House) -> None:
    headers = {"x-ai-provider": "nobody"}
    body = msgspec.json.encode({"model": MODEL, "messages": [{"role": "user", "content": "a"}]})
    answer = await vendors.request(headers=headers, body=[body]).begin().finish()
    assert (answer.status, answer.error()["param"]) == (400, "X-AI-Provider")
    assert "X-AI-Provider" in answer.error()["message"]
    assert vendors.gate.admitted == []


async def test_order_comes_before_priority_and_is_not_sent_upstream(
    vendors: House, two: Running
) -> None:
    answer = await vendors.answer(provider={"order": ["openai"]})
    assert (answer.status, vendors.end.upstream_id) == (200, "two")
    (seen,) = two.calls()
    assert "provider" not in str(seen)


async def test_without_fallbacks_only_the_first_is_asked(vendors: House, two: Running) -> None:
    provider = {"allow_fallbacks": False}
    answer = await vendors.answer("[[demo:fault=500 only=one]]", provider=provider)
    assert (answer.status, len(vendors.end.attempts)) == (502, 1)
    assert two.calls() == []


def other(base_url: str, upstream_id: str) -> Route:
    return route(base_url, upstream_id, renaming=Renaming(UPSTREAM_MODEL, "other"))


@pytest.mark.parametrize("stream", [True, False])
async def test_the_next_model_answers_under_one_record_of_its_own(
    one: Running, two: Running, stream: bool
) -> None:
    async with house(route(one.base_url, "one")) as made:
        made.routes.offers["other"] = offer(other(two.base_url, "two"), model_id="other")
        answer = await made.answer(
            "[[demo:fault=500 only=one tokens=5]]", models=["small", "other"], stream=stream
        )
        assert answer.status == 200
        assert b'"other"' in answer.body
        assert b'"small"' not in answer.body
        assert (made.end.ending, made.end.upstream_id) == (Ending.COMPLETED, "two")
        assert [each[:2] for each in made.end.attempts] == [("one", 500), ("two", 200)]
        (call,) = made.gate.admitted
        assert call.offer.model_id == "other"


async def test_a_model_that_cannot_be_paid_is_passed_over(one: Running, two: Running) -> None:
    async with house(route(one.base_url, "one")) as made:
        made.routes.offers["dear"] = offer(other(two.base_url, "two"), model_id="dear")
        made.routes.offers["other"] = offer(other(two.base_url, "two"), model_id="other")
        made.gate.unaffordable = {"dear"}
        models = ["small", "dear", "other"]
        answer = await made.answer("[[demo:fault=500 only=one]]", models=models)
        assert (answer.status, made.end.upstream_id) == (200, "two")
        assert len(made.end.attempts) == 2


async def test_with_no_model_left_the_call_ends_once_and_free(one: Running) -> None:
    async with house(route(one.base_url, "one")) as made:
        made.routes.offers["other"] = offer(other(one.base_url, "one"), model_id="other")
        answer = await made.answer("[[demo:fault=500]]", models=["small", "other"])
        assert (answer.status, made.end.usage) == (502, None)
        assert len(made.end.attempts) == 2


async def test_an_unknown_model_among_them_is_a_404(one: Running) -> None:
    async with house(route(one.base_url, "one")) as made:
        answer = await made.answer(models=["small", "nobody"])
        assert (answer.status, made.gate.admitted) == (404, [])


async def test_a_conversation_returns_to_where_it_was_and_goes_elsewhere_when_it_must(
    one: Running, two: Running
) -> None:
    routes = [route(one.base_url, "one"), route(two.base_url, "two")]
    async with house(*routes) as made:
        await made.answer("hi", prompt_cache_key="k", provider={"only": ["demo"]})
        made.opener.draw = lambda: 0.99  # from now on chance would take the other
        await made.answer("hi", prompt_cache_key="k")
        await made.answer("hi", prompt_cache_key="l")
        await made.answer("[[demo:fault=500 only=one]]", prompt_cache_key="k")
        await made.answer("hi", prompt_cache_key="k")
        assert [ended.upstream_id for ended in made.gate.ended] == [
            "one",
            "one",
            "two",
            "two",
            "two",
        ]
