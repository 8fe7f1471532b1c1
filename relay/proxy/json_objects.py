"""JSON objects of which a field or two change: every other value keeps the bytes it came in."""

from collections.abc import Mapping

import msgspec

Fields = dict[str, msgspec.Raw]

# Of a field that is given twice the last one counts, as it does where values are checked.
fields = msgspec.json.Decoder(Fields)


def changed(given: Mapping[str, msgspec.Raw], /, **values: object) -> bytes:
    """The object with these values, each in its field's place or at the end."""
    return msgspec.json.encode({**given, **values})
