"""HTTPS: verified by name and chain, otherwise the same exchange."""

import ssl
from ipaddress import ip_network
from pathlib import Path

import pytest

from relay.proxy.upstream.client import HttpClient
from relay.proxy.upstream.errors import ConnectFailed, IncompleteBody, TlsError, UpstreamError
from relay.proxy.upstream.tls import client_context
from tests.relay.upstream.certificates import self_signed
from tests.relay.upstream.scripted_server import FAST, NO_HEADERS, Peer, body_of, ok, scripted

LOOPBACK = [ip_network("127.0.0.0/8")]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for `localhost`, with its key, in one PEM file."""
    return self_signed("localhost", tmp_path_factory.mktemp("tls"))


@pytest.fixture
def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
async def trusting(certificate: Path) -> HttpClient:
    """A client that trusts the certificate's issuer, itself."""
    return HttpClient(allowed_networks=LOOPBACK, tls_context=client_context(str(certificate)))


async def answer_forever(peer: Peer) -> None:
    while True:
        await peer.answer(ok(b"a" * 300_000))


async def test_requests_go_through_tls_and_connections_are_kept(
    trusting: HttpClient, server_tls: ssl.SSLContext
) -> None:
    async with scripted(answer_forever, tls=server_tls, host="localhost") as server:
        for _ in range(3):
            response = await trusting.request(server.origin, b"GET", "/", NO_HEADERS, b"", FAST)
            assert len(await body_of(response)) == 300_000
        assert server.connections == 1
        await trusting.aclose()


async def test_a_stranger_s_certificate_is_refused(server_tls: ssl.SSLContext) -> None:
    client = HttpClient(allowed_networks=LOOPBACK)
    async with scripted(answer_forever, tls=server_tls, host="localhost") as server:
        with pytest.raises(TlsError):
            await client.request(server.origin, b"GET", "/", NO_HEADERS, b"", FAST)
    await client.aclose()


async def test_a_certificate_for_another_name_is_refused(
    trusting: HttpClient, server_tls: ssl.SSLContext
) -> None:
    async with scripted(answer_forever, tls=server_tls, host="127.0.0.1") as server:
        with pytest.raises(TlsError):
            await trusting.request(server.origin, b"GET", "/", NO_HEADERS, b"", FAST)
    await trusting.aclose()


async def test_a_server_without_tls_is_a_failed_connect(trusting: HttpClient) -> None:
    async def script(peer: Peer) -> None:
        await peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with scripted(script, host="localhost") as server:
        origin = server.origin.__class__("https", "localhost", server.origin.port, "")
        with pytest.raises(ConnectFailed):
            await trusting.request(origin, b"GET", "/", NO_HEADERS, b"", FAST)
    await trusting.aclose()


async def test_a_body_until_close_ends_with_the_tls_session(
    trusting: HttpClient, server_tls: ssl.SSLContext
) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer(b"HTTP/1.1 200 OK\r\n\r\nto the end")
        peer.close()

    async with scripted(script, tls=server_tls, host="localhost") as server:
        response = await trusting.request(server.origin, b"GET", "/", NO_HEADERS, b"", FAST)
        assert await body_of(response) == b"to the end"
    await trusting.aclose()


@pytest.mark.parametrize("framing", [b"Content-Length: 99", b"Transfer-Encoding: chunked"])
async def test_a_cut_tls_stream_is_never_taken_for_whole(
    trusting: HttpClient, server_tls: ssl.SSLContext, framing: bytes
) -> None:
    async def script(peer: Peer) -> None:
        await peer.answer(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n4\r\nhalf\r\n")
        peer.reset()

    async with scripted(script, tls=server_tls, host="localhost") as server:
        response = await trusting.request(server.origin, b"GET", "/", NO_HEADERS, b"", FAST)
        with pytest.raises(UpstreamError) as cut:
            await body_of(response)
        assert cut.value.retryable
        assert isinstance(cut.value, IncompleteBody) or "lost" in str(cut.value)
    await trusting.aclose()
