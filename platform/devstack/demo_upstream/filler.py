"""Text by the megabyte for `size=`: a mark stands in the answer until it is sent. Pure."""

from collections.abc import Iterator
from itertools import chain

from devstack.demo_upstream.errors import Refusal

LINE_BYTES_MAX = 32 * 1024 * 1024  # a streamed `size` is one event, so it is held in memory
BLOCK = b" demo"  # one token, whatever stands around it

MARK = "@@demo-filler@@"  # survives JSON as it is, and no answer of ours says it otherwise
MARK_BYTES = MARK.encode()


def filler_tokens(size_bytes: int) -> int:
    """The tokens of `size_bytes` of filler: whole blocks, then one for each dot that is left."""
    return sum(divmod(size_bytes, len(BLOCK)))


def filler(size_bytes: int, write_bytes: int) -> Iterator[bytes]:
    """`size_bytes` of plain ASCII text in writes of about `write_bytes`, made as it is taken."""
    blocks, dots = divmod(size_bytes, len(BLOCK))
    per_write = max(1, write_bytes // len(BLOCK))
    full = BLOCK * per_write
    whole_writes, rest = divmod(blocks, per_write)
    return chain((full for _ in range(whole_writes)), (BLOCK * rest, b"." * dots))


def check_size(size_bytes: int | None, *, is_stream: bool) -> None:
    """Refusal 400 when a stream is asked for more than one event can hold."""
    if size_bytes is not None and is_stream and size_bytes > LINE_BYTES_MAX:
        raise Refusal(400, f"demo directive: `size` of a stream is at most {LINE_BYTES_MAX}")
