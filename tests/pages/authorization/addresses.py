"""Every address of the URL configuration, by its name."""

from collections.abc import Iterable, Iterator

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RegexPattern


def _patterns(patterns: list[URLPattern | URLResolver]) -> Iterator[URLPattern]:
    for each in patterns:
        if isinstance(each, URLPattern):
            yield each
        else:
            yield from _patterns(each.url_patterns)


def names_in(pattern: URLPattern) -> Iterable[str]:
    """What an address must be given."""
    if isinstance(pattern.pattern, RegexPattern):
        return pattern.pattern.regex.groupindex
    return pattern.pattern.converters


PATTERNS = {str(pattern.name): pattern for pattern in _patterns(get_resolver().url_patterns)}
