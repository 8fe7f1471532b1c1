"""The demo upstream's pictures, sound and film: the official SDK reads them, and counts agree."""

import io
import wave
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest

from devstack.demo_upstream.errors import LEAK_MARK
from devstack.demo_upstream.media.sound import RATE, silence
from devstack.demo_upstream.server import Running, running
from devstack.demo_upstream.wording import NOTICE

# The SDK deprecates endpoints that resellers go on selling.
DEPRECATED = pytest.mark.filterwarnings("ignore::DeprecationWarning")
WAV = ("speech.wav", silence("wav", 2500))
PICTURE = ("a.png", b"\x89PNG")


@pytest.fixture(scope="module")
def upstream() -> Iterator[Running]:
    with running() as upstream:
        yield upstream


@pytest.fixture
def client(upstream: Running) -> Iterator[Any]:
    upstream.clear()
    with openai.OpenAI(base_url=upstream.base_url, api_key="any", max_retries=0) as client:
        yield client


def used(upstream: Running, route: str) -> dict[str, int]:
    """What the demo upstream counted besides text."""
    counted = upstream.routes()[route]["completed"]
    plain = ("calls", "input_tokens", "cached_input_tokens", "output_tokens", "reasoning_tokens")
    return {name: n for name, n in counted.items() if name not in plain}


def test_pictures_are_counted_by_size_and_quality(client: Any, upstream: Running) -> None:
    answer = client.images.generate(model="dall-e-2", prompt="a cat", n=3, size="256x256")
    assert len({picture.url for picture in answer.data}) == 3
    large = client.images.generate(
        model="dall-e-3", prompt="a cat", quality="hd", size="1792x1024", response_format="b64_json"
    )
    assert large.data[0].b64_json
    assert large.data[0].revised_prompt == "a cat"
    assert used(upstream, "images/generations") == {
        "image:standard:256x256": 3,
        "image:hd:1792x1024": 1,
    }


def test_newer_models_are_counted_in_tokens(client: Any, upstream: Running) -> None:
    answer = client.images.edit(
        model="gpt-image-1", prompt="a cat", image=[PICTURE, PICTURE], quality="low"
    )
    assert answer.usage.input_tokens_details.image_tokens == 170
    assert answer.usage.input_tokens_details.text_tokens == 2
    assert answer.usage.output_tokens == 272
    assert (answer.quality, answer.size) == ("low", "1024x1024")
    assert used(upstream, "images/edits") == {"image_input": 170, "image_output": 272}


def test_pictures_are_streamed_in_parts(client: Any) -> None:
    asked: dict[str, Any] = {"model": "gpt-image-1", "prompt": "a cat", "partial_images": 2}
    events = list(client.images.generate(**asked, stream=True))
    kinds = [event.type for event in events]
    assert kinds == [*["image_generation.partial_image"] * 2, "image_generation.completed"]
    assert events[-1].usage.output_tokens == 1056


@DEPRECATED
def test_variation_needs_a_picture(client: Any, upstream: Running) -> None:
    assert len(client.images.create_variation(image=PICTURE, n=2, size="512x512").data) == 2
    response = httpx.post(f"{upstream.base_url}/images/variations", json={}, trust_env=False)
    assert response.status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"prompt": "a", "n": 11},
        {"prompt": "a", "size": "1x1"},
        {"prompt": "a", "model": "dall-e-3", "n": 2},
        {"prompt": "a", "model": "gpt-image-1", "response_format": "url"},
        {"prompt": "a", "model": "gpt-image-1", "quality": "hd"},
    ],
    ids=str,
)
def test_wrong_image_request_is_refused(upstream: Running, body: dict[str, Any]) -> None:
    url = f"{upstream.base_url}/images/generations"
    response = httpx.post(url, json=body, trust_env=False)
    assert response.status_code == 400
    assert response.json()["error"]["param"]


def test_transcript_is_billed_by_seconds_of_its_wav(client: Any, upstream: Running) -> None:
    answer = client.audio.transcriptions.create(model="whisper-1", file=WAV)
    assert answer.text.startswith(NOTICE)
    assert (answer.usage.type, answer.usage.seconds) == ("duration", 3)
    assert used(upstream, "audio/transcriptions") == {"seconds": 3}


def test_transcript_has_all_its_formats(client: Any) -> None:
    def ask(kind: str, **more: Any) -> Any:
        return client.audio.transcriptions.create(
            model="whisper-1", file=WAV, response_format=kind, prompt="[[demo: tokens=2]]", **more
        )

    assert ask("text") == "one two\n"
    assert ask("srt") == "1\n00:00:00,000 --> 00:00:02,500\none two\n\n"
    assert ask("vtt").startswith("WEBVTT\n\n00:00:00.000 --> 00:00:02.500\n")
    verbose = ask("verbose_json", timestamp_granularities=["word"])
    assert (verbose.duration, verbose.segments[0].end) == (2.5, 2.5)
    assert [word.word for word in verbose.words] == ["one", "two"]


def test_newer_transcript_streams_and_counts_tokens(client: Any, upstream: Running) -> None:
    asked: dict[str, Any] = {"model": "gpt-4o-transcribe", "file": WAV}
    prompt = "[[demo: tokens=3]]"
    events = list(client.audio.transcriptions.create(**asked, prompt=prompt, stream=True))
    *deltas, done = events
    assert "".join(event.delta for event in deltas) == done.text == "one two three"
    assert done.usage.input_token_details.audio_tokens == 30
    assert done.usage.output_tokens == 3
    assert used(upstream, "audio/transcriptions") == {"audio_input": 30}


@DEPRECATED
def test_translation_answers_too(client: Any) -> None:
    translation = client.audio.translations.create(model="whisper-1", file=WAV)
    assert translation.text.startswith(NOTICE)


def test_speech_is_a_real_wav_counted_by_characters(client: Any, upstream: Running) -> None:
    answer = client.audio.speech.create(
        model="tts-1", voice="alloy", input="你好 demo", response_format="wav"
    )
    with wave.open(io.BytesIO(answer.content)) as sound:
        assert sound.getframerate() == RATE
        assert sound.getnframes() > 0
    assert answer.response.headers["content-type"] == "audio/wav"
    assert used(upstream, "audio/speech") == {"characters": 7}


def test_speech_in_events_says_its_usage(client: Any, upstream: Running) -> None:
    answer = client.audio.speech.create(
        model="gpt-4o-mini-tts", voice="alloy", input="[[demo: tokens=5]]", stream_format="sse"
    )
    text = answer.text
    assert text.count("speech.audio.delta") == 5
    assert '"output_tokens":5' in text
    assert used(upstream, "audio/speech") == {"audio_output": 5}


def test_speech_can_be_paced_and_cut(upstream: Running) -> None:
    def ask(order: str) -> None:
        asked = {"model": "tts-1", "voice": "alloy", "input": f"[[demo: {order}]]"}
        httpx.post(f"{upstream.base_url}/audio/speech", json=asked, trust_env=False)

    ask("tokens=5 pace=10")
    assert upstream.calls()[-1]["ended_ms"] >= 35
    with pytest.raises(httpx.RemoteProtocolError):
        ask("fault=cut")


@DEPRECATED
def test_video_is_made_polled_fetched_and_deleted(client: Any, upstream: Running) -> None:
    video = client.videos.create(prompt="a cat [[demo: polls=3 size=100000]]", seconds="8")
    assert (video.status, video.progress, video.seconds) == ("queued", 0, "8")
    with pytest.raises(openai.NotFoundError):
        client.videos.download_content(video.id)
    seen = [client.videos.retrieve(video.id) for _ in range(4)]
    assert [each.status for each in seen] == [*["in_progress"] * 2, *["completed"] * 2]
    assert len(client.videos.download_content(video.id).content) == 100_000
    assert client.videos.delete(video.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.videos.retrieve(video.id)
    assert used(upstream, "videos") == {"seconds": 8}
    assert upstream.routes()["videos/get"]["completed"]["calls"] == 4


@DEPRECATED
def test_video_can_fail(client: Any) -> None:
    video = client.videos.create(prompt="[[demo: fault=failed polls=1]]")
    failed = client.videos.retrieve(video.id)
    assert failed.status == "failed"
    assert LEAK_MARK in failed.error.message


def test_resellers_path_takes_a_duration(upstream: Running) -> None:
    url = f"{upstream.base_url}/videos/generations"
    asked = {"model": "sora", "prompt": "A cat in garden", "duration": 10}
    made = httpx.post(url, json=asked, trust_env=False).json()
    assert made["seconds"] == "10"
    assert httpx.get(f"{url}/{made['id']}", trust_env=False).json()["status"] == "in_progress"
    wrong = httpx.post(f"{upstream.base_url}/videos", json={"prompt": "a", "seconds": "5"})
    assert wrong.json()["error"]["param"] == "seconds"
