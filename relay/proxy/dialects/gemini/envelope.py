"""A Gemini request that goes to an upstream of the same dialect: what we must know of it, and the
same bytes with our few changes. The model and whether to stream stand in the path.

Every parameter passes through as the caller wrote it, in either of Google's spellings, but for
those that run up costs which no price of ours covers, or that read the vendor's store, which all
customers of an Upstream share: they are refused. What media cost: Gemini API, "Understand and
count tokens" and "Media resolution", read 2026-11.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from relay.proxy import json_objects
from relay.proxy.causes import Cause
from relay.proxy.dialects import pass_through
from relay.proxy.dialects.conversation import not_carried
from relay.proxy.dialects.decoding import OUTPUT_TOKENS_MAX, is_given, read, whole_number, wrong
from relay.proxy.dialects.gemini import wire
from relay.proxy.dialects.gemini.media import guessed_type, is_of_vendor
from relay.proxy.dialects.gemini.spelling import Spelling
from relay.proxy.dialects.service_tier import refuse_others
from relay.proxy.errors import ApiError, Framing
from relay.proxy.estimate import tokens_of_bytes
from relay.proxy.json_objects import Fields
from relay.proxy.request import Demand

CANDIDATES_MAX = 8
# 16 tiles of 768 px at 258 tokens: all of the largest picture that is looked at.
IMAGE_TOKENS = 4_128
IMAGE_TOKENS_GUESS = 1_120
# 1,000 pages at the highest resolution. What a model can read at all bounds it further.
DOCUMENT_TOKENS = 1_120_000
# Ten pages, or a minute of film.
DOCUMENT_TOKENS_GUESS = 20_000

# Tools that the caller runs; Google's own are paid by the query, or read what they like.
_CALLERS_TOOLS = frozenset(("functionDeclarations", "computerUse"))

_NOTHING = msgspec.Raw(b"null")

_list = msgspec.json.Decoder(list[msgspec.Raw])
_text = msgspec.json.Decoder(str | None)
_number = msgspec.json.Decoder(int | float | None)


@dataclass(frozen=True, slots=True)
class Envelope(pass_through.Envelope):
    """A request that was found in order."""

    answer_reader = wire.read_answer
    config: Mapping[str, msgspec.Raw]
    names: Mapping[str, str]  # camelCase -> as the caller wrote it
    framing: Framing = Framing.SSE  # of the client's stream, when it begins
    wrapped_in: str = ""  # the field of the body that holds it, where it is not all of it

    def body_for(self, upstream_model: str, *, output_tokens_cap: int | None) -> bytes:
        """See `pass_through.Envelope.body_for`: the model is named where the caller named it."""
        fields: dict[str, Any] = dict(self.fields)
        if "model" in fields:
            fields["model"] = f"models/{upstream_model}"
        if output_tokens_cap is not None and self._is_above(output_tokens_cap):
            capped = {self._name("maxOutputTokens"): output_tokens_cap}
            fields[self._name("generationConfig")] = {**self.config, **capped}
        return msgspec.json.encode({self.wrapped_in: fields} if self.wrapped_in else fields)

    def reader(self) -> wire.StreamReader:
        """See `pass_through.Envelope.reader`."""
        return wire.StreamReader(framing=self.framing)

    def _name(self, camel: str) -> str:
        return self.names.get(camel, camel)


def envelope(
    body: bytes, *, model: str, is_stream: bool, framing: Framing = Framing.SSE
) -> Envelope:
    """Look into a request; raises ApiError naming the parameter that is wrong."""
    fields = read(json_objects.fields, body)
    return replace(_looked(fields, body, model=model, is_stream=is_stream), framing=framing)


def envelope_of_count(body: bytes, *, model: str) -> Envelope:
    """Look into a body of countTokens, which asks for no output. Raises ApiError."""
    fields, name = read(json_objects.fields, body), ""
    for given, value in fields.items():
        if Spelling().camel(given) == "generateContentRequest" and is_given(value):
            name = given
    if name:
        fields = _object(fields[name], name)
    found = _looked(fields, body, model=model, is_stream=False)
    return replace(
        found, demand=msgspec.structs.replace(found.demand, generates=False), wrapped_in=name
    )


def _looked(fields: Fields, body: bytes, *, model: str, is_stream: bool) -> Envelope:
    spelling = Spelling()
    named = _named(fields, spelling, "")
    if not is_given(named.get("contents", b"")):
        raise ApiError(Cause.MISSING_PARAMETER, param="contents", detail="contents")
    config_name = spelling.path("generationConfig")
    config_raw = named.get("generationConfig", msgspec.Raw(b"null"))
    given_config = _object(config_raw, config_name) if is_given(config_raw) else {}
    config = _named(given_config, spelling, config_name)
    _refuse_unpriced(named, spelling)
    media, contents = _Media(spelling), _items(named["contents"], "contents")
    if not contents:
        raise wrong("contents", "must not be empty")
    for number, content in enumerate(contents):
        media.look(content, f"contents[{number}]")
    return Envelope(
        fields=fields,
        config=given_config,
        names=spelling.written,
        model=model,
        is_stream=is_stream,
        demand=Demand(
            input_tokens_bound=len(body) + media.tokens_bound,
            input_tokens_guess=tokens_of_bytes(body) + media.tokens_guess - media.bytes // 4,
            output_tokens_asked=_count(config, "maxOutputTokens", OUTPUT_TOKENS_MAX, spelling),
            choices=_count(config, "candidateCount", CANDIDATES_MAX, spelling) or 1,
            token_kinds=(*sorted(media.kinds), *_output_kinds(config)),
        ),
    )


def _named(fields: Fields, spelling: Spelling, path: str) -> Fields:
    """The fields in camelCase. Raises ApiError where one is given in both spellings."""
    named: Fields = {}
    for name, value in fields.items():
        spelt = spelling.camel(name)
        if spelt in named:
            raise wrong(f"{path}.{name}" if path else name, f"cannot stand beside '{spelt}'")
        named[spelt] = value
    return named


def _refuse_unpriced(named: Fields, spelling: Spelling) -> None:
    if is_given(named.get("cachedContent", b"")):
        raise not_carried(spelling.path("cachedContent"))
    tier = spelling.path("serviceTier")
    refuse_others(_said(named.get("serviceTier", _NOTHING), tier), tier)
    if not is_given(tools := named.get("tools", msgspec.Raw(b""))):
        return
    for number, tool in enumerate(_items(tools, "tools")):
        for name, value in _object(tool, f"tools[{number}]").items():
            if is_given(value) and Spelling().camel(name) not in _CALLERS_TOOLS:
                raise not_carried(f"tools[{number}].{name}")


def _count(config: Fields, name: str, highest: int, spelling: Spelling) -> int | None:
    path = spelling.path(f"generationConfig.{name}")
    try:
        value = _number.decode(config.get(name, b"null"))
    except msgspec.DecodeError:
        raise wrong(path, f"must be a whole number, 1 to {highest}") from None
    return whole_number(path, value, highest=highest)


def _output_kinds(config: Fields) -> tuple[str, ...]:
    """Where tokens may fall beside text; models that draw do so unasked."""
    asked = bytes(config.get("responseModalities", b"")).upper()
    is_text = bool(asked) and not (b"IMAGE" in asked or b"AUDIO" in asked or b"\\" in asked)
    return () if is_text else ("audio_output", "image_output")


def _object(raw: msgspec.Raw, path: str) -> Fields:
    try:
        return json_objects.fields.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        raise wrong(path, "must be an object") from None


def _said(raw: msgspec.Raw, path: str) -> str | None:
    try:
        said: str | None = _text.decode(raw)
    except msgspec.DecodeError:
        raise wrong(path, "expected str") from None
    return said


def _items(raw: msgspec.Raw, path: str) -> list[msgspec.Raw]:
    """A list's items; a lone object is a list of one."""
    if bytes(raw).lstrip()[:1] == b"{":
        return [raw]
    try:
        return _list.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        raise wrong(path, "expected array") from None


class _Media:
    """What media in a request may cost beside the length of the body."""

    def __init__(self, spelling: Spelling) -> None:
        self._spelling = spelling
        self.tokens_bound = 0
        self.tokens_guess = 0
        self.bytes = 0
        self.kinds: set[str] = set()

    def look(self, raw: msgspec.Raw, at: str) -> None:
        """Count what one content, or one function response, holds."""
        for name, value in self._fields(raw, at):
            if name == "parts" and is_given(value):
                for number, part in enumerate(_items(value, f"{at}.parts")):
                    self._part(part, f"{at}.parts[{number}]")

    def _part(self, raw: msgspec.Raw, at: str) -> None:
        for name, value in self._fields(raw, at):
            if not is_given(value):
                continue
            if name == "functionResponse":
                self.look(value, self._spelling.path(f"{at}.{name}"))
            elif name in ("inlineData", "fileData"):
                self._medium(value, self._spelling.path(f"{at}.{name}"))

    def _fields(self, raw: msgspec.Raw, at: str) -> Iterator[tuple[str, msgspec.Raw]]:
        for name, value in _object(raw, at).items():
            yield self._spelling.camel(name), value

    def _medium(self, raw: msgspec.Raw, at: str) -> None:
        fields = dict(self._fields(raw, at))
        kind = self._said(fields, "mimeType", at).lower()
        uri = self._said(fields, "fileUri", at)
        if is_of_vendor(uri):
            raise not_carried(self._spelling.path(f"{at}.fileUri"))
        kind = kind or guessed_type(uri)
        self.bytes += len(bytes(raw))
        if kind.startswith("image/"):
            self.kinds.add("image_input")
            self._add(IMAGE_TOKENS, IMAGE_TOKENS_GUESS)
        elif kind.startswith("text/") and not uri:
            self._add(0, len(bytes(raw)) // 4)
        elif kind.startswith("audio/") and not uri:  # 32 tokens a second: fewer than its bytes
            self.kinds |= {"audio_input", "cached_audio_input"}
            self._add(0, DOCUMENT_TOKENS_GUESS // 10)
        else:
            self.kinds |= {"audio_input", "cached_audio_input", "image_input"}
            self._add(DOCUMENT_TOKENS, DOCUMENT_TOKENS_GUESS)

    def _add(self, bound: int, guess: int) -> None:
        self.tokens_bound += bound
        self.tokens_guess += guess

    def _said(self, fields: Fields, name: str, at: str) -> str:
        return _said(fields.get(name, _NOTHING), self._spelling.path(f"{at}.{name}")) or ""
