"""Where connections go, and where they never go."""

import socket
from ipaddress import ip_network

import pytest

from relay.proxy.upstream.client import HttpClient
from relay.proxy.upstream.errors import AddressRefused, ConnectFailed
from relay.proxy.upstream.port import Origin
from tests.relay.upstream.scripted_server import FAST, NO_HEADERS, Peer, ok, scripted

# uvloop asks the name server from C, out of a test's reach.
resolving_in_python = pytest.mark.asyncio(loop_factories=["asyncio"])


async def answer_forever(peer: Peer) -> None:
    while True:
        await peer.answer(ok())


async def status_of(client: HttpClient, origin: Origin) -> int:
    response = await client.request(origin, b"GET", "/", NO_HEADERS, b"", FAST)
    response.close()
    return response.status


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0.0.0.0", "0",
     "::1", "::", "::ffff:127.0.0.1", "169.254.169.254", "10.0.0.1"],
)  # fmt: skip
async def test_without_permission_no_form_of_a_private_address_is_connected_to(host: str) -> None:
    client = HttpClient()
    async with scripted(answer_forever) as server:
        origin = Origin("http", host, server.origin.port, "")
        with pytest.raises(AddressRefused) as refused:
            await status_of(client, origin)
        assert not refused.value.retryable
        assert server.connections == 0
    await client.aclose()


async def test_a_name_is_resolved_and_an_allowed_address_connected_to(client: HttpClient) -> None:
    async with scripted(answer_forever, host="localhost") as server:
        assert await status_of(client, server.origin) == 200


@resolving_in_python
async def test_the_address_checked_is_the_address_connected_to(
    client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that answers differently the second time gets no second question."""
    answers = iter(["127.0.0.1", "10.0.0.1"])

    def rebinding(*_: object, **__: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), 0))]

    async with scripted(answer_forever, host="rebinding.example") as server:
        monkeypatch.setattr(socket, "getaddrinfo", rebinding)
        assert await status_of(client, server.origin) == 200


async def test_a_closed_port_is_a_failed_connect(client: HttpClient) -> None:
    async with scripted(answer_forever) as server:
        pass
    with pytest.raises(ConnectFailed) as failed:
        await status_of(client, server.origin)
    assert failed.value.retryable


async def test_an_unknown_name_is_a_failed_connect(client: HttpClient) -> None:
    with pytest.raises(ConnectFailed, match=r"nowhere\.invalid"):
        await status_of(client, Origin("http", "nowhere.invalid", 80, ""))


@resolving_in_python
async def test_the_second_address_is_tried_when_the_first_refuses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = HttpClient(allowed_networks=[ip_network("127.0.0.0/8")])

    def two_addresses(*_: object, **__: object) -> list[object]:
        return [(2, 1, 6, "", (address, 0)) for address in ("10.9.9.9", "127.0.0.9", "127.0.0.1")]

    async with scripted(answer_forever, host="two.example") as server:
        monkeypatch.setattr(socket, "getaddrinfo", two_addresses)
        assert await status_of(client, server.origin) == 200
    await client.aclose()
