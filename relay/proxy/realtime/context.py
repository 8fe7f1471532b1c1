"""About how many tokens a session has put in: for what a response must hold, and for what is
charged when the Upstream does not say. Corrected by each figure that the Upstream gives."""

from dataclasses import dataclass, field

from relay.proxy.types import Usage

# OpenAI, "Realtime costs", read 2026-11: sound that goes in is a token each 100 ms, that comes out
# each 50 ms; PCM has 48,000 bytes a second, G.711 8,000. Base64 makes four
# characters of three bytes.
PCM_BYTES_PER_S = 48_000
G711_BYTES_PER_S = 8_000
INPUT_TOKENS_PER_S = 10
OUTPUT_TOKENS_PER_S = 20
# A picture of 1,024 x 1,024 in high detail, about.
IMAGE_TOKENS = 1_600


@dataclass(slots=True)
class Load:
    """Tokens of text, sound and pictures."""

    text: int = 0
    audio: int = 0
    image: int = 0

    def add(self, other: "Load") -> None:
        """Count another one too."""
        self.text += other.text
        self.audio += other.audio
        self.image += other.image

    @property
    def total(self) -> int:
        """All of them."""
        return self.text + self.audio + self.image


@dataclass(slots=True)
class Context:
    """What the next response will read: settings, what was said, what was said since."""

    tokens_max: int
    settings: int = 0  # of the instructions and tools, as last set
    known: Load = field(default_factory=Load)
    since: Load = field(default_factory=Load)
    input_bytes_per_s: int = PCM_BYTES_PER_S
    output_bytes_per_s: int = PCM_BYTES_PER_S

    def hear(self, base64_chars: int) -> None:
        """Sound came in."""
        self.since.audio += self.heard(base64_chars)

    def heard(self, base64_chars: int) -> int:
        """Tokens of so much sound that comes in."""
        return _tokens(base64_chars, self.input_bytes_per_s, INPUT_TOKENS_PER_S)

    def spoken(self, base64_chars: int) -> int:
        """Tokens of sound that went out."""
        return _tokens(base64_chars, self.output_bytes_per_s, OUTPUT_TOKENS_PER_S)

    def load(self) -> Load:
        """What a response would read now, at most the model's context."""
        found = Load(self.settings)
        found.add(self.known)
        found.add(self.since)
        if (excess := found.total - self.tokens_max) > 0:
            # The dearest stays: a Hold that is too large does less harm than one too small.
            cut = min(found.text, excess)
            found.text -= cut
            found.audio = max(0, found.audio - (excess - cut))
        return found

    def begin(self) -> Load:
        """A response begins; what comes in from now on is read by the next."""
        found = self.load()
        self.known.add(self.since)
        self.since = Load()
        return found

    def correct(self, usage: Usage) -> None:
        """The Upstream's figures of a response: its input and output are the next one's past."""
        other = usage.other
        text = usage.input_tokens + usage.cached_input_tokens + usage.output_tokens
        sound = ("audio_input", "cached_audio_input", "audio_output")
        audio = sum(other.get(name, 0) for name in sound)
        self.known = Load(max(0, text - self.settings), audio, other.get("image_input", 0))


def _tokens(base64_chars: int, bytes_per_s: int, tokens_per_s: int) -> int:
    return -(-base64_chars * 3 * tokens_per_s // (4 * bytes_per_s))
