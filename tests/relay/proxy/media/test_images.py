"""Pictures: made, edited, varied; charged by those that came, or by the upstream's tokens."""

from typing import Any

import pytest

from tests.relay.proxy.fakes import MODEL, Exchange, offer
from tests.relay.proxy.media.conftest import Studio, StudioOf

GENERATIONS, EDITS, VARIATIONS = "images/generations", "images/edits", "images/variations"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(1_000)
PICTURE = ("image", "a.png", PNG)


def frames(answer: Exchange) -> list[bytes]:
    """The events of a stream that names them."""
    return [frame for frame in answer.body.split(b"\n\n") if frame.startswith(b"event: ")]


async def test_pictures_are_charged_as_they_were_asked_for(studio_of: StudioOf) -> None:
    async with studio_of("dall-e-2") as studio:
        answer = await studio.json(GENERATIONS, prompt="a cat", n=3, size="256x256")
        assert len(answer.json()["data"]) == 3
        kind = "image:standard:256x256"
        assert studio.charged()[kind] == studio.counted(GENERATIONS)[kind] == 3
        (call,) = studio.relay.gate.admitted
        assert (dict(call.units), call.choices) == ({kind: 3}, 3)
        usage = studio.relay.end.usage
        assert usage is not None
        assert not usage.is_estimated


async def test_quality_and_size_have_openais_defaults(studio_of: StudioOf) -> None:
    async with studio_of("dall-e-3") as studio:
        await studio.json(GENERATIONS, prompt="a cat", quality="hd", size="1792x1024")
        await studio.json(GENERATIONS, prompt="a cat", quality=None)
        kinds = [dict(call.units) for call in studio.relay.gate.admitted]
        assert kinds == [{"image:hd:1792x1024": 1}, {"image:standard:1024x1024": 1}]
        assert studio.counted(GENERATIONS) == kinds[0] | kinds[1]


async def test_newer_models_are_charged_by_the_upstreams_tokens(studio_of: StudioOf) -> None:
    async with studio_of("gpt-image-1") as studio:
        answer = await studio.json(GENERATIONS, prompt="a cat", quality="low", n=2)
        assert answer.json()["usage"]["output_tokens"] == 544
        counted = studio.counted(GENERATIONS)
        assert counted["image_output"] == 544
        assert studio.charged() == counted | {"image:low:1024x1024": 2}


@pytest.mark.parametrize("partial", [0, 2])
async def test_pictures_are_streamed_and_the_last_event_follows_the_debit(
    studio_of: StudioOf, partial: int
) -> None:
    async with studio_of("gpt-image-1") as studio:
        answer = await studio.json(GENERATIONS, prompt="a cat", stream=True, partial_images=partial)
        kinds = [b"image_generation.completed" in frame for frame in frames(answer)]
        assert kinds == [False] * partial + [True]
        assert studio.relay.journal[-2:] == ["settled", "bytes"]
        counted = studio.counted(GENERATIONS)
        assert studio.charged() == counted | {"image:medium:1024x1024": 1}


async def test_an_edit_takes_several_pictures_and_a_mask(studio_of: StudioOf) -> None:
    async with studio_of("gpt-image-1") as studio:
        files = [("image[]", f"{n}.png", PNG) for n in range(3)] + [("mask", "m.png", PNG)]
        answer = await studio.form(EDITS, files, prompt="a hat", quality="low", n="1")
        assert answer.status == 200
        counted = studio.counted(EDITS)
        assert counted["image_input"] == 255
        assert studio.charged() == counted | {"image:low:1024x1024": 1}


async def test_an_edit_is_streamed_too(studio_of: StudioOf) -> None:
    async with studio_of("gpt-image-1") as studio:
        answer = await studio.form(
            EDITS, [PICTURE], prompt="a hat", stream="true", partial_images="1"
        )
        kinds = [b"image_edit.completed" in frame for frame in frames(answer)]
        assert kinds == [False, True]


async def test_variations_need_no_prompt(studio_of: StudioOf) -> None:
    async with studio_of("dall-e-2") as studio:
        answer = await studio.form(VARIATIONS, [PICTURE], n="2", size="512x512")
        assert len(answer.json()["data"]) == 2
        assert studio.charged()["image:standard:512x512"] == 2
        assert studio.counted(VARIATIONS) == {"image:standard:512x512": 2}


@pytest.mark.parametrize("fault", ["no-usage", "negative-usage", "absurd-usage"])
async def test_tokens_without_sense_are_estimated(studio_of: StudioOf, fault: str) -> None:
    async with studio_of("gpt-image-1") as studio:
        await studio.json(GENERATIONS, prompt=f"[[demo: fault={fault}]]", quality="high")
        charged = studio.charged()
        assert charged["image:high:1024x1024"] == 1
        assert charged["image_output"] == 4_160


@pytest.mark.parametrize("fault", ["500", "empty", "html-200"])
async def test_without_a_picture_nobody_pays(studio_of: StudioOf, fault: str) -> None:
    async with studio_of("dall-e-2") as studio:
        answer = await studio.json(GENERATIONS, prompt=f"[[demo: fault={fault}]]")
        assert (answer.status, studio.relay.end.usage) == (502, None)


async def test_without_a_model_the_one_that_is_sold_is_taken(studio_of: StudioOf) -> None:
    async with studio_of("dall-e-2") as studio:
        body = b'{"prompt":"a cat"}'
        path = "/v1/" + GENERATIONS
        answer = await studio.relay.request(path=path, body=[body]).begin().finish()
        assert (answer.status, answer.error()["param"]) == (400, "model")
        studio.relay.routes.offers["dall-e-2"] = studio.relay.routes.offers["small"]
        answer = await studio.relay.request(path=path, body=[body]).begin().finish()
        assert answer.status == 200


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"prompt": None}, "prompt"),
    ({"prompt": ""}, "prompt"),
    ({"prompt": "a" * 32_001}, "prompt"),
    ({"n": 0}, "n"),
    ({"n": 11}, "n"),
    ({"n": 1.5}, "n"),
    ({"size": "big"}, "size"),
    ({"size": "0x0"}, "size"),
    ({"size": "100000x1"}, "size"),
    ({"quality": "a:b"}, "quality"),
    ({"response_format": "png"}, "response_format"),
    ({"partial_images": 4}, "partial_images"),
    ({"stream": "yes"}, "stream"),
]


@pytest.mark.parametrize(
    ("changed", "param"), WRONG, ids=[f"{n}-{each[1]}" for n, each in enumerate(WRONG)]
)
async def test_what_is_wrong_is_named(
    studio_of: StudioOf, changed: dict[str, Any], param: str
) -> None:
    async with studio_of("dall-e-2") as studio:
        answer = await studio.json(GENERATIONS, **{"prompt": "a cat"} | changed)
        assert (answer.status, answer.error()["param"]) == (400, param)
        assert not studio.relay.gate.admitted


async def refused(studio: Studio, path: str, files: list[Any], **fields: str) -> tuple[int, str]:
    answer = await studio.form(path, files, **fields)
    assert not studio.relay.gate.admitted
    return answer.status, answer.error()["param"]


async def test_forms_are_looked_at_alike(studio_of: StudioOf) -> None:
    async with studio_of("dall-e-2") as studio:
        assert await refused(studio, EDITS, [], prompt="x") == (400, "image")
        assert await refused(studio, EDITS, [PICTURE]) == (400, "prompt")
        assert await refused(studio, EDITS, [PICTURE] * 17, prompt="x") == (400, "image")
        assert await refused(studio, VARIATIONS, [PICTURE] * 2) == (400, "image")
        assert await refused(studio, VARIATIONS, [PICTURE], n="many") == (400, "n")
        assert await refused(studio, VARIATIONS, [PICTURE], n="11") == (400, "n")


async def test_a_form_goes_on_to_its_next_model_and_says_nothing_of_routing_upstream(
    studio_of: StudioOf,
) -> None:
    async with studio_of("dall-e-2") as studio:
        wishes = {"models[]": ["nothing", MODEL], "provider": '{"order": ["demo"]}'}
        studio.relay.routes.offers["nothing"] = offer(model_id="nothing")
        answer = await studio.form(VARIATIONS, [PICTURE], model="nothing", **wishes)
        assert answer.status == 200
        (seen,) = studio.upstream.calls()
        assert seen["model"] == "dall-e-2"
        assert "provider" not in str(seen["body"])


async def test_a_form_that_wishes_for_an_unknown_vendor_is_refused(studio_of: StudioOf) -> None:
    async with studio_of("dall-e-2") as studio:
        answer = await studio.form(VARIATIONS, [PICTURE], provider='{"only": ["nobody"]}')
        assert (answer.status, answer.error()["param"]) == (400, "provider")
