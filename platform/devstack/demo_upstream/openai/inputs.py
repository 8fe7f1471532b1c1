"""Texts that may come as a string, strings, token ids, or lists of token ids. Pure."""

from typing import Annotated, Any

import msgspec

from devstack.demo_upstream import tokens
from devstack.demo_upstream.decoding import convert

Texts = str | list[Any]

_Ids = Annotated[list[Annotated[int, msgspec.Meta(ge=0)]], msgspec.Meta(min_length=1)]
_IdLists = list[_Ids]
_Strings = Annotated[list[str], msgspec.Meta(min_length=1)]


def read(given: Texts, at: str) -> list[str | list[int]]:
    """Each input apart; Refusal 400 for an empty list, or one that mixes kinds."""
    if isinstance(given, str):
        return [given]
    first = given[0] if given else None
    if isinstance(first, int):
        return [convert(given, _Ids, at)]
    kind = _IdLists if isinstance(first, list) else _Strings
    return [*convert(given, kind, at)]


def count(given: str | list[int]) -> int:
    """The tokens of one input: ids are tokens already."""
    return tokens.count(given) if isinstance(given, str) else len(given)


def text(given: str | list[int]) -> str:
    """The text of one input; ids have none, for the demo has no vocabulary."""
    return given if isinstance(given, str) else ""


def joined(given: list[str | list[int]]) -> str:
    """All texts, for the directives in them."""
    return "\n".join(text(each) for each in given)
