"""Which browser on which system, in two words, from what browsers say of themselves."""

from django import template

register = template.Library()

# Many claim to be others too, so that the first that is found counts.
BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "Firefox/": "Firefox",
    "Chrome/": "Chrome",
    "CriOS/": "Chrome",
    "FxiOS/": "Firefox",
    "Safari/": "Safari",
}
SYSTEMS = {
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Windows": "Windows",
    "Mac OS X": "macOS",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}
CHARS_MAX = 60


@register.filter
def browser(user_agent: str) -> str:
    """ "Firefox · Windows"; a program's own words when it is no browser we know; "-" for none."""
    name = next((word for sign, word in BROWSERS.items() if sign in user_agent), "")
    system = next((word for sign, word in SYSTEMS.items() if sign in user_agent), "")
    if not name:
        return user_agent[:CHARS_MAX] or "-"
    return f"{name} · {system}" if system else name
