"""No address that anybody gives us leads to where only we may go: loopback, private networks, a
cloud's metadata. Whoever adds a field for addresses, or a module that connects, adds a row here.
"""

import asyncio
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from ipaddress import ip_network
from pathlib import Path
from types import MappingProxyType

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from pytest_django import Settings

from accounts.models import Site, SiteDomain, TokenKind, User
from billing.models import Plan, SiteTerms
from relay import upstream_checks
from relay.models import Upstream
from relay.proxy.upstream.client import HttpClient
from relay.proxy.upstream.errors import AddressRefused, UpstreamError
from relay.proxy.upstream.port import Origin, Timeouts
from relay.proxy.upstream.request_head import header_block
from relay.proxy.upstream.sockets import HandshakeRefused, SocketDialer
from relay.proxy.wire import Kind, Quirks, wire
from tests.api.programs import program
from tests.pages.people import confirmed
from tests.relay import url_places
from tests.relay.proxy.fakes import MODEL, house, route

# How each place's address gets in (`WAYS`), or why none that it holds is ever connected to.
PLACES = MappingProxyType(
    {
        "column Upstream.base_url": "what all the ways below write",
        "form UpstreamForm.base_url": "page, change",
        "form NewUpstreamForm.base_url": "page",
        "api NewUpstream.base_url": "api",
        "api UpstreamChange.base_url": "api, change",
        "api UpstreamDocument.base_url": "only answered",
        "catalog UpstreamSpec.base_url": "catalog",
    }
)
DOORS = MappingProxyType(
    {
        "relay/proxy/upstream/dialer.py": "addresses of the guarded resolver",
        "relay/proxy/upstream/sockets.py": "addresses of the guarded resolver",
        "relay/proxy/upstream/resolver.py": "is the guarded resolver",
        "relay/upstream_requests.py": "guards by itself",
        "relay/dns_lookup.py": "the resolvers of the machine, or those that the settings name",
        "relay/site_reach.py": "guards by itself: addresses of a site's domains, judged one by one",
        "accounts/web/openid.py": "names an error: allauth asks the server of OIDC_SERVER_URL",
        "billing/gate/node.py": "Redis, at the address that the settings name",
        "billing/tasks.py": "asks for its own host's name",
        "relay/adapters/jobs.py": "asks for its own host's name",
        "platform/config/relay.py": "asks for its own host's name",
    }
)

MALFORMED = (
    "http://public.example@127.0.0.1:{port}/v1",
    "http://127.0.0.1:{port}#@public.example/v1",
    "http://127.0.0.1:{port}\\@public.example/v1",
    "http://public.example:80@127.0.0.1:{port}/v1",
    "file:///etc/passwd",
    "gopher://127.0.0.1:{port}/",
)
# `{port}` is the canary's. Each is a spelling of a place inside.
INSIDE = (
    "http://127.0.0.1:{port}/v1",
    "http://127.1:{port}/v1",
    "http://localhost:{port}/v1",
    "http://2130706433:{port}/v1",  # decimal
    "http://0x7f000001:{port}/v1",  # hexadecimal
    "http://0x7f.0.0.1:{port}/v1",
    "http://0177.0.0.1:{port}/v1",  # octal
    "http://0.0.0.0:{port}/v1",
    "http://0:{port}/v1",
    "http://[::]:{port}/v1",
    "http://[::1]:{port}/v1",
    "http://[::ffff:127.0.0.1]:{port}/v1",  # mapped
    "http://[::ffff:7f00:1]:{port}/v1",
    "http://[::127.0.0.1]:{port}/v1",  # compatible
    "http://[64:ff9b::7f00:1]:{port}/v1",  # NAT64
    "http://[2002:7f00:1::]:{port}/v1",  # 6to4
    "http://10.0.0.1:{port}/v1",
    "http://169.254.169.254/latest/meta-data",
    "http://[fd00:ec2::254]/latest/meta-data",
    "http://100.100.100.200/latest/meta-data",
    *MALFORMED,
)
OUTSIDE = "https://api.example.com/v1"
TIMEOUTS = Timeouts(connect_s=5.0, first_byte_s=5.0, between_bytes_s=5.0, pool_wait_s=5.0)


@dataclass
class Canary:
    """A server inside, and what it was asked."""

    port: int = 0
    location: str = ""  # where it leads on, if anywhere
    requests: list[str] = field(default_factory=list)


@contextmanager
def listening(host: str = "127.0.0.1", location: str = "") -> Iterator[Canary]:
    """A canary on all forms of loopback, or an Upstream that redirects to `location`."""
    canary = Canary(location=location)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            canary.requests.append(self.path)
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(307 if canary.location else 200)
            if canary.location:
                self.send_header("Location", canary.location)
            self.send_header("Content-Length", "2")
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(b"{}")

        do_GET = do_POST = answer

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer((host, 0), Handler)
    canary.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield canary
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def canary() -> Iterator[Canary]:
    with listening() as made:
        yield made


@pytest.fixture
def operator(site: Site) -> User:
    SiteDomain.objects.create(domain="testserver", site=site)
    SiteTerms.objects.create(site=site, plan=Plan.objects.create(pk="default"))
    return User.objects.create_user("op@example.com", is_operator=True)


@pytest.fixture
def nothing_allowed(settings: Settings) -> None:
    """As in production, where no operator has named a network."""
    settings.UPSTREAM_ALLOWED_NETWORKS = []


Way = Callable[[str], object]


def by_page(operator: User, _folder: Path) -> Way:
    client = confirmed(operator)
    return lambda url: client.post(reverse("ops_upstream_new"), new(url))


def by_page_change(operator: User, _folder: Path) -> Way:
    client = confirmed(operator)
    there = Upstream.objects.create(pk="inside", base_url=OUTSIDE)
    return lambda url: client.post(reverse("ops_upstream", args=[there.pk]), new(url))


def by_api(operator: User, _folder: Path) -> Way:
    caller = program(operator, TokenKind.OPERATOR)
    return lambda url: caller.post("ops/upstreams", new(url))


def by_api_change(operator: User, _folder: Path) -> Way:
    caller = program(operator, TokenKind.OPERATOR)
    there = Upstream.objects.create(pk="inside", base_url=OUTSIDE)
    changed = {"credential": "sk-1"}
    return lambda url: caller.patch(f"ops/upstreams/{there.pk}", changed | {"base_url": url})


def by_catalog(_operator: User, folder: Path) -> Way:
    file = folder / "catalog.yaml"

    def apply(url: str) -> None:
        file.write_text(json.dumps({"upstreams": [new(url)]}))
        with suppress(CommandError):  # its text is refused already
            call_command("catalog", "apply", str(file), stdout=StringIO())

    return apply


def new(url: str) -> dict[str, str]:
    """An upstream as all ways but the last take it."""
    return {"id": "inside", "dialect": "openai", "base_url": url, "credential": "sk-1"}


WAYS: dict[str, Callable[[User, Path], Way]] = {
    "page": by_page,
    "page, change": by_page_change,
    "api": by_api,
    "api, change": by_api_change,
    "catalog": by_catalog,
}


def test_every_place_that_takes_an_address_has_a_row() -> None:
    assert url_places.places() == PLACES.keys()


def test_every_module_that_could_connect_has_a_row() -> None:
    assert url_places.doors() == DOORS.keys()


async def ask(origin: Origin, *allowed: str) -> int:
    """As the data plane asks; the status."""
    client = HttpClient(allowed_networks=[ip_network(each) for each in allowed])
    try:
        head = header_block([])
        response = await client.request(origin, b"GET", "/models", head, b"", TIMEOUTS)
        response.close()
        return response.status
    finally:
        await client.aclose()


async def dial(origin: Origin, *allowed: str) -> None:
    """As a Realtime session connects."""
    networks = [ip_network(each) for each in allowed]
    sockets = SocketDialer(allowed_networks=networks, tls_context=ssl.create_default_context())
    await (await sockets.connect(origin, "/realtime", header_block([]))).close()


@pytest.mark.usefixtures("nothing_allowed")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.django_db
def test_no_way_in_lets_a_test_call_reach_a_place_inside(
    way: str, operator: User, tmp_path: Path, canary: Canary
) -> None:
    give = WAYS[way](operator, tmp_path)
    stored = set()
    for url in INSIDE:
        give(url.format(port=canary.port))
        for upstream in Upstream.objects.exclude(base_url=OUTSIDE):
            stored.add(upstream.base_url)
            assert not upstream_checks.list_models(upstream).ok
            assert not upstream_checks.call(upstream, "m").ok
        Upstream.objects.exclude(base_url=OUTSIDE).update(base_url=OUTSIDE)
        if "change" not in way:
            Upstream.objects.all().delete()
        assert canary.requests == [], url
    # The rest is refused as it is typed: it could mean one host to us and another to a client.
    assert {url for url in INSIDE if url.format(port=canary.port) not in stored} == set(MALFORMED)


@pytest.mark.parametrize("url", [url for url in INSIDE if url not in MALFORMED])
async def test_the_relay_connects_to_no_place_inside(url: str, canary: Canary) -> None:
    origin = Origin.parse(url.format(port=canary.port))
    with pytest.raises(AddressRefused):
        await ask(origin)
    with pytest.raises(AddressRefused):
        await dial(origin)
    assert canary.requests == []


async def test_the_canary_is_heard_of_where_the_operator_allows_it(canary: Canary) -> None:
    origin = Origin.parse(f"http://127.0.0.1:{canary.port}/v1")
    assert await ask(origin, "127.0.0.0/8") == 200
    with pytest.raises(HandshakeRefused):
        await dial(origin, "127.0.0.0/8")
    assert canary.requests == ["/v1/models", "/v1/realtime"]


@pytest.fixture
def rebinding(monkeypatch: pytest.MonkeyPatch) -> None:
    """`rebinding.example` is allowed when it is judged, and the canary's ever after."""
    answers = iter(["127.0.0.2"])
    real = socket.getaddrinfo

    def lying(host: str | None, port: object, *more: object, **options: object) -> object:
        if host != "rebinding.example":
            return real(host, port, *more, **options)  # type: ignore[arg-type]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers, "127.0.0.1"), port))]

    monkeypatch.setattr(socket, "getaddrinfo", lying)


@pytest.mark.usefixtures("rebinding")
@pytest.mark.parametrize("act", [ask, dial], ids=["request", "socket"])
def test_a_name_that_moves_is_not_followed_by_the_relay(
    act: Callable[..., object], canary: Canary
) -> None:
    origin = Origin.parse(f"http://rebinding.example:{canary.port}/v1")
    with pytest.raises(UpstreamError), asyncio.Runner(loop_factory=asyncio.new_event_loop) as loop:
        loop.run(act(origin, "127.0.0.2/32"))  # type: ignore[arg-type]
    assert canary.requests == []


@pytest.mark.usefixtures("rebinding")
def test_a_name_that_moves_is_not_followed_by_a_test_call(
    canary: Canary, settings: Settings
) -> None:
    settings.UPSTREAM_ALLOWED_NETWORKS = [ip_network("127.0.0.2/32")]
    moving = Upstream(id="moving", base_url=f"http://rebinding.example:{canary.port}/v1")
    assert not upstream_checks.call(moving, "m").ok
    assert canary.requests == []


async def test_a_redirect_is_not_followed_by_the_relay(canary: Canary) -> None:
    inside = f"http://127.0.0.1:{canary.port}/latest/meta-data"
    with listening("127.0.0.2", location=inside) as upstream:
        origin = Origin.parse(f"http://127.0.0.2:{upstream.port}/v1")
        assert await ask(origin, "127.0.0.0/8") == 307
        with pytest.raises(HandshakeRefused):
            await dial(origin, "127.0.0.0/8")
    assert canary.requests == []


def test_a_redirect_is_not_followed_by_a_test_call(canary: Canary, settings: Settings) -> None:
    settings.UPSTREAM_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
    inside = f"http://127.0.0.1:{canary.port}/latest/meta-data"
    with listening("127.0.0.2", location=inside) as vendor:
        upstream = Upstream(id="vendor", base_url=f"http://127.0.0.2:{vendor.port}/v1")
        assert upstream_checks.list_models(upstream).status == 307
    assert canary.requests == []


def bodies(url: str) -> dict[str, dict[str, object]]:
    """Requests that name a picture or a file by its address, by path."""
    picture = {"type": "image_url", "image_url": {"url": url}}
    source = {"type": "image", "source": {"type": "url", "url": url}}
    given = [{"type": "input_image", "image_url": url}, {"type": "input_file", "file_url": url}]
    part = {"fileData": {"fileUri": url, "mimeType": "image/png"}}
    return {
        "/v1/chat/completions": {"messages": [{"role": "user", "content": [picture]}]},
        "/v1/messages": {"max_tokens": 9, "messages": [{"role": "user", "content": [source]}]},
        "/v1/responses": {"input": [{"role": "user", "content": given}]},
        f"/v1beta/models/{MODEL}:generateContent": {"contents": [{"parts": [part]}]},
        "/v1/embeddings": {"input": url},
        "/v1/images/generations": {"prompt": "a cat", "image": url},
        "/v1/videos/generations": {"prompt": "a cat", "image_url": url},
    }


@pytest.mark.parametrize("kind", [Kind.OPENAI, Kind.ANTHROPIC, Kind.GEMINI])
async def test_addresses_in_requests_are_handed_on_and_never_fetched(
    kind: Kind, canary: Canary
) -> None:
    with listening("127.0.0.2") as upstream:
        to = route(f"http://127.0.0.2:{upstream.port}/v1", wire=wire(kind, b"sk-1", Quirks()))
        async with house(to) as relay:
            for path, body in bodies(f"http://127.0.0.1:{canary.port}/cat.png").items():
                sent = json.dumps(body if "models" in path else {"model": MODEL} | body)
                await relay.request(path=path, body=[sent.encode()]).begin().finish()
    assert upstream.requests  # those that it can be asked went there
    assert canary.requests == []
