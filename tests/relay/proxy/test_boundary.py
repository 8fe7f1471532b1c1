"""The data plane stands alone: importing it loads neither Django nor what belongs to the apps."""

import json
import subprocess
import sys

SCRIPT = """
import json, sys
import relay.proxy.app
print(json.dumps(sorted(name.partition(".")[0] for name in sys.modules)))
"""


def test_the_relay_imports_nothing_of_the_apps() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    loaded = set(json.loads(done.stdout))
    assert "msgspec" in loaded
    assert loaded.isdisjoint(
        {"django", "celery", "channels", "redis", "httpx", "accounts", "billing", "config"}
    )
