"""One deployment that the fault tests share; each test makes customers of its own in it."""

from collections.abc import Iterator

import pytest

from tests.faults.cluster import Cluster, cluster


@pytest.fixture(scope="session")
def deployment() -> Iterator[Cluster]:
    """Two relays, a worker, a beat, two scripted upstreams."""
    with cluster() as made:
        yield made
