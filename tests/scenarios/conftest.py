"""One deployment for all scenarios; each test makes customers of its own in it."""

from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from tests.faults.cluster import Cluster, cluster
from tests.scenarios.catalog import CATALOG
from tests.scenarios.sdk import OpenClient, opener
from tests.scenarios.wire import Wire

# A body that is refused as too large should not take long to send.
BODY_BYTES_MAX = 200_000


@pytest.fixture(scope="session")
def deployment() -> Iterator[Cluster]:
    """Two relays, a worker, a beat, two scripted upstreams, and the scenarios' catalog."""
    with cluster(more=CATALOG, BODY_BYTES_MAX=str(BODY_BYTES_MAX)) as made:
        yield made


@pytest.fixture(scope="session")
def wire(deployment: Cluster) -> Iterator[Wire]:
    """The way to the relays without an SDK."""
    with httpx.Client(trust_env=False, timeout=30.0) as http:
        yield Wire(http, [url for _, url in deployment.relays])


@pytest.fixture
def open_client(deployment: Cluster) -> Iterator[OpenClient]:
    """Opens OpenAI's client for a customer."""
    with ExitStack() as stack:
        yield opener(deployment, stack)
