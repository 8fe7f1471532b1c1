"""A catalog file → `Document`, or `CatalogRefused` with every problem's line. Reads no database."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

import yaml

from relay.catalog import announcement_section, customer_section, later_section, specs, values
from relay.catalog.document import UNSET, Components, Document, SiteSpec, UpstreamSpec
from relay.catalog.problems import CatalogRefused, Problems
from relay.catalog.sections import Section

# A thousand models with routes and prices are half a megabyte.
FILE_BYTES_MAX = 8_000_000


class _HasId(Protocol):
    @property
    def id(self) -> str: ...


S = TypeVar("S", bound=_HasId)


def read(path: Path) -> Document:
    """Read and check a file; credentials come back resolved."""
    return read_text(content(path), file=str(path), folder=path.parent)


def read_text(text: str, *, file: str, folder: Path) -> Document:
    """The same for text; `file` names it in messages, `folder` is where `file:` paths start."""
    problems = Problems(file)
    lines: dict[str, int] = {}
    top = top_of(text, problems, lines)
    if top is None:
        return Document()

    def upstream(section: Section, upstream_id: str) -> UpstreamSpec:
        return specs.upstream(section, upstream_id, folder=folder)

    def site(section: Section, site_id: str) -> SiteSpec:
        return specs.site(section, site_id, folder=folder)

    document = Document(
        upstreams=_all(top, "upstreams", values.slug, upstream),
        models=_all(top, "models", values.model_id, specs.model),
        plans=_all(top, "plans", values.slug, specs.plan),
        sites=_all(top, "sites", values.slug, site),
        announcements=_all(top, "announcements", values.slug, announcement_section.read),
        contracts=_contracts(top),
        scheduled_prices=later_section.read_prices(top),
        scheduled_costs=later_section.read_costs(top),
        scheduled_adjustments=later_section.read_adjustments(top),
        customers=customer_section.read(top),
        lines=lines,
    )
    top.finish()
    problems.refuse()
    return document


def top_of(text: str, problems: Problems, lines: dict[str, int]) -> Section | None:
    """The outermost mapping of a file; None when it is empty. Raises `CatalogRefused` for text
    that is not YAML."""
    node = _compose(text, problems)
    problems.refuse()
    return None if node is None else Section(node, "", problems, lines)


def content(path: Path) -> str:
    """The text of a file, bounded; raises `CatalogRefused` when it cannot be read."""
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
        if len(content) > FILE_BYTES_MAX:
            raise CatalogRefused(f"{path}: longer than {FILE_BYTES_MAX} bytes")
        return content.decode("utf-8-sig")
    except OSError as error:
        raise CatalogRefused(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CatalogRefused(f"{path}: cannot be read: not UTF-8") from error


def _compose(text: str, problems: Problems) -> yaml.Node | None:
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problems.add(mark.line + 1 if mark else 1, f"not YAML: {error.problem}")
    except (yaml.YAMLError, RecursionError):
        problems.add(1, "not YAML: unreadable characters, or nested too deep")
    return None


def _contracts(top: Section) -> dict[str, dict[str, Components]]:
    """Prices by organization, then model."""
    listed = top.section("contracts")
    if listed is None:
        return {}
    found = {name: listed.section(name) for name in listed.names()}
    return {name: specs.contract(section) for name, section in found.items() if section}


def _all(
    top: Section, kind: str, check_id: Callable[[str], str], build: Callable[[Section, str], S]
) -> dict[str, S]:
    """The specs of one list, by id."""
    found: dict[str, S] = {}
    for section in top.sections(kind):
        spec_id = section.text("id", check_id, is_required=True)
        if spec_id is not UNSET:
            section.rename(f"{kind}.{spec_id}")
            if spec_id in found:
                section.problem(section.line, f"{section.path}: there twice")
        # Without an id the rest is still read, so that its problems show in the same run.
        spec = build(section, "" if spec_id is UNSET else spec_id)
        section.finish()
        found[spec.id] = spec
    return found
