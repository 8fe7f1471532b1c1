"""Server-sent events as bytes: where frames end. Sans-IO; bounded; never re-serialises a frame.

Source: the WHATWG HTML standard, "Server-sent events", read 2026-11: lines end in CRLF, LF or CR,
a blank line ends an event, lines that begin with a colon are comments.
"""

import re

# A frame that is longer than this is passed on unread: vendors' frames stay under 64 kB, but an
# image or audio delta may be big, and holding it whole would not be bounded.
FRAME_BYTES_MAX = 1_000_000

# Two line ends in a row. An LF-CR counts once it is seen not to be an LF-CRLF.
_BOUNDARY = re.compile(rb"\n\r?\n|\r\r|\n\r(?=[^\n])")
_LINE = re.compile(rb"\r\n|\n|\r")


class FrameBuffer:
    """Cuts a byte stream into whole frames plus a tail that waits for its end."""

    __slots__ = ("_bytes_max", "_overlong", "_tail")

    def __init__(self, bytes_max: int = FRAME_BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._tail = b""
        self._overlong = False

    def feed(self, chunk: bytes) -> bytes:
        """All that may go on now: whole frames, in one piece. The rest waits as the tail."""
        if not self._tail and chunk.endswith(b"\n\n"):
            return chunk
        data = self._tail + chunk if self._tail else chunk
        cut = last_boundary(data, since=max(0, len(self._tail) - 3))
        whole, self._tail = data[:cut], data[cut:]
        if len(self._tail) > self._bytes_max:
            whole, self._tail, self._overlong = whole + self._tail, b"", True
        return whole

    @property
    def tail(self) -> bytes:
        """The unfinished frame; at the end of the stream, what was cut off."""
        return self._tail

    @property
    def has_overlong(self) -> bool:
        """Whether a frame was passed on in pieces, so that the client may hold half of one."""
        return self._overlong


def last_boundary(data: bytes, *, since: int = 0) -> int:
    """The offset after the last complete frame, or 0; none ends before `since`."""
    if data.endswith((b"\n\n", b"\r\n\r\n")):
        return len(data)
    cut = 0
    for match in _BOUNDARY.finditer(data, since):
        cut = match.end()
    return cut


def frames(block: bytes) -> list[bytes]:
    """The frames of a block of whole frames, each with its own ending."""
    if b"\r" not in block:  # as nearly all write them
        *whole, rest = block.split(b"\n\n")
        ended = [frame + b"\n\n" for frame in whole]
        return [*ended, rest] if rest else ended
    found, start = [], 0
    for match in _BOUNDARY.finditer(block):
        found.append(block[start : match.end()])
        start = match.end()
    if start < len(block):
        found.append(block[start:])
    return found


def data_of(frame: bytes) -> bytes:
    """The frame's data lines joined as the standard says; b"" for a comment."""
    if frame.startswith(b"data: ") and frame.find(b"\n") == len(frame) - 2 and b"\r" not in frame:
        return frame[6:-2]  # one line, and the blank one
    lines = []
    for line in _LINE.split(frame):
        if line.startswith(b"data:"):
            value = line[5:]
            lines.append(value[1:] if value.startswith(b" ") else value)
    return b"\n".join(lines)


def event(data: bytes) -> bytes:
    """A frame that carries `data`, which must be one line."""
    return b"data: " + data + b"\n\n"
