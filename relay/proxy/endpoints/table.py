"""Every path that the relay serves, and what serves it."""

from collections.abc import Awaitable, Callable, Iterator, Mapping

from relay.proxy.dialect import Dialect
from relay.proxy.endpoints import (
    account,
    chat,
    completions,
    embeddings,
    gemini,
    gemini_embeddings,
    images,
    messages,
    plain_bodies,
    responses,
    speech,
    stored_responses,
    transcripts,
    video_jobs,
    videos,
)
from relay.proxy.endpoints.counting import CountTokens
from relay.proxy.endpoints.inference import Inference
from relay.proxy.endpoints.models import GoogleModels, Models
from relay.proxy.endpoints.uploads import JsonOrForm, Read, Uploads
from relay.proxy.exchange import Endpoint, Exchange
from relay.proxy.paths import Paths
from relay.proxy.request import Request

# Endpoints of OpenAI's that take JSON and answer at once.
OPENAI: Mapping[str, Callable[[Exchange], Awaitable[Request]]] = {
    "chat/completions": chat.read,
    "completions": completions.read_completion,
    "embeddings": embeddings.read_embeddings,
    "moderations": plain_bodies.read_moderation,
    "rerank": plain_bodies.read_rerank,
    "audio/speech": speech.read_speech,
    "images/generations": images.read_generation,
}
# Those that take a form with files.
FORMS: Mapping[str, Read] = {
    "audio/transcriptions": transcripts.read_transcription,
    "audio/translations": transcripts.read_translation,
    "images/edits": images.read_edit,
    "images/variations": images.read_variation,
}


def _google() -> Iterator[Endpoint]:
    """Operations of Google's on a model."""
    google = Dialect.GEMINI
    yield Inference("generateContent", google, gemini.reading(is_stream=False))
    yield Inference("streamGenerateContent", google, gemini.reading(is_stream=True))
    yield Inference(gemini_embeddings.SINGLE, google, gemini_embeddings.reading(is_batch=False))
    yield Inference(gemini_embeddings.BATCH, google, gemini_embeddings.reading(is_batch=True))
    yield CountTokens("countTokens", google, gemini.count)


def paths() -> Paths:
    """The route table; made once per process."""
    table = Paths()
    for name, read in OPENAI.items():
        table.add("POST", "/v1/" + name, Inference(name, Dialect.CHAT, read))
    for name, read_form in FORMS.items():
        table.add("POST", "/v1/" + name, Uploads(name, read_form))
    for name in (videos.VIDEOS, videos.GENERATIONS):
        json = Inference(name, Dialect.CHAT, videos.read)
        table.add("POST", "/v1/" + name, JsonOrForm(json, Uploads(name, videos.read_form)))
    table.add("POST", "/v1/responses", responses.Create())
    stored_responses.add(table)
    for endpoint in _google():
        for version in ("/v1beta", "/v1"):
            table.add("POST", version + "/models/{model+}:" + endpoint.name, endpoint)
    table.add("GET", "/v1beta/models", GoogleModels())
    table.add("GET", "/v1beta/models/{model+}", GoogleModels())
    table.add("POST", "/v1/messages", Inference("messages", Dialect.MESSAGES, messages.read))
    count = CountTokens(messages.COUNT, Dialect.MESSAGES, messages.count)
    table.add("POST", "/v1/" + messages.COUNT, count)
    video_jobs.add(table)
    account.add(table)
    table.add("GET", "/v1/models", Models())
    table.add("GET", "/v1/models/", Models())
    table.add("GET", "/v1/models/{model+}", Models())
    return table
