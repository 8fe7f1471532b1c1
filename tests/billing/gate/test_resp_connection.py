"""Replies reach their commands however the bytes arrive; a broken stream fails them all."""

import asyncio
from typing import Any

import pytest

from billing.gate.errors import GateUnavailable
from billing.gate.resp import PENDING_MAX, UNSENT_BYTES_MAX, ErrorReply, RespConnection

REPLIES = (
    b"+OK\r\n:42\r\n$5\r\nhe\r\no\r\n*3\r\n$1\r\na\r\n:-1\r\n*1\r\n$-1\r\n"
    b"-NOSCRIPT none\r\n$0\r\n\r\n"
)
VALUES = [b"OK", 42, b"he\r\no", [b"a", -1, [None]], "NOSCRIPT none", b""]


class Wire(asyncio.Transport):
    """Takes what is written, sends nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.is_aborted = False

    def write(self, data: Any) -> None:
        self.writes.append(bytes(data))

    def abort(self) -> None:
        self.is_aborted = True


@pytest.fixture
async def wire() -> Wire:
    return Wire()


@pytest.fixture
async def connection(wire: Wire) -> RespConnection:
    connection = RespConnection(timeout_s=0.05)
    connection.connection_made(wire)
    return connection


def plain(value: Any) -> Any:
    return str(value) if isinstance(value, ErrorReply) else value


@pytest.mark.parametrize("cut", range(len(REPLIES) + 1))
async def test_replies_split_at_every_byte(connection: RespConnection, cut: int) -> None:
    waiting = [connection.send(("PING",)) for _ in VALUES]

    connection.data_received(REPLIES[:cut])
    connection.data_received(REPLIES[cut:])

    assert [plain(await reply) for reply in waiting] == VALUES


async def test_replies_one_byte_at_a_time(connection: RespConnection) -> None:
    waiting = [connection.send(("PING",)) for _ in VALUES]

    for at in range(len(REPLIES)):
        connection.data_received(REPLIES[at : at + 1])

    assert [plain(await reply) for reply in waiting] == VALUES


async def test_the_commands_of_one_tick_are_one_write(
    connection: RespConnection, wire: Wire
) -> None:
    for word in ("a", b"b", 3):
        connection.send(("ECHO", word))
    assert wire.writes == []

    await asyncio.sleep(0)

    assert wire.writes == [
        b"".join(b"*2\r\n$4\r\nECHO\r\n$1\r\n%s\r\n" % c for c in (b"a", b"b", b"3"))
    ]


async def test_a_cancelled_caller_does_not_shift_the_replies(connection: RespConnection) -> None:
    gone, kept = connection.send(("GET", "a")), connection.send(("GET", "b"))
    gone.cancel()

    connection.data_received(b":1\r\n:2\r\n")

    assert await kept == 2


async def test_no_answer_in_time_fails_everything_under_way(
    connection: RespConnection, wire: Wire
) -> None:
    waiting = [connection.send(("PING",)) for _ in range(3)]

    for reply in waiting:
        with pytest.raises(GateUnavailable, match="in time"):
            await reply
    assert wire.is_aborted
    with pytest.raises(GateUnavailable):
        connection.send(("PING",))


@pytest.mark.parametrize("noise", [b"?what\r\n", b"+one\r\n+too many\r\n"])
async def test_what_is_no_reply_ends_the_connection(
    connection: RespConnection, wire: Wire, noise: bytes
) -> None:
    first = connection.send(("PING",))
    connection.data_received(b"+PONG\r\n")
    connection.data_received(noise)

    assert await first == b"PONG"
    assert wire.is_aborted
    assert not connection.is_alive


async def test_a_lost_connection_fails_what_is_under_way(connection: RespConnection) -> None:
    reply = connection.send(("PING",))

    connection.connection_lost(None)

    with pytest.raises(GateUnavailable, match="lost"):
        await reply


async def test_waiting_commands_are_bounded_in_number(connection: RespConnection) -> None:
    waiting = [connection.send(("PING",)) for _ in range(PENDING_MAX)]

    with pytest.raises(GateUnavailable, match="too many"):
        connection.send(("PING",))
    connection.close()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_waiting_commands_are_bounded_in_bytes_while_the_socket_is_full(
    connection: RespConnection, wire: Wire
) -> None:
    connection.pause_writing()
    large = b"x" * (UNSENT_BYTES_MAX // 2)
    waiting = [connection.send(("ECHO", large)) for _ in range(2)]
    with pytest.raises(GateUnavailable, match="too many"):
        connection.send(("PING",))

    connection.resume_writing()

    assert sum(map(len, wire.writes)) > UNSENT_BYTES_MAX
    waiting.append(connection.send(("PING",)))
    connection.close()
    await asyncio.gather(*waiting, return_exceptions=True)
