"""How long tests wait for what has a time: one number tells how much slower the machine is.

What the product promises in seconds is promised on a machine that does nothing else. `make test`
runs more workers than there are cores and says so by `TESTS_SLOWER`; a file that is run alone is
held to the promise itself.
"""

import os

SLOWER = float(os.environ.get("TESTS_SLOWER", "1"))


def promised(seconds: float) -> float:
    """A time that the product promises, on this machine as busy as it is."""
    return seconds * SLOWER
