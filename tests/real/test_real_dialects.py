"""Every dialect before a real model's server, which speaks four of its own: what it counts is what
is debited, to the nano, whether bytes pass through or are translated."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.faults.cluster import Cluster, Customer
from tests.real.books import CREDIT, Seen, assert_booked, tell
from tests.real.llama import Llama
from tests.scenarios.dialects.ask import Ask, Sent, data_of, encoded
from tests.scenarios.dialects.pairs import SPEECHES

pytest.importorskip("xllamacpp", reason="make test-real installs the small model")
pytestmark = [pytest.mark.real, pytest.mark.timeout(1200)]

OUTPUT_TOKENS = 6
ROUNDS = 2  # the second finds the first's prompts in the server's cache
PROMPTS = ("Name three fruits.", "用一句话介绍北京。")
# What is asked, and of which model: the first column is spoken by that model's upstream itself.
PASSED_THROUGH = [
    ("completions", "gemma"),
    ("responses", "gemma-openai"),
    ("chat", "gemma-openai"),
    ("messages", "gemma-anthropic"),
]
TRANSLATED = [
    ("messages", "gemma"),
    ("responses", "gemma"),
    ("gemini", "gemma"),
    ("chat", "gemma-anthropic"),
    ("gemini", "gemma-anthropic"),
]


@dataclass(frozen=True, slots=True)
class Program:
    """A customer's program: asks one relay and reads the answer, as JSON alone."""

    http: httpx.Client
    root: str
    customer: Customer

    def ask(self, dialect: str, model: str, prompt: str, *, is_stream: bool) -> Seen:
        ask = Ask(prompt, is_stream, output_tokens_max=OUTPUT_TOKENS)
        sent = _sent(dialect, ask, model, self.customer.secret)
        path = f"{sent.path}?{sent.query.decode()}" if sent.query else sent.path
        answer = self.http.post(self.root + path, content=sent.body, headers=dict(sent.headers))
        assert answer.status_code == 200, answer.text
        documents = _documents(answer.content, is_stream=is_stream)
        usage = _buckets(dict(_figures(documents)))
        assert _models(documents) <= {model}
        if (dialect, model) in TRANSLATED:
            speech = SPEECHES[dialect]
            read = (speech.stream if is_stream else speech.whole)(answer.content)
            assert read.tokens_read == usage["input"] + usage["cached_input"]
            assert read.tokens_written == usage["output"]
        return Seen(answer.headers["x-request-id"], usage, answer.text)


def _sent(dialect: str, ask: Ask, model: str, key: str) -> Sent:
    if dialect != "completions":
        return SPEECHES[dialect].sent(ask, model, key)
    body = {
        "model": model,
        "prompt": ask.prompt,
        "max_tokens": ask.output_tokens_max,
        "stream": ask.is_stream,
        "stream_options": {"include_usage": True} if ask.is_stream else None,
    }
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    return Sent("/v1/completions", headers, encoded(body))


def _documents(body: bytes, *, is_stream: bool) -> list[dict[str, Any]]:
    if not is_stream:
        return [json.loads(body)]
    return [json.loads(data) for data in data_of(body) if data != b"[DONE]"]


def _figures(documents: list[dict[str, Any]]) -> Iterator[tuple[str, Any]]:
    """What is said of usage, the latest last: at the top, or in what an event holds."""
    for document in documents:
        for holder in (document, document.get("message"), document.get("response")):
            for name in ("usage", "usageMetadata"):
                yield from ((holder or {}).get(name) or {}).items()


def _models(documents: list[dict[str, Any]]) -> set[str]:
    """The names by which an answer calls its model."""
    holders = [
        holder
        for document in documents
        for holder in (document, document.get("message"), document.get("response"))
        if isinstance(holder, dict)
    ]
    names = [holder.get(name) for holder in holders for name in ("model", "modelVersion")]
    return {name for name in names if name}


def _buckets(usage: Mapping[str, Any]) -> dict[str, int]:
    """Usage as any of the dialects has it, taken apart."""
    if "promptTokenCount" in usage:
        cached = usage.get("cachedContentTokenCount", 0)
        read, written = usage["promptTokenCount"] - cached, usage["candidatesTokenCount"]
    elif "prompt_tokens" in usage:
        cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens", 0)
        read, written = usage["prompt_tokens"] - cached, usage["completion_tokens"]
    elif "input_tokens_details" in usage:
        cached = usage["input_tokens_details"]["cached_tokens"]
        read, written = usage["input_tokens"] - cached, usage["output_tokens"]
    else:  # Anthropic's are apart already
        cached = usage.get("cache_read_input_tokens") or 0
        read, written = usage["input_tokens"], usage["output_tokens"]
    return {"input": read, "cached_input": cached, "output": written}


@pytest.mark.parametrize(
    "asked",
    [pytest.param(PASSED_THROUGH, id="passed-through"), pytest.param(TRANSLATED, id="translated")],
)
def test_every_dialect_is_debited_by_the_models_own_count(
    asked: list[tuple[str, str]],
    deployment: Cluster,
    model: Llama,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (customer,) = deployment.customers(1, amount=CREDIT)
    before, began_at = model.counted(), time.monotonic()
    root = deployment.relays[0][1].removesuffix("/v1")
    with httpx.Client(trust_env=False, timeout=240.0) as http:
        program = Program(http, root, customer)
        seen = [
            program.ask(dialect, name, prompt, is_stream=is_stream)
            for prompt in PROMPTS
            for dialect, name in asked * ROUNDS
            for is_stream in (False, True)
        ]
    seconds = round(time.monotonic() - began_at)
    counted = model.counted_since(before)
    nanos = assert_booked(deployment, customer, seen, counted)
    assert counted["cached_input"] > 0
    tell(capsys, calls=len(seen), **counted, nanos=nanos, seconds=seconds)
