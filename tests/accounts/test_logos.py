"""A logo is decoded and encoded anew; what is no picture, or would fill memory, is refused."""

import io
import struct
import zlib

import pytest
from PIL import Image

from accounts import images
from accounts.site_values import SiteRefused


def drawn(size: tuple[int, int] = (600, 300), kind: str = "PNG", colour: str = "#0b62d6") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, kind)
    return file.getvalue()


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_picture_becomes_a_small_png_and_an_icon(kind: str) -> None:
    made = images.encode_logo(drawn(kind=kind))
    logo, icon = opened(made.logo.content), opened(made.icon.content)
    assert (logo.format, logo.size) == ("PNG", (320, 160))
    assert (icon.format, icon.size) == ("PNG", images.ICON_SIZE)


def test_nothing_but_pixels_is_kept() -> None:
    sent = drawn() + b"<script>alert(1)</script>"
    content = images.encode_logo(sent).logo.content
    assert b"script" not in content
    assert content != sent


def test_what_we_encoded_stays_the_same_when_encoded_again() -> None:
    once = images.encode_logo(drawn()).logo
    assert images.encode_logo(once.content).logo == once


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose head promises many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    data = zlib.compress(b"\0" * 1000)
    end = chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + end


@pytest.mark.parametrize("size", [(50_000, 50_000), (4_000, 2_001)])
def test_a_bomb_is_refused_before_it_is_decoded(size: tuple[int, int]) -> None:
    with pytest.raises(SiteRefused, match="logo_too_many_pixels"):
        images.encode_logo(bomb(*size))


def test_a_file_that_is_too_long_is_refused() -> None:
    with pytest.raises(SiteRefused, match="logo_too_big"):
        images.encode_logo(b"\x89PNG" + b"\0" * images.BYTES_MAX)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"hello",
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        drawn()[:200],
        bomb(1_000, 1_000),
        b"BM" + drawn(kind="BMP")[2:],
        b"%PDF-1.7",
    ],
)
def test_what_is_no_picture_we_take_is_refused(sent: bytes) -> None:
    with pytest.raises(SiteRefused, match="logo_unreadable"):
        images.encode_logo(sent)
