"""A text that a person typed → headings, paragraphs and lists, as data for a template.

A few signs of Markdown are known (#, ##, -, *); everything else is text, and nothing is markup: a
template escapes each line. Pure.
"""

import re
from dataclasses import dataclass

HEADING = re.compile(r"(#{1,3})\s+(.+)")
ITEM = re.compile(r"[-*]\s+(.+)")


@dataclass(frozen=True, slots=True)
class Block:
    """`kind` is heading, list or text; a heading has one line."""

    kind: str
    lines: tuple[str, ...]


def blocks(body: str) -> list[Block]:
    """The blocks, which empty lines part; a heading stands alone without them too."""
    found: list[Block] = []
    for part in re.split(r"\n\s*\n", body):
        found += _part([line.strip() for line in part.split("\n") if line.strip()])
    return found


def _part(lines: list[str]) -> list[Block]:
    found: list[Block] = []
    for line in lines:
        kind, text = _line(line)
        if kind != "heading" and found and found[-1].kind == kind:
            found[-1] = Block(kind, (*found[-1].lines, text))
        else:
            found.append(Block(kind, (text,)))
    return found


def _line(line: str) -> tuple[str, str]:
    if heading := HEADING.fullmatch(line):
        return "heading", heading[2]
    if item := ITEM.fullmatch(line):
        return "list", item[1]
    return "text", line
