"""Every path that the relay serves, and what serves it."""

from collections.abc import Awaitable, Callable, Mapping

from relay.proxy.dialect import Dialect
from relay.proxy.endpoints import chat, messages, plain_bodies
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


def paths() -> Paths:
    """The route table; made once per process."""
    table = Paths()
    for name, read in OPENAI.items():
        table.add("POST", "/v1/" + name, Inference(name, Dialect.CHAT, read))
    table.add("POST", "/v1/messages", Inference("messages", Dialect.MESSAGES, messages.read))
    table.add("POST", "/v1/messages/count_tokens", messages.CountTokens())
    table.add("GET", "/v1/models", Models())
    table.add("GET", "/v1/models/", Models())
    table.add("GET", "/v1/models/{model+}", Models())
    return table
