"""No path reaches an upstream unmetered: a walk over the relay's whole route table, and over paths
that are not in it."""

from collections.abc import AsyncIterator, Iterator

import pytest

from devstack.demo_upstream.exchange import Options
from devstack.demo_upstream.server import Running, running
from relay.proxy.endpoints import table
from relay.proxy.errors import ApiError, Cause
from relay.proxy.wire import Kind, Quirks, wire
from tests.relay.proxy.fakes import House, house, route
from tests.scenarios.routes import Door, doors

KEY = "sk-upstream"
DOORS = list(doors())
# Asked of an upstream that speaks the endpoint's own dialect, where there is one.
KINDS = {
    "messages/count_tokens": Kind.ANTHROPIC,
    "embedContent": Kind.GEMINI,
    "batchEmbedContents": Kind.GEMINI,
    "countTokens": Kind.GEMINI,
}
# What is near to a path that is served, and what upstreams serve and we do not.
STRANGE_PATHS = [
    "/v1",
    "/v1/",
    "/v1//chat/completions",
    "/v1/chat/completions/",
    "/v1/chat/completions/../embeddings",
    "/v1/../v1/chat/completions",
    "/v1/CHAT/completions",
    "/v1/chat%2Fcompletions",
    "/v1/chat/completions\0",
    "/v1/fine_tuning/jobs",
    "/v1/files",
    "/v1/batches",
    "/v1/assistants",
    "/v1/messages/batches",
    "/v1/models/small:predict",
    "/v1beta/models/small:generateAnswer",
    "/v1beta/cachedContents",
    "/openai/deployments/small/chat/completions",
    "/chat/completions",
    "/_demo/calls",
    "/healthz",
]


@pytest.fixture(scope="module")
def demo() -> Iterator[Running]:
    with running(Options(api_key=KEY)) as upstream:
        yield upstream


@pytest.fixture(params=DOORS, ids=str)
def door(request: pytest.FixtureRequest) -> Door:
    found: Door = request.param
    return found


@pytest.fixture
async def relay(request: pytest.FixtureRequest, demo: Running) -> AsyncIterator[House]:
    demo.clear()
    kind = KINDS.get(request.getfixturevalue("door").name, Kind.OPENAI)
    spoken = wire(kind, KEY.encode(), Quirks())
    async with house(route(demo.base_url, "one", wire=spoken)) as made:
        yield made


async def test_what_is_asked_of_an_upstream_was_admitted_and_is_settled(
    door: Door, relay: House, demo: Running
) -> None:
    request = relay.request(path=door.path, headers=door.headers, body=[door.body])
    answer = await request.begin().finish()
    assert answer.status == 200, answer.body
    assert len(demo.calls()) == 1
    (call,) = relay.gate.admitted + relay.gate.let_go_of
    is_later = call in relay.gate.let_go_of  # a video is paid for when it is ready
    assert is_later or call.is_free or relay.gate.ended[0].usage is not None


async def test_what_the_gate_denies_reaches_nobody(door: Door, relay: House, demo: Running) -> None:
    relay.gate.denial = ApiError(Cause.NO_CREDIT)
    request = relay.request(path=door.path, headers=door.headers, body=[door.body])
    answer = await request.begin().finish()
    assert answer.status == 402
    assert not demo.calls()


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "PUT", "PATCH", "OPTIONS", "POST"])
async def test_nothing_else_reaches_an_upstream(method: str, demo: Running) -> None:
    """Looks at what was made before reach one for its maker alone; here nothing was made."""
    demo.clear()
    async with house(route(demo.base_url, "one")) as relay:
        relay.gate.denial = ApiError(Cause.NO_CREDIT)
        served = [path.replace("{id}", "video_1") for _, path, _ in table.paths().all()]
        for path in {*(path.replace("{model+}", "small") for path in served), *STRANGE_PATHS}:
            await relay.request(method=method, path=path, body=[b"{}"]).begin().finish()
        assert not demo.calls()
        assert not relay.gate.admitted


async def test_a_stranger_reaches_nobody(door: Door, relay: House, demo: Running) -> None:
    relay.keys.callers.clear()
    request = relay.request(path=door.path, headers=door.headers, body=[door.body])
    answer = await request.begin().finish()
    assert answer.status == 401
    assert not demo.calls()
    assert not relay.gate.admitted
