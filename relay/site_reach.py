"""Whether the world finds a site: each domain by DNS, TLS and who answers there, the sender of its
mails by SPF and DKIM. Looks when it is asked to, keeps nothing, and connects to no address that
the guard of upstreams refuses."""

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from asgiref.sync import async_to_sync
from django.conf import settings

from accounts import sender_records
from accounts.models import Site
from accounts.sender_records import Finding, Record, Sending
from accounts.site_values import DOMAINS_MAX
from relay import dns_lookup
from relay.proxy.upstream.guard import AddressGuard

# A person waits: DNS takes milliseconds, a handshake a second, and all are looked at together.
DEADLINE_S = 8.0
# So many look-ups at once; a site has a few domains.
AT_ONCE_MAX = 8
HTTPS_PORT = 443
# The head of our own answer is under 1 kB.
HEAD_BYTES_MAX = 16_000
# What every answer of a relay carries (`relay.proxy.request_ids`).
OUR_MARK = b"\r\nx-request-id: req_"


class Place(StrEnum):
    """What a domain leads to."""

    OURS = "ours"
    LOCAL = "local"  # no public name: there is nothing to look up
    NO_ADDRESS = "no_address"  # as it is until DNS has heard of it
    PRIVATE = "private"
    SILENT = "silent"  # nothing listens there, or not in time
    BAD_CERTIFICATE = "bad_certificate"
    OTHERS = "others"  # something answers that is not this deployment
    UNREAD = "unread"  # DNS did not answer in time


@dataclass(frozen=True, slots=True)
class DomainReach:
    """One domain; `found` is None before a look."""

    domain: str
    found: Place | None = None


@dataclass(frozen=True, slots=True)
class RecordReach:
    """One record to set; `seen` is what is there now."""

    record: Record
    found: Finding | None = None
    seen: str = ""


@dataclass(frozen=True, slots=True)
class Reach:
    """Everything that the world must know of a site."""

    domains: Sequence[DomainReach]
    records: Sequence[RecordReach]


def is_local(domain: str) -> bool:
    """Whether it is no public name: one that only this machine has, or a bare address."""
    is_bare = domain.replace(".", "").isdigit() or domain.startswith("[")
    return is_bare or domain == "localhost" or domain.endswith(".localhost")


def sending() -> Sending:
    """How mails go out, as the settings say."""
    return Sending(
        settings.MAIL_SPF_INCLUDE, settings.MAIL_DKIM_SELECTOR, settings.MAIL_DKIM_PUBLIC_KEY
    )


def expected(site: Site) -> Reach:
    """What there should be. One query; asks nobody."""
    names = site.domains.values_list("domain", flat=True)[:DOMAINS_MAX]
    wanted = sender_records.wanted(site.sender_address, sending())
    return Reach([DomainReach(name) for name in names], [RecordReach(each) for each in wanted])


def look(site: Site) -> Reach:
    """What there is, in DEADLINE_S at most. Never raises for what it finds."""
    wanted = expected(site)
    looked: Reach = async_to_sync(_look)(wanted, ssl.create_default_context())
    return looked


async def _look(wanted: Reach, tls: ssl.SSLContext) -> Reach:
    gate = asyncio.Semaphore(AT_ONCE_MAX)
    deadline = asyncio.get_running_loop().time() + DEADLINE_S

    async def of_domain(each: DomainReach) -> DomainReach:
        try:
            async with asyncio.timeout_at(deadline), gate:
                return DomainReach(each.domain, await place_of(each.domain, tls))
        except TimeoutError:
            return DomainReach(each.domain, Place.SILENT)

    async def of_record(each: RecordReach) -> RecordReach:
        try:
            async with asyncio.timeout_at(deadline), gate:
                return await _record(each.record)
        except TimeoutError:
            return RecordReach(each.record, Finding.UNREAD)

    return Reach(
        *await asyncio.gather(
            asyncio.gather(*map(of_domain, wanted.domains)),
            asyncio.gather(*map(of_record, wanted.records)),
        )
    )


async def _record(record: Record) -> RecordReach:
    if not record.name:
        return RecordReach(record)  # nobody has said where to look
    try:
        found = await dns_lookup.texts(record.name)
    except dns_lookup.NoAnswer:
        return RecordReach(record, Finding.UNREAD)
    return RecordReach(record, *sender_records.judge(record, found, sending()))


async def place_of(domain: str, tls: ssl.SSLContext, port: int = HTTPS_PORT) -> Place:
    """Where a domain leads: look-up, guard, then the very address that was judged is asked."""
    if is_local(domain):
        return Place.LOCAL
    try:
        found = await dns_lookup.addresses(domain)
    except dns_lookup.NoAnswer:
        return Place.UNREAD
    if not found:
        return Place.NO_ADDRESS
    guard = AddressGuard(settings.UPSTREAM_ALLOWED_NETWORKS)
    allowed = [address for address in found if guard.is_allowed(address)]
    if not allowed:
        return Place.PRIVATE
    try:
        return await _who_answers(domain, allowed[0], port, tls)
    except ssl.SSLError:
        return Place.BAD_CERTIFICATE
    except (OSError, EOFError, ValueError):  # ValueError: a head longer than any of ours
        return Place.SILENT


async def _who_answers(domain: str, address: str, port: int, tls: ssl.SSLContext) -> Place:
    """Ask for the models without a key: a relay refuses with its mark, and nothing is counted."""
    reader, writer = await asyncio.open_connection(
        address, port, ssl=tls, server_hostname=domain, limit=HEAD_BYTES_MAX
    )
    try:
        ask = f"GET /v1/models HTTP/1.1\r\nHost: {domain}\r\nConnection: close\r\n\r\n"
        writer.write(ask.encode())
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        return Place.OTHERS
    except asyncio.IncompleteReadError as cut:
        head = cut.partial
    finally:
        writer.transport.abort()  # nothing is owed to the other side, which could make us wait
    return Place.OURS if OUR_MARK in head.lower() else Place.OTHERS
