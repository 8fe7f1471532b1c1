"""What pictures cost: counted by quality and size, and in tokens where the vendor does. Pure.

Source: OpenAI's guide "Image generation", cost and latency: output tokens of each quality and
size, 100 for each partial image, read 2026-11.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import msgspec

from relay.proxy.estimate import tokens_of_bytes
from relay.proxy.types import Usage

PARTIAL_TOKENS = 100
# Of a picture of 1024x1024; larger ones in proportion, up to a half more for odd shapes.
_TOKENS = {"low": 272, "medium": 1_056, "high": 4_160}
_TOKENS_DEFAULT, _TOKENS_DEAREST = 1_056, 8_320
_PIXELS = 1024 * 1024
_ODD_SHAPE = 1.5
# Of a picture that is put in, at high fidelity and at the usual one.
_INPUT_TOKENS_MAX, _INPUT_TOKENS_GUESS = 8_192, 350
# Beyond so many tokens a picture, a figure is an upstream's bug.
_CONCEIVABLE_TOKENS = 100_000
_BY_TOKENS = ("gpt-image", "chatgpt-image")
_WORD = re.compile(r"[a-z0-9_-]{1,20}")


class _Split(msgspec.Struct):
    image_tokens: int | None = None


class _Told(msgspec.Struct):
    input_tokens: int
    output_tokens: int
    input_tokens_details: _Split | None = None
    output_tokens_details: _Split | None = None


_told = msgspec.json.Decoder(_Told)


@dataclass(frozen=True, slots=True)
class Pictures:
    """So many of one quality and size."""

    quality: str
    size: str
    count: int

    @classmethod
    def asked_for(cls, model: str, quality: str | None, size: str | None, count: int) -> Self:
        """With OpenAI's defaults: the gpt-image models choose by themselves."""
        if model.startswith(_BY_TOKENS):
            return cls(quality or "auto", size or "auto", count)
        quality = "standard" if quality in (None, "auto") else str(quality)
        return cls(quality, "1024x1024" if size in (None, "auto") else str(size), count)

    def units(self) -> Mapping[str, int]:
        """Under billing's name for them."""
        return {f"image:{self.quality}:{self.size}": self.count}

    def tokens_max(self) -> int:
        """Of one picture."""
        known = _TOKENS.get(self.quality, _TOKENS_DEAREST)
        return math.ceil(known * _ODD_SHAPE * max(1.0, self._pixels() / _PIXELS))

    def tokens_guess(self) -> int:
        """Of one picture."""
        known = _TOKENS.get(self.quality, _TOKENS_DEFAULT)
        return math.ceil(known * max(1.0, self._pixels() / _PIXELS))

    def _pixels(self) -> int:
        width, _, height = self.size.partition("x")
        return int(width) * int(height) if height.isdigit() else _PIXELS


@dataclass(frozen=True, slots=True)
class ImageUsage:
    """Usage of one request's answers."""

    wanted: Pictures
    prompt: bytes
    inputs: int  # pictures to begin from
    partial_images: int

    @property
    def input_tokens_max(self) -> int:
        """For the Hold, where the model is sold by tokens."""
        return len(self.prompt) + self.inputs * _INPUT_TOKENS_MAX

    @property
    def input_tokens_guess(self) -> int:
        """Where nobody tells."""
        return tokens_of_bytes(self.prompt) + self.inputs * _INPUT_TOKENS_GUESS

    @property
    def output_tokens_max(self) -> int:
        """Of one picture, for the Hold."""
        return self.wanted.tokens_max() + self.partial_images * PARTIAL_TOKENS

    def made(self, count: int, quality: str | None, size: str | None) -> Pictures:
        """What came: of the quality and size that the answer names, else that was asked for."""
        real = replace(self.wanted, count=count)
        if quality and _WORD.fullmatch(quality):
            real = replace(real, quality=quality)
        if size and re.fullmatch(r"[1-9][0-9]{1,4}x[1-9][0-9]{1,4}", size):
            real = replace(real, size=size)
        return real

    def of(self, made: Pictures, told: Sequence[msgspec.Raw]) -> Usage:
        """The pictures, and tokens as the upstream counted them, else as we do."""
        used = [self._tokens(made.count, each) for each in told]
        if used and all(each is not None for each in used):
            return _sum([each for each in used if each is not None], made.units())
        return Usage(
            input_tokens=self.input_tokens_guess,
            other={**made.units(), "image_output": made.count * made.tokens_guess()},
            is_estimated=True,
            counted=frozenset({"image"}),
        )

    def _tokens(self, count: int, raw: msgspec.Raw) -> Usage | None:
        try:
            given = _told.decode(raw)
        except msgspec.DecodeError:
            return None
        seen = _share(given.input_tokens_details, otherwise=0)
        drawn = _share(given.output_tokens_details, otherwise=given.output_tokens)
        input_max = self.input_tokens_max + self.inputs * _CONCEIVABLE_TOKENS
        if not 0 <= seen <= given.input_tokens <= max(input_max, _CONCEIVABLE_TOKENS):
            return None
        if not 0 <= drawn <= given.output_tokens <= count * _CONCEIVABLE_TOKENS:
            return None
        other = {"image_input": seen, "image_output": drawn}
        return Usage(given.input_tokens - seen, 0, given.output_tokens - drawn, other=other)


def _share(details: _Split | None, *, otherwise: int) -> int:
    given = details.image_tokens if details is not None else None
    return otherwise if given is None else given


def _sum(each: Sequence[Usage], units: Mapping[str, int]) -> Usage:
    kinds = ("image_input", "image_output")
    other = {kind: sum(used.other[kind] for used in each) for kind in kinds}
    return Usage(
        input_tokens=sum(used.input_tokens for used in each),
        output_tokens=sum(used.output_tokens for used in each),
        other={**units, **{kind: tokens for kind, tokens in other.items() if tokens}},
    )
