"""The banners over every dashboard page: what stopped or will stop, since when, and the cure.

Reads open BlockEpisodes. At most two banners, worst first; a cause that cures itself per key
(a key's own budget) is a badge on that key, not a banner.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Organization
from billing.models import BlockEpisode, Refusal, UsageRecord

BANNERS_MAX = 2
# Open episodes of one organization that a page looks at; worst first, so more would not show.
EPISODES_MAX = 20
# A limit is worth a banner when it turned away more than 1 in 20 of the last quarter of an hour.
LIMIT_WINDOW = timedelta(minutes=15)
LIMIT_SHARE = 20
# An episode that nothing closed, and nothing repeated either, is not "now" after a day.
STALE = timedelta(days=1)

NO_CREDIT = "credit_balance_exhausted"
ORGANIZATION_BUDGET = "organization_budget_exceeded"
RATE_LIMIT = "rate_limit_exceeded"
DEAD_KEY = "invalid_api_key"
RANK = {NO_CREDIT: 0, ORGANIZATION_BUDGET: 1, RATE_LIMIT: 2, DEAD_KEY: 3}


@dataclass(frozen=True, slots=True)
class Banner:
    """One banner: level (bad, warn), words, and the button that cures."""

    level: str
    title: str
    text: str
    action: str = ""
    url: str = ""


def banners(organization: Organization) -> list[Banner]:
    """What to show now, at most BANNERS_MAX, worst first."""
    found = [suspended()] if not organization.is_active else []
    if organization.is_frozen:
        found.append(frozen())
    for episode in open_episodes(organization):
        banner = banner_of(organization, episode)
        if banner is not None:
            found.append(banner)
    return found[:BANNERS_MAX]


def open_episodes(organization: Organization) -> list[BlockEpisode]:
    """Open episodes that may become a banner, worst cause first, newest first among equals."""
    rows = of_organization(organization).filter(code__in=RANK)
    newest = rows.select_related("api_key").order_by("-last_at")[:EPISODES_MAX]
    return sorted(newest, key=lambda episode: RANK[episode.code])


def of_organization(organization: Organization) -> QuerySet[BlockEpisode]:
    return BlockEpisode.objects.filter(
        organization=organization, closed_at__isnull=True, last_at__gte=timezone.now() - STALE
    )


def by_key(organization: Organization) -> dict[str, BlockEpisode]:
    """The newest open episode of each key, for the badges on the page of the keys."""
    rows = of_organization(organization).filter(api_key__isnull=False).order_by("last_at")
    return {episode.api_key_id or "": episode for episode in rows}


def banner_of(organization: Organization, episode: BlockEpisode) -> Banner | None:
    """The banner of one episode, or None where it does not deserve one."""
    if episode.code == NO_CREDIT:
        return no_credit(episode)
    if episode.code == ORGANIZATION_BUDGET:
        return organization_budget(episode)
    if episode.code == RATE_LIMIT:
        return rate_limited(episode) if is_noticeable(organization) else None
    return dead_key(episode)


def no_credit(episode: BlockEpisode) -> Banner:
    return Banner(
        level="bad",
        title=_("Blocked: balance exhausted (%(status)s)") % {"status": episode.status},
        text=story(episode),
        action=_("Top up"),
        url=reverse("balance") + "#top-up",
    )


def organization_budget(episode: BlockEpisode) -> Banner:
    return Banner(
        level="warn",
        title=_("Budget of the organization spent (%(status)s)") % {"status": episode.status},
        text=story(episode),
        action=_("See requests"),
        url=refused_url(),
    )


def rate_limited(episode: BlockEpisode) -> Banner:
    return Banner(
        level="warn",
        title=_("Limit reached (%(status)s)") % {"status": episode.status},
        text=story(episode),
        action=_("See requests"),
        url=refused_url(),
    )


def dead_key(episode: BlockEpisode) -> Banner | None:
    """A key that was ours is still in use somewhere."""
    if episode.api_key is None:
        return None
    return Banner(
        level="warn",
        title=_("A revoked or expired key is still in use (%(status)s)")
        % {"status": episode.status},
        text=story(episode),
        action=_("See keys"),
        url=reverse("keys"),
    )


def suspended() -> Banner:
    return Banner(
        level="bad",
        title=_("This organization is suspended."),
        text=_("Calls are refused until support lifts the suspension."),
    )


def frozen() -> Banner:
    return Banner(
        level="bad",
        title=_("This organization is frozen."),
        text=_("Its figures differ and are being checked. Calls are refused until then."),
    )


def refused_url() -> str:
    return reverse("requests") + "?outcome=refused"


def story(episode: BlockEpisode) -> str:
    """ "since 12:03, 37 requests refused. Last: 12:41, key prod-web." in the reader's words."""
    words = {
        "since": clock(episode.opened_at),
        "last": clock(episode.last_at),
        "count": f"{episode.refused_count:,}",
        "key": episode.api_key.name if episode.api_key else "-",
    }
    text = ngettext(
        "since %(since)s, %(count)s request refused. Last: %(last)s, key %(key)s.",
        "since %(since)s, %(count)s requests refused. Last: %(last)s, key %(key)s.",
        episode.refused_count,
    )
    return text % words


def clock(moment: datetime) -> str:
    """The time, with its date when that is not today."""
    local = timezone.localtime(moment)
    pattern = "H:i" if local.date() == timezone.localdate() else "m-d H:i"
    return date_format(local, pattern)


def is_noticeable(organization: Organization) -> bool:
    """Whether limits turned away more than their share of the last minutes' calls."""
    since = timezone.now() - LIMIT_WINDOW
    refused: int = Refusal.objects.filter(
        organization=organization, at__gte=since, code=RATE_LIMIT
    ).aggregate(n=Sum("multiplier", default=0))["n"]
    answered = UsageRecord.objects.filter(organization=organization, admitted_at__gte=since)
    return refused * LIMIT_SHARE > refused + answered.count()
