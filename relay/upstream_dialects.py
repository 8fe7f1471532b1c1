"""How to list models and make a tiny call in each dialect that an upstream may speak. Pure.

Sources, read 2026-11: OpenAI and Azure OpenAI API reference, "List models"; Anthropic "List
models", "Messages"; Gemini API "models.list", "generateContent".
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from relay.proxy.dialect import Dialect
from relay.proxy.wire import AZURE_API_VERSION, Kind

OUTPUT_TOKENS_MAX = 16
PROMPT = "Say hello in one word."
# The most that Anthropic and Google give at once; the others give all.
PAGE = 1_000

LISTS: Mapping[Kind, str] = {
    Kind.OPENAI: "/models",
    Kind.ANTHROPIC: f"/models?limit={PAGE}",
    Kind.GEMINI: f"/models?pageSize={PAGE}",
    Kind.AZURE: f"/models?api-version={AZURE_API_VERSION}",
}


@dataclass(frozen=True, slots=True)
class TinyCall:
    """A question of a few tokens. `text` raises LookupError and the like for no such answer."""

    operation: str
    question: Mapping[str, Any]
    text: Callable[[Any], str]


def names(kind: Kind, document: Any) -> Iterator[str]:
    """The upstream's own model names in its list; raises LookupError and the like for no list."""
    if kind is Kind.GEMINI:
        for row in document["models"]:
            yield str(row["name"]).removeprefix("models/")
        return
    for row in document["data"]:
        yield str(row["id"])


def tiny_call(dialect: Dialect, model: str) -> TinyCall:
    """The question to `model`, an upstream's own name."""
    asked: dict[str, Any]
    message = {"role": "user", "content": PROMPT}
    if dialect is Dialect.MESSAGES:
        asked = {"model": model, "max_tokens": OUTPUT_TOKENS_MAX, "messages": [message]}
        return TinyCall("messages", asked, _messages_text)
    if dialect is Dialect.GEMINI:
        contents = [{"role": "user", "parts": [{"text": PROMPT}]}]
        config = {"maxOutputTokens": OUTPUT_TOKENS_MAX}
        asked = {"contents": contents, "generationConfig": config}
        return TinyCall("generateContent", asked, _gemini_text)
    if dialect is Dialect.RESPONSES:
        asked = {"model": model, "input": PROMPT, "max_output_tokens": OUTPUT_TOKENS_MAX}
        return TinyCall("responses", asked, _responses_text)
    asked = {"model": model, "messages": [message], "max_tokens": OUTPUT_TOKENS_MAX}
    return TinyCall("chat/completions", asked, _chat_text)


def _chat_text(document: Any) -> str:
    return document["choices"][0]["message"].get("content") or ""


def _messages_text(document: Any) -> str:
    return "".join([part["text"] for part in document["content"] if part["type"] == "text"])


def _gemini_text(document: Any) -> str:
    # A model that thought all its tokens away gives a candidate without parts.
    parts = document["candidates"][0].get("content", {}).get("parts", [])
    return "".join([part.get("text", "") for part in parts if not part.get("thought")])


def _responses_text(document: Any) -> str:
    spoken = [item for item in document["output"] if item["type"] == "message"]
    return "".join([part.get("text", "") for item in spoken for part in item["content"]])
