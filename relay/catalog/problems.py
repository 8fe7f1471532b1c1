"""What is wrong with a catalog file, said with its line. Never repeats a credential."""

from dataclasses import dataclass, field

# Enough to mend a file in one go; a file with more is mostly one mistake, repeated.
PROBLEMS_MAX = 20


class CatalogRefused(Exception):
    """The file is not applied; the message has one `FILE:LINE: …` a line."""


@dataclass(slots=True)
class Problems:
    """Collects what a reader finds, so that one run shows all of it."""

    file: str
    found: list[tuple[int, str]] = field(default_factory=list)

    def add(self, line: int, message: str) -> None:
        """Note one problem of a line (counted from 1)."""
        self.found.append((line, message))

    def refuse(self) -> None:
        """Raise `CatalogRefused` if anything was noted."""
        if not self.found:
            return
        shown = sorted(self.found)[:PROBLEMS_MAX]
        lines = [f"{self.file}:{line}: {message}" for line, message in shown]
        if len(self.found) > len(shown):
            lines.append(f"… and {len(self.found) - len(shown)} more")
        raise CatalogRefused("\n".join(lines))
