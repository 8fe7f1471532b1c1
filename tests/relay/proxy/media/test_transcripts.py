"""Sound to text: every format, streamed or not, charged as the upstream counted or by the file."""

from typing import Any

import pytest

from devstack.demo_upstream.media.sound import silence
from tests.relay.proxy.forms.multipart import content_type, form
from tests.relay.proxy.media.conftest import StudioOf

TRANSCRIPTIONS, TRANSLATIONS = "audio/transcriptions", "audio/translations"
WAV = [("file", "speech.wav", silence("wav", 2_500))]


@pytest.mark.parametrize("path", [TRANSCRIPTIONS, TRANSLATIONS])
@pytest.mark.parametrize("kind", ["json", "verbose_json", "text", "srt", "vtt"])
async def test_every_format_is_charged_by_the_seconds_that_the_upstream_counts(
    studio_of: StudioOf, path: str, kind: str
) -> None:
    async with studio_of("whisper-1") as studio:
        answer = await studio.form(path, WAV, response_format=kind, prompt="[[demo: tokens=2]]")
        assert answer.status == 200
        assert b"one two" in answer.body
        is_json = kind.endswith("json")
        assert answer.headers["content-type"].startswith("application/json" if is_json else "text/")
        assert studio.charged()["seconds"] == studio.counted(path)["seconds"] == 3
        usage = studio.relay.end.usage
        assert usage is not None
        assert not usage.is_estimated  # by the file's own header, where the answer has no room


async def test_a_model_of_tokens_is_charged_by_the_upstreams_tokens(studio_of: StudioOf) -> None:
    async with studio_of("gpt-4o-transcribe") as studio:
        answer = await studio.form(TRANSCRIPTIONS, WAV, prompt="[[demo: tokens=5]]", language="en")
        assert answer.json()["usage"]["output_tokens"] == 5
        counted = studio.counted(TRANSCRIPTIONS)
        assert counted["audio_input"] == 30
        assert studio.charged() == counted | {"seconds": 3}


async def test_a_stream_is_handed_on_and_ends_after_the_debit(studio_of: StudioOf) -> None:
    async with studio_of("gpt-4o-transcribe") as studio:
        answer = await studio.form(
            TRANSCRIPTIONS, WAV, stream="true", prompt="[[demo: tokens=4 pace=5]]"
        )
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = answer.events()
        assert [b"transcript.text.delta" in event for event in events] == [True] * 4 + [False]
        assert b"transcript.text.done" in events[-1]
        assert answer.is_whole
        assert studio.relay.journal[-2:] == ["settled", "bytes"]
        assert studio.charged() == studio.counted(TRANSCRIPTIONS) | {"seconds": 3}


async def test_a_model_that_cannot_stream_answers_in_one_piece(studio_of: StudioOf) -> None:
    async with studio_of("whisper-1") as studio:
        answer = await studio.form(TRANSCRIPTIONS, WAV, stream="true", prompt="[[demo: tokens=2]]")
        assert answer.json()["text"] == "one two"
        assert answer.headers["content-type"] == "application/json"
        assert studio.charged() == {"seconds": 3}


@pytest.mark.parametrize("fault", ["no-usage", "negative-usage", "absurd-usage"])
async def test_without_a_figure_that_makes_sense_the_file_tells(
    studio_of: StudioOf, fault: str
) -> None:
    async with studio_of("whisper-1") as studio:
        await studio.form(TRANSCRIPTIONS, WAV, prompt=f"[[demo: fault={fault}]]")
        assert studio.charged()["seconds"] == 3


async def test_of_a_format_that_tells_nothing_the_size_does_and_it_is_flagged(
    studio_of: StudioOf,
) -> None:
    async with studio_of("whisper-1") as studio:
        files = [("file", "a.webm", b"\x1aE\xdf\xa3" + bytes(79_996))]
        await studio.form(TRANSCRIPTIONS, files, response_format="srt")
        usage = studio.relay.end.usage
        assert usage is not None
        assert (usage.other["seconds"], usage.is_estimated) == (10, True)


async def test_a_verbose_answer_tells_the_length_of_such_a_file(studio_of: StudioOf) -> None:
    async with studio_of("whisper-1") as studio:
        files = [("file", "a.webm", bytes(80_000))]
        more = {"response_format": "verbose_json", "timestamp_granularities[]": ["word", "segment"]}
        answer = await studio.form(
            TRANSCRIPTIONS, files, prompt="[[demo: fault=no-usage seconds=21]]", **more
        )
        assert answer.json()["duration"] == 21
        assert studio.charged()["seconds"] == 21


async def test_a_big_file_is_sent_on_to_the_byte(studio_of: StudioOf) -> None:
    async with studio_of("whisper-1") as studio:
        sound = silence("wav", 900_000)  # 14 MB, a quarter of an hour
        answer = await studio.form(TRANSCRIPTIONS, [("file", "long.wav", sound)])
        assert answer.status == 200
        (call,) = studio.upstream.calls()
        assert len(sound) < call["body_bytes"] < len(sound) + 2_000
        assert studio.charged() == {"seconds": 900}


WRONG: list[tuple[dict[str, Any], list[Any], str]] = [
    ({}, [], "file"),
    ({}, [("file", "a.wav", b"")], "file"),
    ({}, [*WAV, *WAV], "file"),
    ({"response_format": "xml"}, WAV, "response_format"),
    ({"temperature": "2"}, WAV, "temperature"),
    ({"temperature": "warm"}, WAV, "temperature"),
    ({"stream": "perhaps"}, WAV, "stream"),
    ({"timestamp_granularities[]": ["word"]}, WAV, "timestamp_granularities"),
    ({"timestamp_granularities[]": ["hour"]}, WAV, "timestamp_granularities[0]"),
    ({"model": "a\x00b"}, WAV, "model"),
    ({"model": ""}, WAV, "model"),
]


@pytest.mark.parametrize(
    ("fields", "files", "param"), WRONG, ids=[f"{n}-{each[2]}" for n, each in enumerate(WRONG)]
)
async def test_what_is_wrong_is_named_and_nothing_is_held(
    studio_of: StudioOf, fields: dict[str, Any], files: list[Any], param: str
) -> None:
    async with studio_of("whisper-1") as studio:
        answer = await studio.form(TRANSCRIPTIONS, files, **fields)
        assert (answer.status, answer.error()["param"]) == (400, param)
        assert not studio.relay.gate.admitted
        assert studio.upstream.calls() == []


async def test_the_hold_covers_the_seconds_and_the_tokens(studio_of: StudioOf) -> None:
    async with studio_of("whisper-1") as studio:
        await studio.form(TRANSCRIPTIONS, WAV)
        (call,) = studio.relay.gate.admitted
        assert (call.units["seconds"], call.units_guess["seconds"]) == (3, 3)
        assert call.measures == (("seconds",), ("input", "output"))


@pytest.mark.parametrize(("prefix", "status"), [("/v1/", 200), ("/compatible-mode/v1/", 200)])
async def test_the_prefix_alias_serves_them_too(
    studio_of: StudioOf, prefix: str, status: int
) -> None:
    async with studio_of("whisper-1") as studio:
        exchange = studio.relay.request(
            path=prefix + TRANSCRIPTIONS,
            body=[form({"model": "small"}, WAV)],
            headers={"content-type": content_type()},
        )
        assert (await exchange.begin().finish()).status == status
