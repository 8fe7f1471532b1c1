"""The gate's Lua scripts, read once from `lua/` with the sha1 by which Redis knows them."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

LUA_FOLDER = Path(__file__).with_name("lua")


@dataclass(frozen=True, slots=True)
class Script:
    """A Lua text and its sha1 (Redis, EVALSHA: lower-case hex of the source)."""

    name: str
    text: str
    sha: str = field(init=False)

    def __post_init__(self) -> None:
        digest = hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()
        object.__setattr__(self, "sha", digest)


def load_script(name: str, *preludes: str) -> Script:
    """The script of `lua/<name>.lua`, after the functions of `lua/<prelude>.lua`."""
    return Script(
        name, "\n".join((LUA_FOLDER / f"{part}.lua").read_text() for part in (*preludes, name))
    )


ADMIT = load_script("admit", "opened")
RENEW = load_script("renew", "opened")
RESTORE = load_script("restore", "opened")
SETTLE = load_script("settle", "opened", "ending")
EXPIRE = load_script("expire", "opened", "ending")
CREDIT = load_script("credit", "opened")
ACKNOWLEDGE = load_script("acknowledge", "opened")
OPEN = load_script("open", "opened")
READING = load_script("reading", "opened")
FORGET_CONSUMERS = load_script("forget_consumers")
