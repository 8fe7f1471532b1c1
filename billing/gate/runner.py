"""The port between the gate and whatever carries its scripts to Redis."""

from collections.abc import Sequence
from typing import Any, Protocol

from billing.gate.scripts import Script

# What a command or script may be given; the carrier encodes str as UTF-8 and int as decimal.
Word = bytes | str | int


class ScriptRunner(Protocol):
    """Runs a script once, at most; a cluster-aware client may stand in for the plain one.

    It adds the last argument: the run id of the server that runs the script (`lua/opened.lua`).
    """

    async def run(self, script: Script, keys: Sequence[Word], args: Sequence[Word]) -> Any:
        """The script's reply as bytes, int, None or lists of them.

        Raises `GateUnavailable` when there is no answer (the script may have run), and
        `ScriptRefused` when Redis answered with an error.
        """
        ...
