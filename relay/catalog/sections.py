"""Typed access to the nodes of a YAML file, each with its line. Knows nothing of the catalog.

Works on YAML's node tree instead of Python values, so that a decimal string is never a float and
every message can name the line.
"""

import re
from collections.abc import Callable, Iterator
from typing import TypeVar

import yaml

from relay.catalog.document import UNSET, Unset
from relay.catalog.problems import Problems

STR_TAG, INT_TAG, BOOL_TAG, NULL_TAG = (
    f"tag:yaml.org,2002:{name}" for name in ("str", "int", "bool", "null")
)
# YAML 1.1 also reads 017, 1_000 and 1:30 as integers; none of them is what its writer means here.
DECIMAL = re.compile(r"0|[1-9][0-9]{0,17}")
T = TypeVar("T")


class Section:
    """A mapping of the file. Readers note a problem and answer UNSET where a value is no good."""

    def __init__(
        self, node: yaml.Node, path: str, problems: Problems, lines: dict[str, int]
    ) -> None:
        self.path = path
        self.line: int = node.start_mark.line + 1
        self._problems = problems
        self._lines = lines
        self._values: dict[str, yaml.Node] = {}
        self._read: set[str] = set()
        lines.setdefault(path, self.line)  # of its name, where that stands on a line before
        if not isinstance(node, yaml.MappingNode):
            self.problem(self.line, f"{path or 'the file'}: expected a mapping of fields")
            return
        for key, value in node.value:
            self._take(key, value)

    def _take(self, key: yaml.Node, value: yaml.Node) -> None:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            self.problem(line, f"{self.path or 'the file'}: a field's name is text")
        elif key.value in self._values:
            self.problem(line, f"{self.at(key.value)}: given twice")
        else:
            self._values[key.value] = value
            self._lines[self.at(key.value)] = line

    def problem(self, line: int, message: str) -> None:
        """Note a problem."""
        self._problems.add(line, message)

    @property
    def has_problems(self) -> bool:
        """Whether anything was noted of the file so far."""
        return bool(self._problems.found)

    def at(self, name: str) -> str:
        """The dotted path of a field of this section."""
        return f"{self.path}.{name}" if self.path else name

    def names(self) -> list[str]:
        """The fields as written, in order."""
        return list(self._values)

    def line_of(self, name: str) -> int:
        """The line of a field, or of the section when it is absent."""
        return self._lines.get(self.at(name), self.line)

    def line_below(self, path: str) -> int:
        """The line of a dotted path from the top of the file, or of this section."""
        return self._lines.get(path, self.line)

    def finish(self) -> None:
        """Note every field that nothing asked for; call it after the last read."""
        for name in self._values:
            if name not in self._read:
                known = ", ".join(sorted(self._read))
                self.problem(self.line_of(name), f"{self.at(name)}: unknown field (known: {known})")

    def _get(self, name: str) -> yaml.Node | None:
        self._read.add(name)
        return self._values.get(name)

    def _scalar(self, name: str, tag: str, wanted: str) -> str | Unset:
        node = self._get(name)
        if node is None:
            return UNSET
        if isinstance(node, yaml.ScalarNode) and node.tag == tag:
            return str(node.value)
        self.problem(self.line_of(name), f"{self.at(name)}: expected {wanted}")
        return UNSET

    def text(self, name: str, parse: Callable[[str], T], *, is_required: bool = False) -> T | Unset:
        """Text as `parse` reads it, which raises ValueError with the reason if it is no good."""
        value = self._scalar(name, STR_TAG, "text in quotes")
        if value is not UNSET:
            return self._parsed(name, value, parse)
        if is_required and not self.has(name):
            self.problem(self.line, f"{self.at(name)}: missing")
        return UNSET

    def number(self, name: str, parse: Callable[[int], T]) -> T | Unset:
        """A whole number in plain decimal digits, as `parse` reads it."""

        def from_text(text: str) -> T:
            if not DECIMAL.fullmatch(text):
                raise ValueError("expected a whole number in decimal digits")
            return parse(int(text))

        value = self._scalar(name, INT_TAG, "a whole number")
        return UNSET if value is UNSET else self._parsed(name, value, from_text)

    def integer(self, name: str, *, minimum: int, maximum: int) -> int | Unset:
        """A whole number within both bounds."""

        def within(number: int) -> int:
            if not minimum <= number <= maximum:
                raise ValueError(f"expected a whole number from {minimum} to {maximum}")
            return number

        return self.number(name, within)

    def limit(self, name: str, *, maximum: int) -> int | Unset | None:
        """A whole number from 1, or null for no limit."""
        return None if self.is_null(name) else self.integer(name, minimum=1, maximum=maximum)

    def flag(self, name: str) -> bool | Unset:
        """true or false, spelled so."""
        value = self._scalar(name, BOOL_TAG, "true or false")
        if value is UNSET:
            return UNSET
        return self._parsed(name, value, _parse_flag)

    def has(self, name: str) -> bool:
        """Whether the field is written at all."""
        return name in self._values

    def is_null(self, name: str) -> bool:
        """Whether the field is written as null."""
        node = self._get(name)
        return node is not None and node.tag == NULL_TAG

    def is_mapping(self, name: str) -> bool:
        """Whether the field holds a mapping."""
        return isinstance(self._values.get(name), yaml.MappingNode)

    def is_list(self, name: str) -> bool:
        """Whether the field holds a list."""
        return isinstance(self._values.get(name), yaml.SequenceNode)

    def secrets(self, name: str, parse: Callable[[str], str]) -> tuple[str, ...]:
        """The same for texts that must not be shown."""
        listed = self.texts(name, parse, is_secret=True)
        return () if listed is UNSET else listed

    def texts(
        self, name: str, parse: Callable[[str], str], *, is_secret: bool = False
    ) -> tuple[str, ...] | Unset:
        """A list of texts without repetitions."""
        node = self._get(name)
        if node is None:
            return UNSET
        found: list[str] = []
        for line, item in self._items(name, node):
            if not isinstance(item, yaml.ScalarNode) or item.tag != STR_TAG:
                self.problem(line, f"{self.at(name)}: expected text in quotes")
                continue
            value = self._parsed(name, item.value, parse, line=line)
            if value in found:
                shown = "one" if is_secret else value
                self.problem(line, f"{self.at(name)}: {shown} is there twice")
            elif value is not UNSET:
                found.append(value)
                if not is_secret:
                    self._lines[f"{self.at(name)}.{value}"] = line
        return tuple(found)

    def section(self, name: str) -> "Section | None":
        """A nested mapping."""
        node = self._get(name)
        if node is None:
            return None
        return Section(node, self.at(name), self._problems, self._lines)

    def sections(self, name: str) -> Iterator["Section"]:
        """A list of mappings; paths are numbered from 0 until `rename` gives them their id."""
        node = self._get(name)
        if node is None:
            return
        for position, (_, item) in enumerate(self._items(name, node)):
            yield Section(item, f"{self.at(name)}[{position}]", self._problems, self._lines)

    def rename(self, path: str) -> None:
        """Speak of this section by its id from now on; its lines are found under both names."""
        for field in ["", *(f".{name}" for name in self._values)]:
            if self.path + field in self._lines:
                self._lines[path + field] = self._lines[self.path + field]
        self.path = path

    def _items(self, name: str, node: yaml.Node) -> Iterator[tuple[int, yaml.Node]]:
        if not isinstance(node, yaml.SequenceNode):
            self.problem(self.line_of(name), f"{self.at(name)}: expected a list")
            return
        for item in node.value:
            yield item.start_mark.line + 1, item

    def _parsed(
        self, name: str, value: str, parse: Callable[[str], T], *, line: int | None = None
    ) -> T | Unset:
        try:
            return parse(value)
        except ValueError as error:
            self.problem(line or self.line_of(name), f"{self.at(name)}: {error}")
            return UNSET


def _parse_flag(value: str) -> bool:
    if value not in ("true", "false"):
        raise ValueError("expected true or false")
    return value == "true"
