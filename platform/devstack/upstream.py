"""Which upstream `make run` sells: a real one when its key is given, else the demo upstream.

Asks a real one for its models, once, at the start. Never writes its key anywhere but to the state
folder's private file.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import httpx

OPENAI_BASE_URL = "https://api.openai.com/v1"  # of the official SDK, read 2026-11
DEMO_MODELS = ("demo-model", "demo-large", "demo-mini")

MODELS_TIMEOUT_S = 15.0  # part of the start, which should take under 30 s
BODY_BYTES_MAX = 4_000_000  # some aggregators describe each model in kilobytes
MODELS_MAX = 1_000  # the longest list of a public aggregator is about half of that

# In the order we would like to show one in an example; then the first that looks like chat.
EXAMPLE_MODELS = ("gpt-4o-mini", "gpt-4.1-mini", "qwen-plus", "deepseek-chat")
NOT_CHAT = (
    *("embed", "tts", "whisper", "audio", "realtime", "transcribe", "image", "dall-e"),
    *("moderation", "rerank", "sora", "video", "search", "instruct", "babbage", "davinci"),
)


class UpstreamUnusable(Exception):
    """What was given for an upstream does not work; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One upstream and what to sell from it."""

    upstream_id: str
    base_url: str
    credential: str
    models: Sequence[str]
    is_demo: bool = False

    @property
    def example_model(self) -> str:
        """The model that the banner's examples call."""
        for model in EXAMPLE_MODELS:
            if model in self.models:
                return model
        chat = (model for model in self.models if not any(part in model for part in NOT_CHAT))
        return next(chat, self.models[0])


def demo_offer(port: int, credential: str) -> Offer:
    """Our own demo upstream on this machine."""
    base_url = f"http://127.0.0.1:{port}/v1"
    return Offer("demo", base_url, credential, DEMO_MODELS, is_demo=True)


def find_real(environment: Mapping[str, str] = os.environ) -> Offer | None:
    """The upstream that the environment names, with its models; None where it names none.

    `UPSTREAM_BASE_URL` + `UPSTREAM_API_KEY` win over `OPENAI_API_KEY`, which means OpenAI itself.
    UpstreamUnusable when one of the pair is missing or the upstream does not answer.
    """
    base_url = environment.get("UPSTREAM_BASE_URL", "").rstrip("/")
    credential = environment.get("UPSTREAM_API_KEY", "")
    if bool(base_url) != bool(credential):
        raise UpstreamUnusable("give both UPSTREAM_BASE_URL and UPSTREAM_API_KEY, or neither")
    if not base_url:
        base_url, credential = OPENAI_BASE_URL, environment.get("OPENAI_API_KEY", "")
    if not credential:
        return None
    return Offer("upstream", base_url, credential, fetch_models(base_url, credential))


def fetch_models(base_url: str, credential: str) -> list[str]:
    """The ids of `GET {base_url}/models`, in the OpenAI format, in the order given."""
    address = f"{base_url}/models"
    try:
        body = _get(address, credential)
        models = [str(item["id"]) for item in json.loads(body)["data"]]
    except httpx.HTTPStatusError as error:
        status = error.response.status_code
        raise UpstreamUnusable(f"{address} answered {status}: check the key") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise UpstreamUnusable(f"{address} does not answer: {error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise UpstreamUnusable(f"{address} does not answer with a list of models") from error
    if not models:
        raise UpstreamUnusable(f"{address} lists no models")
    return list(dict.fromkeys(models))[:MODELS_MAX]


def _get(address: str, credential: str) -> bytes:
    headers = {"Authorization": f"Bearer {credential}"}
    body = bytearray()
    with httpx.stream("GET", address, headers=headers, timeout=MODELS_TIMEOUT_S) as answer:
        answer.raise_for_status()
        for chunk in answer.iter_bytes():
            body += chunk
            if len(body) > BODY_BYTES_MAX:
                raise ValueError("the list of models is too long")
    return bytes(body)
