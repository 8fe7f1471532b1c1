"""The relay asks Postgres which of the Calls that it keeps are on record for good."""

import pytest
from channels.db import database_sync_to_async
from redis import Redis

from accounts.models import Organization
from billing import posting
from relay.adapters.records import find_posted
from tests.factories.billing import append_usage, usage_event


@pytest.mark.django_db(transaction=True)
async def test_what_is_posted_is_found_and_what_the_reaper_left_uncharged_is_not(
    gate: Redis, acme: Organization
) -> None:
    def post() -> None:
        append_usage(usage_event(acme, request_id="req_posted"), debited_nanos=0)
        reaped = usage_event(acme, request_id="req_reaped", cost_nanos=0)
        append_usage(reaped, debited_nanos=0, state="expired", ending="reaped")
        posting.drain(acme.site_id, "worker", until_s=0)

    await database_sync_to_async(post)()
    found = await find_posted(["req_posted", "req_reaped", "req_unknown"])
    assert found == {"req_posted"}
