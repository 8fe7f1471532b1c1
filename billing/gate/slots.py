"""Which node of a Redis Cluster serves a key. Pure; a single server has no slots and needs none.

Source: Redis Cluster specification, "Key distribution model" and "MOVED redirection"; the reply of
CLUSTER SLOTS (Redis 6.2, Valkey 9.1, read 2026-11).
"""

from binascii import crc_hqx
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

SLOTS = 16_384


class Endpoint(NamedTuple):
    """Where a node listens."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Redirect:
    """A node's answer that another one serves the slot: for good (MOVED), or this once (ASK)."""

    slot: int
    to: Endpoint
    is_for_good: bool


def slot_of(key: bytes | str) -> int:
    """CRC16 (XMODEM) of the key, or of its first non-empty `{tag}`, modulo 16,384."""
    raw = key.encode() if isinstance(key, str) else key
    opening = raw.find(b"{")
    closing = raw.find(b"}", opening + 1)
    if opening >= 0 and closing > opening + 1:
        raw = raw[opening + 1 : closing]
    return crc_hqx(raw, 0) % SLOTS


def parse_redirect(message: str, asked: Endpoint) -> Redirect | None:
    """The redirection in an error reply, None for any other error.

    A node that does not know how the other is reached from here leaves the host out.
    """
    word, _, rest = message.partition(" ")
    if word not in {"MOVED", "ASK"}:
        return None
    slot, _, address = rest.partition(" ")
    host, _, port = address.rpartition(":")
    if not slot.isdecimal() or not port.isdecimal() or int(slot) >= SLOTS:
        return None
    return Redirect(int(slot), Endpoint(host or asked.host, int(port)), word == "MOVED")


def parse_slots(reply: Sequence[Any], asked: Endpoint) -> list[Endpoint | None]:
    """The primary of every slot by CLUSTER SLOTS; None where nobody serves it."""
    owners: list[Endpoint | None] = [None] * SLOTS
    for first, last, primary, *_ in reply:
        host = (primary[0] or b"").decode()
        owner = Endpoint(host if host not in {"", "?"} else asked.host, primary[1])
        owners[first : last + 1] = [owner] * (last + 1 - first)
    return owners
