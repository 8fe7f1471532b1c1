"""Asks DNS, and nobody else: TXT records and addresses of a name, bounded in time and size."""

import asyncio
from collections.abc import Sequence
from urllib.parse import urlsplit

import dns.asyncresolver
import dns.exception
import dns.nameserver
import dns.rdata
import dns.resolver
from django.conf import settings
from dns.rdtypes.ANY.TXT import TXT
from dns.rdtypes.IN.A import A
from dns.rdtypes.IN.AAAA import AAAA

# Resolvers answer in milliseconds, and repeat a lost question after two seconds.
LOOKUP_S = 4.0
# A domain has a handful of TXT records, a long DKIM key under 1,000 characters.
TEXTS_MAX = 50
TEXT_CHARS_MAX = 4_000
DNS_PORT = 53


class NoAnswer(Exception):
    """DNS did not say, in time, whether there is such a record."""


async def texts(name: str) -> Sequence[str]:
    """The TXT records of a name, each put together; none where there are none. Raises NoAnswer."""
    rows = await _ask(name, "TXT")
    joined = [b"".join(row.strings) for row in rows if isinstance(row, TXT)]
    return [each.decode("utf-8", "replace")[:TEXT_CHARS_MAX] for each in joined]


async def addresses(name: str) -> Sequence[str]:
    """The IPv4 and IPv6 addresses of a name; none where there are none. Raises NoAnswer."""
    both = await asyncio.gather(_ask(name, "A"), _ask(name, "AAAA"))
    return [row.address for rows in both for row in rows if isinstance(row, A | AAAA)]


async def _ask(name: str, kind: str) -> list[dns.rdata.Rdata]:
    try:
        answer = await _resolver().resolve(
            f"{name}.", kind, search=False, raise_on_no_answer=False, lifetime=LOOKUP_S
        )
    except dns.resolver.NXDOMAIN:
        return []
    except (dns.exception.DNSException, OSError, UnicodeError) as error:
        raise NoAnswer(f"{kind} of {name}") from error
    return list(answer.rrset or ())[:TEXTS_MAX]


def _resolver() -> dns.asyncresolver.Resolver:
    """That of DNS_SERVERS, else of the machine."""
    servers: Sequence[str] = settings.DNS_SERVERS
    made = dns.asyncresolver.Resolver(configure=not servers)
    if servers:
        places = [urlsplit(f"//{each}") for each in servers]
        made.nameservers = [
            dns.nameserver.Do53Nameserver(place.hostname or "", place.port or DNS_PORT)
            for place in places
        ]
    return made
