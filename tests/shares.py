"""In which order tests run, and what a worker of pytest-xdist takes over in one go: its share.

Loaded as a plugin (`-p tests.shares`). A share is a file, or all tests that use the same running
deployment: it is started once, by one worker, and ended with the last test that uses it, because
workers and beats that nobody uses any more take a tenth of a core each. What takes long goes first.
"""

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from xdist.scheduler.loadgroup import LoadGroupScheduling

# Fixtures of the session, each of which is a whole deployment.
DEPLOYMENTS = ("shared_deployment", "deployment", "stack")
# Tests with one of these have servers of their own, or more than the usual time.
SLOW = ("stack", "browser", "timeout")


def _deployment(item: pytest.Item | None) -> str | None:
    names = getattr(item, "fixturenames", ())
    return next((name for name in DEPLOYMENTS if name in names), None)


def _rank(item: pytest.Item) -> int:
    """Lower goes first; equals keep their order."""
    if name := _deployment(item):
        return DEPLOYMENTS.index(name)
    return len(DEPLOYMENTS) + (not any(item.get_closest_marker(name) for name in SLOW))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the shares in order; their names go to the scheduler as pytest-xdist's groups."""
    ranks: dict[str, int] = {}
    for item in items:
        if name := _deployment(item):
            item.add_marker(pytest.mark.xdist_group(name))
        file = item.nodeid.partition("::")[0]
        ranks[file] = min(_rank(item), ranks.get(file, len(DEPLOYMENTS) + 1))
    items.sort(key=lambda item: ranks[item.nodeid.partition("::")[0]])


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
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> "LoadGroupScheduling | None":
    """For `--dist loadgroup`: groups as they are, and all else by file, in the order above."""
    from xdist.scheduler.loadgroup import LoadGroupScheduling

    if config.option.dist != "loadgroup":
        return None

    class ByShare(LoadGroupScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return super()._split_scope(nodeid).partition("::")[0]

    config.option.loadscopereorder = False
    return ByShare(config, log)
