"""The log of refusals: which become rows of their own and which are counted on another's row.

An episode's first rows are kept, then one a minute stands for all; errors of the caller's own
requests are thinned minute by minute. Multipliers add up to every refusal.
"""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from billing.events import RefusalEvent
from billing.models import BlockEpisode, Refusal

# ux.md 4.5: the log keeps the first 5 rows, then 1 sample a minute.
FULL_ROWS = 5

_CallerScope = tuple[str, str | None, str, datetime]


class RefusalLog:
    """The rows that a batch adds or raises: read once, written once."""

    def __init__(self, organization_ids: Collection[str], *, since: datetime | None) -> None:
        self._new: dict[str, Refusal] = {}
        self._raised: dict[str, Refusal] = {}
        self._samples: dict[int, Refusal] = {}
        self._caller_rows: dict[_CallerScope, list[Refusal]] = {}
        if since is None:
            return
        rows = Refusal.objects.filter(
            organization_id__in=organization_ids, at__gte=_minute(since)
        ).order_by("at", "pk")
        for row in rows:
            self._remember(row)

    def add_blocked(self, event: RefusalEvent, key_id: str | None, episode: BlockEpisode) -> None:
        """Log a refusal that belongs to an episode; moves the episode's `logged_count`."""
        row = _row(event, key_id, episode)
        sample = self._samples.get(episode.pk)
        is_sampling = episode.logged_count > FULL_ROWS
        if is_sampling and sample is not None and _minute(sample.at) == _minute(row.at):
            self._raise(sample, event.count)
            return
        episode.logged_count += 1
        self._add(row)

    def add_caller_error(self, event: RefusalEvent, key_id: str | None) -> None:
        """Log a refusal that was the caller's own fault and blocks nobody."""
        row = _row(event, key_id, None)
        rows = self._caller_rows.get(_caller_scope(row), [])
        if len(rows) > FULL_ROWS:
            self._raise(rows[-1], event.count)
        else:
            self._add(row)

    def save(self) -> None:
        """Write what changed."""
        Refusal.objects.bulk_create(self._new.values(), ignore_conflicts=True)
        Refusal.objects.bulk_update(self._raised.values(), ["multiplier"])

    def _add(self, row: Refusal) -> None:
        self._new[row.pk] = row
        self._remember(row)

    def _remember(self, row: Refusal) -> None:
        if row.episode_id is None:
            self._caller_rows.setdefault(_caller_scope(row), []).append(row)
        else:
            self._samples[row.episode_id] = row

    def _raise(self, row: Refusal, count: int) -> None:
        row.multiplier += count
        if row.pk not in self._new:
            self._raised[row.pk] = row


def _row(event: RefusalEvent, key_id: str | None, episode: BlockEpisode | None) -> Refusal:
    return Refusal(
        id=event.request_id,
        organization_id=event.organization,
        api_key_id=key_id,
        episode=episode,
        at=datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=event.last_at_ms),
        status=event.status,
        code=event.code,
        rule=event.rule,
        endpoint=event.endpoint,
        model=event.model,
        param=event.param,
        multiplier=event.count,
    )


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def _caller_scope(row: Refusal) -> _CallerScope:
    # Not by model: a program that makes up model names must not fill the log either.
    return (row.organization_id, row.api_key_id, row.code, _minute(row.at))
