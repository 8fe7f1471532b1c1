"""Every path that the relay serves, and what serves it."""

from relay.proxy.dialect import Dialect
from relay.proxy.endpoints import chat
from relay.proxy.endpoints.inference import Inference
from relay.proxy.endpoints.models import Models
from relay.proxy.paths import Paths


def paths() -> Paths:
    """The route table; made once per process."""
    table = Paths()
    chat_completions = Inference("chat/completions", Dialect.CHAT, chat.read)
    table.add("POST", "/v1/chat/completions", chat_completions)
    table.add("GET", "/v1/models", Models())
    table.add("GET", "/v1/models/", Models())
    table.add("GET", "/v1/models/{model+}", Models())
    return table
