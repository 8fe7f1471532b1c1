"""A request as it came, for the endpoints to read: body, path, query, headers. Reads lazily."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from devstack.demo_upstream.asgi import Scope

if TYPE_CHECKING:
    from devstack.demo_upstream.shelf import Shelf


@dataclass(eq=False)
class Asked:
    """`path` holds the named parts of the path; `shelf` what earlier calls have left."""

    body: bytes
    scope: Scope
    shelf: "Shelf"
    path: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def query(self) -> dict[str, str]:
        """The query's parameters."""
        return query_of(self.scope)

    def header(self, name: bytes) -> str:
        """A header by its lower-case name, or ""."""
        return header_of(self.scope, name).decode("latin-1")


def query_of(scope: Scope) -> dict[str, str]:
    """The query's parameters; of one given twice the last."""
    return dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))


def header_of(scope: Scope, name: bytes) -> bytes:
    """A header by its lower-case name, or b""."""
    found: bytes = next((value for key, value in scope["headers"] if key == name), b"")
    return found
