"""Addresses of the resources of accounts."""

from django.urls import URLPattern, path

from accounts.api import (
    announcements,
    brand,
    invitations,
    me,
    members,
    sites,
    staff,
    trail,
)

HERE = "organizations/<slug:organization_id>"

urlpatterns: list[URLPattern] = [
    path("me", me.MeDetail.as_view()),
    path("me/token", me.OwnToken.as_view()),
    path("invitations/accept", invitations.InvitationAccept.as_view()),
    path("organizations", me.OrganizationList.as_view()),
    path(HERE, me.OrganizationDetail.as_view()),
    path(f"{HERE}/members", members.MemberList.as_view()),
    path(f"{HERE}/members/<int:member_id>", members.MemberDetail.as_view()),
    path(f"{HERE}/invitations", invitations.InvitationList.as_view()),
    path(f"{HERE}/invitations/<slug:invitation_id>", invitations.InvitationDetail.as_view()),
    path(f"{HERE}/invitations/<slug:invitation_id>/resend", invitations.InvitationResend.as_view()),
    path(f"{HERE}/leave", members.MembershipEnd.as_view()),
    path(f"{HERE}/transfer", members.Ownership.as_view()),
    path(f"{HERE}/audit", trail.OrganizationTrail.as_view()),
    path("site", sites.SiteDetail.as_view()),
    path("site/brand", brand.SiteBrand.as_view()),
    path("site/logo", brand.SiteLogo.as_view()),
    path("site/texts", brand.LegalTextList.as_view()),
    path("site/texts/<slug:kind>/<slug:language>", brand.LegalTextDetail.as_view()),
    path("site/staff", staff.StaffList.as_view()),
    path("site/staff/<int:staff_id>", staff.StaffDetail.as_view()),
    path("site/announcements", announcements.SiteAnnouncements.as_view()),
    path("site/announcements/<slug:announcement_id>", announcements.SiteAnnouncement.as_view()),
    path(
        "site/announcements/<slug:announcement_id>/state",
        announcements.SiteAnnouncementState.as_view(),
    ),
    path("site/audit", trail.SiteTrail.as_view()),
    path("ops/sites", sites.SiteList.as_view()),
    path("ops/sites/<slug:site_id>", sites.SiteOfOperators.as_view()),
    path("ops/sites/<slug:site_id>/domains", sites.SiteDomains.as_view()),
    path("ops/sites/<slug:site_id>/active", sites.SiteSwitch.as_view()),
    path("ops/operators", staff.OperatorList.as_view()),
    path("ops/operators/<int:user_id>", staff.OperatorDetail.as_view()),
    path("ops/announcements", announcements.AllAnnouncements.as_view()),
    path("ops/announcements/<slug:announcement_id>", announcements.AnyAnnouncement.as_view()),
    path(
        "ops/announcements/<slug:announcement_id>/state",
        announcements.AnyAnnouncementState.as_view(),
    ),
    path("ops/audit", trail.DeploymentTrail.as_view()),
]
