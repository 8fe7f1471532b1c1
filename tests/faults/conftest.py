"""One deployment that the fault tests share; each test makes customers of its own in it.

A file that leaves a server behind with other data than it had makes a deployment of its own.
"""

from collections.abc import Iterator

import pytest

from tests.faults.cluster import Cluster, cluster


@pytest.fixture(scope="session")
def shared_deployment() -> Iterator[Cluster]:
    """Two relays, a worker, a beat, two scripted upstreams."""
    with cluster() as made:
        yield made


@pytest.fixture(scope="module")
def deployment(shared_deployment: Cluster) -> Iterator[Cluster]:
    """The shared one, well when a file takes it over; one that leaves it ill fails itself."""
    yield shared_deployment
    shared_deployment.recover()
