"""`/v1/models` shows what the caller's key may use."""

import pytest

from relay.proxy.types import Standing
from tests.relay.proxy.fakes import SECRET, Exchange, House, caller, house, offer

MODELS = ("small", "vendor/large", "zeta")
SMALL = {"id": "small", "object": "model", "created": 1_700_000_000, "owned_by": "demo"}


async def get(made: House, path: str) -> Exchange:
    made.routes.offers = {each: offer(model_id=each) for each in reversed(MODELS)}
    return await made.request(method="GET", path=path).begin().finish()


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/", "/compatible-mode/v1/models"])
async def test_the_list_has_the_openai_shape_in_order_of_name(path: str) -> None:
    async with house() as made:
        answer = await get(made, path)
        assert (answer.status, answer.json()["object"]) == (200, "list")
        assert answer.json()["data"][0] == SMALL
        assert [each["id"] for each in answer.json()["data"]] == list(MODELS)


@pytest.mark.parametrize("name", ["small", "vendor/large"])
async def test_one_model_is_shown_by_its_id_slashes_included(name: str) -> None:
    async with house() as made:
        answer = await get(made, f"/v1/models/{name}")
        assert answer.json()["id"] == name


async def test_a_model_that_is_not_sold_is_a_404() -> None:
    async with house() as made:
        answer = await get(made, "/v1/models/nothing")
        assert (answer.status, answer.error()["code"]) == (404, "model_not_found")


async def test_a_key_sees_only_the_models_it_may_use() -> None:
    async with house() as made:
        made.keys.callers[SECRET] = caller(allowed_models=frozenset({"zeta"}))
        assert [each["id"] for each in (await get(made, "/v1/models")).json()["data"]] == ["zeta"]
        assert (await get(made, "/v1/models/small")).status == 403
        assert (await get(made, "/v1/models/zeta")).status == 200


async def test_a_key_without_standing_sees_nothing() -> None:
    async with house() as made:
        made.keys.callers[SECRET] = caller(standing=Standing.REVOKED)
        assert (await get(made, "/v1/models")).status == 401


@pytest.mark.parametrize(
    ("path", "headers", "name", "value"),
    [
        ("/v1/models/latest", {}, "id", "latest"),
        ("/v1/models/latest", {"anthropic-version": "2023-06-01"}, "id", "latest"),
        ("/v1beta/models/latest", {}, "name", "models/latest"),
    ],
)
async def test_a_further_name_shows_its_model_under_the_name_that_was_asked_for(
    path: str, headers: dict[str, str], name: str, value: str
) -> None:
    async with house() as made:
        made.routes.aliases = {"latest": offer(model_id="zeta", context_tokens=77)}
        answer = await made.request(method="GET", path=path, headers=headers).begin().finish()
        assert (answer.status, answer.json()[name]) == (200, value)
        made.keys.callers[SECRET] = caller(allowed_models=frozenset({"small"}))
        refused = await made.request(method="GET", path=path, headers=headers).begin().finish()
        assert refused.status == 403
