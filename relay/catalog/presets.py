"""Presets: what a seller's own API page promises, as files in deploy/sites/. A site names one and
gets its error contract, CORS origins and path aliases; its own settings come on top."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from relay.catalog import error_rows, values
from relay.catalog.document import UNSET, ErrorRows
from relay.catalog.problems import Problems
from relay.catalog.reader import content, top_of
from relay.catalog.sections import Section
from relay.proxy.types import PATH_ALIASES


@dataclass(frozen=True, slots=True)
class Preset:
    """One file. `models` and `request_headers` are what the seller's page names; they promise,
    they grant nothing: a site sells what its catalog entry says."""

    errors: ErrorRows = field(default_factory=dict)
    cors_origins: tuple[str, ...] = ()
    path_aliases: tuple[str, ...] = PATH_ALIASES
    models: tuple[str, ...] = ()
    request_headers: tuple[str, ...] = ()


@cache  # they ship with the checkout: a process sees no other
def load(name: str) -> Preset:
    """A preset by name. Raises `CatalogRefused` with the lines of a file that is no good."""
    return read(values.preset_folder() / f"{name}.yaml")


def read(path: Path) -> Preset:
    """Read and check one file."""
    problems = Problems(str(path))
    top = top_of(content(path), problems, {})
    if top is None:
        return Preset()
    preset = Preset(
        errors={} if (errors := error_rows.read(top)) is UNSET else errors,
        cors_origins=_texts(top, "cors_origins", values.origin),
        path_aliases=_texts(top, "path_aliases", values.path_prefix) or PATH_ALIASES,
        models=_texts(top, "models", values.model_id),
        request_headers=_texts(top, "request_headers", values.header_name),
    )
    top.finish()
    problems.refuse()
    return preset


def _texts(top: Section, name: str, parse: Callable[[str], str]) -> tuple[str, ...]:
    found = top.texts(name, parse)
    return () if found is UNSET else found
