"""Media inside an address (RFC 2397), which is how OpenAI's dialects carry pictures and files."""

from relay.proxy.dialects.conversation import Document, Image
from relay.proxy.dialects.decoding import wrong

# What a picture or a file is where nobody says.
_PICTURE, _FILE = "image/png", "application/pdf"
_FILE_NAME = "document.pdf"


def source_of(address: str, at: str) -> tuple[str | None, str | None, str | None]:
    """(address, base64, media type) of what may be a data URL; ApiError for another encoding."""
    if not address.startswith("data:"):
        return address, None, None
    head, comma, data = address[5:].partition(",")
    media_type, _, encoding = head.partition(";")
    if not comma or encoding.rpartition(";")[2] != "base64":
        raise wrong(at, "must be an address, or a data URL in base64")
    return None, data, media_type or None


def written(media_type: str, data: str) -> str:
    """The data URL of `data`, which is in base64."""
    return f"data:{media_type};base64,{data}"


def of_picture(picture: Image) -> str:
    """Where the picture is: its address, or itself."""
    return picture.url or written(picture.media_type or _PICTURE, picture.data or "")


def of_file(document: Document) -> dict[str, str]:
    """The members that both dialects give a file which comes with the request."""
    data = written(document.media_type or _FILE, document.data or "")
    return {"filename": document.name or _FILE_NAME, "file_data": data}


def as_text(document: Document) -> str:
    """A document of plain text, under its name."""
    text = document.text or ""
    return f"{document.name}\n\n{text}" if document.name else text
