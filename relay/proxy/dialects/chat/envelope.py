"""A chat request that goes to an upstream of the same dialect: what we must know of it, and the
same bytes with our few changes.

Only what `checks` looks at is looked at; every other parameter passes as the caller wrote it.
"""

from dataclasses import dataclass
from typing import Any

import msgspec

from relay.proxy import json_objects
from relay.proxy.dialects import pass_through
from relay.proxy.dialects.chat import call_ids, checks, wire
from relay.proxy.dialects.chat.checks import CHOICES_MAX
from relay.proxy.dialects.decoding import output_cap, read, whole_number
from relay.proxy.estimate import tokens_of_bytes
from relay.proxy.request import Demand

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
_CACHED = (b'"cache_control"',)
# Tokens of pictures, and of a file's pages, are counted apart by some vendors.
IMAGE_KINDS = ("image_input",)
_SEEN = (b'"image_url"', b'"file_data"')
_RARER = ((_AUDIO, AUDIO_KINDS), (_SEEN, IMAGE_KINDS), (_CACHED, CACHE_KINDS))
_FILE_ID = b'"file_id"'

_FORCE_USAGE = msgspec.Raw(b'{"include_usage":true}')


@dataclass(frozen=True, slots=True)
class Envelope(pass_through.Envelope):
    """A request that was found in order."""

    answer_reader = wire.read_answer
    body: bytes  # the caller's, results of tools with their call's id
    wants_usage_frame: bool
    top_logprobs: int | None = None  # where `logprobs` was given as a number, its older form

    def body_for(self, upstream_model: str, *, output_tokens_cap: int | None) -> bytes:
        """See `pass_through.Envelope.body_for`: usage asked for as well."""
        fields: dict[str, Any] = {**self.fields, "model": upstream_model}
        if self.is_stream:
            fields["stream_options"] = forced_usage(self.fields.get("stream_options"))
        else:
            fields.pop("stream_options", None)  # without a stream OpenAI refuses them
        if self.top_logprobs is not None:
            fields["logprobs"] = True
            fields.setdefault("top_logprobs", self.top_logprobs)
        if output_tokens_cap is not None:
            fields |= self._capped(output_tokens_cap)
        return msgspec.json.encode(fields)

    def reader(self) -> wire.StreamReader:
        """See `pass_through.Envelope.reader`."""
        return wire.StreamReader(wants_usage_frame=self.wants_usage_frame)

    def _capped(self, cap: int) -> dict[str, int]:
        """The fields that must change so that no choice gets longer than `cap` tokens."""
        given = [name for name in CAP_NAMES if name in self.fields]
        values = {name: msgspec.json.decode(self.fields[name]) for name in given}
        too_high = [name for name in given if values[name] is not None and values[name] > cap]
        if not any(values.values()):
            too_high = given[:1] or ["max_tokens"]
        return dict.fromkeys(too_high, cap)


def forced_usage(given: msgspec.Raw | None) -> msgspec.Raw:
    """`stream_options` with which the upstream tells what was used."""
    if given is None or bytes(given) == b"null":
        return _FORCE_USAGE
    options = json_objects.fields.decode(given)
    return msgspec.Raw(json_objects.changed(options, include_usage=True))


def envelope(body: bytes) -> Envelope:
    """Look into a request; raises ApiError naming the parameter that is wrong."""
    fields = read(json_objects.fields, body)
    looked = checks.look(body)
    if any(each.role == "tool" and each.tool_call_id is None for each in looked.messages):
        fields["messages"] = call_ids.filled(fields["messages"])
        body = msgspec.json.encode(fields)
    if _FILE_ID in body:
        checks.refuse_stored_files(fields["messages"])
    choices = whole_number("n", looked.n, highest=CHOICES_MAX) or 1
    # Upstreams differ in which of the two they heed, so the larger one is what may come.
    caps = [output_cap(name, getattr(looked, name)) for name in CAP_NAMES]
    logprobs = looked.logprobs
    images, files = body.count(b'"image_url"') * IMAGE_URL_TOKENS, body.count(b'"file_data"')
    return Envelope(
        fields=fields,
        model=looked.model,
        is_stream=bool(looked.stream),
        body=body,
        wants_usage_frame=bool(looked.stream_options and looked.stream_options.include_usage),
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
    kinds: tuple[str, ...] = ()
    for marks, rarer in _RARER:
        for mark in marks:
            if mark in body:
                kinds += rarer
                break
    return kinds
