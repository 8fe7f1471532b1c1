"""Addresses of the resources of accounts."""

from django.urls import URLPattern, path

from accounts.api import me

HERE = "organizations/<slug:organization_id>"

urlpatterns: list[URLPattern] = [
    path("me", me.MeDetail.as_view()),
    path(HERE, me.OrganizationDetail.as_view()),
]
