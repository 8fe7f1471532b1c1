"""Calls per second through everything on one core, beside the demo upstream direct.

    python -m bench.relay [--seconds 8] [--rounds 3]

Needs wrk (Debian: wrk) and two cores: the relay is pinned to the first, the upstream, Redis,
Postgres, the worker and wrk share the second. Runs are interleaved; the ratio is what counts.
"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

from devstack.process import Child
from tests.faults.cluster import UPSTREAM_KEY, Cluster, cluster

HERE = Path(__file__).parent
CONNECTIONS = 32
RELAY_CORE, OTHER_CORE = {0}, {1}


def wrk(base_url: str, *, key: str, seconds: int, stream: bool) -> float:
    """Requests a second; raises RuntimeError when wrk saw anything but 200."""
    env = os.environ | {"KEY": key, "MODEL": "single", "STREAM": str(stream).lower()}
    env["TOKENS"] = "100" if stream else "200"
    done = subprocess.run(
        [
            "wrk",
            "-t1",
            f"-c{CONNECTIONS}",
            f"-d{seconds}s",
            "-s",
            str(HERE / "chat.lua"),
            f"{base_url}/chat/completions",
        ],
        env=env,
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: os.sched_setaffinity(0, OTHER_CORE),
    )
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise RuntimeError(done.stdout)
    found = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    assert found, done.stdout
    return float(found.group(1))


def pin(deployment: Cluster) -> None:
    """The relay alone on its core; this process, its threads and its other children beside it."""
    relay: Child = deployment.relays[0][0]
    for pid in (os.getpid(), *(child.pid for child in deployment.group.children)):
        core = RELAY_CORE if pid == relay.pid else OTHER_CORE
        for task in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(task.name), core)


def cpu_s(child: Child) -> float:
    """Processor seconds a child has used so far."""
    fields = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("bench.relay needs wrk (Debian: apt-get install wrk)")
    with cluster(relays=1, LOG_LEVEL="WARNING") as deployment:
        (customer,) = deployment.customers(1, amount="100000.00")
        relay, url = deployment.relays[0]
        pin(deployment)
        for stream in (False, True):
            direct, ours, cost_us = [], [], []
            for _ in range(options.rounds):
                run = {"seconds": options.seconds, "stream": stream}
                direct.append(wrk(deployment.first.base_url, key=UPSTREAM_KEY, **run))
                before = cpu_s(relay)
                ours.append(wrk(url, key=customer.secret, **run))
                cost_us.append((cpu_s(relay) - before) / (ours[-1] * options.seconds) * 1e6)
            print(
                f"{'stream of 100 chunks' if stream else 'not streamed'}: "
                f"direct {statistics.median(direct):,.0f}/s, "
                f"through the relay {statistics.median(ours):,.0f}/s, "
                f"{statistics.median(cost_us):,.0f} us of relay CPU a call"
            )
        print("audit:", "ok" if deployment.settled_audit()["ok"] else "FAILED")


if __name__ == "__main__":
    main()
