"""How long sound files are, by their own headers; a length that their size belies is none."""

import io
import struct
import wave

import pytest

from devstack.demo_upstream.media.sound import silence
from relay.proxy.audio_length import HEAD_BYTES, TAIL_BYTES, seconds_of


def length(data: bytes) -> float | None:
    return seconds_of(data[:HEAD_BYTES], data[-TAIL_BYTES:], len(data))


def wav(seconds: float, *, rate: int = 16_000, channels: int = 2) -> bytes:
    """By the standard library's own writer."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((channels, 2, rate, 0, "NONE", ""))
        sound.writeframes(bytes(int(seconds * rate) * channels * 2))
    return file.getvalue()


def flac(seconds: int, size: int, *, rate: int = 44_100) -> bytes:
    packed = rate << 44 | 1 << 41 | 15 << 36 | seconds * rate
    info = bytes(10) + packed.to_bytes(8, "big") + bytes(16)
    return (b"fLaC\x80\x00\x00\x22" + info).ljust(size, b"x")


def ogg(samples: int, size: int, first: bytes) -> bytes:
    page = b"OggS\x00\x00" + bytes(8) + bytes(14) + first
    last = b"OggS\x00\x04" + struct.pack("<q", samples) + bytes(14)
    return page.ljust(size - len(last), b"x") + last


OPUS = b"OpusHead\x01\x01" + struct.pack("<HI", 312, 16_000) + bytes(3)
VORBIS = b"\x01vorbis" + struct.pack("<IBI", 0, 2, 44_100) + bytes(16)
MP3_FRAME = b"\xff\xfb\x90\x00" + bytes(413)  # 128 kbit/s, 44.1 kHz
XING = b"\xff\xfb\x90\x00" + bytes(32) + b"Xing" + struct.pack(">II", 1, 383) + bytes(373)
ID3 = b"ID3\x04\x00\x00" + bytes([0, 0, 7, 104]) + bytes(1_000)


@pytest.mark.parametrize(
    ("data", "seconds"),
    [
        (silence("wav", 2_500), 2.5),
        (wav(1.25), 1.25),
        (wav(30, rate=48_000), 30),
        (flac(12, 100_000), 12),
        (ogg(48_000 * 9 + 312, 50_000, OPUS), 9),
        (ogg(44_100 * 7, 50_000, VORBIS), 7),
        (MP3_FRAME * 383, 9.98),
        (ID3 + MP3_FRAME * 383, 9.98),
        (XING + MP3_FRAME * 383, 10.0),
    ],
    ids=["demo wav", "wav", "wav 48k", "flac", "opus", "vorbis", "mp3", "tagged mp3", "vbr mp3"],
)
def test_a_files_own_length_is_found(data: bytes, seconds: float) -> None:
    assert length(data) == pytest.approx(seconds, abs=0.02)


def test_a_streamed_wav_is_as_long_as_what_came() -> None:
    data = bytearray(wav(2))
    for claimed in (0, 0xFFFFFFFF):
        data[40:44] = struct.pack("<I", claimed)
        assert length(bytes(data)) == pytest.approx(2)


@pytest.mark.parametrize(
    "data",
    [
        flac(1, 1_000_000),  # a second of two channels at 44.1 kHz is 176 kB at most
        ogg(48_000, 1_000_000, OPUS),
        ogg(-5, 1_000, OPUS),
        XING + MP3_FRAME * 40_000,  # 17 minutes that say they are 10 seconds
    ],
    ids=["flac", "opus", "negative", "mp3"],
)
def test_a_length_that_the_size_belies_is_none(data: bytes) -> None:
    assert length(data) is None


JUNK = [b"", b"RIFF", b"RIFF\0\0\0\0WAVE", b"fLaC", b"OggS", b"ID3", b"ID3" + b"\x7f" * 20]


@pytest.mark.parametrize(
    "data", [*JUNK, b"\xff\xfb", b"\xff\xff\xff\xff" * 9, bytes(5_000)], ids=repr
)
def test_of_anything_else_nothing_is_known(data: bytes) -> None:
    assert length(data[:40]) is None


@pytest.mark.parametrize("whole", [wav(1), flac(3, 999), ogg(99_999, 999, OPUS), ID3 + XING])
def test_a_file_cut_anywhere_is_no_trouble(whole: bytes) -> None:
    for cut in range(min(len(whole), 1_500)):
        found = length(whole[:cut])
        assert found is None or found >= 0
