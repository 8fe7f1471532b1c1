"""How long a sound file is, from its first and last bytes, where its format tells cheaply: WAV,
FLAC, MP3, Ogg. Pure. A length that the file's size belies is none: it is what a caller pays by.

Sources, read 2026-11: "Multimedia Programming Interface" (RIFF WAVE), RFC 9639 (FLAC), RFC 3533
and RFC 7845 (Ogg, Opus), ISO 11172-3 and the Xing/LAME tag (MP3).
"""

import struct

# As much of a file as is looked at from either end: MP3 tags without a picture, one Ogg page.
HEAD_BYTES = 64 * 1024
TAIL_BYTES = 64 * 1024

_PCM_TAGS = frozenset({1, 3, 0xFFFE})  # integer, float, extensible
_MP3_KBITS = {
    3: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),  # MPEG-1
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),  # MPEG-2
    0: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),  # MPEG-2.5
}
_MP3_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
# The most that each format spends on a second; more bytes than that, and the length is a lie.
_MP3_BYTES_PER_S = 40_000  # 320 kbit/s
_OGG_BYTES_PER_S = 64_000  # Opus: 510 kbit/s, and Vorbis stays below it
_SLACK = 1.05  # tags and framing


def seconds_of(head: bytes, tail: bytes, size_bytes: int) -> float | None:
    """The length of a file of `size_bytes`, or None where its bytes do not tell."""
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return _wav(head, size_bytes)
    if head[:4] == b"fLaC":
        return _flac(head, size_bytes)
    if head[:4] == b"OggS":
        return _ogg(head, tail, size_bytes)
    return _mp3(head, size_bytes)


def _wav(head: bytes, size_bytes: int) -> float | None:
    position, bytes_per_s = 12, 0
    while position + 8 <= len(head):
        name, size = struct.unpack_from("<4sI", head, position)
        if name == b"fmt " and position + 24 <= len(head):
            tag, _, rate, _, block = struct.unpack_from("<HHIIH", head, position + 8)
            bytes_per_s = rate * block if tag in _PCM_TAGS else 0
        if name == b"data":
            # A streamed WAV claims the largest size there is; what came is what counts.
            there = size_bytes - position - 8
            there = min(size, there) if size else there
            return there / bytes_per_s if bytes_per_s else None
        position += 8 + size + size % 2
    return None


def _flac(head: bytes, size_bytes: int) -> float | None:
    if len(head) < 26:
        return None
    packed = int.from_bytes(head[18:26], "big")
    rate, channels = packed >> 44, (packed >> 41 & 7) + 1
    bits, samples = (packed >> 36 & 31) + 1, packed & ((1 << 36) - 1)
    if not rate or not samples:
        return None
    return _believed(samples / rate, size_bytes, rate * channels * bits / 8)


def _ogg(head: bytes, tail: bytes, size_bytes: int) -> float | None:
    skipped = 0
    if (at := head.find(b"OpusHead", 0, 512)) >= 0 and len(head) >= at + 12:
        rate, skipped = 48_000, int.from_bytes(head[at + 10 : at + 12], "little")
    elif (at := head.find(b"\x01vorbis", 0, 512)) >= 0 and len(head) >= at + 16:
        rate = int.from_bytes(head[at + 12 : at + 16], "little")
    else:
        return None
    last = tail.rfind(b"OggS")
    if last < 0 or len(tail) < last + 14 or not rate:
        return None
    samples = int.from_bytes(tail[last + 6 : last + 14], "little", signed=True) - skipped
    return _believed(samples / rate, size_bytes, _OGG_BYTES_PER_S)


def _mp3(head: bytes, size_bytes: int) -> float | None:
    start = 0
    if head[:3] == b"ID3" and len(head) >= 10:
        digits = head[6:10]
        start = 10 + (digits[0] << 21 | digits[1] << 14 | digits[2] << 7 | digits[3])
    if len(head) < start + 4 or head[start] != 0xFF or head[start + 1] & 0xE6 != 0xE2:
        return None  # no frame of layer III where the first one must be
    version, index = head[start + 1] >> 3 & 3, head[start + 2] >> 4
    rate_index = head[start + 2] >> 2 & 3
    if version == 1 or rate_index == 3 or not 0 < index < 15:
        return None
    rate, sound_bytes = _MP3_RATES[version][rate_index], size_bytes - start
    frames = _xing_frames(head[start : start + 256])
    if frames is None:
        return sound_bytes / (_MP3_KBITS[version][index] * 125)
    samples_per_frame = 1152 if version == 3 else 576
    return _believed(frames * samples_per_frame / rate, sound_bytes, _MP3_BYTES_PER_S)


def _xing_frames(frame: bytes) -> int | None:
    """How many frames a file of variable bit rate says it has."""
    for mark in (b"Xing", b"Info"):
        at = frame.find(mark)
        if at >= 0 and len(frame) >= at + 12 and frame[at + 7] & 1:
            return int.from_bytes(frame[at + 8 : at + 12], "big")
    return None


def _believed(seconds: float, size_bytes: int, bytes_per_s_max: float) -> float | None:
    """The length, where so many bytes can be so short."""
    return seconds if seconds > 0 and seconds * bytes_per_s_max * _SLACK >= size_bytes else None
