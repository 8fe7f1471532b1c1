"""What a transcript costs in seconds and tokens: as the upstream says, else by the file. Pure.

Sources, read 2026-11: OpenAI API reference, "Transcription" (`usage` of type duration or tokens),
and the prices of gpt-4o-transcribe (0.006 a minute at 6 per million audio tokens).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from relay.proxy.types import Usage

AUDIO_TOKENS_PER_S = 17  # 1,000 a minute
AUDIO_TOKENS_PER_S_MAX = 50
# A fast speaker says four words a second; vocabularies spend up to three tokens on one.
OUTPUT_TOKENS_PER_S_MAX = 12
OUTPUT_TOKENS_MIN = 256
# Of a file whose length nobody tells: voice memos have 64 kbit/s, hardly anyone goes below 16.
BYTES_PER_S_GUESS = 8_000
BYTES_PER_S_MIN = 2_000
# No codec in use goes below this (Opus, 6 kbit/s): a figure beyond it is an upstream's bug.
BYTES_PER_S_LEAST = 750


class _Details(msgspec.Struct):
    audio_tokens: int | None = None


class _Told(msgspec.Struct):
    seconds: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    input_token_details: _Details | None = None


_told = msgspec.json.Decoder(_Told)


@dataclass(frozen=True, slots=True)
class SoundLength:
    """A file's size, and how long it is where it says so itself."""

    size_bytes: int
    known_s: float | None

    def guess_s(self) -> int:
        """Whole seconds, begun ones included, and at least one: as vendors bill."""
        return begun_seconds(self.known_s or self.size_bytes / BYTES_PER_S_GUESS)

    def most_s(self) -> int:
        """For the Hold."""
        return begun_seconds(self.known_s or self.size_bytes / BYTES_PER_S_MIN)

    def conceivable_s(self) -> int:
        """Beyond which no figure is believed."""
        return max(self.most_s(), begun_seconds(self.size_bytes / BYTES_PER_S_LEAST))


def begun_seconds(seconds: float) -> int:
    """Whole seconds, at least one."""
    return max(1, math.ceil(seconds))


@dataclass(frozen=True, slots=True)
class TranscriptUsage:
    """Usage of one request's answers."""

    length: SoundLength
    prompt_tokens_guess: int

    @property
    def output_tokens_max(self) -> int:
        """For the Hold, where the model is sold by tokens."""
        return OUTPUT_TOKENS_MIN + self.length.most_s() * OUTPUT_TOKENS_PER_S_MAX

    def most(self) -> Mapping[str, int]:
        """What can be used beside text."""
        seconds = self.length.most_s()
        return {"seconds": seconds, "audio_input": seconds * AUDIO_TOKENS_PER_S_MAX}

    def guess(self) -> Mapping[str, int]:
        """What was used beside text, as far as the file tells."""
        seconds = self.length.guess_s()
        return {"seconds": seconds, "audio_input": seconds * AUDIO_TOKENS_PER_S}

    def told(self, raw: bytes | msgspec.Raw) -> Usage | None:
        """The upstream's own figures; None where there are none, or they make no sense.

        Seconds stand beside tokens, by the file, for a model that we sell by the second.
        """
        try:
            given = _told.decode(raw)
        except msgspec.DecodeError:
            return None
        if given.seconds is not None:
            if not 0 <= given.seconds <= self.length.conceivable_s():
                return None
            return Usage(other={"seconds": begun_seconds(given.seconds)})
        if given.input_tokens is None or given.output_tokens is None:
            return None
        details = given.input_token_details
        audio = given.input_tokens
        if details is not None and details.audio_tokens is not None:
            audio = details.audio_tokens
        tokens_max = self.length.conceivable_s() * AUDIO_TOKENS_PER_S_MAX
        output_max = OUTPUT_TOKENS_MIN + self.length.conceivable_s() * OUTPUT_TOKENS_PER_S_MAX
        if not 0 <= audio <= min(given.input_tokens, tokens_max):
            return None
        if not 0 <= given.output_tokens <= output_max:
            return None
        other = {"seconds": self.length.guess_s(), "audio_input": audio}
        return Usage(given.input_tokens - audio, 0, given.output_tokens, other=other)

    def counted(self, output_tokens: int, *, said_s: float | None = None) -> Usage:
        """Our own count: seconds by the file, else by what a verbose answer says, else by size."""
        seconds, is_exact = self.length.guess_s(), self.length.known_s is not None
        if not is_exact and said_s is not None and 0 <= said_s <= self.length.conceivable_s():
            seconds, is_exact = begun_seconds(said_s), True
        return Usage(
            input_tokens=self.prompt_tokens_guess,
            output_tokens=output_tokens,
            other={"seconds": seconds, "audio_input": seconds * AUDIO_TOKENS_PER_S},
            is_estimated=True,
            counted=frozenset({"seconds"}) if is_exact else frozenset(),
        )
