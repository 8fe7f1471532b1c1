"""What can go wrong at the gate. Refusing a Call is no error: that is a `Denied` value.

GateError
+-- GateUnavailable      no answer from Redis; the script may or may not have run
|   +-- GateClosed       Redis answered, but the site is not loaded, or posting is stuck
+-- ScriptRefused        Redis answered with an error; a bug or a server that is too old
    +-- HoldMismatch     the Hold exists, but for another organization, key or budget
ValueError               a figure beyond exact arithmetic; nothing was sent
+-- HoldTooLarge         a Hold of more than any balance can be
"""


class GateError(Exception):
    """The base of all errors of the gate; `code` is stable and may be shown to machines."""

    code = "gate_error"


class GateUnavailable(GateError):
    """Redis did not answer in time or the connection broke.

    A script that was under way may have run. Repeating the same request is safe: every script is
    idempotent by Hold, transaction or stream entry.
    """

    code = "gate_unavailable"


class GateClosed(GateUnavailable):
    """Nothing was changed: the site's epoch is missing, or the usage backlog is full."""

    code = "gate_closed"


class ScriptRefused(GateError):
    """Redis answered a command or script with an error; nothing is known to have changed."""

    code = "script_refused"


class HoldMismatch(ScriptRefused):
    """The request id belongs to a Hold with another owner of the money; nothing was changed."""

    code = "hold_mismatch"


class HoldTooLarge(ValueError):
    """A Call whose worst case is beyond 2^53 - 1 nanos, 9 million units: no balance pays it."""
