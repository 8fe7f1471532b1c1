"""`/v1/embeddings` for models of Google's: the same answer as elsewhere, or a refusal by name."""

import base64
import struct
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from devstack.demo_upstream.server import Running
from relay.proxy.wire import Kind, Quirks, wire
from tests.relay.proxy.fakes import MODEL, UPSTREAM_MODEL, Exchange, House, house, route

GOOGLE = wire(Kind.GEMINI, b"sk-upstream", Quirks())


@pytest.fixture
async def google(one: Running) -> AsyncIterator[House]:
    """A relay whose one upstream is of Google's kind."""
    async with house(route(one.base_url, "one", wire=GOOGLE)) as made:
        yield made


async def embed(relay: House, given: Any, **more: Any) -> Exchange:
    body = msgspec.json.encode({"model": MODEL, "input": given, **more})
    return await relay.request(path="/v1/embeddings", body=[body]).begin().finish()


@pytest.mark.parametrize(
    ("given", "operation"),
    [("one", "embedContent"), (["one"], "embedContent"), (["one", "two"], "batchEmbedContents")],
)
async def test_texts_are_embedded_and_charged(
    google: House, one: Running, given: Any, operation: str
) -> None:
    answer = await embed(google, given, dimensions=8, user="ada")
    shown, usage = answer.json(), google.end.usage
    inputs = 1 if isinstance(given, str) else len(given)
    assert answer.status == 200
    assert (shown["object"], shown["model"]) == ("list", MODEL)
    assert [each["index"] for each in shown["data"]] == list(range(inputs))
    assert {len(each["embedding"]) for each in shown["data"]} == {8}
    assert usage is not None
    assert not usage.is_estimated
    assert shown["usage"] == {
        "prompt_tokens": usage.input_tokens,
        "total_tokens": usage.input_tokens,
    }
    (seen,) = one.calls()
    assert seen["model"] == UPSTREAM_MODEL
    assert operation in seen["route"]


async def test_vectors_keep_the_order_of_their_texts(google: House) -> None:
    shown = (await embed(google, ["one", "two", "one"])).json()
    first, second, third = [each["embedding"] for each in shown["data"]]
    assert first == third != second


async def test_base64_is_what_openais_clients_decode(google: House) -> None:
    plain = (await embed(google, "one", dimensions=8)).json()["data"][0]["embedding"]
    answer = await embed(google, "one", dimensions=8, encoding_format="base64")
    packed = base64.b64decode(answer.json()["data"][0]["embedding"])
    assert struct.unpack("<8f", packed) == pytest.approx(plain)


async def test_without_a_figure_the_input_is_counted_by_us(google: House) -> None:
    answer = await embed(google, "[[demo:fault=no-usage]] one")
    usage = google.end.usage
    assert usage is not None
    assert usage.is_estimated
    assert answer.json()["usage"]["prompt_tokens"] == usage.input_tokens > 0


@pytest.mark.parametrize(
    ("given", "more", "param"),
    [
        ([1, 2, 3], {}, "input"),
        ([[1, 2], [3]], {}, "input"),
        (["one"] * 101, {}, "input"),
        ("one", {"truncate": "END"}, "truncate"),
    ],
)
async def test_what_google_cannot_embed_is_refused_by_name(
    google: House, one: Running, given: Any, more: dict[str, Any], param: str
) -> None:
    answer = await embed(google, given, **more)
    assert (answer.status, answer.error()["param"]) == (400, param)
    assert one.calls() == []
    assert google.end.usage is None


async def test_vectors_that_are_missing_are_no_answer(google: House) -> None:
    answer = await embed(google, ["[[demo:fault=empty]] one", "two"])
    assert answer.status == 502
    assert google.end.usage is None
