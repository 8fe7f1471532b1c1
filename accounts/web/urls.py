"""Addresses of the accounts pages."""

from django.urls import URLPattern, URLResolver, include, path

from accounts.web import (
    brand,
    invitations,
    legal,
    ops_staff,
    preferences,
    site_staff,
    team,
    view_as,
    views,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("app/settings", views.settings, name="settings"),
    path("app/team", team.team, name="team"),
    path("app/team/invitations/<slug:invitation_id>/resend", team.resend, name="team_resend"),
    path("app/team/invitations/<slug:invitation_id>/withdraw", team.withdraw, name="team_withdraw"),
    path("app/team/members/<int:member_id>/role", team.change_role, name="team_role"),
    path("app/team/members/<int:member_id>/remove", team.remove, name="team_remove"),
    path("app/team/leave", team.leave, name="team_leave"),
    path("app/team/transfer", team.transfer, name="team_transfer"),
    path("app/audit", team.audit_page, name="audit_log"),
    path("site/staff", site_staff.staff, name="site_staff"),
    path("site/staff/<int:staff_id>/role", site_staff.change_role, name="site_staff_role"),
    path("site/staff/<int:staff_id>/remove", site_staff.remove, name="site_staff_remove"),
    path("ops/staff", ops_staff.staff, name="operators"),
    path("ops/staff/<int:user_id>/remove", ops_staff.remove, name="operator_remove"),
    path("invitations/<str:token>", invitations.invitation, name="invitation"),
    path("app/new-organization", views.new_organization, name="new_organization"),
    path("app/view-as/end", view_as.end_page, name="end_view_as"),
    path("app/switch-organization", views.switch_organization, name="switch_organization"),
    path("brand/<slug:hash>.css", brand.style, name="brand_style"),
    path("brand/<slug:hash>.png", brand.image, name="brand_image"),
    path("legal/<slug:kind>", legal.legal, name="legal"),
    path("", include("accounts.web.settings_urls")),
    path("preferences/theme", preferences.set_theme, name="set_theme"),
    path("preferences/language", preferences.set_language, name="set_language"),
]
