"""Whether the world finds a site: by a DNS server and TLS handshakes, all of it on loopback."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path

import pytest
from pytest_django import Settings

from accounts.models import Site, SiteDomain
from accounts.sender_records import Finding
from relay import site_reach
from relay.site_reach import Place
from tests.relay.name_server import name_server
from tests.relay.upstream.certificates import self_signed

ZONE = {
    ("shop.example", "A"): ["127.0.0.1"],
    ("new.example", "TXT"): ["nothing yet"],
    ("metadata.example", "A"): ["169.254.169.254"],
    ("metadata.example", "AAAA"): ["::1"],
    ("mute.example", "A"): None,
    ("shop.example", "TXT"): ["v=spf1 include:mail.example ~all", "v=other"],
    ("tg._domainkey.shop.example", "TXT"): ["v=DKIM1; p=stale"],
}
OURS = b"HTTP/1.1 401 Unauthorized\r\nX-Request-Id: req_0123\r\ncontent-length: 0\r\n\r\n"
THEIRS = b"HTTP/1.1 200 OK\r\nserver: parked\r\n\r\nBuy this domain"


@pytest.fixture(autouse=True)
def dns_of_tests(settings: Settings) -> Iterator[None]:
    with name_server(ZONE) as place:
        settings.DNS_SERVERS = [place]
        settings.UPSTREAM_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
        yield


@asynccontextmanager
async def https(pem: Path, answer: bytes) -> AsyncIterator[int]:
    """The port of a server that says `answer` to whoever asks."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)
    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context) as server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize(
    ("host", "answer", "is_trusted", "found"),
    [
        ("shop.example", OURS, True, Place.OURS),
        ("shop.example", THEIRS, True, Place.OTHERS),
        ("shop.example", b"x" * 100_000, True, Place.OTHERS),
        ("other.example", OURS, True, Place.BAD_CERTIFICATE),
        ("shop.example", OURS, False, Place.BAD_CERTIFICATE),
    ],
)
async def test_who_answers_and_by_which_certificate(
    tmp_path: Path, host: str, answer: bytes, is_trusted: bool, found: Place
) -> None:
    pem = self_signed(host, tmp_path)
    tls = ssl.create_default_context(cafile=str(pem) if is_trusted else None)
    async with https(pem, answer) as port:
        assert await site_reach.place_of("shop.example", tls, port) is found


@pytest.mark.parametrize(
    ("domain", "found"),
    [
        ("nowhere.example", Place.NO_ADDRESS),
        ("new.example", Place.NO_ADDRESS),
        ("mute.example", Place.UNREAD),
        ("metadata.example", Place.PRIVATE),
        ("shop.example", Place.SILENT),
        ("acme.localhost", Place.LOCAL),
        ("192.0.2.1", Place.LOCAL),
    ],
)
async def test_what_keeps_a_domain_from_being_reached(domain: str, found: Place) -> None:
    # The port is nobody's.
    assert await site_reach.place_of(domain, ssl.create_default_context(), 1) is found


async def test_a_private_address_is_not_connected_to(tmp_path: Path, settings: Settings) -> None:
    settings.UPSTREAM_ALLOWED_NETWORKS = []
    pem = self_signed("shop.example", tmp_path)
    async with https(pem, OURS) as port:
        tls = ssl.create_default_context(cafile=str(pem))
        assert await site_reach.place_of("shop.example", tls, port) is Place.PRIVATE


@pytest.mark.django_db
def test_all_of_a_site_is_looked_at_at_once(site: Site, settings: Settings) -> None:
    settings.MAIL_SPF_INCLUDE, settings.MAIL_DKIM_SELECTOR = "mail.example", "tg"
    settings.MAIL_DKIM_PUBLIC_KEY = "fresh"
    SiteDomain.objects.create(site=site, domain="nowhere.example")
    SiteDomain.objects.create(site=site, domain="acme.localhost", position=1)
    site.sender_address = "hello@shop.example"
    looked = site_reach.look(site)
    assert [each.found for each in looked.domains] == [Place.NO_ADDRESS, Place.LOCAL]
    assert [each.found for each in looked.records] == [Finding.RIGHT, Finding.DIFFERS]
    assert looked.records[1].seen == "v=DKIM1; p=stale"
    assert [each.found for each in site_reach.expected(site).records] == [None, None]


@pytest.mark.django_db
def test_a_look_ends_at_its_deadline(
    site: Site, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    SiteDomain.objects.create(site=site, domain="shop.example")
    site.sender_address = "hello@shop.example"
    monkeypatch.setattr(site_reach, "DEADLINE_S", 0.0)
    looked = site_reach.look(site)
    assert [each.found for each in looked.domains] == [Place.SILENT]
    assert looked.records[0].found is Finding.UNREAD
