"""Xidao's page, beyond text: conversations by voice and videos. Each test says for which lines it
stands."""

import json
import time

import httpx
import pytest
import websockets

from tests.scenarios.seeds.sellers import Seller, Upstream

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]
SITE = "xidao"
READY_S = 60.0
POLL_S = 0.05


async def test_the_example_of_realtime(seller: Seller) -> None:
    """Lines 160-169."""
    root = seller.root.replace("http://", "ws://")
    seen: list[str] = []
    async with websockets.connect(
        f"{root}/v1/realtime?model=gpt-5.4-realtime",
        additional_headers={"Authorization": f"Bearer {seller.key}"},
    ) as ws:
        update = {"type": "session.update", "session": {"modalities": ["text", "audio"]}}
        await ws.send(json.dumps(update))
        async for msg in ws:
            seen.append(json.loads(msg).get("type"))
            if seen[-1] in ("session.updated", "error"):
                break
    assert seen == ["session.created", "session.updated"]


async def test_realtime_with_a_wrong_key_is_refused(seller: Seller) -> None:
    """Lines 161, 183."""
    root = seller.root.replace("http://", "ws://")
    with pytest.raises(websockets.InvalidStatus) as caught:
        await websockets.connect(
            f"{root}/v1/realtime?model=gpt-5.4-realtime",
            additional_headers={"Authorization": "Bearer sk-your-key"},
        )
    assert caught.value.response.status_code == 401


def test_the_curl_example_of_videos(curl: httpx.Client, seller: Seller, upstream: Upstream) -> None:
    """Lines 170-175: `curl -d` without a Content-Type; then the video itself."""
    head = {"Authorization": f"Bearer {seller.key}"}
    data = '{"model":"sora","prompt":"A cat in garden","duration":10}'
    url = f"{seller.base_url}/videos/generations"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    made = curl.post(url, headers=head | form, content=data)
    assert made.is_success, made.text
    assert made.json()["model"] == "sora"
    assert upstream.newest()["body"] == json.loads(data)
    deadline = time.monotonic() + READY_S
    while (job := curl.get(f"{url}/{made.json()['id']}", headers=head).json())["status"] not in (
        *("completed", "failed"),
    ):
        assert time.monotonic() < deadline, job
        time.sleep(POLL_S)
    assert job["status"] == "completed"
