"""A site's accent colour: whether it can be read in both themes, and the style sheet it makes.

Contrast by WCAG 2.2, "relative luminance" and "contrast ratio"; the grounds are those of
static/css/tokens.css. Pure.
"""

import re
from dataclasses import dataclass

HEX = re.compile(r"#[0-9a-f]{6}")
# WCAG 2.2, success criterion 1.4.3: text, and what stands on the accent is text too.
CONTRAST_MIN = 4.5
LIGHT_GROUNDS = ("#ffffff", "#f7f8fa", "#eef1f5")
DARK_GROUNDS = ("#0f1217", "#171b22", "#1f252e")
ON_LIGHT_ACCENT, ON_DARK_ACCENT = "#ffffff", "#0b1220"
WHITE, BLACK = "#ffffff", "#000000"
PERCENT = 100


@dataclass(frozen=True, slots=True)
class Accent:
    """One accent in both themes, as #rrggbb."""

    light: str
    dark: str


def contrast(one: str, other: str) -> float:
    """From 1 (the same) to 21 (black on white)."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def is_readable(colour: str, *, is_dark: bool) -> bool:
    """Whether links in this colour, and buttons of it, can be read in that theme."""
    others = (*DARK_GROUNDS, ON_DARK_ACCENT) if is_dark else (*LIGHT_GROUNDS, ON_LIGHT_ACCENT)
    return all(contrast(colour, other) >= CONTRAST_MIN for other in others)


def for_dark(light: str) -> str:
    """The same hue, as light as the dark theme needs it."""
    steps = (mixed(light, WHITE, percent) for percent in range(0, PERCENT, 5))
    return next((step for step in steps if is_readable(step, is_dark=True)), WHITE)


def mixed(colour: str, other: str, percent: int) -> str:
    """`colour` with so many per cent of `other` in it."""
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(
        f"{(a * (PERCENT - percent) + b * percent) // PERCENT:02x}" for a, b in pairs
    )


def style_sheet(accent: Accent) -> str:
    """What /brand/<hash>.css holds: the four accent tokens in both themes."""
    light_soft, dark_soft = _soft(accent.light, "#ffffff"), _soft(accent.dark, "#171b22")
    light_strong, dark_strong = mixed(accent.light, BLACK, 15), mixed(accent.dark, WHITE, 25)
    return (
        "@layer tokens {\n  :root {\n"
        f"    --accent: light-dark({accent.light}, {accent.dark});\n"
        f"    --accent-strong: light-dark({light_strong}, {dark_strong});\n"
        f"    --accent-soft: light-dark({light_soft}, {dark_soft});\n"
        f"    --accent-text: light-dark({ON_LIGHT_ACCENT}, {ON_DARK_ACCENT});\n"
        "  }\n}\n"
    )


def _soft(colour: str, ground: str) -> str:
    """The fill behind the current page's link, as strong as the link's own contrast allows."""
    fills = (mixed(ground, colour, percent) for percent in (16, 12, 8, 4))
    return next((fill for fill in fills if contrast(colour, fill) >= CONTRAST_MIN), ground)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
