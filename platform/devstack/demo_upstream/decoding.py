"""Reading a request body into a Struct, strictly; what is wrong with it is a Refusal 400."""

import re
from typing import Any, TypeVar

import msgspec

from devstack.demo_upstream.errors import Refusal

Decoded = TypeVar("Decoded")

_ANY = msgspec.json.Decoder(Any)
_AT = re.compile(r" - at `\$\.?(.*)`$")
_MISSING = re.compile(r"Object missing required field `(\w+)`")


def decode(decoder: "msgspec.json.Decoder[Decoded]", body: bytes) -> Decoded:
    """The body as the decoder's type; Refusal 400 with the path of what is wrong in `param`."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _refusal(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(400, "The request body is not JSON.") from error


def read_json(body: bytes) -> Any:
    """The body as plain values; Refusal 400 when it is no JSON."""
    return decode(_ANY, body)


def convert(value: Any, kind: Any, at: str, *, strict: bool = True) -> Any:
    """A part of a body as the type `kind`; Refusal 400 as in `decode`, below the path `at`.

    Not strict: numbers and truths may be written as strings, as forms have them.
    """
    try:
        return msgspec.convert(value, kind, strict=strict)
    except msgspec.ValidationError as error:
        raise _refusal(str(error), at) from error


def check_model(model: str) -> None:
    """Every name is answered but those that start with "missing-" (Refusal 404)."""
    if model.startswith("missing-"):
        message = f"The model `{model}` does not exist."
        raise Refusal(404, message, code="model_not_found", param="model")


def _refusal(message: str, at: str = "") -> Refusal:
    found = _AT.search(message)
    path = "" if found is None else found[1]
    missing = _MISSING.search(message)
    steps = [at, path, missing[1] if missing else ""]
    param = ".".join(step for step in steps if step).replace(".[", "[")
    return Refusal(400, f"The request is not valid: {message}", param=param or None)
