"""OpenAI's own client in a Realtime session of a running deployment, and the sellers' example with
plain websockets: every response is charged once, by the upstream's own count, to the nano."""

import base64
import json
import time
from typing import Any

import openai
import pytest
from websockets.asyncio.client import connect as connect_async
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.faults.cluster import Cluster, Customer, wait_until
from tests.scenarios.catalog import charge_nanos
from tests.scenarios.sdk import OpenClient
from tests.scenarios.wire import POSTED_WITHIN_S, rows

pytestmark = [
    pytest.mark.stack,
    pytest.mark.timeout(300),
    # OpenAI's client opens sockets in a way that websockets 17.1 calls old.
    pytest.mark.filterwarnings(r"ignore:connect\(\) must be used:DeprecationWarning"),
]

MODEL = "voice"
PRICES = {
    "input": 4_000_000_007,
    "cached_input": 400_000_001,
    "audio_input": 32_000_000_003,
    "cached_audio_input": 400_000_009,
    "output": 16_000_000_001,
    "audio_output": 64_000_000_011,
}
CATALOG = f"""
models:
  - id: {MODEL}
    max_output_tokens: 4096
    context_tokens: 32000
    price:
      input: "4.000000007"
      cached_input: "0.400000001"
      audio_input: "32.000000003"
      cached_audio_input: "0.400000009"
      output: "16.000000001"
      audio_output: "64.000000011"
    routes: [{{upstream: first, name: voice-upstream}}]
plans:
  - {{id: one-socket, concurrency: 1}}
"""
SECOND = base64.b64encode(bytes(48_000)).decode()
KNOWN_WITHIN_S = 60.0


@pytest.fixture(scope="module")
def voices(deployment: Cluster) -> Cluster:
    """The deployment, which sells a voice now."""
    deployment.apply(CATALOG)
    (customer,) = deployment.customers(1, amount="1.00")

    def is_known() -> bool:
        try:
            with open_socket(deployment, customer.secret):
                return True
        except InvalidStatus:
            return False

    wait_until(is_known, timeout_s=KNOWN_WITHIN_S)
    return deployment


@pytest.fixture
def customer(voices: Cluster) -> Customer:
    return voices.customers(1, amount="50.00")[0]


def address(deployment: Cluster) -> str:
    base = deployment.relays[0][1].replace("http://", "ws://")
    return f"{base}/realtime?model={MODEL}"


def open_socket(deployment: Cluster, secret: str) -> ClientConnection:
    headers = {"Authorization": f"Bearer {secret}"}
    return connect(address(deployment), additional_headers=headers, proxy=None)


def question(text: str) -> Any:
    part = {"type": "input_text", "text": text}
    return {"type": "message", "role": "user", "content": [part]}


def answer(socket: ClientConnection, text: str) -> list[dict[str, Any]]:
    """A question and every event of its answer."""
    socket.send(json.dumps({"type": "conversation.item.create", "item": question(text)}))
    socket.send(json.dumps({"type": "response.create"}))
    events = [json.loads(socket.recv(timeout=10))]
    while events[-1]["type"] not in ("response.done", "error"):
        events.append(json.loads(socket.recv(timeout=10)))
    return events


def seen(deployment: Cluster, last: int) -> list[dict[str, int]]:
    """What the upstream counted of the responses after call `last`."""
    calls = [call for call in deployment.first.calls(last) if call["route"] == "realtime"]
    names = {"input_tokens": "input", "cached_input_tokens": "cached_input"}
    names["output_tokens"] = "output"
    return [{names.get(k, k): n for k, n in call["usage"].items() if n} for call in calls]


def last_call(deployment: Cluster) -> int:
    return max((call["sequence"] for call in deployment.first.calls()), default=0)


def records(deployment: Cluster, customer: Customer, count: int) -> list[dict[str, Any]]:
    """The customer's UsageRecords, oldest first, once there are so many."""
    found: list[dict[str, Any]] = []

    def are_posted() -> bool:
        sql = (
            "SELECT * FROM billing_usagerecord WHERE organization_id = %s"
            " ORDER BY charge_nanos = 0, request_id"
        )
        found[:] = rows(deployment, sql, customer.organization)
        return len(found) >= count

    wait_until(are_posted, timeout_s=POSTED_WITHIN_S)
    return found


def assert_charged(deployment: Cluster, customer: Customer, last: int, count: int) -> None:
    """Each response is charged what the upstream counted; the socket's own record is free."""
    found = records(deployment, customer, count + 1)
    assert len(found) == count + 1
    expected = sorted(charge_nanos(PRICES, used) for used in seen(deployment, last))
    assert sorted(record["charge_nanos"] for record in found) == [0, *expected]
    assert {record["endpoint"] for record in found} == {"realtime"}
    assert {record["ending"] for record in found} == {"completed"}
    assert not any(record["is_estimated"] for record in found)


def test_the_official_client_talks_and_is_charged_for_each_response(
    voices: Cluster, open_client: OpenClient, customer: Customer
) -> None:
    last = last_call(voices)
    client = open_client(customer)
    with client.realtime.connect(model=MODEL) as connection:
        assert connection.recv().type == "session.created"
        connection.session.update(session={"type": "realtime", "instructions": "Be brief."})
        for text in ("[[demo:tokens=6 cached=2]] hello", "[[demo:tokens=9]] again"):
            connection.conversation.item.create(item=question(text))
            connection.response.create()
            kinds = []
            for event in connection:
                kinds.append(event.type)
                if event.type == "response.done":
                    break
            assert "response.output_audio.delta" in kinds
            assert "response.output_audio_transcript.delta" in kinds
    assert_charged(voices, customer, last, 2)


async def test_the_official_asynchronous_client_sends_sound(
    voices: Cluster, customer: Customer
) -> None:
    last = last_call(voices)
    base_url = voices.relays[0][1]
    async with (
        openai.AsyncOpenAI(base_url=base_url, api_key=customer.secret) as client,
        client.realtime.connect(model=MODEL) as connection,
    ):
        await connection.input_audio_buffer.append(audio=SECOND)
        await connection.input_audio_buffer.commit()
        await connection.response.create(response={"output_modalities": ["text"]})
        async for event in connection:
            if event.type == "response.done":
                assert event.response.usage is not None
                assert event.response.usage.input_token_details is not None
                assert event.response.usage.input_token_details.audio_tokens == 10
                break
    assert_charged(voices, customer, last, 1)


async def test_the_sellers_example_runs_word_for_word(voices: Cluster, customer: Customer) -> None:
    async with connect_async(
        address(voices), additional_headers={"Authorization": f"Bearer {customer.secret}"}
    ) as ws:
        session = {"modalities": ["text", "audio"]}
        await ws.send(json.dumps({"type": "session.update", "session": session}))
        kinds = [json.loads(await ws.recv()).get("type") for _ in range(2)]
    assert kinds == ["session.created", "session.updated"]


def test_a_keys_limit_is_how_many_sockets_it_may_have(voices: Cluster) -> None:
    (customer,) = voices.cast(
        [{"amount": "50.00", "site": "default", "plan": "one-socket", "key": {}}]
    )
    with open_socket(voices, customer.secret) as socket:
        socket.recv(timeout=10)
        for text in ("[[demo:tokens=3]]", "[[demo:tokens=3]]"):
            assert answer(socket, text)[-1]["type"] == "response.done"
        with pytest.raises(InvalidStatus) as caught, open_socket(voices, customer.secret):
            pass
        assert caught.value.response.status_code == 429
    time_left = time.monotonic() + KNOWN_WITHIN_S
    while True:  # the first one is settled a moment after it was closed
        try:
            with open_socket(voices, customer.secret):
                return
        except InvalidStatus:
            assert time.monotonic() < time_left


def test_a_spent_balance_ends_the_session_and_is_never_overdrawn(voices: Cluster) -> None:
    (poor,) = voices.customers(1, amount="0.02")
    with open_socket(voices, poor.secret) as socket:
        socket.recv(timeout=10)
        events: list[dict[str, Any]] = []
        while not events or events[-1]["type"] != "error":
            events += answer(socket, "[[demo:tokens=60]]")
        assert events[-1]["error"]["type"] == "insufficient_quota"
    (broke,) = voices.customers(1, amount="0.000001")
    with pytest.raises(InvalidStatus) as caught, open_socket(voices, broke.secret):
        pass
    assert caught.value.response.status_code == 402
    voices.settled_audit()
    (balance,) = rows(
        voices,
        "SELECT sum(charge_nanos) AS spent FROM billing_usagerecord WHERE organization_id = %s",
        poor.organization,
    )
    assert 0 < balance["spent"] <= 20_000_000
