"""What a call used, in disjoint buckets under the names that billing uses. Pure arithmetic."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from devstack.demo_upstream.directives import Directive

CACHE_WRITE_5M = "cache_write_5m"
CACHE_WRITE_1H = "cache_write_1h"
AUDIO_INPUT = "audio_input"
CACHED_AUDIO_INPUT = "cached_audio_input"
AUDIO_OUTPUT = "audio_output"
IMAGE_INPUT = "image_input"
IMAGE_OUTPUT = "image_output"
CHARACTERS = "characters"
SECONDS = "seconds"

_PROMPT = (CACHE_WRITE_5M, CACHE_WRITE_1H, AUDIO_INPUT, CACHED_AUDIO_INPUT, IMAGE_INPUT)
_COMPLETION = (AUDIO_OUTPUT, IMAGE_OUTPUT)


@dataclass(frozen=True, slots=True)
class Counts:
    """Only `reasoning_tokens` are in two places: they are part of `output_tokens`."""

    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    other: Mapping[str, int] = field(default_factory=dict)

    def __getitem__(self, bucket: str) -> int:
        """A rarer bucket by its name."""
        return self.other.get(bucket, 0)

    @property
    def prompt_tokens(self) -> int:
        """Everything that was put in, cached or not, text or not."""
        rarer = sum(self[bucket] for bucket in _PROMPT) if self.other else 0
        return self.input_tokens + self.cached_input_tokens + rarer

    @property
    def completion_tokens(self) -> int:
        """Everything that came out, reasoning included."""
        return self.output_tokens + (sum(self[b] for b in _COMPLETION) if self.other else 0)

    @property
    def cached_tokens(self) -> int:
        """Everything that was read from a cache."""
        return self.cached_input_tokens + self[CACHED_AUDIO_INPUT]

    def to_json(self) -> dict[str, int]:
        """Bucket by bucket."""
        return {
            "input_tokens": self.input_tokens,
            "cached_input_tokens": self.cached_input_tokens,
            "output_tokens": self.output_tokens,
            "reasoning_tokens": self.reasoning_tokens,
            **self.other,
        }


NOTHING = Counts()


def count(
    directive: Directive,
    *,
    prompt: int = 0,
    completion: int = 0,
    reasoning: int = 0,
    **other: int,
) -> Counts:
    """The buckets of a call with `prompt` tokens of text, of which the directive moves some.

    `prompt_tokens=N` in a directive is the whole prompt: what is in other buckets counts in it.
    """
    asked = {
        CACHE_WRITE_5M: directive.cache_write_tokens,
        CACHE_WRITE_1H: directive.cache_write_1h_tokens,
        CACHED_AUDIO_INPUT: directive.cached_audio_tokens,
        AUDIO_INPUT: directive.audio_prompt_tokens,
        AUDIO_OUTPUT: directive.audio_tokens,
    }
    buckets = {**other, **{name: n for name, n in asked.items() if n is not None}}
    whole = directive.prompt_tokens
    left = prompt if whole is None else whole - sum(buckets.get(name, 0) for name in _PROMPT)
    left = max(left, 0)
    cached = min(directive.cached_tokens or 0, left)
    rarer = {name: tokens for name, tokens in buckets.items() if tokens}
    return Counts(left - cached, cached, completion, reasoning, rarer)
