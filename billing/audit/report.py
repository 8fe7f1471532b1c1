"""What an audit found, in a form for people and for scripts."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from billing.gate.errors import GateError

# The first few show what is wrong; a spoiled database must not make a report of gigabytes.
PROBLEMS_MAX = 20


class Tally:
    """Counts what a check looks at while it looks."""

    def __init__(self) -> None:
        self.checked = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check; `problems` is cut after the first few."""

    id: str
    states: str
    checked: int
    problems: tuple[str, ...]

    @property
    def is_ok(self) -> bool:
        return not self.problems

    def as_json(self) -> dict[str, Any]:
        """As `manage.py audit --json` prints it."""
        return {
            "id": self.id,
            "states": self.states,
            "ok": self.is_ok,
            "checked": self.checked,
            "problems": list(self.problems),
        }


@dataclass(frozen=True, slots=True)
class Check:
    """A statement that must hold, and the function that yields what speaks against it."""

    id: str
    states: str
    find_problems: Callable[[Tally], Iterable[str]]

    def run(self) -> Finding:
        """The finding. A gate that does not answer is a problem, not an error."""
        tally = Tally()
        problems: list[str] = []
        try:
            problems.extend(islice(self.find_problems(tally), PROBLEMS_MAX))
        except GateError as error:
            problems.append(f"the gate can't be read: {error}")
        return Finding(self.id, self.states, tally.checked, tuple(problems))


@dataclass(frozen=True, slots=True)
class Report:
    """All findings of one run."""

    findings: tuple[Finding, ...]

    @property
    def is_ok(self) -> bool:
        return all(finding.is_ok for finding in self.findings)

    def as_json(self) -> dict[str, Any]:
        """As `manage.py audit --json` prints it."""
        return {"ok": self.is_ok, "checks": [finding.as_json() for finding in self.findings]}
