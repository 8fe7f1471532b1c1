"""What tells a request from others, and what went out in answer to it, for callers who may send it
twice. Bounded; looks into nothing."""

import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from relay.proxy.answer_headers import Header

HEADER = b"idempotency-key"
# Longer answers are not repeated: 24 hours of them would fill Redis, which serves money first.
ANSWER_BYTES_MAX = 1_000_000

_BOUNDARY = re.compile(rb'multipart/.*;\s*boundary="?([^";]{1,200})', re.I)


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer as it went out, but for what every answer of the site carries."""

    status: int
    headers: tuple[Header, ...]
    body: bytes


class Fingerprint:
    """What tells a request's bytes from another's. A form's boundary is drawn anew at each try and
    does not count."""

    def __init__(self, boundary: bytes = b"") -> None:
        self._hash = hashlib.sha256()
        self._boundary = boundary
        self._tail = b""

    def feed(self, piece: bytes) -> None:
        """The next bytes of the body."""
        if not self._boundary:
            self._hash.update(piece)
            return
        ready = (self._tail + piece).replace(self._boundary, b"")
        keep = min(len(self._boundary) - 1, len(ready))
        self._hash.update(ready[: len(ready) - keep])
        self._tail = ready[len(ready) - keep :]

    def digest(self, about: bytes) -> bytes:
        """Of everything fed, and of what else belongs to the request."""
        whole = self._hash.copy()
        whole.update(self._tail + b"\0" + about)
        return whole.digest()


@dataclass(slots=True)
class Recording:
    """Keeps what goes out, up to a bound. `before_last` runs before the last byte does."""

    before_last: Callable[[], Awaitable[None]]
    status: int = 0
    headers: tuple[Header, ...] = ()
    is_whole: bool = False
    is_overlong: bool = False
    _parts: list[bytes] = field(default_factory=list)
    _bytes: int = 0

    def start(self, status: int, headers: Sequence[Header]) -> None:
        """The head."""
        self.status, self.headers = status, tuple(headers)

    async def write(self, data: bytes, *, is_last: bool) -> None:
        """A piece of the body."""
        self._bytes += len(data)
        if self._bytes > ANSWER_BYTES_MAX:
            self.is_overlong = True
            self._parts.clear()
        else:
            self._parts.append(data)
        if is_last:
            self.is_whole = True
            await self.before_last()

    @property
    def answer(self) -> KeptAnswer | None:
        """None where it cannot be repeated."""
        if not self.is_whole or self.is_overlong:
            return None
        return KeptAnswer(self.status, self.headers, b"".join(self._parts))


def fingerprint_of(headers: Mapping[bytes, bytes]) -> Fingerprint | None:
    """None where the caller gave no key: then nobody asks."""
    if HEADER not in headers:
        return None
    form = _BOUNDARY.match(headers.get(b"content-type", b""))
    return Fingerprint(form[1] if form else b"")
