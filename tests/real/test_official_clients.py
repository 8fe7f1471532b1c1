"""Vendors' own clients before our stack before aimock: nothing but base URL and key is changed, and
what its fixture says was used is what is debited."""

import json
import shutil
from collections.abc import Callable, Iterator

import anthropic
import httpx
import openai
import pytest
from google import genai

from devstack.process import ProcessGroup, Program, free_port
from tests.faults.cluster import Cluster, cluster
from tests.real.books import CREDIT, PRICE, Seen, assert_booked

pytest.importorskip("llmock", reason="make test-real alone fetches what others wrote")
pytestmark = [
    pytest.mark.real,
    pytest.mark.timeout(300),
    pytest.mark.skipif(shutil.which("npx") is None, reason="aimock comes from npm: needs npx"),
]

AIMOCK = "@copilotkit/aimock@1.43.0"
START_TIMEOUT_S = 120.0  # npx fetches it the first time
QUESTION, ANSWER = "Tell me of the sea.", "The sea is wide and blue."
READ, WRITTEN = 11, 7
# The same figures under the names of all dialects: its fixtures know no other way to tell them.
USAGE = {
    "prompt_tokens": READ,
    "completion_tokens": WRITTEN,
    "input_tokens": READ,
    "output_tokens": WRITTEN,
    "promptTokenCount": READ,
    "candidatesTokenCount": WRITTEN,
    "total_tokens": READ + WRITTEN,
    "totalTokenCount": READ + WRITTEN,
}
FIXTURE = {
    "fixtures": [
        {"match": {"userMessage": "sea"}, "response": {"content": ANSWER, "usage": USAGE}},
    ]
}
UPSTREAMS = {
    "openai": ("openai", "/v1", "[openai, responses]"),
    "chat-only": ("openai", "/v1", "[openai]"),
    "anthropic": ("anthropic", "/v1", "[anthropic]"),
    "gemini": ("gemini", "/v1beta", "[gemini]"),
}


def _catalog(root: str) -> str:
    upstreams, models = "upstreams:\n", "models:\n"
    for name, (dialect, path, speaks) in UPSTREAMS.items():
        upstreams += (
            f"  - {{id: {name}, dialect: {dialect}, base_url: '{root}{path}', credential: any,"
            f" quirks: {{speaks: {speaks}}}}}\n"
        )
        models += (
            f"  - {{id: sea-{name}, max_output_tokens: 4096, context_tokens: 100000,"
            f" price: {PRICE}, routes: [{{upstream: {name}, name: mocked}}]}}\n"
        )
    return upstreams + models


@pytest.fixture(scope="module")
def aimock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The mock's root URL, once it serves."""
    folder, port = tmp_path_factory.mktemp("aimock"), free_port()
    (folder / "fixture.json").write_text(json.dumps(FIXTURE))
    program = Program(
        name="aimock",
        argv=[
            *("npx", "--yes", "--package", AIMOCK, "llmock"),
            *("-p", str(port), "-f", folder / "fixture.json"),
        ],
        log=folder / "aimock.log",
        cwd=folder,
    )
    root = f"http://127.0.0.1:{port}"
    with ProcessGroup() as group:
        child = group.start(program)
        group.await_ready(child, lambda: _listens(root), timeout_s=START_TIMEOUT_S)
        yield root


def _listens(root: str) -> bool:
    try:
        return httpx.get(f"{root}/health", timeout=1.0, trust_env=False).status_code < 500
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="module")
def deployment(aimock: str) -> Iterator[Cluster]:
    with cluster(relays=1, more=_catalog(aimock)) as made:
        yield made


Ask = Callable[[str, str, str], tuple[str, str]]  # base URL, key, model: request id, text


def chat(base: str, key: str, model: str) -> tuple[str, str]:
    with openai.OpenAI(base_url=base, api_key=key) as client:
        raw = client.chat.completions.with_raw_response.create(
            model=model, messages=[{"role": "user", "content": QUESTION}]
        )
    return raw.headers["x-request-id"], raw.parse().choices[0].message.content or ""


def chat_stream(base: str, key: str, model: str) -> tuple[str, str]:
    with openai.OpenAI(base_url=base, api_key=key) as client:
        raw = client.chat.completions.with_raw_response.create(
            model=model, messages=[{"role": "user", "content": QUESTION}], stream=True
        )
        deltas = [each.choices[0].delta.content for each in raw.parse() if each.choices]
    return raw.headers["x-request-id"], "".join([delta or "" for delta in deltas])


def responses(base: str, key: str, model: str) -> tuple[str, str]:
    with openai.OpenAI(base_url=base, api_key=key) as client:
        raw = client.responses.with_raw_response.create(model=model, input=QUESTION, store=False)
    return raw.headers["x-request-id"], raw.parse().output_text


def messages(base: str, key: str, model: str) -> tuple[str, str]:
    with anthropic.Anthropic(base_url=base.removesuffix("/v1"), api_key=key) as client:
        raw = client.messages.with_raw_response.create(
            model=model, max_tokens=100, messages=[{"role": "user", "content": QUESTION}]
        )
    texts = [block.text for block in raw.parse().content if block.type == "text"]
    return raw.headers["x-request-id"], "".join(texts)


def messages_stream(base: str, key: str, model: str) -> tuple[str, str]:
    asked = [{"role": "user", "content": QUESTION}]
    with (
        anthropic.Anthropic(base_url=base.removesuffix("/v1"), api_key=key) as client,
        client.messages.stream(model=model, max_tokens=100, messages=asked) as stream,  # type: ignore[arg-type]
    ):
        text = "".join(stream.text_stream)
        return stream.response.headers["x-request-id"], text


def gemini(base: str, key: str, model: str) -> tuple[str, str]:
    client = genai.Client(api_key=key, http_options={"base_url": base.removesuffix("/v1")})
    answer = client.models.generate_content(model=model, contents=QUESTION)
    client.close()
    assert answer.sdk_http_response is not None
    headers = answer.sdk_http_response.headers or {}
    return headers["x-request-id"], answer.text or ""


def test_every_vendors_client_is_answered_and_debited(deployment: Cluster) -> None:
    (customer,) = deployment.customers(1, amount=CREDIT)
    base = deployment.relays[0][1]
    asks: list[Ask] = [chat, chat_stream, responses, messages, messages_stream, gemini]
    seen = []
    for upstream in UPSTREAMS:
        for ask in asks:
            request_id, text = ask(base, customer.secret, f"sea-{upstream}")
            assert text == ANSWER, (upstream, ask)
            used = {"input": READ, "cached_input": 0, "output": WRITTEN}
            seen.append(Seen(request_id, used, text))
    calls = len(seen)
    counted = {"input": calls * READ, "cached_input": 0, "output": calls * WRITTEN}
    assert_booked(deployment, customer, seen, counted)
