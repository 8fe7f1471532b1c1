"""What another vendor has no way to say is refused under the caller's own name for it, and never
dropped in silence; what is wrong in itself is refused on any upstream."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from devstack.demo_upstream.exchange import Options
from devstack.demo_upstream.server import Running, running
from tests.scenarios.dialects.ask import Ask
from tests.scenarios.dialects.pairs import KEY, PAIRS, TRANSLATED, UPSTREAMS, Pair, paired

Case = tuple[str, str, dict[str, Any], str]

# (upstreams that can't say it, the caller's fields, the name by which it is refused), by dialect.
UNCARRIED: dict[str, list[tuple[tuple[str, ...], dict[str, Any], str]]] = {
    "chat": [
        (("openai-responses", "anthropic", "gemini"), {"logit_bias": {"50256": 5}}, "logit_bias"),
        (("openai-responses", "anthropic"), {"n": 2}, "n"),
        (("openai-responses", "anthropic"), {"seed": 7}, "seed"),
        (("openai-responses", "anthropic"), {"presence_penalty": 1}, "presence_penalty"),
        (("openai-responses",), {"stop": ["x"]}, "stop"),
        (("anthropic",), {"logprobs": True}, "logprobs"),
        (("anthropic",), {"temperature": 1.5}, "temperature"),
    ],
    "messages": [
        (("openai", "azure-openai", "openai-responses"), {"top_k": 5}, "top_k"),
        (("openai-responses",), {"stop_sequences": ["x"]}, "stop_sequences"),
        (("openai", "gemini"), {"container": "c_1"}, "container"),
    ],
    "gemini": [
        (
            ("openai", "azure-openai", "openai-responses"),
            {"generationConfig": {"topK": 5}},
            "generationConfig.topK",
        ),
        (
            ("openai", "anthropic"),
            {
                "safetySettings": [
                    {"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_ONLY_HIGH"}
                ]
            },
            "safetySettings",
        ),
        (("openai", "anthropic"), {"cachedContent": "cachedContents/1"}, "cachedContent"),
        (
            ("anthropic", "openai-responses"),
            {"generationConfig": {"candidateCount": 2}},
            "generationConfig.candidateCount",
        ),
        (("openai", "anthropic"), {"tools": [{"googleSearch": {}}]}, "googleSearch"),
    ],
    "responses": [
        (("openai", "anthropic", "gemini"), {"background": True}, "background"),
        (("openai", "anthropic", "gemini"), {"truncation": "auto"}, "truncation"),
        (("openai", "anthropic"), {"max_tool_calls": 2}, "max_tool_calls"),
        (("openai", "anthropic"), {"tools": [{"type": "web_search"}]}, "tools[0]"),
        (("anthropic",), {"service_tier": "flex"}, "service_tier"),
    ],
}
CASES: list[Case] = [
    (client, upstream, fields, name)
    for client, rows in UNCARRIED.items()
    for upstreams, fields, name in rows
    for upstream in upstreams
]
# Wrong whoever answers: the caller's fields, and the name of what is wrong.
WRONG: dict[str, list[tuple[dict[str, Any], str]]] = {
    "chat": [
        ({"messages": []}, "messages"),
        ({"messages": "hello"}, "messages"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"stream": "yes"}, "stream"),
    ],
    "messages": [
        ({"messages": []}, "messages"),
        ({"messages": "hello"}, "messages"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"max_tokens": None}, "max_tokens"),
        ({"stream": "yes"}, "stream"),
    ],
    "gemini": [
        ({"contents": []}, "contents"),
        ({"contents": "hello"}, "contents"),
        ({"generationConfig": {"maxOutputTokens": -1}}, "generationConfig.maxOutputTokens"),
        ({"generationConfig": 3}, "generationConfig"),
    ],
    "responses": [
        ({"input": 3}, "input"),
        ({"max_output_tokens": -1}, "max_output_tokens"),
        ({"stream": "yes"}, "stream"),
    ],
}


@pytest.fixture(scope="module")
def demo() -> Iterator[Running]:
    with running(Options(api_key=KEY.decode())) as upstream:
        yield upstream


@pytest.fixture(params=TRANSLATED, ids="-".join)
async def translated(request: pytest.FixtureRequest, demo: Running) -> AsyncIterator[Pair]:
    demo.clear()
    async with paired(*request.param, demo) as made:
        yield made


async def names(pair: Pair, fields: dict[str, Any], name: str) -> bool:
    """Whether a request with these fields is a 400 that names `name`, and reaches nobody."""
    found = await pair.refusal(Ask(more=fields))
    assert not pair.demo.calls()
    assert all(end.usage is None for end in pair.house.gate.ended)
    if pair.client in ("chat", "responses"):
        assert found.param is not None
        assert found.param.startswith(name)
    return name in found.message


async def test_a_parameter_that_nobody_knows_is_named(translated: Pair) -> None:
    assert await names(translated, {"wibble": 1}, "wibble")


async def test_null_asks_for_nothing(translated: Pair) -> None:
    nothing = {"chat": "logit_bias", "messages": "top_k", "gemini": "cachedContent"}
    field = nothing.get(translated.client, "truncation")
    sent = translated.speech.sent(Ask(), "small", "sk-acme")
    body = sent.body[:-1] + f', "{field}": null}}'.encode()
    headers = {"authorization": ""} | dict(sent.headers)
    exchange = translated.house.request(path=sent.path, headers=headers, body=[body])
    assert (await exchange.begin().finish()).status == 200


@pytest.mark.parametrize(
    ("client", "upstream", "fields", "name"), CASES, ids=[f"{c}-{u}-{n}" for c, u, _, n in CASES]
)
async def test_what_the_upstream_cannot_say_is_named(
    client: str, upstream: str, fields: dict[str, Any], name: str, demo: Running
) -> None:
    demo.clear()
    async with paired(client, upstream, demo) as pair:
        assert await names(pair, fields, name)


@pytest.mark.parametrize("client", WRONG)
async def test_what_is_wrong_in_itself_is_named_on_any_upstream(client: str, demo: Running) -> None:
    for upstream in UPSTREAMS:
        for fields, name in WRONG[client]:
            demo.clear()
            async with paired(client, upstream, demo) as pair:
                found = await pair.refusal(Ask(more=fields))
                assert name in found.message, (upstream, found)
                assert not demo.calls()


@pytest.mark.parametrize(("client", "upstream"), PAIRS)
async def test_what_is_no_json_is_told_so(client: str, upstream: str, demo: Running) -> None:
    async with paired(client, upstream, demo) as pair:
        sent = pair.speech.sent(Ask(), "small", "sk-acme")
        headers = {"authorization": ""} | dict(sent.headers)
        for body in (b"", b"{", b"[]", b'{"a":1}x', b"\xff", b"null"):
            exchange = pair.house.request(path=sent.path, headers=headers, body=[body])
            await exchange.begin().finish()
            assert exchange.status == 400, body
            assert pair.speech.error(exchange.body).message
