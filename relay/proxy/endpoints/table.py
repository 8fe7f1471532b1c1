"""Every path that the relay serves, and what serves it."""

from collections.abc import Awaitable, Callable, Mapping

from relay.proxy.dialect import Dialect
from relay.proxy.endpoints import chat, gemini, messages, plain_bodies, responses
from relay.proxy.endpoints.inference import Inference
from relay.proxy.endpoints.models import Models
from relay.proxy.exchange import Exchange
from relay.proxy.paths import Paths
from relay.proxy.request import Request

# Endpoints of OpenAI's that take JSON and answer at once.
OPENAI: Mapping[str, Callable[[Exchange], Awaitable[Request]]] = {
    "chat/completions": chat.read,
    "embeddings": plain_bodies.read_embeddings,
    "moderations": plain_bodies.read_moderation,
    "rerank": plain_bodies.read_rerank,
}


# Operations of Google's on a model, and whether they stream.
GEMINI = {"generateContent": False, "streamGenerateContent": True}


def paths() -> Paths:
    """The route table; made once per process."""
    table = Paths()
    for name, read in OPENAI.items():
        table.add("POST", "/v1/" + name, Inference(name, Dialect.CHAT, read))
    table.add("POST", "/v1/responses", Inference("responses", Dialect.RESPONSES, responses.read))
    for operation, is_stream in GEMINI.items():
        endpoint = Inference(operation, Dialect.GEMINI, gemini.reading(is_stream=is_stream))
        for version in ("/v1beta", "/v1"):
            table.add("POST", version + "/models/{model+}:" + operation, endpoint)
    table.add("POST", "/v1/messages", Inference("messages", Dialect.MESSAGES, messages.read))
    table.add("POST", "/v1/messages/count_tokens", messages.CountTokens())
    table.add("GET", "/v1/models", Models())
    table.add("GET", "/v1/models/", Models())
    table.add("GET", "/v1/models/{model+}", Models())
    return table
