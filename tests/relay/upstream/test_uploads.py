"""Bodies that are read while they are sent: as fast as the upstream takes them, each time anew."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from relay.proxy.upstream.client import HttpClient
from relay.proxy.upstream.errors import ConnectionReset, FirstByteTimeout, UploadFailed
from relay.proxy.upstream.port import Timeouts
from tests.patience import promised
from tests.relay.upstream.scripted_server import (
    FAST,
    NO_HEADERS,
    Peer,
    ScriptedServer,
    ok,
    scripted,
    until,
)

PIECE = b"0123456789abcdef" * 4096  # 64 KB
# What the kernel's buffers on loopback and asyncio's own may take before a writer is held back.
IN_FLIGHT_BYTES_MAX = 16_000_000


class Pieces:
    """An Upload of `count` pieces that notes how far it was read."""

    def __init__(self, count: int, *, said_bytes: int | None = None, fails: bool = False) -> None:
        self.count = count
        self.taken = 0
        self.sendings = 0
        self.is_closed = False
        self._said_bytes = said_bytes
        self._fails = fails

    @property
    def size_bytes(self) -> int:
        return self.count * len(PIECE) if self._said_bytes is None else self._said_bytes

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        self.sendings += 1
        try:
            for _ in range(self.count):
                await asyncio.sleep(0)
                self.taken += 1
                yield PIECE
            if self._fails:
                raise OSError("disk")
        finally:
            self.is_closed = True


async def post(
    client: HttpClient, server: ScriptedServer, body: Pieces, timeouts: Timeouts = FAST
) -> bytes:
    response = await client.request(server.origin, b"POST", "/", NO_HEADERS, body, timeouts)
    return await response.read(1_000)


async def test_the_body_arrives_to_the_byte_and_the_connection_is_kept(client: HttpClient) -> None:
    requests: list[bytes] = []

    async def script(peer: Peer) -> None:
        while True:
            requests.append(await peer.answer(ok()))

    async with scripted(script) as server:
        for count in (0, 1, 40):
            assert await post(client, server, Pieces(count)) == b"ok"
        assert server.connections == 1
    bodies = [request.partition(b"\r\n\r\n")[2] for request in requests]
    assert bodies == [PIECE * count for count in (0, 1, 40)]


async def test_an_upstream_that_does_not_read_holds_the_reading_back(client: HttpClient) -> None:
    may_read = asyncio.Event()

    async def script(peer: Peer) -> None:
        await may_read.wait()
        await peer.answer(ok())

    body = Pieces(1_600)  # 100 MB
    async with scripted(script) as server:
        task = asyncio.ensure_future(post(client, server, body))
        before = -1
        while body.taken != before:  # until it is stuck
            before = body.taken
            await asyncio.sleep(0.05)
        assert 0 < body.taken * len(PIECE) < IN_FLIGHT_BYTES_MAX
        may_read.set()
        assert await task == b"ok"
        assert body.taken == body.count


async def test_an_answer_before_the_end_is_read_and_the_rest_is_not_sent(
    client: HttpClient,
) -> None:
    body = Pieces(1_600)

    async def script(peer: Peer) -> None:
        await until(lambda: body.taken > 2)
        await peer.send(ok(b"enough"))
        await peer.closed_by_client()

    async with scripted(script) as server:
        assert await post(client, server, body) == b"enough"
        assert await post(client, server, Pieces(0)) == b"enough"
        assert server.connections == 2  # half a request is no place to begin another
    assert body.is_closed
    assert body.taken < body.count


async def test_a_close_in_the_middle_is_a_reset_and_ends_the_reading(client: HttpClient) -> None:
    async def script(peer: Peer) -> None:
        peer.reset()

    body = Pieces(1_600)
    async with scripted(script) as server:
        with pytest.raises(ConnectionReset):
            await post(client, server, body)
    await asyncio.sleep(0)
    assert body.is_closed or not body.sendings


async def test_a_resend_starts_from_the_beginning(client: HttpClient) -> None:
    requests: list[bytes] = []

    async def script(peer: Peer) -> None:
        requests.append(await peer.answer(ok()))
        if peer.number == 1:
            # The next request is taken in full, and the connection closed: as if it was idle.
            await peer.request()
            peer.close()

    body = Pieces(10)
    async with scripted(script) as server:
        await post(client, server, Pieces(0))
        assert await post(client, server, body) == b"ok"
        assert server.connections == 2
    assert body.sendings == 2
    assert requests[1].endswith(PIECE * 10)
    assert requests[1].count(PIECE[:16]) == PIECE.count(PIECE[:16]) * 10


async def test_cancelling_ends_reading_and_connection(client: HttpClient) -> None:
    closed = asyncio.Event()
    began = asyncio.Event()

    async def script(peer: Peer) -> None:
        began.set()
        await peer.closed_by_client()
        closed.set()

    body = Pieces(100_000)
    async with scripted(script) as server:
        task = asyncio.ensure_future(post(client, server, body))
        await began.wait()
        task.cancel()
        async with asyncio.timeout(promised(1.0)):
            await closed.wait()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert body.is_closed


@pytest.mark.parametrize("size_bytes", [len(PIECE) * 3 - 1, len(PIECE) * 3 + 1])
async def test_a_body_of_another_length_than_it_said_is_never_passed_off_as_whole(
    client: HttpClient, size_bytes: int
) -> None:
    async def script(peer: Peer) -> None:
        await peer.closed_by_client()

    async with scripted(script) as server:
        with pytest.raises(UploadFailed):
            await post(client, server, Pieces(3, said_bytes=size_bytes))


async def test_a_body_that_cannot_be_read_fails_by_itself(client: HttpClient) -> None:
    async def script(peer: Peer) -> None:
        await peer.closed_by_client()

    async with scripted(script) as server:
        with pytest.raises(UploadFailed):
            await post(client, server, Pieces(3, said_bytes=len(PIECE) * 4, fails=True))


async def test_the_time_to_answer_begins_with_the_last_piece(client: HttpClient) -> None:
    quick = Timeouts(connect_s=2.0, first_byte_s=0.3, between_bytes_s=2.0)

    class Slow(Pieces):
        async def pieces(self) -> AsyncGenerator[bytes, None]:
            async for piece in super().pieces():
                await asyncio.sleep(0.1)
                yield piece

    async def script(peer: Peer) -> None:
        await peer.answer(ok())
        await peer.request()
        await peer.closed_by_client()  # and never answers again

    async with scripted(script) as server:
        assert await post(client, server, Slow(6), quick) == b"ok"  # 0.6 s of sending
        with pytest.raises(FirstByteTimeout):
            await post(client, server, Slow(2), quick)
