"""What a model can do beside text, as its makers say: words to filter by, in the reader's language.
Nothing is refused or charged by them."""

from collections.abc import Iterable
from enum import StrEnum

from django.utils.translation import gettext_lazy as _


class Capability(StrEnum):
    """In the order in which they are shown."""

    TOOLS = "tools"
    STRUCTURED = "structured"
    REASONING = "reasoning"
    VISION = "vision"
    AUDIO_IN = "audio_in"
    AUDIO_OUT = "audio_out"
    IMAGES = "images"
    VIDEO = "video"
    REALTIME = "realtime"
    EMBEDDINGS = "embeddings"
    RERANK = "rerank"


WORDS = {
    Capability.TOOLS: _("Tools"),
    Capability.STRUCTURED: _("Structured output"),
    Capability.REASONING: _("Reasoning"),
    Capability.VISION: _("Sees images"),
    Capability.AUDIO_IN: _("Hears"),
    Capability.AUDIO_OUT: _("Speaks"),
    Capability.IMAGES: _("Makes images"),
    Capability.VIDEO: _("Makes videos"),
    Capability.REALTIME: _("Realtime"),
    Capability.EMBEDDINGS: _("Embeddings"),
    Capability.RERANK: _("Reranking"),
}


def known(names: Iterable[str]) -> list[str]:
    """Those that are, each once, in one order; an older release may have stored others."""
    given = set(names)
    return [each.value for each in Capability if each.value in given]


def words(names: Iterable[str]) -> list[str]:
    """How they are called."""
    return [str(WORDS[Capability(name)]) for name in known(names)]
