"""Request ids are unique, alike in form, and in order of time."""

import re

from relay.proxy.request_ids import new_request_id


def test_ids_are_alike_and_never_twice_the_same() -> None:
    ids = {new_request_id() for _ in range(1_000)}
    assert len(ids) == 1_000
    assert all(re.fullmatch(r"req_[0-9a-f]{32}", each) for each in ids)


def test_a_later_id_sorts_after_an_earlier_one() -> None:
    assert new_request_id(1_700_000_000_000) < new_request_id(1_700_000_000_001)
