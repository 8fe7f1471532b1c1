"""Which pages take a POST: read off the decorators and classes of their views."""

from collections.abc import Callable, Iterator
from typing import Any

from django.urls import URLPattern

# What `require_http_methods` keeps its list under.
METHODS_KEPT = "request_method_list"


def takes_posts(pattern: URLPattern) -> bool:
    """Whether anything may be sent to it; a view that names no methods takes every one."""
    for view in _layers(pattern.callback):
        kept = dict(zip(_names(view), view.__closure__ or (), strict=True))
        if METHODS_KEPT in kept:
            return "POST" in kept[METHODS_KEPT].cell_contents
        if (view_class := getattr(view, "view_class", None)) is not None:
            return hasattr(view_class, "post")
    return True


def _layers(view: Callable[..., Any] | None) -> Iterator[Any]:
    """A view and what its decorators are around, from the outside in."""
    while view is not None:
        yield view
        view = getattr(view, "__wrapped__", None)


def _names(view: Any) -> tuple[str, ...]:
    code = getattr(view, "__code__", None)
    return code.co_freevars if code else ()
