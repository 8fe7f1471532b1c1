"""One bounded HTTP request to an upstream on behalf of staff. The data plane has its own client.

Goes through the same address guard as the data plane and connects to the very address that was
judged, so that a name cannot lead elsewhere in between. Never logs or repeats the credential.
"""

import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.utils.translation import gettext as _

from relay.models import Upstream
from relay.proxy.upstream.guard import AddressGuard
from relay.proxy.upstream.port import Origin
from relay.proxy.wire import Kind, Wire, credential_headers, quirks_of, wire

# A person is waiting: a vendor that needs longer for a few tokens is not fit for customers.
CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 15.0
# Ends answers that trickle in, each piece within the read time-out.
TOTAL_TIMEOUT_S = 30.0
# Model lists of aggregators are around 300 kB.
BODY_BYTES_MAX = 2_000_000


class CheckFailed(Exception):
    """No usable answer; the message is for staff, in their language."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever the status."""

    status: int
    body: bytes


def send(
    upstream: Upstream,
    method: str,
    path: Callable[[Wire], str],
    question: Mapping[str, Any] | None,
) -> Answer:
    """Ask the upstream. Redirects are not followed, proxies of the environment not used.

    Raises `CheckFailed` when no complete answer comes within the bounds above.
    """
    try:
        origin = Origin.parse(upstream.base_url)
        kind, quirks = Kind(upstream.dialect), quirks_of(upstream.quirks)
        spoken = wire(kind, upstream.credential().encode(), quirks)
    except ValueError as error:
        raise CheckFailed(_("The base URL is no good.")) from error
    except InvalidToken as error:
        raise CheckFailed(_("The stored credential cannot be read: enter it again.")) from error
    address = _allowed_address(origin)
    target, _mark, query = path(spoken).partition("?")
    try:
        with httpx.Client(trust_env=False, follow_redirects=False, timeout=_timeouts()) as client:
            request = client.build_request(
                method,
                httpx.URL(
                    scheme=origin.scheme,
                    host=address,
                    port=origin.port,
                    path=origin.base_path + target,
                    query=query.encode() or None,
                ),
                headers=_headers(origin, upstream.credential(), spoken),
                content=None if question is None else spoken.renamed(msgspec.json.encode(question)),
                # The certificate must be the name's, although we connect to its address.
                extensions={"sni_hostname": origin.host},
            )
            return _exchange(client, request)
    except httpx.TimeoutException as error:
        raise CheckFailed(_("The upstream did not answer in time.")) from error
    except httpx.HTTPError as error:
        raise CheckFailed(_why(error)) from error


def _timeouts() -> httpx.Timeout:
    return httpx.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S)


def _headers(origin: Origin, credential: str, spoken: Wire) -> list[tuple[bytes, bytes]]:
    named = spoken.quirks.headers.items()
    return [
        (b"host", origin.authority.encode()),
        (b"accept", b"application/json"),
        (b"content-type", b"application/json"),
        # The body is bounded as it arrives: a small compressed one could unpack to anything.
        (b"accept-encoding", b"identity"),
        *credential_headers(spoken.kind, credential.encode()),
        *((name.encode(), value.encode()) for name, value in named),
    ]


def _allowed_address(origin: Origin) -> str:
    try:
        found = socket.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        message = _("The name %(host)s has no address.") % {"host": origin.host}
        raise CheckFailed(message) from error
    guard = AddressGuard(settings.UPSTREAM_ALLOWED_NETWORKS)
    for *_rest, place in found:
        address = str(place[0])
        if guard.is_allowed(address):
            return address
    message = _(
        "%(host)s leads to a private address. UPSTREAM_ALLOWED_NETWORKS must list its network."
    )
    raise CheckFailed(message % {"host": origin.host})


def _exchange(client: httpx.Client, request: httpx.Request) -> Answer:
    deadline = time.monotonic() + TOTAL_TIMEOUT_S
    response = client.send(request, stream=True)
    try:
        body = bytearray()
        for chunk in response.iter_raw():
            body += chunk
            if len(body) > BODY_BYTES_MAX:
                raise CheckFailed(_("The answer is longer than we read."))
            if time.monotonic() > deadline:
                raise CheckFailed(_("The upstream did not answer in time."))
        return Answer(response.status_code, bytes(body))
    finally:
        response.close()


def _why(error: httpx.HTTPError) -> str:
    """What went wrong, without the request: its headers hold the credential."""
    if isinstance(error, httpx.ConnectError):
        if "CERTIFICATE" in str(error).upper() or "SSL" in str(error).upper():
            return _("The upstream's certificate or TLS is not acceptable.")
        return _("Nothing answers at that address.")
    return _("The upstream broke off, or what it sent is not HTTP.")
