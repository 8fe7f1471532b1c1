"""Videos begun from a form: held, kept, looked at and paid as those begun from JSON."""

from typing import Any

import pytest

from relay.proxy.types import Usage
from tests.relay.proxy.fakes import MODEL
from tests.relay.proxy.media.conftest import StudioOf

PATHS = ("videos", "videos/generations")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100_000)
PICTURE = ("input_reference", "a.png", PNG)


@pytest.mark.parametrize("path", PATHS)
async def test_a_picture_goes_along_and_the_video_is_paid_when_it_is_done(
    studio_of: StudioOf, path: str
) -> None:
    async with studio_of("sora-2") as studio:
        answer = await studio.form(path, [PICTURE], prompt="[[demo:polls=1]] a cat", seconds="8")
        job = answer.json()
        assert (answer.status, job["status"], job["model"]) == (200, "queued", MODEL)
        (call,) = studio.relay.gate.let_go_of
        assert call.units == {"seconds": 8}
        looked = studio.relay.request(method="GET", path=f"/v1/{path}/{job['id']}")
        assert (await looked.begin().finish()).json()["status"] == "completed"
        assert studio.relay.objects.charged == {job["id"]: Usage(other={"seconds": 8})}
        made, *_ = studio.upstream.calls()
        assert (made["model"], made["body_bytes"] > len(PNG)) == ("sora-2", True)


async def test_a_form_needs_no_picture(studio_of: StudioOf) -> None:
    async with studio_of("sora-2") as studio:
        assert (await studio.form("videos", [], prompt="a cat")).status == 200
        (call,) = studio.relay.gate.let_go_of
        assert call.units == {"seconds": 4}


@pytest.mark.parametrize(
    ("files", "fields", "param"),
    [
        ([PICTURE], {}, "prompt"),
        ([PICTURE], {"prompt": "a cat", "seconds": "long"}, "seconds"),
        ([PICTURE, PICTURE], {"prompt": "a cat"}, "input_reference"),
        ([("input_reference", "a.png", b"")], {"prompt": "a cat"}, "input_reference"),
        (
            [],
            {"prompt": "a cat", "input_reference": '{"file_id":"file_1"}'},
            "input_reference.file_id",
        ),
        (
            [],
            {"prompt": "a cat", "input_reference[file_id]": "file_1"},
            "input_reference.file_id",
        ),
    ],
)
async def test_what_is_wrong_is_named(
    studio_of: StudioOf, files: Any, fields: dict[str, str], param: str
) -> None:
    async with studio_of("sora-2") as studio:
        answer = await studio.form("videos", files, **fields)
        assert (answer.status, answer.error()["param"]) == (400, param)
        assert studio.relay.gate.admitted == []


async def test_a_file_of_the_vendors_store_is_refused_in_json_too(studio_of: StudioOf) -> None:
    async with studio_of("sora-2") as studio:
        answer = await studio.json("videos", prompt="a cat", input_reference={"file_id": "file_1"})
        assert (answer.status, answer.error()["param"]) == (400, "input_reference.file_id")
