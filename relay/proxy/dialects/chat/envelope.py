"""An OpenAI chat request: what we must know of it, and the same bytes with our few changes.

Only the fields below are looked at; every other parameter passes through as the caller wrote it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from relay.proxy import call_ids, chat_envelope
from relay.proxy.dialects.decoding import read, whole_number
from relay.proxy.estimate import tokens_of_bytes
from relay.proxy.request import Demand

# OpenAI documents n up to 128; more would only serve to make a Hold overflow.
CHOICES_MAX = 128
# No vendor sells more output in one answer (2026-11: 128k–384k); keeps arithmetic far from 2^53.
OUTPUT_TOKENS_MAX = 4_000_000
# What the dearest documented image costs in tokens when it is given by URL, so that the body's
# length says nothing of it (OpenAI "high" detail, 2048 px: 1,105–2,833 by model, read 2026-11).
IMAGE_URL_TOKENS = 4_096

# A file may have hundreds of pages, each read as text and as a picture: whatever a model can read.
FILE_TOKENS = 1_000_000
# Ten pages are usual.
FILE_TOKENS_GUESS = 20_000

# The newer name first: it is the one to keep where a caller gives neither a value.
CAP_NAMES = ("max_completion_tokens", "max_tokens")

# With audio in the prompt or asked for as output, tokens fall into buckets of their own.
AUDIO_KINDS = ("audio_input", "cached_audio_input", "audio_output")
_AUDIO = (b'"input_audio"', b'"modalities"', b'"audio"')
# Parts that are marked to be cached cost more to write, where the model's upstream charges for it.
CACHE_KINDS = ("cache_write_5m", "cache_write_1h")
_CACHED = b'"cache_control"'
# Tokens of pictures, and of a file's pages, are counted apart by some vendors.
IMAGE_KINDS = ("image_input",)
_SEEN = (b'"image_url"', b'"file_data"')
_FILE_ID = b'"file_id"'

_FORCE_USAGE = b'{"include_usage":true}'
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A request that was found in order."""

    body: bytes  # the caller's, results of tools with their call's id
    fields: Mapping[str, msgspec.Raw]
    model: str
    is_stream: bool
    wants_usage_frame: bool
    demand: Demand
    top_logprobs: int | None = None  # where `logprobs` was given as a number, its older form

    def body_for(self, upstream_model: str, *, output_tokens_cap: int | None) -> bytes:
        """The bytes to send: model renamed, usage asked for, output capped when `cap` is given.

        Values keep the caller's own bytes; of a field that was given twice the last one counts,
        here and for our checks alike.
        """
        fields: dict[str, bytes | msgspec.Raw] = dict(self.fields)
        fields["model"] = msgspec.json.encode(upstream_model)
        if self.is_stream:
            fields["stream_options"] = forced_usage(self.fields.get("stream_options"))
        else:
            fields.pop("stream_options", None)  # without a stream OpenAI refuses them
        if self.top_logprobs is not None:
            fields["logprobs"] = b"true"
            fields.setdefault("top_logprobs", b"%d" % self.top_logprobs)
        if output_tokens_cap is not None:
            fields |= self._capped(output_tokens_cap)
        encode = msgspec.json.encode
        return b"{" + b",".join([encode(k) + b":" + bytes(v) for k, v in fields.items()]) + b"}"

    def _capped(self, cap: int) -> dict[str, bytes]:
        """The fields that must change so that no choice gets longer than `cap` tokens."""
        given = [name for name in CAP_NAMES if name in self.fields]
        values = {name: msgspec.json.decode(self.fields[name]) for name in given}
        too_high = [name for name in given if values[name] is not None and values[name] > cap]
        if not any(values.values()):
            too_high = given[:1] or ["max_tokens"]
        return dict.fromkeys(too_high, b"%d" % cap)


def forced_usage(given: msgspec.Raw | None) -> bytes:
    """`stream_options` with which the upstream tells what was used."""
    if given is None or bytes(given) == b"null":
        return _FORCE_USAGE
    options = _fields.decode(given)
    options["include_usage"] = msgspec.Raw(b"true")
    return msgspec.json.encode(options)


def parse(body: bytes) -> ChatRequest:
    """Read a request body; raises ApiError naming the parameter that is wrong."""
    fields = read(_fields, body)
    envelope = chat_envelope.read(body)
    if any(each.role == "tool" and each.tool_call_id is None for each in envelope.messages):
        fields["messages"] = call_ids.filled(fields["messages"])
        body = msgspec.json.encode(fields)
    if _FILE_ID in body:
        chat_envelope.refuse_stored_files(fields["messages"])
    choices = whole_number("n", envelope.n, highest=CHOICES_MAX) or 1
    # Upstreams differ in which of the two they heed, so the larger one is what may come.
    caps = [
        whole_number(name, getattr(envelope, name), highest=OUTPUT_TOKENS_MAX) for name in CAP_NAMES
    ]
    logprobs = envelope.logprobs
    images, files = body.count(b'"image_url"') * IMAGE_URL_TOKENS, body.count(b'"file_data"')
    return ChatRequest(
        body=body,
        fields=fields,
        model=envelope.model,
        is_stream=bool(envelope.stream),
        wants_usage_frame=bool(envelope.stream_options and envelope.stream_options.include_usage),
        demand=Demand(
            input_tokens_bound=len(body) + images + files * FILE_TOKENS,
            input_tokens_guess=tokens_of_bytes(body) + images // 4 + files * FILE_TOKENS_GUESS,
            output_tokens_asked=max((cap for cap in caps if cap is not None), default=None),
            choices=choices,
            token_kinds=_token_kinds(body),
        ),
        top_logprobs=None if logprobs is None or isinstance(logprobs, bool) else logprobs,
    )


def _token_kinds(body: bytes) -> tuple[str, ...]:
    """The rarer buckets that this request's tokens may fall in."""
    kinds: tuple[str, ...] = AUDIO_KINDS if any(mark in body for mark in _AUDIO) else ()
    if any(mark in body for mark in _SEEN):
        kinds += IMAGE_KINDS
    return kinds + CACHE_KINDS if _CACHED in body else kinds
