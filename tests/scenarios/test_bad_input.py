"""Hostile requests at every door of the relay: refused within a second, nothing held, nobody
asked; and hostile streams from upstreams: charged right, however they are cut."""

import resource
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from devstack.demo_upstream.exchange import Options
from devstack.demo_upstream.server import Running, running
from tests.patience import promised
from tests.relay.proxy.fakes import Exchange, House, house, route
from tests.scenarios.dialects.ask import Ask
from tests.scenarios.dialects.pairs import KEY, NATIVE, paired
from tests.scenarios.routes import Door, doors

REFUSED_WITHIN_S = promised(1.0)
MEGABYTE = 1_000_000
GROWTH_MAX = 40 * MEGABYTE  # of this process, over 100 MB that were sent
DEPTH = 10_000
DOORS = list(doors())
JSON_DOORS = [door for door in DOORS if door.headers["content-type"] == "application/json"]


def spoilt(good: bytes) -> dict[str, bytes]:
    """Bodies made of a good one that no endpoint may take."""
    return {
        "depth": good[:-1] + b',"deep":' + b"[" * DEPTH + b"]" * DEPTH + b"}",
        "depth without end": b'{"a":' * DEPTH,
        "NUL in a text": good.replace(b"hello", b"a\x00b"),
        "lone surrogate": good.replace(b"hello", b"\\ud800"),
        "surrogates the wrong way round": good.replace(b"hello", b"\\udc00\\ud800"),
        "surrogate as UTF-8": good.replace(b"hello", b"\xed\xa0\x80"),
        "no UTF-8": good.replace(b"hello", b"\xff\xfe"),
        "UTF-16": good.decode().encode("utf-16"),
        "half of it": good[: len(good) // 2],
        "byte order mark": b"\xef\xbb\xbf" + good,
        "nothing": b"",
        "a number without end": b'{"model":' + b"9" * 200_000 + b"}",
    }


@pytest.fixture(scope="module")
def demo() -> Iterator[Running]:
    with running(Options(api_key=KEY.decode())) as upstream:
        yield upstream


@pytest.fixture
async def relay(demo: Running) -> AsyncIterator[House]:
    demo.clear()
    async with house(route(demo.base_url, "one")) as made:
        yield made


async def refused(relay: House, door: Door, *body: bytes, **headers: str) -> Exchange:
    """The refusal, which must come in time and hold nothing."""
    started = time.monotonic()
    given = dict(door.headers) | {name.replace("_", "-"): text for name, text in headers.items()}
    exchange = relay.request(path=door.path, headers=given, body=body)
    await exchange.begin().finish()
    assert time.monotonic() - started < REFUSED_WITHIN_S
    assert 400 <= exchange.status < 500, exchange.body
    assert not relay.gate.admitted
    return exchange


@pytest.mark.parametrize("door", JSON_DOORS, ids=str)
async def test_a_hostile_body_is_refused(door: Door, relay: House, demo: Running) -> None:
    for kind, body in spoilt(door.body).items():
        exchange = await refused(relay, door, body)
        assert exchange.status == 400, (kind, exchange.body)
    assert not demo.calls()


@pytest.mark.parametrize("door", DOORS, ids=str)
async def test_a_hundred_megabytes_are_refused_before_they_are_read(
    door: Door, relay: House, demo: Running
) -> None:
    announced = await refused(relay, door, b"{", content_length=str(1_000 * MEGABYTE))
    assert announced.status == 413
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    piece = b"x" * MEGABYTE  # one object: what the relay keeps of it is its own
    if door in JSON_DOORS:
        unannounced = await refused(relay, door, *[piece] * 100)
        assert unannounced.status == 413
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown * 1024 < GROWTH_MAX
    assert not demo.calls()


@pytest.mark.parametrize("door", DOORS, ids=str)
async def test_what_is_compressed_is_refused_unread(door: Door, relay: House) -> None:
    for encoding in ("gzip", "GZIP", "deflate", "br", "zstd", "gzip, gzip"):
        exchange = await refused(relay, door, b"\x1f\x8b", content_encoding=encoding)
        assert exchange.status == 415, encoding


@pytest.mark.parametrize(("client", "upstream"), sorted(NATIVE))
async def test_an_event_of_ten_megabytes_goes_through(
    client: str, upstream: str, demo: Running
) -> None:
    asked = Ask("hello [[demo: fault=big-line size=10000000]]", is_stream=True)
    async with paired(client, upstream, demo) as pair:
        exchange = await pair.exchange(asked)
        assert len(exchange.body) > 10 * MEGABYTE
        used = pair.end.usage
        assert used is not None
        assert (used.is_estimated, used.output_tokens) == (True, 4096)  # the model's cap
