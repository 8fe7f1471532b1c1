"""The demo upstream's own rule for counting tokens. Pure; never pretends to be a vendor's rule."""

import re

# Chinese, Japanese and Korean characters: vendors count about one token for each.
_CJK = r"\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"

# One match is one token: a CJK character, up to 12 letters or digits with the space before them, a
# run of white space, or one sign. Every character falls in exactly one, so the pieces of a text
# join back to the text, and a text cut between two pieces keeps its count.
_PIECE = re.compile(rf"[{_CJK}]| ?[^\W{_CJK}]{{1,12}}|\s+|[^\w\s]")

MESSAGE_TOKENS = 4  # what each message adds for its role and framing
PART_TOKENS = 85  # an image or audio part, whatever its size: a low-detail image's usual price


def split(text: str) -> list[str]:
    """The tokens of a text, in order; joined they are the text."""
    return _PIECE.findall(text)


def count(text: str) -> int:
    """How many tokens a text has."""
    return len(_PIECE.findall(text))


def has_cjk(text: str) -> bool:
    """Whether the text holds a Chinese, Japanese or Korean character."""
    return _CJK_ANY.search(text) is not None


_CJK_ANY = re.compile(f"[{_CJK}]")
