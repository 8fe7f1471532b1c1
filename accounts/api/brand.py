"""How a site looks and what it says of itself: accent, logo, legal texts."""

from typing import Any

from django.shortcuts import get_object_or_404
from rest_framework import serializers

from accounts import images, sites
from accounts.api.fields import Fields, Text
from accounts.api.operations import Call, operation
from accounts.api.parsing import PictureParser
from accounts.api.sites import LANGUAGE_CODES
from accounts.api.views import SiteView
from accounts.models import Site, SiteText
from accounts.permissions import StaffAct
from accounts.scopes import Scope
from accounts.site_values import TEXT_CHARS_MAX

PICTURES = tuple(f"image/{each.lower()}" for each in images.FORMATS)
COLOUR = "`#rrggbb`; empty: ours"


class Accent(Fields):
    """The colour of both themes, each readable on its ground. The dark one is made from the light
    one where it is left out."""

    accent = Text(max_length=7, allow_blank=True, help_text=COLOUR)
    accent_dark = Text(max_length=7, allow_blank=True, required=False, help_text=COLOUR)


class Brand(Fields):
    """Colours, and the hashes by which `/brand/{hash}.png` has logo and icon; empty: none."""

    accent = Text(allow_blank=True)
    accent_dark = Text(allow_blank=True)
    logo_hash = Text(allow_blank=True)
    icon_hash = Text(allow_blank=True)


class LegalBody(Fields):
    """Plain paragraphs with `#` headings and `-` lists; empty takes the text away."""

    body = Text(max_length=TEXT_CHARS_MAX, allow_blank=True, trim_whitespace=False)


class LegalText(Fields):
    """One legal text in one language."""

    kind = serializers.ChoiceField(SiteText.Kind.values)
    language = serializers.ChoiceField(LANGUAGE_CODES)
    body = Text(allow_blank=True)


class LegalTexts(Fields):
    """Those that the site has."""

    items = LegalText(many=True)


class SiteBrand(SiteView):
    @operation("site.brand", Scope.SITE_READ, act=StaffAct.SEE_SITE, answer=Brand)
    def get(self, call: Call) -> Site:
        """Read how the site looks."""
        return call.site

    @operation(
        "site.brand.change",
        Scope.SITE_WRITE,
        act=StaffAct.CHANGE_SITE,
        body=Accent,
        answer=Brand,
    )
    def put(self, call: Call) -> Site:
        """Set the accent. One that could not be read on its ground is refused."""
        body = call.body
        sites.set_accent(call.site, body["accent"], body.get("accent_dark", ""), by=call.by)
        return fresh(call)


class SiteLogo(SiteView):
    parser_classes = [PictureParser]

    @operation(
        "site.logo.set",
        Scope.SITE_WRITE,
        act=StaffAct.CHANGE_SITE,
        upload=PICTURES,
        answer=Brand,
    )
    def put(self, call: Call) -> Site:
        """Send a logo. The body is the picture itself, at most a megabyte and 8 million pixels; it
        is decoded and encoded anew, and the icon is made from it."""
        sites.set_logo(call.site, images.encode_logo(call.body), by=call.by)
        return fresh(call)

    @operation("site.logo.remove", Scope.SITE_WRITE, act=StaffAct.CHANGE_SITE, status=204)
    def delete(self, call: Call) -> None:
        """Take logo and icon away. The site's name stands in their place."""
        sites.set_logo(call.site, None, by=call.by)


class LegalTextList(SiteView):
    @operation("site.texts", Scope.SITE_READ, act=StaffAct.SEE_SITE, answer=LegalTexts)
    def get(self, call: Call) -> dict[str, Any]:
        """List the site's legal texts."""
        return {"items": SiteText.objects.filter(site=call.site).order_by("kind", "language")}


class LegalTextDetail(SiteView):
    @operation(
        "site.text.set",
        Scope.SITE_WRITE,
        act=StaffAct.CHANGE_SITE,
        body=LegalBody,
        answer=LegalText,
    )
    def put(self, call: Call, kind: str, language: str) -> dict[str, Any]:
        """Write a legal text in one language."""
        sites.set_text(call.site, kind, language, call.body["body"], by=call.by)
        kept = SiteText.objects.filter(site=call.site, kind=kind, language=language).first()
        return {"kind": kind, "language": language, "body": kept.body if kept else ""}


def fresh(call: Call) -> Site:
    """The site as it is now."""
    return get_object_or_404(Site, pk=call.site.pk)
