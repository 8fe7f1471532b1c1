"""Every address of the URL configuration: pages by name, the management API by operation."""

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


def _operations(pattern: URLPattern) -> Iterator[tuple[str, str]]:
    """The id and method of what a view of the API does."""
    view = getattr(pattern.callback, "view_class", None)
    for method in METHODS:
        if declared := getattr(getattr(view, method, None), "operation", None):
            yield declared.id, method


_ALL = list(_patterns(get_resolver().url_patterns))
# Asking everybody for everything takes minutes: so many tests share it, and run beside each other.
PARTS = 8
METHODS = ("get", "post", "put", "patch", "delete")
# What the API answers anywhere else is a 404 of its own, for everybody.
NAMELESS = [pattern for pattern in _ALL if pattern.name is None]
PATTERNS = {pattern.name: pattern for pattern in _ALL if pattern.name is not None}
OPERATIONS = {
    operation_id: (method, pattern)
    for pattern in NAMELESS
    for operation_id, method in _operations(pattern)
}
