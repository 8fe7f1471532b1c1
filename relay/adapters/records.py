"""Which Calls are on record in Postgres, for what the relay keeps until then."""

from collections.abc import Sequence

from channels.db import database_sync_to_async

from billing import usage_rows


async def find_posted(request_ids: Sequence[str]) -> set[str]:
    """Those with a final record; raises the database's errors.

    What the reaper recorded as uncharged is not final: a late settle takes its place.
    """
    known = await database_sync_to_async(usage_rows.find_records)(request_ids)
    return {each for each, record in known.items() if not record.is_uncharged_reaped}
