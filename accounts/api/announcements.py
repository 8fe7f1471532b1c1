"""News, maintenance and incidents: a site's own by its staff, every site's by operators."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import serializers

from accounts import announcements
from accounts.announcements import BODY_CHARS_MAX, MODELS_MAX, TITLE_CHARS_MAX, Draft
from accounts.api import paging
from accounts.api.fields import Fields, Text, Time
from accounts.api.operations import Call, operation
from accounts.api.paging import Page
from accounts.api.views import OperatorView, SiteView
from accounts.models import Announcement
from accounts.permissions import StaffAct
from accounts.scopes import Scope


class Words(serializers.DictField):
    """Texts by language: en, zh-hans, zh-hant."""


class AnnouncementDraft(Fields):
    """What it says; one language is enough."""

    kind = serializers.ChoiceField(Announcement.Kind.values)
    title = Words(child=Text(max_length=TITLE_CHARS_MAX, allow_blank=True))
    body = Words(child=Text(max_length=BODY_CHARS_MAX, allow_blank=True), required=False)
    model_ids = serializers.ListField(
        child=Text(max_length=200), required=False, max_length=MODELS_MAX
    )
    starts_at = Time()
    ends_at = Time(required=False, allow_null=True)


class AnnouncementDocument(AnnouncementDraft):
    """An announcement; `site` null: on every site."""

    id = Text(source="pk")
    site = Text(source="site_id", allow_null=True)
    state = serializers.ChoiceField(Announcement.State.values)
    body = Words()
    model_ids = serializers.ListField(child=Text())
    ends_at = Time(allow_null=True)
    created_at = Time()


class StateChange(Fields):
    """Publish, resolve, or take back to a draft."""

    state = serializers.ChoiceField(Announcement.State.values)


class SiteAnnouncements(SiteView):
    @operation(
        "site.announcements",
        Scope.SITE_READ,
        act=StaffAct.SEE_SITE,
        answer=AnnouncementDocument,
        is_page=True,
    )
    def get(self, call: Call) -> Page:
        """List the site's own, the newest first."""
        return paging.by_time(announcements.of_staff(call.site), call.query)

    @operation(
        "site.announcements.create",
        Scope.SITE_WRITE,
        act=StaffAct.SERVE_CUSTOMERS,
        body=AnnouncementDraft,
        answer=AnnouncementDocument,
        status=201,
    )
    def post(self, call: Call) -> Announcement:
        """Draft one; nobody sees it yet."""
        return announcements.create(call.site, Draft(**call.body), by=call.by)


class SiteAnnouncement(SiteView):
    @operation(
        "site.announcements.change",
        Scope.SITE_WRITE,
        act=StaffAct.SERVE_CUSTOMERS,
        body=AnnouncementDraft,
        answer=AnnouncementDocument,
    )
    def put(self, call: Call, announcement_id: str) -> Announcement:
        """Say something else. Also while it is published."""
        return changed(call, announcements.of_staff(call.site), announcement_id)


class SiteAnnouncementState(SiteView):
    @operation(
        "site.announcements.state",
        Scope.SITE_WRITE,
        act=StaffAct.SERVE_CUSTOMERS,
        body=StateChange,
        answer=AnnouncementDocument,
    )
    def put(self, call: Call, announcement_id: str) -> Announcement:
        """Publish one of the site's own, resolve it, or take it back."""
        return stated(call, announcements.of_staff(call.site), announcement_id)


class AllAnnouncements(OperatorView):
    @operation("ops.announcements", Scope.OPS_READ, answer=AnnouncementDocument, is_page=True)
    def get(self, call: Call) -> Page:
        """List those of every site, the newest first."""
        return paging.by_time(announcements.of_staff(None), call.query)

    @operation(
        "ops.announcements.create",
        Scope.OPS_WRITE,
        body=AnnouncementDraft,
        answer=AnnouncementDocument,
        status=201,
    )
    def post(self, call: Call) -> Announcement:
        """Draft one for every site; nobody sees it yet."""
        return announcements.create(None, Draft(**call.body), by=call.by)


class AnyAnnouncement(OperatorView):
    @operation(
        "ops.announcements.change",
        Scope.OPS_WRITE,
        body=AnnouncementDraft,
        answer=AnnouncementDocument,
    )
    def put(self, call: Call, announcement_id: str) -> Announcement:
        """Say something else in any announcement. Also while it is published."""
        return changed(call, announcements.of_staff(None), announcement_id)


class AnyAnnouncementState(OperatorView):
    @operation(
        "ops.announcements.state",
        Scope.OPS_WRITE,
        body=StateChange,
        answer=AnnouncementDocument,
    )
    def put(self, call: Call, announcement_id: str) -> Announcement:
        """Publish any announcement, resolve it, or take it back."""
        return stated(call, announcements.of_staff(None), announcement_id)


def changed(call: Call, rows: QuerySet[Announcement, Any], announcement_id: str) -> Announcement:
    """The announcement with what it says now; 404 for one that is not among `rows`."""
    row: Announcement = get_object_or_404(rows, pk=announcement_id)
    return announcements.change(row, Draft(**call.body), by=call.by)


def stated(call: Call, rows: QuerySet[Announcement, Any], announcement_id: str) -> Announcement:
    """The announcement in its new state; 404 for one that is not among `rows`."""
    row: Announcement = get_object_or_404(rows, pk=announcement_id)
    announcements.set_state(row, call.body["state"], by=call.by)
    row.refresh_from_db()
    return row
