"""In which order tests run, and what a worker of pytest-xdist takes over in one go: its share.

Loaded as a plugin (`-p tests.shares`). A share is a file, or all files that use the same running
deployment: it is started once, by one worker, and ended with the last test that uses it, because
workers and beats that nobody uses any more take a tenth of a core each. What takes long goes first.

Own groups, because pytest-xdist 3.8 tells the scheduler of its `xdist_group` by a name in the
node id, which pytest 9.2 no longer lets it change.
"""

import json
import os
from collections.abc import Generator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from xdist.scheduler.loadfile import LoadFileScheduling
    from xdist.workermanage import WorkerController

# Fixtures of the session, each of which is a whole deployment.
DEPLOYMENTS = ("shared_deployment", "deployment", "stack")
# Tests with one of these have servers of their own, or more than the usual time.
SLOW = ("stack", "browser", "timeout")
FILE_KEY = "shares_file"


def _deployment(item: pytest.Item | None) -> str | None:
    names = getattr(item, "fixturenames", ())
    return next((name for name in DEPLOYMENTS if name in names), None)


def _rank(item: pytest.Item) -> int:
    """Lower goes first; equals keep their order."""
    if name := _deployment(item):
        return DEPLOYMENTS.index(name)
    return len(DEPLOYMENTS) + (not any(item.get_closest_marker(name) for name in SLOW))


def _file(nodeid: str) -> str:
    return nodeid.partition("::")[0]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the shares in order; a worker tells the scheduler of those that are no single file."""
    ranks: dict[str, int] = {}
    shares: dict[str, str] = {}
    for item in items:
        file = _file(item.nodeid)
        if name := _deployment(item):
            shares[file] = name
        ranks[file] = min(_rank(item), ranks.get(file, len(DEPLOYMENTS) + 1))
    items.sort(key=lambda item: ranks[_file(item.nodeid)])
    if told := getattr(config, "workerinput", {}).get(FILE_KEY):
        written = Path(f"{told}.{os.getpid()}")
        written.write_text(json.dumps(shares))
        written.replace(told)  # each worker writes the same


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(
    item: pytest.Item, nextitem: pytest.Item | None
) -> Generator[None, None, None]:
    """End a deployment after its last test, with everything that was made on it."""
    yield
    name = _deployment(item)
    if name and name != _deployment(nextitem):
        assert isinstance(item, pytest.Function)
        item._fixtureinfo.name2fixturedefs[name][-1].finish(item._request)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: "WorkerController") -> None:
    """Where a new worker is to write; in the folder that this session's servers are in."""
    node.workerinput[FILE_KEY] = os.path.join(os.environ["STATE_DIR"], "shares.json")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> "LoadFileScheduling | None":
    """For `--dist loadfile`: by share, in the order above."""
    from xdist.scheduler.loadfile import LoadFileScheduling

    if config.option.dist != "loadfile":
        return None

    class ByShare(LoadFileScheduling):
        @cached_property
        def shares(self) -> Mapping[str, str]:
            """Of files that are no share of their own; there once the workers have collected."""
            told: dict[str, str] = json.loads(
                (Path(os.environ["STATE_DIR"]) / "shares.json").read_text()
            )
            return told

        def _split_scope(self, nodeid: str) -> str:
            file = _file(nodeid)
            return self.shares.get(file, file)

    config.option.loadscopereorder = False
    return ByShare(config, log)
