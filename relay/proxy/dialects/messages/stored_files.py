"""Refuses files of the vendor's store: all customers of an Upstream share one account there, so
that an id would open another customer's file.

Source: Anthropic, "Files API", read 2026-11.
"""

from collections.abc import Iterable

import msgspec

from relay.proxy.dialects.conversation import not_carried
from relay.proxy.dialects.decoding import NULL, complaint, is_object

# A picture in a document in a tool's result: no block stands deeper.
_DEPTH_MAX = 3


class _Source(msgspec.Struct):
    type: msgspec.Raw = NULL
    content: msgspec.Raw = NULL


class _Block(msgspec.Struct):
    type: str
    source: msgspec.Raw = NULL  # an address, in search results
    content: msgspec.Raw = NULL


_blocks = msgspec.json.Decoder(list[_Block])
_source = msgspec.json.Decoder(_Source)


def refuse_stored_files(contents: Iterable[msgspec.Raw]) -> None:
    """Look through the content of every message. Raises ApiError naming the file."""
    for number, content in enumerate(contents):
        _check(content, f"messages[{number}].content", _DEPTH_MAX)


def _check(content: msgspec.Raw, at: str, depth: int) -> None:
    if depth == 0 or bytes(content).lstrip()[:1] != b"[":
        return
    try:
        blocks = _blocks.decode(content)
    except msgspec.ValidationError as error:
        raise complaint(str(error), at=at) from None
    for number, block in enumerate(blocks):
        path = f"{at}[{number}]"
        if block.type == "container_upload":
            raise not_carried(path)
        _check(block.content, f"{path}.content", depth - 1)
        if not is_object(block.source):
            continue
        source = _source.decode(block.source)
        if bytes(source.type) != b"null" and msgspec.json.decode(source.type) == "file":
            raise not_carried(f"{path}.source")
        _check(source.content, f"{path}.source.content", depth - 1)
