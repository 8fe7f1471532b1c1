"""Media types of what stands in Gemini's parts. A table and its look-ups; reads no data."""

from posixpath import splitext
from urllib.parse import urlsplit

# What Google reads by address ("File input methods", read 2026-11), by the end of its path.
_BY_ENDING = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".bmp": "image/bmp",
    ".pdf": "application/pdf",
    ".txt": "text/plain",
    ".html": "text/html",
    ".css": "text/css",
    ".csv": "text/csv",
    ".xml": "text/xml",
    ".json": "application/json",
}
# Media types have more than one word for a format; OpenAI has one.
_AUDIO_FORMATS = {"mpeg": "mp3", "x-wav": "wav", "wave": "wav", "vnd.wave": "wav"}

_STORE = "generativelanguage.googleapis.com"


def guessed_type(url: str) -> str:
    """The media type that an address's path promises, or ""."""
    return _BY_ENDING.get(splitext(urlsplit(url).path)[1].lower(), "")


def audio_format(media_type: str) -> str:
    """The format in `audio/…`, without parameters: `audio/L16;rate=24000` is l16."""
    name = media_type.partition("/")[2].partition(";")[0].strip().lower()
    return _AUDIO_FORMATS.get(name, name)


def is_of_vendor(uri: str) -> bool:
    """Whether an address is understood by Google's servers alone, or is of a file in their store,
    which all customers of one Upstream share."""
    if not uri:
        return False
    try:
        given = urlsplit(uri)
        host = given.hostname or ""
    except ValueError:
        return True
    return given.scheme != "https" or host.rstrip(".").endswith(_STORE)
