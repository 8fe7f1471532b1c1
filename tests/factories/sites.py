"""Gives a site something of everything that its pages can show."""

import io
from datetime import timedelta

from django.utils import timezone
from PIL import Image

from accounts import announcements, audit, images, sites
from accounts.announcements import Draft
from accounts.models import Site

BY = audit.command("test")


def dress(site: Site) -> None:
    """A colour, a logo, legal texts, a footer, an incident."""
    file = io.BytesIO()
    Image.new("RGB", (200, 100), "#0f766e").save(file, "PNG")
    sites.set_accent(site, "#0f766e", by=BY)
    sites.set_logo(site, images.encode_logo(file.getvalue()), by=BY)
    sites.set_text(site, "terms", "en", "# Rules\n\nBe nice.\n\n- one\n- two", by=BY)
    sites.set_text(site, "privacy", "zh-hant", "我們不保存提示。", by=BY)
    sites.change(site, {"footer": {"en": "Acme GmbH, Berlin"}}, by=BY)
    draft = Draft(
        kind="incident",
        title={"en": "Answers are slow", "zh-hans": "应答缓慢", "zh-hant": "回應緩慢"},
        body={"en": "We are looking into it."},
        starts_at=timezone.now() - timedelta(hours=1),
    )
    announcements.set_state(announcements.create(site, draft, by=BY), "published", by=BY)
