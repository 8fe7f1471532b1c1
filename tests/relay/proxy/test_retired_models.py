"""Whoever calls a model that has retired is told so in their dialect, and what to call instead."""

from typing import Any

import msgspec
import pytest

from relay.proxy import error_contract, errors
from relay.proxy.causes import Cause
from relay.proxy.dialect import Dialect
from relay.proxy.error_contract import Override
from relay.proxy.errors import ApiError
from relay.proxy.model_list import find_offer
from tests.relay.proxy.fakes import SECRET, House, caller, house, offer

TOLD = "The model 'old' does not exist. It has been retired: use 'small' instead."
ASKED: dict[str, tuple[str, dict[str, Any]]] = {
    "chat": (
        "/v1/chat/completions",
        {"model": "old", "messages": [{"role": "user", "content": "a"}]},
    ),
    "messages": (
        "/v1/messages",
        {"model": "old", "max_tokens": 9, "messages": [{"role": "user", "content": "a"}]},
    ),
    "gemini": ("/v1beta/models/old:generateContent", {"contents": [{"parts": [{"text": "a"}]}]}),
}


async def asked(made: House, path: str, body: dict[str, Any]) -> Any:
    made.routes.retired = {"old": "small", "older": ""}
    return await made.request(path=path, body=[msgspec.json.encode(body)]).begin().finish()


@pytest.mark.parametrize("dialect", ASKED)
async def test_the_answer_names_the_successor_in_the_callers_dialect(dialect: str) -> None:
    async with house() as made:
        answer = await asked(made, *ASKED[dialect])
    assert answer.status == 404
    assert answer.json()["error"]["message"] == TOLD
    if dialect == "chat":
        assert answer.error()["code"] == "model_not_found"


async def test_without_a_successor_it_is_told_all_the_same() -> None:
    async with house() as made:
        made.routes.retired = {"older": ""}
        answer = await made.request(method="GET", path="/v1/models/older").begin().finish()
    assert answer.error()["message"] == "The model 'older' does not exist. It has been retired."


@pytest.mark.parametrize(
    ("language", "end"),
    [
        ("zh-hans", "不存在。该模型已下线，请改用“new”。"),
        ("zh-hant", "不存在。此模型已停止服務，請改用「new」。"),
    ],
)
def test_it_is_in_the_sites_language_after_words_of_its_own(language: str, end: str) -> None:
    with pytest.raises(ApiError) as caught:
        find_offer({}, caller(), "old", {}, {"old": "new"})
    assert caught.value.rule == "retired"
    plain = errors.answer(caught.value, error_contract.DEFAULT, Dialect.CHAT, language, "req_1")
    assert end in plain.body.decode()
    own = error_contract.resolve([{Cause.MODEL_NOT_FOUND: Override(message={language: "Weg."})}])
    told = errors.answer(caught.value, own, Dialect.CHAT, language, "req_1").body.decode()
    assert "Weg." in told
    assert "new" in told


async def test_lists_show_the_sites_own_names_and_nothing_hidden() -> None:
    async with house() as made:
        made.routes.offers = {
            "a": offer(model_id="a", listed_as="zed"),
            "b": offer(model_id="b", is_hidden=True),
            "c": offer(model_id="c"),
        }
        made.routes.aliases = {"zed": offer(model_id="a")}
        get = {"method": "GET"}
        listed = (await made.request(**get, path="/v1/models").begin().finish()).json()["data"]
        assert [each["id"] for each in listed] == ["c", "zed"]
        google = (await made.request(**get, path="/v1beta/models").begin().finish()).json()
        assert [each["name"] for each in google["models"]] == ["models/c", "models/zed"]
        headers = {"anthropic-version": "2023-06-01"}
        theirs = made.request(**get, path="/v1/models", headers=headers)
        assert [each["id"] for each in (await theirs.begin().finish()).json()["data"]] == [
            "c",
            "zed",
        ]
        made.keys.callers[SECRET] = caller(allowed_models=frozenset({"zed", "b"}))
        listed = (await made.request(**get, path="/v1/models").begin().finish()).json()["data"]
        assert [each["id"] for each in listed] == ["zed"], "a key may be limited by that name, too"
        hidden = await made.request(**get, path="/v1/models/b").begin().finish()
        assert hidden.status == 200
