"""Logos: a picture that somebody sent, decoded and encoded anew, so that only pixels are kept.

Nothing that was sent is ever served: no SVG, no metadata, no trailing bytes. Pure.
"""

import hashlib
import io
from dataclasses import dataclass

from PIL import Image

from accounts.site_values import SiteRefused

# A logo of 480 × 160 is crisp on every screen; what designers export is under these.
BYTES_MAX = 1_000_000
# Looked at before a pixel is decoded: 8 million of four bytes are 32 MB of memory.
PIXELS_MAX = 8_000_000
LOGO_SIZE = (480, 160)
ICON_SIZE = (64, 64)
# No vector format: those carry scripts. All of these decode in one pass.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
HASH_CHARS = 32

# Ours above is stricter and comes first; this one would warn instead of refusing.
Image.MAX_IMAGE_PIXELS = None


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG that we encoded. Two with one hash are the same."""

    content: bytes
    hash: str


@dataclass(frozen=True, slots=True)
class Logo:
    """A logo, and the icon for browsers' tabs made from it."""

    logo: Picture
    icon: Picture

    def __str__(self) -> str:
        return self.logo.hash


def encode_logo(sent: bytes) -> Logo:
    """Raises SiteRefused for what is no picture, or too big a one. The same bytes give the same."""
    if len(sent) > BYTES_MAX:
        raise SiteRefused("logo", "logo_too_big")
    try:
        with Image.open(io.BytesIO(sent), formats=FORMATS) as opened:
            if opened.width * opened.height > PIXELS_MAX:
                raise SiteRefused("logo", "logo_too_many_pixels")
            picture = opened.convert("RGBA")
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise SiteRefused("logo", "logo_unreadable") from error
    return Logo(_fitted(picture, LOGO_SIZE), _squared(picture))


def _fitted(picture: Image.Image, size: tuple[int, int]) -> Picture:
    small = picture.copy()
    small.thumbnail(size, Image.Resampling.LANCZOS)
    return _encoded(small)


def _squared(picture: Image.Image) -> Picture:
    """In the middle of a transparent square."""
    small = picture.copy()
    small.thumbnail(ICON_SIZE, Image.Resampling.LANCZOS)
    square = Image.new("RGBA", ICON_SIZE, (0, 0, 0, 0))
    square.paste(small, ((ICON_SIZE[0] - small.width) // 2, (ICON_SIZE[1] - small.height) // 2))
    return _encoded(square)


def _encoded(picture: Image.Image) -> Picture:
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    content = file.getvalue()
    return Picture(content, hashlib.sha256(content).hexdigest()[:HASH_CHARS])
