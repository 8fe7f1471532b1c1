"""An accent is taken only if it can be read in both themes, and what is made of it can be too."""

import pytest

from accounts import colours, site_values
from accounts.site_values import SiteRefused


@pytest.mark.parametrize("colour", ["#0b62d6", "#b3261e", "#0f766e", "#000000", "#5b21b6"])
def test_a_dark_colour_gets_a_lighter_twin_that_can_be_read(colour: str) -> None:
    accent = site_values.accent(colour)
    assert accent is not None
    assert colours.is_readable(accent.light, is_dark=False)
    assert colours.is_readable(accent.dark, is_dark=True)


@pytest.mark.parametrize("colour", ["#ffd400", "#9ca3af", "#ffffff", "#3b82f6"])
def test_a_light_colour_is_refused_in_the_light_theme(colour: str) -> None:
    with pytest.raises(SiteRefused) as refused:
        site_values.accent(colour)
    assert (refused.value.field, refused.value.code) == ("accent", "low_contrast")


def test_a_dark_colour_is_refused_in_the_dark_theme() -> None:
    with pytest.raises(SiteRefused) as refused:
        site_values.accent("#0b62d6", "#0b62d6")
    assert (refused.value.field, refused.value.code) == ("accent_dark", "low_contrast")


@pytest.mark.parametrize("text", ["red", "#12345", "#12345g", "#1234567", "} a{color:red"])
def test_what_is_no_colour_is_refused(text: str) -> None:
    with pytest.raises(SiteRefused, match="bad_colour"):
        site_values.accent(text)


def test_contrast_is_what_the_standard_says() -> None:
    assert round(colours.contrast("#000000", "#ffffff"), 2) == 21
    assert round(colours.contrast("#767676", "#ffffff"), 2) == 4.54


@pytest.mark.parametrize("light", ["#0b62d6", "#9a3412", "#166534"])
def test_every_pair_of_the_style_sheet_can_be_read(light: str) -> None:
    accent = site_values.accent(light)
    assert accent is not None
    sheet = colours.style_sheet(accent)
    tokens = {
        line.split(":")[0].strip(): line.split("light-dark(")[1].rstrip(");").split(", ")
        for line in sheet.splitlines()
        if "light-dark" in line
    }
    for theme in (0, 1):
        for other in ("--accent-soft", "--accent-text"):
            pair = tokens["--accent"][theme], tokens[other][theme]
            assert colours.contrast(*pair) >= colours.CONTRAST_MIN, (other, pair)
        strong = tokens["--accent-strong"][theme], tokens["--accent-text"][theme]
        assert colours.contrast(*strong) >= colours.CONTRAST_MIN
