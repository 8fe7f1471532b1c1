"""Videos: begun, looked at, downloaded, deleted; paid once when ready, by nobody when it failed."""

from typing import Any

import msgspec
import pytest

from devstack.demo_upstream.server import Running
from relay.proxy.errors import ApiError, Cause
from relay.proxy.types import Usage
from tests.relay.proxy.fakes import MODEL, UPSTREAM_MODEL, Exchange, House, caller

PATHS = ("/v1/videos", "/v1/videos/generations")
STRANGER = "sk-globex"


async def begin(relay: House, path: str = PATHS[0], **body: Any) -> Exchange:
    content = msgspec.json.encode({"model": MODEL, "prompt": "A cat in a garden"} | body)
    return await relay.request(path=path, body=[content]).begin().finish()


async def get(relay: House, path: str, method: str = "GET", **given: Any) -> Exchange:
    return await relay.request(method=method, path=path, **given).begin().finish()


async def ready(relay: House, **body: Any) -> str:
    """The path of a video that is done."""
    made = (await begin(relay, prompt="[[demo:polls=1]]", **body)).json()
    path = f"{PATHS[0]}/{made['id']}"
    assert (await get(relay, path)).json()["status"] == "completed"
    return path


@pytest.mark.parametrize("path", PATHS)
async def test_a_video_is_paid_once_when_a_look_shows_that_it_is_done(
    relay: House, one: Running, path: str
) -> None:
    answer = await begin(relay, path, duration=10)
    job = answer.json()
    assert (answer.status, job["status"], job["model"]) == (200, "queued", MODEL)
    assert job["id"].startswith("video_")
    assert (relay.gate.ended, len(relay.gate.let_go_of)) == ([], 1)
    (call,) = relay.gate.let_go_of
    assert (call.units, call.output_tokens_cap) == ({"seconds": 10}, 0)
    statuses = []
    for _ in range(4):
        looked = await get(relay, f"{path}/{job['id']}")
        statuses.append(looked.json()["status"])
        assert looked.json()["id"] == job["id"]
    assert statuses[-1] == "completed"
    assert relay.objects.charged == {job["id"]: Usage(other={"seconds": 10})}
    (made, *_) = one.calls()
    assert made["model"] == UPSTREAM_MODEL


async def test_a_video_that_fails_costs_nothing_and_says_nothing_of_the_upstreams(
    relay: House,
) -> None:
    job = (await begin(relay, prompt="[[demo:polls=1 fault=failed]]")).json()
    looked = (await get(relay, f"{PATHS[0]}/{job['id']}")).json()
    assert looked["status"] == "failed"
    assert looked["error"]["code"] == "video_generation_failed"
    assert "demo" not in looked["error"]["message"]
    assert relay.objects.charged == {}


async def test_a_strangers_video_is_not_there(relay: House) -> None:
    relay.keys.callers[STRANGER] = caller(organization_id="org_globex", key_id="key_globex")
    path = await ready(relay)
    theirs = {"headers": {"authorization": f"Bearer {STRANGER}"}}
    for method, tail in (("GET", ""), ("GET", "/content"), ("DELETE", "")):
        answer = await get(relay, path + tail, method, **theirs)
        assert (answer.status, answer.error()["code"]) == (404, "not_found")
    assert (await get(relay, PATHS[0], **theirs)).json()["data"] == []
    assert (await get(relay, path)).status == 200


async def test_the_bytes_come_as_they_are_and_only_when_they_are_ready(relay: House) -> None:
    pending = (await begin(relay, prompt="[[demo:polls=1000]]")).json()
    early = await get(relay, f"{PATHS[0]}/{pending['id']}/content")
    assert early.status == 404
    made = (await begin(relay, prompt="[[demo:polls=1 size=300000]]")).json()
    answer = await get(relay, f"{PATHS[0]}/{made['id']}/content")
    assert (answer.status, answer.headers["content-type"]) == (200, "video/mp4")
    assert len(answer.body) == 300_000
    assert b"ftypmp42" in answer.body[:32]
    assert made["id"] in relay.objects.charged


async def test_a_list_shows_ones_own_by_age(relay: House) -> None:
    ids = [(await begin(relay)).json()["id"] for _ in range(3)]
    listed = (await get(relay, PATHS[0])).json()
    assert sorted(each["id"] for each in listed["data"]) == sorted(ids)
    assert listed["has_more"] is False


async def test_what_is_deleted_is_gone_and_what_is_made_cannot_be_deleted(relay: House) -> None:
    pending = (await begin(relay, prompt="[[demo:polls=1000]]")).json()
    refused = await get(relay, f"{PATHS[0]}/{pending['id']}", "DELETE")
    assert (refused.status, refused.error()["param"]) == (400, "id")
    path = await ready(relay)
    gone = await get(relay, path, "DELETE")
    assert (gone.status, gone.json()["deleted"]) == (200, True)
    assert (await get(relay, path)).status == 404
    assert len(relay.objects.charged) == 1  # deleting it gives nothing back


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"prompt": " "}, "prompt"),
        ({"prompt": 7}, "prompt"),
        ({"seconds": 0}, "seconds"),
        ({"seconds": "long"}, "seconds"),
        ({"duration": 601}, "duration"),
        ({"duration": -1}, "duration"),
    ],
)
async def test_what_is_wrong_is_named(relay: House, body: dict[str, Any], param: str) -> None:
    answer = await begin(relay, **body)
    assert (answer.status, answer.error()["param"]) == (400, param)
    assert not relay.gate.let_go_of


async def test_a_job_that_cannot_be_kept_is_nobodys_debt(relay: House) -> None:
    relay.objects.error = ApiError(Cause.GATE_UNAVAILABLE)
    assert (await begin(relay)).status == 503
    assert relay.end.usage is None


async def test_an_upstream_that_fails_is_left_for_the_next(pair: House, two: Running) -> None:
    answer = await begin(pair, prompt="[[demo:fault=500 only=one]] a cat")
    assert answer.status == 200
    (kept,) = pair.objects.kept.values()
    assert kept.upstream_id == "two"
