"""Acceptance 19: a site at ten times its limit gets its limit, and the site beside it all it asks.

How much slower that one becomes is a figure for a quiet machine: `python -m bench.neighbours`.
"""

import pytest

from bench import neighbours
from tests.faults.cluster import Cluster

SECONDS = 6
LIMIT = 40


@pytest.mark.stack
@pytest.mark.timeout(240)
def test_a_loud_site_is_held_to_its_limit_and_its_neighbour_to_nothing(
    deployment: Cluster,
) -> None:
    report = neighbours.measure(deployment, seconds=SECONDS, limit=LIMIT)
    assert report.is_unharmed, str(report)
    [loud] = report.loud
    assert loud.statuses.total() == LIMIT * neighbours.TIMES_OVER
    assert loud.statuses[200] == LIMIT
