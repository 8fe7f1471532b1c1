"""Xidao's page: sound to text, text to sound, and pictures. Each test says for which lines it
stands."""

import io
import wave
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from tests.scenarios.seeds.rows import Row, error_of, passing, refused
from tests.scenarios.seeds.sellers import Seller, Upstream

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]
SITE = "xidao"
INVALID = "invalid_request_error"
# 4,096 characters, read out at once rather than at the pace of a voice.
LONGEST = "[[demo: pace=0]]".ljust(4096, "x")
SPEECH = [
    Row(94, "model", ("tts-1", "tts-1-hd"), (1,)),
    Row(95, "input", ("你好", LONGEST), ("", "x" * 4097, 5)),
    Row(96, "voice", ("alloy", "nova"), (5,)),
    Row(97, "response_format", ("mp3", "opus", "aac", "flac", "wav"), ("midi", 3)),
    Row(98, "speed", (0.25, 1.0, 4.0), (0.2, 4.1, "fast")),
]


def recording() -> bytes:
    """Two seconds of silence."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(2 * 2 * 8000))
    return file.getvalue()


def transcribe(
    curl: httpx.Client, seller: Seller, *, file: bool = True, **fields: str
) -> httpx.Response:
    """Lines 85-89."""
    return curl.post(
        f"{seller.base_url}/audio/transcriptions",
        headers={"Authorization": f"Bearer {seller.key}"},
        files={"file": ("recording.wav", recording())} if file else {"other": ("a", b"b")},
        data=fields,
    )


def speak(curl: httpx.Client, seller: Seller, **body: Any) -> httpx.Response:
    asked = {"model": "tts-1", "input": "你好", "voice": "alloy"} | body
    return curl.post(
        f"{seller.base_url}/audio/speech",
        headers={"Authorization": f"Bearer {seller.key}"},
        json={name: value for name, value in asked.items() if value is not None},
    )


def test_the_curl_example_of_transcriptions(curl: httpx.Client, seller: Seller) -> None:
    """Lines 77-89."""
    answer = transcribe(curl, seller, model="whisper-1", language="zh")
    assert answer.status_code == 200, answer.text
    assert answer.json()["text"]


@pytest.mark.parametrize("response_format", ["json", "text", "srt", "verbose_json"])
def test_a_transcript_comes_in_each_listed_format(
    curl: httpx.Client, seller: Seller, response_format: str
) -> None:
    """Line 84."""
    answer = transcribe(curl, seller, model="whisper-1", response_format=response_format)
    assert answer.status_code == 200, answer.text
    is_json = answer.headers["content-type"].startswith("application/json")
    assert is_json is ("json" in response_format)
    assert answer.json()["text"] if is_json else answer.text.strip()


@pytest.mark.parametrize(
    ("line", "fields", "param"),
    [
        (81, {"model": "whisper-1", "file": False}, "file"),
        (82, {}, "model"),
        (84, {"model": "whisper-1", "response_format": "xml"}, "response_format"),
    ],
)
def test_a_field_of_transcriptions_that_is_wrong_is_refused_by_its_name(
    curl: httpx.Client, seller: Seller, line: int, fields: dict[str, Any], param: str
) -> None:
    status, kind, _, named = error_of(transcribe(curl, seller, **fields))
    assert (status, kind, named) == (400, INVALID, param)


@pytest.mark.parametrize(("name", "value"), passing(SPEECH))
def test_a_parameter_of_speech_reaches_the_model_as_it_is(
    curl: httpx.Client, seller: Seller, upstream: Upstream, name: str, value: Any
) -> None:
    answer = speak(curl, seller, **{name: value})
    assert answer.status_code == 200, answer.text
    assert answer.content
    assert upstream.newest()["body"][name] == value


@pytest.mark.parametrize(("name", "value", "param"), refused(SPEECH))
def test_a_parameter_of_speech_that_is_wrong_is_refused_by_its_name(
    curl: httpx.Client, seller: Seller, name: str, value: Any, param: str
) -> None:
    status, kind, _, named = error_of(speak(curl, seller, **{name: value}))
    assert (status, kind, named) == (400, INVALID, param)


@pytest.mark.parametrize("name", ["model", "input", "voice"])
def test_a_required_parameter_of_speech_is_named(
    curl: httpx.Client, seller: Seller, name: str
) -> None:
    """Lines 94-96."""
    status, kind, _, named = error_of(speak(curl, seller, **{name: None}))
    assert (status, kind, named) == (400, INVALID, name)


def test_the_example_of_speech(client: openai.OpenAI, tmp_path: Path) -> None:
    """Lines 99-103."""
    response = client.audio.speech.create(
        model="tts-1-hd", voice="alloy", input="你好,欢迎使用!", response_format="mp3"
    )
    with (tmp_path / "output.mp3").open("wb") as f:
        for chunk in response.iter_bytes(chunk_size=1024):
            f.write(chunk)
    assert (tmp_path / "output.mp3").stat().st_size > 0


def test_the_example_of_images(client: openai.OpenAI) -> None:
    """Lines 104-111."""
    response = client.images.generate(
        model="dall-e-3", prompt="A sunset over ocean", n=1, size="1024x1024", quality="hd"
    )
    assert response.data is not None
    assert (response.data[0].url or "").startswith("http")
