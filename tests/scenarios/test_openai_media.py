"""OpenAI's own client hears, speaks and draws through a relay: each call is charged by what the
upstream counted, at the set prices, to the nano."""

from fractions import Fraction
from typing import Any

import openai
import pytest

from devstack.demo_upstream.media.sound import silence
from tests.faults.cluster import Cluster, Customer, wait_until
from tests.scenarios.sdk import OpenClient
from tests.scenarios.wire import usage_record

pytestmark = [
    pytest.mark.stack,
    pytest.mark.timeout(300),
    # The SDK deprecates endpoints that resellers go on selling.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

# Fractions of a nano, so that rounding matters.
SECOND = 100_000
CHARACTER = Fraction("15.000001") * 1_000
SMALL_IMAGE, HD_IMAGE = 16_000_000, 80_000_000
TOKENS = {"input": 5, "image_input": 10, "image_output": 40, "audio_input": 6, "output": 10}


def _tokens() -> str:
    return ", ".join(f'{name}: "{price}.00"' for name, price in TOKENS.items())


MODELS = {
    "whisper-1": f'{{seconds: "0.000{SECOND // 1000}"}}',
    "tts-1": '{characters: "15.000001"}',
    "sora-2": f'{{seconds: "0.000{SECOND // 1000}"}}',
    "dall-e-2": '{image: {"256x256": "0.016", default: "0.02"}}',
    "dall-e-3": '{image: {"hd:1792x1024": "0.08", default: "0.04"}}',
    "gpt-image-1": f"{{{_tokens()}}}",
    "gpt-4o-transcribe": f"{{{_tokens()}}}",
    "chat-only": '{input: "1.00", output: "1.00"}',
}
CATALOG = "models:" + "".join(
    f"""
  - id: {model}
    max_output_tokens: 16384
    context_tokens: 100000
    price: {price}
    routes: [{{upstream: first, name: {model}}}]"""
    for model, price in MODELS.items()
)
WAV = ("speech.wav", silence("wav", 2_500))
PICTURE = ("a.png", b"\x89PNG\r\n\x1a\n" + bytes(1_000))


@pytest.fixture(scope="module")
def customer(deployment: Cluster) -> Customer:
    deployment.apply(CATALOG)
    return deployment.customers(1, amount="50.00")[0]


@pytest.fixture
def client(open_client: OpenClient, customer: Customer) -> Any:
    opened = open_client(customer)
    wait_until(lambda: set(MODELS) <= {model.id for model in opened.models.list()}, timeout_s=10)
    return opened


def charged(deployment: Cluster, raw: Any) -> dict[str, Any]:
    """The record of the call that was answered so."""
    record = usage_record(deployment, raw.headers["x-request-id"])
    assert record["ending"] == "completed"
    assert not record["is_estimated"]
    return record


def test_transcripts_cost_their_seconds(deployment: Cluster, client: Any) -> None:
    raw = client.audio.transcriptions.with_raw_response.create(
        model="whisper-1", file=WAV, response_format="verbose_json", language="zh"
    )
    assert raw.parse().duration == 2.5
    record = charged(deployment, raw)
    assert (record["charge_nanos"], record["quantities"]) == (3 * SECOND, {"seconds": 3})
    raw = client.audio.transcriptions.with_raw_response.create(
        model="whisper-1", file=WAV, response_format="srt"
    )
    assert "-->" in raw.text
    assert charged(deployment, raw)["charge_nanos"] == 3 * SECOND
    raw = client.audio.translations.with_raw_response.create(model="whisper-1", file=WAV)
    assert raw.parse().text
    assert charged(deployment, raw)["charge_nanos"] == 3 * SECOND


def test_a_streamed_transcript_costs_its_tokens(deployment: Cluster, client: Any) -> None:
    raw = client.audio.transcriptions.with_raw_response.create(
        model="gpt-4o-transcribe", file=WAV, prompt="[[demo: tokens=4]]", stream=True
    )
    *deltas, done = list(raw.parse())
    assert "".join(event.delta for event in deltas) == done.text == "one two three four"
    usage = done.usage
    text = usage.input_tokens - usage.input_token_details.audio_tokens
    record = charged(deployment, raw)
    assert record["charge_nanos"] == 1_000 * (
        text * TOKENS["input"] + 30 * TOKENS["audio_input"] + 4 * TOKENS["output"]
    )


def test_speech_costs_its_characters(deployment: Cluster, client: Any) -> None:
    raw = client.audio.speech.with_raw_response.create(
        model="tts-1", voice="alloy", input="你好,欢迎使用!", response_format="mp3"
    )
    assert raw.content.startswith(b"\xff\xfb")
    assert raw.headers["content-type"] == "audio/mpeg"
    record = charged(deployment, raw)
    assert record["quantities"]["characters"] == 8
    assert record["charge_nanos"] == round(8 * CHARACTER)


def test_speech_is_streamed_to_a_file(client: Any) -> None:
    with client.audio.speech.with_streaming_response.create(
        model="tts-1", voice="alloy", input="hello " * 100, response_format="wav"
    ) as response:
        pieces = list(response.iter_bytes(chunk_size=1024))
    assert b"".join(pieces).startswith(b"RIFF")


def test_pictures_cost_what_was_made(deployment: Cluster, client: Any) -> None:
    raw = client.images.with_raw_response.generate(
        model="dall-e-2", prompt="a cat", n=3, size="256x256"
    )
    assert len(raw.parse().data) == 3
    assert charged(deployment, raw)["charge_nanos"] == 3 * SMALL_IMAGE
    raw = client.images.with_raw_response.generate(
        model="dall-e-3", prompt="a cat", quality="hd", size="1792x1024"
    )
    assert charged(deployment, raw)["charge_nanos"] == HD_IMAGE
    raw = client.images.with_raw_response.create_variation(
        model="dall-e-2", image=PICTURE, n=2, size="256x256"
    )
    assert charged(deployment, raw)["charge_nanos"] == 2 * SMALL_IMAGE


def test_an_edit_costs_the_upstreams_tokens(deployment: Cluster, client: Any) -> None:
    raw = client.images.with_raw_response.edit(
        model="gpt-image-1", prompt="a hat", image=[PICTURE, PICTURE], quality="low"
    )
    usage = raw.parse().usage
    assert (usage.input_tokens_details.image_tokens, usage.output_tokens) == (170, 272)
    text = usage.input_tokens_details.text_tokens
    assert charged(deployment, raw)["charge_nanos"] == 1_000 * (
        text * TOKENS["input"] + 170 * TOKENS["image_input"] + 272 * TOKENS["image_output"]
    )


def test_a_streamed_picture_comes_in_parts(deployment: Cluster, client: Any) -> None:
    raw = client.images.with_raw_response.generate(
        model="gpt-image-1", prompt="a cat", stream=True, partial_images=2
    )
    kinds = [event.type for event in raw.parse()]
    assert kinds == [*["image_generation.partial_image"] * 2, "image_generation.completed"]
    assert charged(deployment, raw)["charge_nanos"] > 1_056 * 1_000 * TOKENS["image_output"]


def test_a_video_that_begins_with_a_picture_costs_its_seconds(
    deployment: Cluster, client: Any
) -> None:
    raw = client.videos.with_raw_response.create(
        model="sora-2", prompt="[[demo:polls=1]] a cat", seconds="8", input_reference=PICTURE
    )
    job = raw.parse()
    assert client.videos.poll(job.id, poll_interval_ms=200).status == "completed"
    assert client.videos.download_content(job.id).read()
    assert charged(deployment, raw)["charge_nanos"] == 8 * SECOND


def test_a_model_without_a_fitting_price_is_not_given_away(client: Any) -> None:
    with pytest.raises(openai.NotFoundError):
        client.audio.transcriptions.create(model="dall-e-2", file=WAV)
    with pytest.raises(openai.NotFoundError):
        client.images.generate(model="whisper-1", prompt="a cat")
    with pytest.raises(openai.NotFoundError):
        client.audio.speech.create(model="dall-e-2", voice="alloy", input="hi")


def test_what_is_wrong_is_named(client: Any) -> None:
    with pytest.raises(openai.BadRequestError) as raised:
        client.audio.speech.create(model="tts-1", voice="alloy", input="a" * 4_097)
    assert raised.value.param == "input"
    with pytest.raises(openai.BadRequestError) as raised:
        client.images.generate(model="dall-e-2", prompt="a cat", n=11)
    assert raised.value.param == "n"


def test_after_all_that_the_books_agree(deployment: Cluster) -> None:
    assert deployment.settled_audit()["ok"]
