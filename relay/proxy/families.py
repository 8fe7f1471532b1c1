"""Which family an endpoint is of: what a key may be limited to. Pure; one table.

Endpoints that only read (models, the key's own figures) are of none: every key may ask them.
"""

from collections.abc import Mapping

# The names are `accounts.models.EndpointFamily`'s; a test compares both, and that no endpoint
# of `endpoints.table` is missing.
CHAT = "chat"
FAMILIES: Mapping[str, tuple[str, ...]] = {
    CHAT: (
        "chat/completions",
        "completions",
        "responses",
        "messages",
        "messages/count_tokens",
        "generateContent",
        "streamGenerateContent",
        "countTokens",
    ),
    "embeddings": ("embeddings", "embedContent", "batchEmbedContents"),
    "moderations": ("moderations",),
    "rerank": ("rerank",),
    "images": ("images/generations", "images/edits", "images/variations"),
    "audio": ("audio/speech", "audio/transcriptions", "audio/translations"),
    "videos": ("videos", "videos/generations"),
    "realtime": ("realtime",),
}
FAMILY_OF: Mapping[str, str] = {
    endpoint: family for family, endpoints in FAMILIES.items() for endpoint in endpoints
}
