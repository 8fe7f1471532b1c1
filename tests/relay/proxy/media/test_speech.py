"""Text to sound: bytes as they come, or events; characters are counted by us."""

from typing import Any

import pytest

from devstack.demo_upstream.server import Running
from relay.proxy.types import Ending
from tests.relay.proxy.fakes import House, house, route
from tests.relay.proxy.media.conftest import StudioOf
from tests.relay.proxy.server import connected, served

SPEECH = "audio/speech"
GOOD = {"input": "你好, welcome", "voice": "alloy"}


@pytest.mark.parametrize("kind", ["mp3", "opus", "aac", "flac", "wav", "pcm"])
async def test_sound_comes_as_the_upstream_made_it(studio_of: StudioOf, kind: str) -> None:
    async with studio_of("tts-1") as studio:
        answer = await studio.json(SPEECH, **GOOD, response_format=kind, speed=0.25)
        assert answer.status == 200
        type_of = {"mp3": "audio/mpeg"}.get(kind, f"audio/{kind}")
        assert answer.headers["content-type"] == type_of
        (call,) = studio.upstream.calls()
        assert len(answer.body) == call["bytes_sent"]
        assert answer.is_whole
        assert studio.charged()["characters"] == studio.counted(SPEECH)["characters"] == 11
        usage = studio.relay.end.usage
        assert usage is not None
        assert not usage.is_estimated
        assert studio.relay.journal[-1] == "bytes"
        assert "settled" in studio.relay.journal[:-1]


async def test_events_tell_their_tokens(studio_of: StudioOf) -> None:
    async with studio_of("gpt-4o-mini-tts") as studio:
        answer = await studio.json(
            SPEECH, input="[[demo: tokens=6]]", voice={"id": "voice_1"}, stream_format="sse"
        )
        kinds = [b"speech.audio.done" in event for event in answer.events()]
        assert kinds == [False] * 6 + [True]
        counted = studio.counted(SPEECH)
        assert counted["audio_output"] == 6
        assert studio.charged() == counted | {"characters": 18}
        assert studio.relay.journal[-2:] == ["settled", "bytes"]


@pytest.mark.parametrize("fault", ["no-usage", "negative-usage", "absurd-usage"])
async def test_events_without_sense_are_estimated(studio_of: StudioOf, fault: str) -> None:
    async with studio_of("gpt-4o-mini-tts") as studio:
        asked = {"input": f"hi [[demo: fault={fault}]]", "voice": "alloy", "stream_format": "sse"}
        answer = await studio.json(SPEECH, **asked)
        assert answer.is_whole
        charged = studio.charged()
        assert charged["characters"] == len(asked["input"])
        assert 0 < charged["audio_output"] < 200


async def test_a_cut_sound_does_not_end_cleanly_and_costs_what_came(studio_of: StudioOf) -> None:
    async with studio_of("tts-1") as studio:
        text = "a" * 1_000 + "[[demo: fault=cut tokens=50]]"
        answer = await studio.json(SPEECH, input=text, voice="alloy", response_format="pcm")
        assert answer.status == 200
        assert answer.body
        assert not answer.is_whole
        usage = studio.relay.end.usage
        assert usage is not None
        assert studio.relay.end.ending is Ending.CUT
        assert 0 < usage.other["characters"] < 1_000
        assert usage.is_estimated


async def test_a_cut_sound_is_cut_on_the_wire_too(one: Running) -> None:
    async with house(route(one.base_url, "one", name="tts-1", renaming=None)) as made:
        made.routes.offers["tts-1"] = made.routes.offers["small"]
        body = b'{"model":"small","input":"[[demo: fault=cut tokens=50]]","voice":"alloy"}'
        async with served(made) as port, connected(port) as (reader, writer):
            writer.write(_post(body))
            answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert not answer.endswith(b"0\r\n\r\n")


async def test_events_that_break_off_end_in_an_error_event(studio_of: StudioOf) -> None:
    async with studio_of("gpt-4o-mini-tts") as studio:
        text = "[[demo: fault=error-event tokens=9 after=3]]"
        answer = await studio.json(SPEECH, input=text, voice="alloy", stream_format="sse")
        assert b"upstream_error" in answer.events()[-1]
        assert b"speech.audio.done" not in answer.body
        assert studio.relay.end.ending is Ending.CUT


@pytest.mark.parametrize("fault", ["500", "html-200", "empty", "reset"])
async def test_an_upstream_that_gives_no_sound_costs_nothing(
    studio_of: StudioOf, fault: str
) -> None:
    async with studio_of("tts-1") as studio:
        answer = await studio.json(SPEECH, input=f"hi [[demo: fault={fault}]]", voice="alloy")
        assert answer.status == 502
        assert studio.relay.end.usage is None


async def test_another_upstream_is_asked_before_the_first_byte(pair: House, two: Running) -> None:
    body = b'{"model":"small","input":"[[demo: fault=500 only=one]]","voice":"alloy"}'
    answer = await pair.request(path="/v1/audio/speech", body=[body]).begin().finish()
    assert (answer.status, pair.end.upstream_id) == (200, "two")


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"voice": None}, "voice"),
    ({"voice": ""}, "voice"),
    ({"input": ""}, "input"),
    ({"input": "好" * 4_097}, "input"),
    ({"input": 5}, "input"),
    ({"speed": 0.2}, "speed"),
    ({"speed": 4.1}, "speed"),
    ({"speed": "fast"}, "speed"),
    ({"response_format": "ogg"}, "response_format"),
    ({"stream_format": "ws"}, "stream_format"),
    ({"model": "a\nb"}, "model"),
]


@pytest.mark.parametrize(
    ("changed", "param"), WRONG, ids=[f"{n}-{each[1]}" for n, each in enumerate(WRONG)]
)
async def test_what_is_wrong_is_named(
    studio_of: StudioOf, changed: dict[str, Any], param: str
) -> None:
    async with studio_of("tts-1") as studio:
        answer = await studio.json(SPEECH, **GOOD | changed)
        assert (answer.status, answer.error()["param"]) == (400, param)
        assert not studio.relay.gate.admitted


async def test_a_voice_is_required_and_as_long_a_text_as_there_may_be_is_taken(
    studio_of: StudioOf,
) -> None:
    async with studio_of("tts-1") as studio:
        answer = await studio.json(SPEECH, input="hi")
        assert (answer.status, answer.error()["param"]) == (400, "voice")
        answer = await studio.json(SPEECH, input="好" * 4_096, voice="alloy")
        assert answer.status == 200
        assert studio.charged()["characters"] == 4_096


async def test_who_leaves_in_the_middle_pays_the_text(studio_of: StudioOf) -> None:
    async with studio_of("tts-1") as studio:
        text = "[[demo: tokens=400 pace=20]]"
        exchange = studio.begin_json(SPEECH, input=text, voice="alloy")
        await exchange.until_body(b"\xff\xfb")
        exchange.leave()
        await exchange.finish()
        assert studio.relay.end.ending is Ending.CLIENT_LEFT
        assert studio.charged()["characters"] == len(text)


def _post(body: bytes) -> bytes:
    lines = [
        "POST /v1/audio/speech HTTP/1.1",
        "Host: acme.localhost",
        "Authorization: Bearer sk-acme",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
