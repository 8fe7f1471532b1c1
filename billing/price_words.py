"""How the components of a price are called and counted, in the reader's language. No arithmetic."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from billing.price_versions import (
    ABOVE_TOKENS,
    IMAGE,
    IMAGE_DEFAULT,
    IMAGE_PREFIX,
    MINIMUM,
    TIERS,
    Bucket,
)

LABELS: Mapping[str, Promise] = {
    Bucket.INPUT: gettext_lazy("Input"),
    Bucket.CACHED_INPUT: gettext_lazy("Cached input"),
    Bucket.OUTPUT: gettext_lazy("Output"),
    Bucket.CACHE_WRITE_5M: gettext_lazy("Cache write, 5 minutes"),
    Bucket.CACHE_WRITE_1H: gettext_lazy("Cache write, 1 hour"),
    Bucket.REASONING: gettext_lazy("Reasoning"),
    Bucket.AUDIO_INPUT: gettext_lazy("Audio input"),
    Bucket.CACHED_AUDIO_INPUT: gettext_lazy("Cached audio input"),
    Bucket.AUDIO_OUTPUT: gettext_lazy("Audio output"),
    Bucket.IMAGE_INPUT: gettext_lazy("Image input"),
    Bucket.IMAGE_OUTPUT: gettext_lazy("Image output"),
    Bucket.CHARACTERS: gettext_lazy("Characters"),
    Bucket.SECONDS: gettext_lazy("Seconds"),
    Bucket.REQUEST: pgettext_lazy("of a price", "Request"),
    IMAGE: gettext_lazy("Images"),
    MINIMUM: gettext_lazy("Minimum"),
}
PER_MILLION_TOKENS = gettext_lazy("per 1M tokens")
# What is not counted in tokens.
UNITS: Mapping[str, Promise] = {
    Bucket.CHARACTERS: gettext_lazy("per 1M characters"),
    Bucket.SECONDS: gettext_lazy("per second"),
    Bucket.REQUEST: gettext_lazy("per request"),
    IMAGE: gettext_lazy("per image"),
    MINIMUM: gettext_lazy("per request"),
}


class Part(NamedTuple):
    """One amount of a price: what it is for, nanos, and per how much."""

    word: str
    nanos: int
    unit: str


def word(name: str) -> str:
    """A bucket, or a line of a charge, by name; `image:hd:1024x1024` tells its kind."""
    if name.startswith(IMAGE_PREFIX):
        kind = name.removeprefix(IMAGE_PREFIX)
        if kind == IMAGE_DEFAULT:
            return _("Any other image")
        return _("Image %(kind)s") % {"kind": kind.strip(":").replace(":", " ")}
    return str(LABELS[name]) if name in LABELS else name


def unit(name: str) -> str:
    """What an amount of this is per: a million tokens, an image, a second."""
    return str(UNITS.get(IMAGE if name.startswith(IMAGE_PREFIX) else name, PER_MILLION_TOKENS))


def parts(components: Mapping[str, Any]) -> Iterator[Part]:
    """Every amount that a price or a cost says, in the order in which people look for them."""
    yield from _amounts(components)
    for kind, nanos in components.get(IMAGE, {}).items():
        yield Part(word(IMAGE_PREFIX + kind), nanos, unit(IMAGE))
    for tier in components.get(TIERS, ()):
        for part in _amounts(tier):
            above = {"what": part.word, "tokens": f"{tier[ABOVE_TOKENS]:,}"}
            text = _("%(what)s, prompt above %(tokens)s tokens") % above
            yield Part(text, part.nanos, part.unit)
    if MINIMUM in components:
        yield Part(word(MINIMUM), components[MINIMUM], unit(MINIMUM))


def _amounts(components: Mapping[str, Any]) -> Iterator[Part]:
    for name in LABELS:
        if name in components and name not in (IMAGE, MINIMUM):
            yield Part(word(name), components[name], unit(name))
