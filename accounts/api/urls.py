"""Addresses of the resources of accounts."""

from django.urls import URLPattern, path

from accounts.api import announcements, me, members, sites, trail

HERE = "organizations/<slug:organization_id>"

urlpatterns: list[URLPattern] = [
    path("me", me.MeDetail.as_view()),
    path(HERE, me.OrganizationDetail.as_view()),
    path(f"{HERE}/members", members.MemberList.as_view()),
    path(f"{HERE}/members/<int:member_id>", members.MemberDetail.as_view()),
    path(f"{HERE}/invitations", members.InvitationList.as_view()),
    path(f"{HERE}/invitations/<slug:invitation_id>", members.InvitationDetail.as_view()),
    path(f"{HERE}/audit", trail.OrganizationTrail.as_view()),
    path("site", sites.SiteDetail.as_view()),
    path("site/announcements", announcements.SiteAnnouncements.as_view()),
    path(
        "site/announcements/<slug:announcement_id>/state",
        announcements.SiteAnnouncementState.as_view(),
    ),
    path("site/audit", trail.SiteTrail.as_view()),
    path("ops/sites", sites.SiteList.as_view()),
    path("ops/sites/<slug:site_id>", sites.SiteOfOperators.as_view()),
    path("ops/sites/<slug:site_id>/domains", sites.SiteDomains.as_view()),
    path("ops/sites/<slug:site_id>/active", sites.SiteSwitch.as_view()),
    path("ops/announcements", announcements.AllAnnouncements.as_view()),
    path(
        "ops/announcements/<slug:announcement_id>/state",
        announcements.AnyAnnouncementState.as_view(),
    ),
    path("ops/audit", trail.DeploymentTrail.as_view()),
]
