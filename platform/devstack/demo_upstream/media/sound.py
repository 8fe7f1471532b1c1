"""Sound in bytes: the length of a file, and silence in the usual formats. Pure."""

import math
import struct

RATE = 8_000  # samples a second of our WAV and PCM: small, and any player takes it
_SAMPLE_BYTES = 2
_GUESSED_BYTES_PER_S = 16_000  # 128 kbit/s, the usual MP3
_MP3_FRAME = b"\xff\xfb\x90\x00" + bytes(413)  # MPEG-1 layer 3, 128 kbit/s, 44.1 kHz: silence
_MP3_FRAMES_PER_S = 38.28  # 44,100 samples a second in frames of 1,152

CONTENT_TYPES = {
    "mp3": b"audio/mpeg",
    "opus": b"audio/opus",
    "aac": b"audio/aac",
    "flac": b"audio/flac",
    "wav": b"audio/wav",
    "pcm": b"audio/pcm",
}
_MAGIC = {"opus": b"OggS", "aac": b"\xff\xf1\x50\x80", "flac": b"fLaC"}


def seconds_of(data: bytes) -> float:
    """The length of a file: of a WAV by its header, of anything else by its size."""
    found = _wav_seconds(data)
    return max(len(data) / _GUESSED_BYTES_PER_S, 0.1) if found is None else found


def billed_seconds(seconds: float) -> int:
    """Whole seconds, begun ones included, and at least one."""
    return max(1, math.ceil(seconds))


def _wav_seconds(data: bytes) -> float | None:
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        return None
    position, byte_rate = 12, 0
    while position + 8 <= len(data):
        name = data[position : position + 4]
        size = int.from_bytes(data[position + 4 : position + 8], "little")
        if name == b"fmt " and position + 20 <= len(data):
            byte_rate = int.from_bytes(data[position + 16 : position + 20], "little")
        if name == b"data" and byte_rate:
            # A streamed WAV claims the largest size there is; what came is what counts.
            return min(size, len(data) - position - 8) / byte_rate
        position += 8 + size + size % 2
    return None


def silence(kind: str, milliseconds: int) -> bytes:
    """Silence of that length in one of CONTENT_TYPES; WAV, MP3 and PCM are the real thing."""
    samples = bytes(RATE * milliseconds // 1000 * _SAMPLE_BYTES)
    if kind == "pcm":
        return samples
    if kind == "wav":
        return _wav_header(len(samples)) + samples
    if kind == "mp3":
        return _MP3_FRAME * max(1, round(milliseconds / 1000 * _MP3_FRAMES_PER_S))
    return _MAGIC[kind] + samples


def _wav_header(size: int) -> bytes:
    shape = struct.pack(
        "<4sIHHIIHH", b"fmt ", 16, 1, 1, RATE, RATE * _SAMPLE_BYTES, _SAMPLE_BYTES, 16
    )
    return (
        b"RIFF" + struct.pack("<I", 36 + size) + b"WAVE" + shape + b"data" + struct.pack("<I", size)
    )
