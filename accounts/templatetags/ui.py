"""The parts pages are made of, as template tags: icon, card, banner, badge, field and the like.

Owns markup only; never reads the database. /ops/ui shows each part in every state.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.time_zones import readers_zone

register = template.Library()

# So many characters of a figure fit a phone at full size: four digits and the millionths.
KPI_CHARS = 11

LEVEL_ICONS = {
    "bad": "octagon-alert",
    "warn": "triangle-alert",
    "info": "info",
    "ok": "circle-check",
    "plain": "info",
}
# `hint` of a field whose own help text is not wanted.
NO_HINT = "-"
# How a status reads: red is money or access stopped, amber will stop, blue is our fault, and
# a caller's own mistake stays grey. The icon says the same as the colour.
STATUS_LEVELS = {2: ("ok", "check"), 4: ("", "x"), 5: ("info", "zap")}
STATUS_SPECIAL = {
    0: ("", "minus"),
    401: ("bad", "ban"),
    402: ("bad", "ban"),
    403: ("bad", "ban"),
    429: ("warn", "hourglass"),
}


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    """A decorative icon of the sprite; the word beside it carries the meaning."""
    return format_html(
        '<svg class="icon {}" aria-hidden="true"><use href="{}#{}"></use></svg>',
        extra,
        static("icons.svg"),
        name,
    )


@register.simple_tag
def badge(text: Any, level: str = "", icon_name: str = "") -> SafeString:
    """A small state word. `level`: ok, warn, bad, info or "" (neutral)."""
    picture = icon(icon_name) if icon_name else ""
    return format_html(
        '<span class="badge {}">{}{}</span>', f"badge-{level}" if level else "", picture, text
    )


@register.simple_tag
def status_badge(status: int) -> SafeString:
    """The badge of an HTTP status: colour, icon and the number itself. 0 is "none"."""
    level, picture = STATUS_SPECIAL.get(status) or STATUS_LEVELS.get(status // 100, ("", "minus"))
    return badge(status or "-", level, picture)


@register.simple_block_tag
def card(content: str, title: str = "", extra: str = "", tag: str = "section") -> SafeString:
    """A framed part of a page: `{% card _("Limits") %}…{% endcard %}`."""
    head = format_html('<div class="card-head"><h2>{}</h2></div>', title) if title else ""
    return format_html('<{} class="card {}">{}{}</{}>', tag, extra, head, content, tag)


@register.simple_block_tag
def banner(content: str, level: str = "info", title: str = "", icon_name: str = "") -> SafeString:
    """A message over the page. `level`: bad (money or access stopped), warn, info, ok, plain."""
    return format_html(
        '<div class="banner banner-{}">{}<div class="banner-body">{}{}</div></div>',
        level,
        icon(icon_name or LEVEL_ICONS[level]),
        format_html("<strong>{}</strong> ", title) if title else "",
        content,
    )


@register.simple_block_tag
def empty(content: str, icon_name: str = "inbox") -> SafeString:
    """What a list shows when it has nothing: one sentence and one action."""
    return format_html('<div class="empty">{}{}</div>', icon(icon_name), content)


@register.inclusion_tag("ui/kpi.html")
def kpi(label: str, value: Any, note: Any = "", value_id: str = "") -> dict[str, Any]:
    """One figure with its name; goes into `<dl class="grid grid-kpi">`."""
    is_long = len(str(value)) > KPI_CHARS
    return {"label": label, "value": value, "note": note, "value_id": value_id, "is_long": is_long}


@register.inclusion_tag("ui/gauge.html")
def gauge(label: str, used: int, limit: int, text: str) -> dict[str, Any]:
    """A limit and how much of it is used; amber from 80 %, red when it is reached."""
    percent = min(100, max(0, used * 100 // limit)) if limit > 0 else 100
    level = "bad" if percent >= 100 else "warn" if percent >= 80 else ""
    return {"label": label, "percent": percent, "level": level, "text": text}


@register.inclusion_tag("ui/field.html")
def field(
    bound: BoundField,
    label: str = "",
    prefix: str = "",
    suffix: str = "",
    hint: str = "",
    **attrs: Any,
) -> dict[str, Any]:
    """A form field with label, hint and errors tied to it. Extra arguments become attributes.

    `prefix` and `suffix` are words in the box's edge: a currency, a unit. The hint "-" shows none.
    """
    words = "" if hint == NO_HINT else hint or bound.help_text
    ids = [f"{bound.auto_id}_hint"] if words else []
    if bound.errors:
        ids.append(f"{bound.auto_id}_error")
        attrs["aria-invalid"] = "true"
    if ids:
        attrs["aria-describedby"] = " ".join(ids)
    is_check = isinstance(bound.field.widget, CheckboxInput)
    if not is_check:
        attrs["class"] = "input"
    names = {name.replace("_", "-"): value for name, value in attrs.items()}
    return {
        "field": bound,
        "label": label or bound.label,
        "widget": bound.as_widget(attrs=names),
        "hint": words,
        "is_check": is_check,
        "prefix": prefix,
        "suffix": suffix,
    }


@register.inclusion_tag("ui/secret.html")
def copybox(value: str, label: str, box_id: str = "") -> dict[str, str]:
    """A line to copy: a base URL, an id, a secret that is shown once."""
    return {"value": value, "label": label, "box_id": box_id}


@register.inclusion_tag("ui/snippets.html")
def snippets(name: str, tabs: Mapping[str, str], label: str) -> dict[str, Any]:
    """Code in several languages, one visible at a time, without a script."""
    return {"name": name, "tabs": list(tabs.items())[:4], "label": label}


@register.inclusion_tag("ui/pager.html")
def pager(older_url: str = "", newest_url: str = "") -> dict[str, str]:
    """Keyset paging: older rows, and the way back to the newest."""
    return {"older_url": older_url, "newest_url": newest_url}


@register.inclusion_tag("ui/nav_link.html", takes_context=True)
def nav_link(
    context: template.Context, url: str, icon_name: str, label: str, exact: bool = False
) -> dict[str, Any]:
    """A link of the shell, marked when the page is below its address."""
    path = context["request"].path
    is_current = path == url if exact else path == url or path.startswith(url + "/")
    return {"url": url, "icon_name": icon_name, "label": label, "is_current": is_current}


@register.simple_tag
def dt(value: datetime | None, style: str = "auto") -> SafeString:
    """A moment in the reader's time zone. `auto` drops the date of today; `full` never does."""
    if value is None:
        return format_html('<span class="muted">{}</span>', "-")
    zone = readers_zone()
    local = timezone.localtime(value, zone)
    is_today = local.date() == timezone.localdate(timezone=zone)
    pattern = {"clock": "H:i", "date": "Y-m-d", "full": "Y-m-d H:i:s"}.get(
        style, "H:i:s" if is_today else "m-d H:i"
    )
    return format_html(
        '<time class="nowrap" datetime="{}" title="{}">{}</time>',
        value.isoformat(timespec="milliseconds"),
        date_format(local, "Y-m-d H:i:s ") + f"{local:%Z}",
        date_format(local, pattern),
    )


@register.simple_tag
def clock_zone() -> str:
    """The name of the time zone that `dt` shows moments in."""
    return str(readers_zone() or timezone.get_current_timezone())


@register.filter
def seconds(milliseconds: int | None) -> str:
    """Milliseconds as seconds with two decimals; "-" when it was not measured.

    What two decimals would show as nothing stays in milliseconds.
    """
    if milliseconds is None:
        return "-"
    if milliseconds < 10:
        return f"{milliseconds} ms"
    whole, rest = divmod(milliseconds, 1000)
    return f"{whole:,}.{rest // 10:02d} s"


@register.filter
def grouped(number: int | None) -> str:
    """A count with thousands separators; "-" when there is none."""
    return "-" if number is None else f"{number:,}"
