"""Counts refusals: from a site's stream into BlockEpisodes and the log, each entry once.

The counts and the position in the stream move in one database transaction, so nothing that is
delivered again counts again. The log is a sample whose multipliers add up to every refusal.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec
from django.db import transaction
from django.db.models import Q

from accounts.models import ApiKey, Organization
from billing import connections, episodes
from billing.causes import Cause, find_cause
from billing.events import REFUSALS_STREAM, RefusalEvent, decode_refusal
from billing.gate.blocking import command
from billing.models import BlockEpisode, RefusalPosition
from billing.refusal_log import RefusalLog
from billing.signals import refusals_posted

logger = logging.getLogger(__name__)

# One transaction of some tens of milliseconds; an entry may stand for many refusals.
BATCH_ENTRIES = 500


@dataclass(frozen=True, slots=True)
class Scope:
    """What makes two refusals one episode."""

    organization_id: str
    api_key_id: str | None
    code: str
    model: str

    @classmethod
    def of(cls, event: RefusalEvent, cause: Cause, api_key_id: str | None) -> "Scope":
        """The key and the model count where the cause is theirs."""
        return cls(
            event.organization,
            api_key_id if cause.by_key else None,
            event.code,
            event.model if cause.by_model else "",
        )

    @classmethod
    def of_episode(cls, episode: BlockEpisode) -> "Scope":
        """The scope that an episode was opened for."""
        return cls(episode.organization_id, episode.api_key_id, episode.code, episode.model)


def drain(site_id: str) -> int:
    """Count one batch of what waits; returns the number of entries, 0 when none or when another
    worker is counting this site. Raises GateError and OperationalError; nothing is lost then."""
    with transaction.atomic():
        position = _lock_position(site_id)
        if position is None:
            return 0
        entries = _read(site_id, position.stream_id)
        if not entries:
            return 0
        organization_ids = _count(site_id, [event for _, event in entries if event is not None])
        position.stream_id = entries[-1][0]
        position.save(update_fields=["stream_id"])
    # After the commit: an entry that stays behind lies before the position and is never read.
    command(connections.redis(), "xdel", REFUSALS_STREAM % site_id, *[each for each, _ in entries])
    episodes.close_cured(organization_ids)
    refusals_posted.send_robust(sender=None, organization_ids=organization_ids)
    return len(entries)


def _lock_position(site_id: str) -> RefusalPosition | None:
    RefusalPosition.objects.bulk_create([RefusalPosition(site_id=site_id)], ignore_conflicts=True)
    rows = RefusalPosition.objects.select_for_update(skip_locked=True)
    return rows.filter(site_id=site_id).first()


def _read(site_id: str, after: str) -> list[tuple[str, RefusalEvent | None]]:
    raw = command(
        connections.redis(),
        "xrange",
        REFUSALS_STREAM % site_id,
        min=f"({after}",
        count=BATCH_ENTRIES,
    )
    return [(stream_id.decode(), _decode(stream_id, fields)) for stream_id, fields in raw]


def _decode(stream_id: bytes, fields: dict[bytes, bytes]) -> RefusalEvent | None:
    """The entry's one field, whatever its name; None, with an alarm, for what makes no sense."""
    try:
        return decode_refusal(next(iter(fields.values()), b""))
    except msgspec.DecodeError as error:
        logger.error("refusal entry %s can't be read: %s", stream_id.decode(), error)
        return None


def _count(site_id: str, events: Sequence[RefusalEvent]) -> frozenset[str]:
    """Move episodes and log; the organizations that were refused something."""
    named = {event.organization for event in events}
    rows = Organization.objects.filter(pk__in=named, site_id=site_id)
    known = frozenset(rows.values_list("pk", flat=True))
    ours = [event for event in events if event.organization in known]
    keys = _known_keys(ours)
    open_episodes = _Episodes(ours)
    log = RefusalLog(known, since=min((at(each.last_at_ms) for each in ours), default=None))
    for event in ours:
        key_id = keys.get(event.api_key)
        cause = find_cause(event.code)
        if cause is None:
            log.add_caller_error(event, key_id)
        else:
            log.add_blocked(event, key_id, open_episodes.count(event, cause, key_id))
    open_episodes.save()
    log.save()
    return known


def _known_keys(events: Iterable[RefusalEvent]) -> dict[str, str]:
    """The keys that exist, of the organization that the event names."""
    pairs = {(event.api_key, event.organization) for event in events}
    rows = ApiKey.objects.filter(pk__in={key for key, _ in pairs})
    return {
        key: key
        for key, organization in rows.values_list("pk", "organization_id")
        if (key, organization) in pairs
    }


class _Episodes:
    """The episodes that a batch touches: read once, counted in memory, written once."""

    def __init__(self, events: Sequence[RefusalEvent]) -> None:
        organization_ids = {event.organization for event in events}
        codes = {event.code for event in events}
        # Counts lag behind: one may still belong to an episode that has been closed meanwhile.
        oldest = min((at(event.last_at_ms) for event in events), default=None)
        rows = BlockEpisode.objects.filter(organization_id__in=organization_ids, code__in=codes)
        recent = Q(closed_at=None) | Q(closed_at__gte=oldest) if oldest else Q(closed_at=None)
        self._by_scope: dict[Scope, BlockEpisode] = {}
        for episode in rows.filter(recent).order_by("opened_at"):
            self._by_scope[Scope.of_episode(episode)] = episode
        self._touched: dict[int, BlockEpisode] = {}

    def count(self, event: RefusalEvent, cause: Cause, key_id: str | None) -> BlockEpisode:
        """The event's episode, opened if there is none, with the event counted."""
        scope = Scope.of(event, cause, key_id)
        episode = self._by_scope.get(scope)
        last_at = at(event.last_at_ms)
        if episode is None or (episode.closed_at is not None and episode.closed_at < last_at):
            episode = BlockEpisode.objects.create(
                organization_id=scope.organization_id,
                api_key_id=scope.api_key_id,
                code=scope.code,
                model=scope.model,
                status=event.status,
                opened_at=at(event.first_at_ms),
                last_at=last_at,
            )
            self._by_scope[scope] = episode
        episode.refused_count += event.count
        episode.last_at = max(episode.last_at, last_at)
        self._touched[episode.pk] = episode
        return episode

    def save(self) -> None:
        """Write the counts; whether it is closed is not this module's to say."""
        BlockEpisode.objects.bulk_update(
            self._touched.values(), ["refused_count", "logged_count", "last_at"]
        )


def at(milliseconds: int) -> datetime:
    """The instant of a Unix time in milliseconds."""
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=milliseconds)
